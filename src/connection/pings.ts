// Pings that wait for their pong (connection.ts sends them). Knows no clock: it is told the time.
import { ConcurrencyError } from '../core/exceptions/protocol-errors.ts';

interface PendingPing {
  readonly sentAt: number;
  readonly resolve: (latency: number) => void;
  readonly reject: (error: unknown) => void;
  /** What `pong` comes to when the connection ends first: NaN instead of an error. */
  readonly ackOnClose: boolean;
}

/** Pings on their way, oldest first. */
export class Pings {
  readonly #pending: Map<string, PendingPing> = new Map();

  has(payload: Uint8Array): boolean {
    return this.#pending.has(keyOf(payload));
  }

  /**
   * Waits for the pong. The promise comes to the round trip in seconds.
   * @throws {ConcurrencyError} a ping with this payload is on its way already.
   */
  add(payload: Uint8Array, sentAt: number, ackOnClose: boolean): Promise<number> {
    const key = keyOf(payload);
    if (this.#pending.has(key)) throw new ConcurrencyError('already waiting for a pong with the same data');
    const pong = new Promise<number>((resolve, reject) => {
      this.#pending.set(key, { sentAt, resolve, reject, ackOnClose });
    });
    // Nobody has to watch a pong: without this the end of the connection would be an unhandled rejection.
    pong.catch(() => {});
    return pong;
  }

  /** A pong answers its ping and all older ones (RFC 6455 §5.5.3). Returns the latency of its own in seconds, if it has one. */
  acknowledge(payload: Uint8Array, now: number): number | null {
    const key = keyOf(payload);
    if (!this.#pending.has(key)) return null;
    for (const [other, { sentAt, resolve }] of this.#pending) {
      const latency = (now - sentAt) / 1000;
      this.#pending.delete(other);
      resolve(latency);
      if (other === key) return latency;
    }
    return null;
  }

  /** The connection has ended. */
  end(error: () => unknown): void {
    for (const { resolve, reject, ackOnClose } of this.#pending.values()) {
      if (ackOnClose) resolve(Number.NaN);
      else reject(error());
    }
    this.#pending.clear();
  }
}

const keyOf = (payload: Uint8Array): string => String.fromCharCode(...payload);
