// Many connections that do all kinds of things for a while, against a server in a process of its own. Used by a test in its
// short form and by mixed.ts in its long one.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientConnection, connect } from 'websockets-ts';
import { Victim } from '../abuse/victim.ts';
import { randomFrom } from '../conformance/link.ts';

/** What to run. */
export interface MixedTrafficOptions {
  readonly connections: number;
  readonly seconds: number;
  readonly seed: number;
  /** Is called about once a second. */
  readonly onSample?: (sample: Sample) => void;
}

/** Resident memory of both processes, in bytes. */
export interface Sample {
  readonly seconds: number;
  readonly serverBytes: number;
  readonly clientBytes: number;
}

/** What went through. */
export interface MixedTrafficResult {
  readonly samples: readonly Sample[];
  readonly opened: number;
  readonly messages: number;
  readonly pings: number;
  /** What should not have happened. */
  readonly complaints: readonly string[];
}

const WORDS = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta'];
/** How many messages a slow reader sends before it reads the first answer. */
const SLOW_BURST = 8;

export async function mixedTraffic(options: MixedTrafficOptions): Promise<MixedTrafficResult> {
  const { connections, seconds, seed, onSample } = options;
  await using server = await Victim.server('ours', {});
  const url = `ws://127.0.0.1:${server.greeting.port}/`;
  const begin = performance.now();
  const elapsed = (): number => (performance.now() - begin) / 1000;
  const stop = new AbortController();
  const counts = { opened: 0, messages: 0, pings: 0 };
  const complaints: string[] = [];

  /** One place in the crowd: as soon as a connection ends, another takes it. */
  async function place(index: number): Promise<void> {
    const random = randomFrom(seed + index);
    // Not all at once, neither at the beginning nor ever after.
    await pause(random() * Math.min(5000, (seconds * 1000) / 4));
    while (!stop.signal.aborted) {
      try {
        const connection = await connect(url, index % 5 === 0 ? { compression: null } : {});
        counts.opened++;
        // One in ten lives for a few messages.
        await live(connection, random, index % 10 === 1 ? 5 : Number.POSITIVE_INFINITY, index % 20 === 2);
        if (random() < 0.3) connection.abort();
        else await connection.close();
      } catch (error) {
        complaints.push(String(error));
        return;
      }
    }
  }

  async function live(
    connection: ClientConnection,
    random: () => number,
    lives: number,
    isSlow: boolean,
  ): Promise<void> {
    for (let i = 0; i < lives && !stop.signal.aborted; i += 1) {
      if (random() < 0.1) {
        const { pong } = await connection.ping();
        await pong;
        counts.pings++;
        continue;
      }
      const messages = Array.from({ length: isSlow ? SLOW_BURST : 1 }, () => messageOf(random));
      for (const { whole, fragments } of messages) await connection.send(fragments ?? whole);
      if (isSlow) await pause(1000 * random());
      for (const { whole } of messages) {
        assert.deepEqual(await connection.recv(), whole);
        counts.messages++;
      }
      await pause(2000 * random());
    }
  }

  const pause = (ms: number): Promise<unknown> => sleep(ms, null, { signal: stop.signal }).catch(() => {});

  const crowd = Promise.all(Array.from({ length: connections }, (_, index) => place(index)));
  const samples: Sample[] = [];
  let accidentsSeen = 0;
  while (elapsed() < seconds) {
    await sleep(Math.min(1000, seconds * 50));
    const { rssBytes, accidents } = await server.ask('read');
    complaints.push(...accidents.slice(accidentsSeen));
    accidentsSeen = accidents.length;
    const sample = { seconds: elapsed(), serverBytes: rssBytes, clientBytes: process.memoryUsage.rss() };
    samples.push(sample);
    onSample?.(sample);
  }
  stop.abort();
  await crowd;
  return { samples, ...counts, complaints };
}

/** A message, and perhaps the fragments to send it in. Mostly small, now and then large enough for another thread to compress it. */
function messageOf(random: () => number): { whole: string | Uint8Array; fragments: string[] | null } {
  const kind = random();
  const text = (words: number): string =>
    Array.from({ length: words }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ');
  if (kind < 0.5) return { whole: text(1 + Math.floor(random() * 100)), fragments: null };
  if (kind < 0.6) {
    const fragments = Array.from({ length: 2 + Math.floor(random() * 5) }, () => text(20));
    return { whole: fragments.join(''), fragments };
  }
  const size = kind < 0.98 ? random() * 4096 : 65_536 + random() * 65_536;
  const bytes = new Uint8Array(size);
  for (let i = 0; i < bytes.length; i++) bytes[i] = random() * 256;
  return { whole: bytes, fragments: null };
}

/** By how much more the last quarter of the time took than the one before it: 0.05 is 5 %. Medians, since collectors come and go. */
export function growth(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const quarter = (index: number): number => {
    const part = samples.slice((samples.length * index) / 4, (samples.length * (index + 1)) / 4).map(of);
    return part.sort((a, b) => a - b)[Math.floor(part.length / 2)]!;
  };
  return quarter(3) / quarter(2) - 1;
}
