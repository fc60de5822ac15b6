// One attack on one library, measured. Says what happened, not whether that is good: `verdict.ts` does.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientAttack, ServerAttack } from './attack.ts';
import { listenHostile } from './hostile-server.ts';
import type { Probe } from './prober.ts';
import { Target } from './target.ts';
import { type Gauge, type Library, Victim } from './victim.ts';
import type { ClientOrders, ClientReport } from './victims/outcomes.ts';

/** What an attack did. */
export interface Result {
  readonly attack: string;
  readonly library: Library;
  readonly version: string;
  readonly seconds: number;
  /** Bytes that the attacker sent. */
  readonly sentBytes: number;
  /** How many hostile connections ended in which way. */
  readonly endings: Readonly<Record<string, number>>;
  /** Resident memory at its peak, beyond what it was before. */
  readonly growthBytes: number;
  readonly delayMaxMs: number;
  readonly delayP99Ms: number;
  readonly cpuMs: number;
  readonly waitedMs: number;
  /** Connections that the victim still held before the attacker hung up, and after. */
  readonly held: number;
  readonly left: number;
  readonly probes: readonly Probe[];
  readonly probesAfter: readonly Probe[];
  readonly accidents: readonly string[];
  readonly complaints: readonly string[];
  /** Why the process is gone, if it is. */
  readonly death: string | null;
}

/** How many clients a server serves before it is measured: code that ran a few times is slow, and takes memory. */
const WARM_UP = 100;
const AFTER = 5;

/** Peers that are told to go and stay are held for this long: 10 s by default, for which nobody here wants to wait. */
const CLOSE_TIMEOUT_MS = 500;

/** A server that nobody attacks, to compare with. */
export const startTwin = (): Promise<Victim> => Victim.server('ours', {});

export async function measureServer(
  attack: ServerAttack,
  library: Library,
  { twin, isShort }: { readonly twin: Victim; readonly isShort: boolean },
): Promise<Result> {
  const tls = attack.server?.tls ?? false;
  await using victim = await Victim.server(library, { closeTimeoutMs: CLOSE_TIMEOUT_MS, ...attack.server });
  await using prober = await Victim.prober({
    target: { port: victim.greeting.port, tls },
    twin: { port: twin.greeting.port, tls: false },
  });
  const { sockets: atRest } = await victim.ask('read');
  await prober.ask(`${isShort ? 20 : WARM_UP}`);
  await untilSockets(victim, atRest, 1000);
  const before = await victim.ask('mark');
  await prober.ask('start');
  const target = new Target(victim.greeting.port, { isShort, tls });
  const begin = performance.now();
  const settleMs = attack.settleMs ?? 3000;
  let death: string | null = null;
  let during = before;
  let after = before;
  let endings: ReadonlyMap<string, number> = new Map();
  let probes: Probe[] = [];
  let probesAfter: Probe[] = [];
  let held = 0;
  try {
    await attack.run(target);
    endings = await target.settle(attack.expect.ends.includes('open') ? 0 : settleMs);
    probes = await prober.ask<Probe[]>('stop');
    held = (await untilSockets(victim, before.sockets + (attack.expect.held ?? 0), settleMs)) - before.sockets;
    during = await victim.ask('read');
    target.hangUp();
    probesAfter = await prober.ask<Probe[]>(`${AFTER}`);
    await untilSockets(victim, before.sockets, settleMs);
    after = await victim.ask('read');
  } catch (error) {
    death = String(error);
    target.hangUp();
  }
  return {
    attack: attack.name,
    library,
    version: victim.greeting.version,
    seconds: (performance.now() - begin) / 1000,
    sentBytes: target.sentBytes,
    endings: Object.fromEntries(endings),
    growthBytes: Math.max(0, after.peakBytes - before.rssBytes),
    delayMaxMs: during.delayMaxMs,
    delayP99Ms: during.delayP99Ms,
    cpuMs: during.cpuMs,
    waitedMs: during.waitedMs,
    held: Math.max(0, held),
    left: after.sockets - before.sockets,
    probes,
    probesAfter,
    accidents: after.accidents,
    complaints: target.complaints,
    death,
  };
}

/** After this long a visit of a client is broken off, and counts as `open`. */
const VISIT_MS = 6000;
const VISITS = 5;

/** As `measureServer`, for a client that visits a hostile server, and meanwhile the twin. */
export async function measureClient(
  attack: ClientAttack,
  library: Library,
  { twin, isShort }: { readonly twin: Victim; readonly isShort: boolean },
): Promise<Result> {
  await using server = await listenHostile(attack);
  await using victim = await Victim.client(library, { closeTimeoutMs: CLOSE_TIMEOUT_MS, ...attack.client });
  const honest = `ws://127.0.0.1:${twin.greeting.port}/`;
  const visit = (orders: Partial<ClientOrders>): Promise<ClientReport> =>
    victim.ask(JSON.stringify({ hostile: server.url, honest, visits: VISITS, visitMs: VISIT_MS, ...orders }));
  const { sockets: atRest } = await victim.ask('read');
  // An honest server that is told to go away after a moment warms the client up.
  for (let i = 0; i < 5; i++) await visit({ hostile: honest, visits: 1, visitMs: 50 });
  await untilSockets(victim, atRest, 1000);
  const before = await victim.ask('mark');
  const begin = performance.now();
  let death: string | null = null;
  let during = before;
  let after = before;
  let report: ClientReport = { endings: {}, probes: [] };
  let probesAfter: readonly Probe[] = [];
  try {
    report = await visit({
      visits: isShort ? Math.min(attack.connections ?? VISITS, 2) : (attack.connections ?? VISITS),
    });
    await untilSockets(victim, before.sockets, 3000);
    during = await victim.ask('read');
    ({ probes: probesAfter } = await visit({ hostile: honest, visits: 1, visitMs: 100 }));
    await untilSockets(victim, before.sockets, 1000);
    after = await victim.ask('read');
  } catch (error) {
    death = String(error);
  }
  return {
    attack: attack.name,
    library,
    version: victim.greeting.version,
    seconds: (performance.now() - begin) / 1000,
    sentBytes: server.sentBytes(),
    endings: report.endings,
    growthBytes: Math.max(0, after.peakBytes - before.rssBytes),
    delayMaxMs: during.delayMaxMs,
    delayP99Ms: during.delayP99Ms,
    cpuMs: during.cpuMs,
    waitedMs: during.waitedMs,
    held: Math.max(0, during.sockets - before.sockets),
    left: after.sockets - before.sockets,
    probes: report.probes,
    probesAfter,
    accidents: after.accidents,
    complaints: [],
    death,
  };
}

/** Waits until the victim holds no more than so many; gives how many it holds then, or when time is over. */
async function untilSockets(victim: Victim, most: number, ms: number): Promise<number> {
  const deadline = performance.now() + ms;
  for (let times = 1; ; times++) {
    const { sockets }: Gauge = await victim.ask('read');
    // A victim that is busy is asked a few times, however long its answers take.
    if (sockets <= most || (performance.now() > deadline && times >= 10)) return sockets;
    await sleep(50);
  }
}
