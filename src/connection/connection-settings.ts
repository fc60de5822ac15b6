// Options that both sides share: their defaults, and what is wrong with them. Knows no connection.
import { duration, mostOf } from './check-options.ts';
import type { KeepaliveSettings } from './keepalive.ts';

/** A high and a low mark; null for the low one: a quarter of the high one. */
export type Marks = number | null | readonly [high: number | null, low: number | null];

/** Options of every connection. */
export interface CommonConnectionOptions {
  /** Milliseconds between keepalive pings; null: none are sent. The first comes after half of that or more, at random. Default 20,000. */
  readonly pingIntervalMs?: number | null | undefined;
  /**
   * Milliseconds to wait for the pong; after that the connection fails with 1011, unless the peer has sent anything at all:
   * then it is asked again. Null: no limit. Default 20,000.
   */
  readonly pingTimeoutMs?: number | null | undefined;
  /** Milliseconds that closing may take before TCP is dropped; null: no limit. Default 10,000. */
  readonly closeTimeoutMs?: number | null | undefined;
  /**
   * How many received frames may wait to be read: above the high mark reading stops, at the low mark it goes on. A number
   * is the high mark. Null: no limit. Default 16, 4.
   */
  readonly maxQueue?: Marks | undefined;
  /** How many bytes of received frames may wait to be read. Null: no limit. Default 4 times the largest message, at least 1 MiB. */
  readonly maxQueueBytes?: number | null | undefined;
  /** Bytes that may wait to be sent: above the high mark `send` waits until the low mark. A number is the high mark. Default 32,768, 8,192. */
  readonly writeLimit?: number | readonly [high: number, low: number | null] | undefined;
  /**
   * Bytes that may wait to be sent before `broadcast` and `trySend` leave a message out: above them a message is dropped, or
   * the connection closed. Null: no limit. Default 1,048,576.
   */
  readonly maxBuffered?: number | null | undefined;
  /**
   * Milliseconds that the peer gets to take what waits when messages come while more than `maxBuffered` does: after that the
   * connection is closed with 1013. Null: any time. Default 30,000.
   */
  readonly slowTimeoutMs?: number | null | undefined;
  /**
   * Milliseconds without a message in either direction after which the connection is closed with 1001, a quarter more at
   * most. Pings don't count. Null: never. Default null.
   */
  readonly idleTimeoutMs?: number | null | undefined;
  /**
   * Milliseconds after which the connection is closed with 1001, up to a tenth more or less at random, so that those that
   * came together do not come again together. Null: never. Default null.
   */
  readonly maxLifetimeMs?: number | null | undefined;
  /** Fail with 1007 as soon as text that arrives isn't UTF-8, read or not; false: when it is read. Default true. */
  readonly validateUtf8?: boolean | undefined;
  /** Direct handlers only: await the promise of `message` before the next one is delivered. Default false. */
  readonly serial?: boolean | undefined;
}

/** The options as a connection uses them. */
export interface ConnectionSettings {
  /** Null: no pings are sent. */
  readonly keepalive: KeepaliveSettings | null;
  readonly closeTimeoutMs: number | null;
  readonly queue: { readonly high: number; readonly low: number; readonly maxBytes: number };
  readonly writeLimit: { readonly highBytes: number; readonly lowBytes: number };
  readonly maxBuffered: number;
  readonly slowTimeoutMs: number | null;
  readonly idleTimeoutMs: number | null;
  readonly maxLifetimeMs: number | null;
  readonly serial: boolean;
  readonly validatesUtf8: boolean;
}

const MIN_QUEUE_BYTES = 1_048_576;
const MAX_BUFFERED_BYTES = 1_048_576;

/**
 * Fills in the defaults.
 * @throws {RangeError} a value is of the right type and not allowed.
 * @throws {TypeError} a value is of the wrong type.
 */
export function connectionSettings(
  options: CommonConnectionOptions,
  maxMessageBytes: number | null,
): ConnectionSettings {
  const [high, low] = marksOf('maxQueue', options.maxQueue === undefined ? 16 : options.maxQueue);
  const [highBytes, lowBytes] = marksOf('writeLimit', options.writeLimit ?? 32_768);
  const maxQueueBytes =
    mostOf('maxQueueBytes', options.maxQueueBytes) ??
    Math.max(4 * (maxMessageBytes ?? Number.POSITIVE_INFINITY), MIN_QUEUE_BYTES);
  const intervalMs = duration('pingIntervalMs', options.pingIntervalMs, 20_000);
  const timeoutMs = duration('pingTimeoutMs', options.pingTimeoutMs, 20_000);
  return {
    keepalive: intervalMs === null ? null : { intervalMs, timeoutMs },
    closeTimeoutMs: duration('closeTimeoutMs', options.closeTimeoutMs, 10_000),
    queue: { high, low, maxBytes: maxQueueBytes },
    writeLimit: { highBytes, lowBytes },
    maxBuffered: mostBuffered(options.maxBuffered, MAX_BUFFERED_BYTES),
    slowTimeoutMs: duration('slowTimeoutMs', options.slowTimeoutMs, 30_000),
    idleTimeoutMs: duration('idleTimeoutMs', options.idleTimeoutMs ?? null, 0),
    maxLifetimeMs: duration('maxLifetimeMs', options.maxLifetimeMs ?? null, 0),
    serial: options.serial ?? false,
    validatesUtf8: options.validateUtf8 ?? true,
  };
}

/**
 * How many bytes may wait before messages are left out, from an option; infinite for null.
 * @throws {RangeError} it is negative or NaN.
 * @throws {TypeError} it is no number.
 */
export function mostBuffered(value: number | null | undefined, defaultBytes: number): number {
  return mostOf('maxBuffered', value) ?? defaultBytes;
}

function marksOf(name: string, marks: Marks): [high: number, low: number] {
  let [high, low] = typeof marks === 'object' && marks !== null ? marks : [marks, null];
  for (const mark of [high, low]) {
    if (mark !== null && typeof mark !== 'number') throw new TypeError(`${name} must be a number or a pair of numbers`);
  }
  if (high === null) high = low === null ? Number.POSITIVE_INFINITY : low * 4;
  low ??= Number.isFinite(high) ? Math.floor(high / 4) : 0;
  if (low < 0) throw new RangeError('low must be positive or equal to zero');
  if (!(high >= low)) throw new RangeError('high must be greater than or equal to low');
  return [high, low];
}
