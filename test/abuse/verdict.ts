// Holds what an attack did against what it may do. Knows the expectations, and what of a measurement is the machine's.
import { type Expectation, MIB } from './attack.ts';
import type { Result } from './measure.ts';
import type { Probe } from './prober.ts';

/** A fresh client is served when it has its echo within this time, on top of what a server takes that nobody attacks. */
export const SERVED_WITHIN_MS = 100;

/** How many of the fresh clients must be served in time; the rest is left to a machine that does other things as well. */
const SERVED_SHARE = 0.9;

/** What V8 lets lie until it collects: two semi-spaces of 16 MiB, and what survived them. The same attack may or may not meet it. */
export const SLACK_BYTES = 48 * MIB;

const DEFAULT_DELAY_MS = 250;

/** How a fresh client fared. */
export interface Service {
  readonly count: number;
  /** How many had their echo at all, and how many in time. */
  readonly answered: number;
  readonly served: number;
  readonly medianMs: number;
  readonly twinMedianMs: number;
  readonly worstMs: number;
}

export function serviceOf(probes: readonly Probe[]): Service {
  const times = probes.map(({ targetMs }) => targetMs ?? Number.POSITIVE_INFINITY);
  const inTime = ({ targetMs, twinMs }: Probe): boolean =>
    targetMs !== null && targetMs - (twinMs ?? 0) <= SERVED_WITHIN_MS;
  return {
    count: probes.length,
    answered: probes.filter(({ targetMs }) => targetMs !== null).length,
    served: probes.filter(inTime).length,
    medianMs: median(times),
    twinMedianMs: median(probes.map(({ twinMs }) => twinMs ?? Number.POSITIVE_INFINITY)),
    worstMs: Math.max(0, ...times),
  };
}

const median = (values: readonly number[]): number =>
  values.length === 0 ? 0 : [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** A victim that waits for a processor for more than this share of the time cannot be judged by the clock. */
const BUSY_SHARE = 0.1;

/** What did not hold. `timing` is what a busy machine can bring about as well. */
export interface Verdict {
  readonly faults: readonly string[];
  readonly timing: readonly string[];
  /** Whether it was one: then `timing` says nothing about the library. */
  readonly isMachineBusy: boolean;
}

/** Whether the library has failed. */
export const hasFailed = ({ faults, timing, isMachineBusy }: Verdict): boolean =>
  faults.length > 0 || (timing.length > 0 && !isMachineBusy);

export function verdictOf(result: Result, expect: Expectation): Verdict {
  const faults: string[] = [...result.complaints];
  const timing: string[] = [];
  if (result.death !== null) faults.push(`the process is gone: ${result.death}`);
  for (const accident of result.accidents) faults.push(accident);

  for (const [ending, count] of Object.entries(result.endings)) {
    if (!expect.ends.includes(ending)) faults.push(`${count} ended with ${ending}, not ${expect.ends.join(' or ')}`);
  }
  const most = expect.memory.bytes + SLACK_BYTES;
  if (result.growthBytes > most) {
    faults.push(`memory grew by ${mib(result.growthBytes)} MiB, not ${mib(most)}: ${expect.memory.because}`);
  }
  const { held = 0, delayMs = DEFAULT_DELAY_MS, cpuMs = Number.POSITIVE_INFINITY, serves = true } = expect;
  if (result.held > held) faults.push(`${result.held} connections were held, not ${held}`);
  if (result.left > 0) faults.push(`${result.left} connections were held after the attacker had gone`);
  if (result.cpuMs > cpuMs) timing.push(`${result.cpuMs.toFixed(0)} ms of processor time, not ${cpuMs}`);
  if (result.delayMaxMs > delayMs) {
    timing.push(`the event loop was blocked for ${result.delayMaxMs.toFixed(0)} ms, not ${delayMs}`);
  }

  const after = serviceOf(result.probesAfter);
  if (after.answered < after.count) faults.push(`${after.count - after.answered} fresh clients had no echo afterwards`);
  else if (serves && after.served === 0)
    timing.push(`fresh clients waited for ${after.medianMs.toFixed(0)} ms afterwards`);
  if (serves) {
    const during = serviceOf(result.probes);
    if (during.answered < during.count)
      faults.push(`${during.count - during.answered} of ${during.count} fresh clients had no echo`);
    else if (during.served < SERVED_SHARE * during.count) {
      timing.push(`${during.served} of ${during.count} fresh clients were served within ${SERVED_WITHIN_MS} ms`);
    }
  }
  return { faults, timing, isMachineBusy: result.waitedMs > BUSY_SHARE * 1000 * result.seconds };
}

export const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
