// The options of a loop over connections, and what they come to. Knows no connection and no timer.

import { amount, mostOf } from '../check-options.ts';
import type { Runtime } from '../runtime.ts';
import { backoffDelays } from './backoff.ts';
import { processException } from './process-exception.ts';

/** What a loop over connections makes of their ends. Each field has a default of its own. */
export interface ReconnectPolicy {
  /**
   * Milliseconds that a connection must have lasted before the delays begin anew; one that did not is followed by a delay, as
   * a failure is. Default 0: any connection will do, and the next one is opened at once.
   */
  readonly stableAfterMs?: number | undefined;
  /** Whether each of the default delays, not the first alone, is drawn evenly between 0 and what it would be. Default false. */
  readonly fullJitter?: boolean | undefined;
  /**
   * The longest wait in milliseconds that a server may ask for with `Retry-After` when it answers 503 or 429; 0: it may not.
   * Null: any time. Default 3,600,000, since a server that is wrong once would keep its clients away for good.
   */
  readonly maxRetryAfterMs?: number | null | undefined;
  /**
   * Close codes that end the loop: connecting again would not help. The {@link ConnectionClosed} goes to `processException`,
   * which may decide otherwise. Default 1002, 1003, 1007, 1008, 1010, 4401, 4403.
   */
  readonly stopCodes?: readonly number[] | undefined;
  /** Close codes that are followed by a delay before the next attempt. Default 1011, 1012, 1013, 1014. */
  readonly waitCodes?: readonly number[] | undefined;
}

/** What `processException` says: nothing, or an error. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is welcome.
type Verdict = Error | null | undefined | void;

/** Options for iterating over connections. */
export interface ReconnectOptions {
  /**
   * Decides on a failure: null or undefined to try again, an error to leave the loop with it. An error that is thrown counts
   * as returned. Default: the function `processException` that this package exports.
   */
  readonly processException?: ((error: Error) => Verdict) | undefined;
  /**
   * Makes the delays, in milliseconds, between failures that follow each other. When they end, the loop is left with the last
   * error. Default: those of `backoff`.
   */
  readonly reconnectDelays?: (() => Iterator<number>) | undefined;
  /** What to make of the ends of connections, and of servers that ask for a break. */
  readonly reconnectPolicy?: ReconnectPolicy | undefined;
}

/** The options with their defaults. */
export interface ReconnectSettings {
  readonly processException: (error: Error) => Verdict;
  readonly reconnectDelays: () => Iterator<number>;
  readonly stableAfterMs: number;
  readonly maxRetryAfterMs: number;
  readonly stopCodes: readonly number[];
  readonly waitCodes: readonly number[];
}

const STOP_CODES: readonly number[] = [1002, 1003, 1007, 1008, 1010, 4401, 4403];
const WAIT_CODES: readonly number[] = [1011, 1012, 1013, 1014];
const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * Fills in the defaults.
 * @throws {RangeError} a number is negative or NaN.
 * @throws {TypeError} an option is of the wrong type.
 */
export function reconnectSettings(options: ReconnectOptions, runtime: Runtime): ReconnectSettings {
  const {
    stableAfterMs = 0,
    fullJitter = false,
    maxRetryAfterMs,
    stopCodes = STOP_CODES,
    waitCodes = WAIT_CODES,
  } = options.reconnectPolicy ?? {};
  return {
    processException: functionOr('processException', options.processException, processException),
    reconnectDelays: functionOr('reconnectDelays', options.reconnectDelays, () =>
      backoffDelays(runtime.backoff, fullJitter),
    ),
    stableAfterMs: amount('stableAfterMs', stableAfterMs),
    maxRetryAfterMs: mostOf('maxRetryAfterMs', maxRetryAfterMs) ?? MAX_RETRY_AFTER_MS,
    stopCodes: list('stopCodes', stopCodes),
    waitCodes: list('waitCodes', waitCodes),
  };
}

function functionOr<F>(name: string, value: F | undefined, defaultValue: F): F {
  if (value !== undefined && typeof value !== 'function') throw new TypeError(`${name} must be a function`);
  return value ?? defaultValue;
}

function list(name: string, codes: readonly number[]): readonly number[] {
  if (!Array.isArray(codes)) throw new TypeError(`${name} must be a list`);
  return codes;
}
