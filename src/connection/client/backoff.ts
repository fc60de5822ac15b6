// How long to wait before each attempt to connect again: numbers, no timer.
import { amount } from '../check-options.ts';

/** The numbers of a series of delays. */
export interface BackoffSettings {
  /** The first delay is drawn evenly between 0 and this: clients that lost their server together come back one by one. */
  readonly initialDelayMs: number;
  /** The second delay. */
  readonly minDelayMs: number;
  /** By how much each delay after that is longer than the one before. */
  readonly factor: number;
  /** No delay is longer than this. */
  readonly maxDelayMs: number;
}

/** Options of `backoff`. */
export interface BackoffOptions {
  /** The first delay is drawn evenly between 0 and this many milliseconds. Default 5,000; `WEBSOCKETS_BACKOFF_INITIAL_DELAY`. */
  readonly initialDelayMs?: number | undefined;
  /** The second delay, in milliseconds. Default 3,100; `WEBSOCKETS_BACKOFF_MIN_DELAY`. */
  readonly minDelayMs?: number | undefined;
  /** By how much each delay after that is longer than the one before. Default 1.618; `WEBSOCKETS_BACKOFF_FACTOR`. */
  readonly factor?: number | undefined;
  /** No delay is longer than this many milliseconds. Default 90,000; `WEBSOCKETS_BACKOFF_MAX_DELAY`. */
  readonly maxDelayMs?: number | undefined;
  /** Whether all delays, not the first alone, are drawn evenly between 0 and what they would be. Default false. */
  readonly fullJitter?: boolean | undefined;
}

/** The reference's numbers. */
export const BACKOFF: BackoffSettings = { initialDelayMs: 5000, minDelayMs: 3100, factor: 1.618, maxDelayMs: 90_000 };

/**
 * The settings that options come to.
 * @throws {RangeError} a number is negative or NaN.
 * @throws {TypeError} an option is no number.
 */
export function backoffSettings(options: BackoffOptions, defaults: BackoffSettings): BackoffSettings {
  const of = (name: keyof BackoffSettings): number => amount(name, options[name] ?? defaults[name]);
  return {
    initialDelayMs: of('initialDelayMs'),
    minDelayMs: of('minDelayMs'),
    factor: of('factor'),
    maxDelayMs: of('maxDelayMs'),
  };
}

/**
 * Delays in milliseconds, without end.
 * @param random numbers from 0 to below 1. Default `Math.random`.
 */
export function* backoffDelays(
  { initialDelayMs, minDelayMs, factor, maxDelayMs }: BackoffSettings,
  fullJitter: boolean,
  random: () => number = Math.random,
): Generator<number, never> {
  const drawn = (ms: number): number => (fullJitter ? random() * ms : ms);
  yield random() * Math.min(initialDelayMs, maxDelayMs);
  for (let ms = minDelayMs; ms < maxDelayMs; ms *= factor) yield drawn(ms);
  for (;;) yield drawn(maxDelayMs);
}
