// What clients under attack on Node have in common: they visit a hostile server several times, and meanwhile another, honest
// one, whose echo shows whether they still work. Knows no library.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Probe } from '../prober.ts';
import { say } from './gauge.ts';

export interface Client {
  /** Connects and reads to the end. Gives how it ended: `open` when it had to be broken off. Never rejects. */
  visit(url: string, signal: AbortSignal): Promise<string>;
  /** Connects, and waits for an echo. */
  echo(url: string): Promise<void>;
}

/** What a client is told. */
export interface ClientOrders {
  readonly hostile: string;
  readonly honest: string;
  readonly visits: number;
  /** After so many milliseconds a visit is broken off. */
  readonly visitMs: number;
}

/** What it answers. */
export interface ClientReport {
  readonly endings: Readonly<Record<string, number>>;
  readonly probes: readonly Probe[];
}

const BETWEEN_MS = 25;

export const obey =
  (client: Client): ((line: string) => void) =>
  async (line) => {
    const { hostile, honest, visits, visitMs } = JSON.parse(line) as ClientOrders;
    const endings: Record<string, number> = {};
    const probes: Probe[] = [];
    let isOver = false;
    const probing = (async () => {
      do {
        const begin = performance.now();
        const isThere = await client.echo(honest).then(
          () => true,
          () => false,
        );
        probes.push({ targetMs: isThere ? performance.now() - begin : null, twinMs: null });
        await sleep(BETWEEN_MS);
      } while (!isOver);
    })();
    for (let i = 0; i < visits; i++) {
      const abort = new AbortController();
      const timer = setTimeout(() => abort.abort(), visitMs);
      const ending = await client.visit(hostile, abort.signal);
      clearTimeout(timer);
      endings[ending] = (endings[ending] ?? 0) + 1;
    }
    isOver = true;
    await probing;
    say({ endings, probes } satisfies ClientReport);
  };
