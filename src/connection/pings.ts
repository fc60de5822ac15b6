// Pings that wait for their pong (connection.ts sends them). Knows no clock: it is told the time.
import { ConcurrencyError } from '../core/exceptions/protocol-errors.ts';

/** A ping that has been sent. */
export interface Ping {
  /** Comes to the round-trip time in seconds; rejects with ConnectionClosed when the connection ends first. Need not be watched. */
  readonly pong: Promise<number>;
  /** What was sent. */
  readonly data: Uint8Array;
}

/** Whoever sent a ping. */
export interface PingSender {
  /** The pong has come, or that of a later ping. The latency is in seconds. */
  onPong(latency: number): void;
  /** The connection ended first. */
  onPingLost(error: () => unknown): void;
}

interface PendingPing {
  readonly sentAt: number;
  readonly sender: PingSender;
}

/** Pings on their way, oldest first. */
export class Pings {
  /** Null while there are none: that is nearly always, and a connection at rest has no map. */
  #pending: Map<string, PendingPing> | null = null;

  has(payload: Uint8Array): boolean {
    return this.#pending?.has(keyOf(payload)) ?? false;
  }

  /**
   * Tells the sender when the pong comes.
   * @throws {ConcurrencyError} a ping with this payload is on its way already.
   */
  watch(payload: Uint8Array, sentAt: number, sender: PingSender): void {
    const key = keyOf(payload);
    this.#pending ??= new Map();
    if (this.#pending.has(key)) throw new ConcurrencyError('already waiting for a pong with the same data');
    this.#pending.set(key, { sentAt, sender });
  }

  /**
   * As `watch`, for who waits with a promise: it comes to the round trip in seconds.
   * @param ackOnClose it comes to NaN when the connection ends first, instead of rejecting.
   * @throws {ConcurrencyError} as `watch`.
   */
  add(payload: Uint8Array, sentAt: number, ackOnClose: boolean): Promise<number> {
    let sender!: PingSender;
    const pong = new Promise<number>((resolve, reject) => {
      sender = {
        onPong: resolve,
        onPingLost: (error) => (ackOnClose ? resolve(Number.NaN) : reject(error())),
      };
    });
    this.watch(payload, sentAt, sender);
    // Nobody has to watch a pong: without this the end of the connection would be an unhandled rejection.
    pong.catch(() => {});
    return pong;
  }

  /** A pong answers its ping and all older ones (RFC 6455 §5.5.3). Returns the latency of its own in seconds, if it has one. */
  acknowledge(payload: Uint8Array, now: number): number | null {
    const pending = this.#pending;
    const key = keyOf(payload);
    const own = pending?.get(key);
    if (pending === null || own === undefined) return null;
    for (const [other, ping] of pending) {
      pending.delete(other);
      if (pending.size === 0) this.#pending = null;
      ping.sender.onPong((now - ping.sentAt) / 1000);
      if (ping === own) break;
    }
    return (now - own.sentAt) / 1000;
  }

  /** The connection has ended. */
  end(error: () => unknown): void {
    const pending = this.#pending;
    this.#pending = null;
    for (const { sender } of pending?.values() ?? []) sender.onPingLost(error);
  }
}

const keyOf = (payload: Uint8Array): string => String.fromCharCode(...payload);
