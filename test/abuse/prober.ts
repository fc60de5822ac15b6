// Asks a server under attack again and again whether it serves a fresh client, and at the same time a server that nobody
// attacks: what both are slow at is the machine's doing. A process of its own, so that the attacker's work does not count.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { TEXT } from '../conformance/wire.ts';
import { HostilePeer } from './hostile-peer.ts';

/** How long the opening handshake and the echo took, in milliseconds; null: there was no echo. */
export interface Probe {
  readonly targetMs: number | null;
  readonly twinMs: number | null;
}

interface Orders {
  readonly target: { readonly port: number; readonly tls: boolean };
  readonly twin: { readonly port: number; readonly tls: boolean };
}

const { target, twin } = JSON.parse(process.argv[2]!) as Orders;
const BETWEEN_MS = 25;
/** After this long nobody waits any more: on a busy machine a second is not much. */
const PATIENCE_MS = 10_000;

async function probe(where: Orders['target']): Promise<number | null> {
  const begin = performance.now();
  const peer = await HostilePeer.dial(where);
  const late = setTimeout(() => peer.hangUp(), PATIENCE_MS);
  try {
    await peer.open();
    await peer.send({ opcode: TEXT, payload: 'are you there?' });
    await peer.received(1, PATIENCE_MS);
    return peer.messages === 1 ? performance.now() - begin : null;
  } finally {
    clearTimeout(late);
    peer.hangUp();
  }
}

const bothNow = async (): Promise<Probe> => {
  const [targetMs, twinMs] = await Promise.all([probe(target), probe(twin)]);
  return { targetMs, twinMs };
};

let isRunning = false;
let running: Promise<Probe[]> = Promise.resolve([]);

async function probing(): Promise<Probe[]> {
  const probes: Probe[] = [];
  while (isRunning) {
    probes.push(await bothNow());
    await sleep(BETWEEN_MS);
  }
  return probes;
}

const say = (message: unknown): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

createInterface({ input: process.stdin })
  .on('line', async (line) => {
    if (line === 'start') {
      isRunning = true;
      running = probing();
      say({});
    } else if (line === 'stop') {
      isRunning = false;
      say(await running);
    } else {
      const probes: Probe[] = [];
      for (let i = 0; i < Number(line); i++) probes.push(await bothNow());
      say(probes);
    }
  })
  .on('close', () => process.exit());
say({});
