// Pings at intervals and a limit for the silence after them. Decides when; what a failure means is the connection's matter.
import type { PingSender } from './pings.ts';
import { Alarm, type TimerWheel } from './timer-wheel.ts';

/** A connection as its keepalive sees it. */
export interface KeepaliveConnection {
  /** Whether what arrives waits for work of ours: that the peer is silent may be our own doing. */
  readonly isDecoding: boolean;
  /**
   * Sends a ping at once, however much waits to be written: the same once more, or one of its own.
   * Returns its payload; null when the connection was given up instead.
   */
  sendPing(sender: PingSender, again: Uint8Array | null): Uint8Array | null;
  /** The peer was silent for too long. */
  onPingTimeout(): void;
  log(level: 'debug' | 'error', message: string, error?: unknown): void;
}

/** How often to ask, and how long to wait. */
export interface KeepaliveSettings {
  readonly intervalMs: number;
  /** Null: silence may last for ever. */
  readonly timeoutMs: number | null;
}

/**
 * Runs from its construction until `stop`. It is its own alarm, so that a connection at rest has no timer, no promise and no
 * function for it.
 *
 * Whatever arrives is a sign of life: only silence for all of the timeout, with a ping unanswered, ends a connection.
 */
export class Keepalive extends Alarm implements PingSender {
  readonly #connection: KeepaliveConnection;
  readonly #clock: TimerWheel;
  readonly #settings: KeepaliveSettings;
  /** Of the ping that waits for its pong; null between pings. */
  #payload: Uint8Array | null = null;
  /** Whether anything has arrived since the last ping. */
  #hasHeard = false;
  #isStopped = false;

  /**
   * @param phase 0 to 1, at random: the first ping comes within the second half of the first interval, so that connections
   *   that were opened together do not send their pings together.
   */
  constructor(connection: KeepaliveConnection, clock: TimerWheel, settings: KeepaliveSettings, phase: number) {
    super();
    this.#connection = connection;
    this.#clock = clock;
    this.#settings = settings;
    clock.set(this, settings.intervalMs * (1 - phase / 2));
  }

  stop(): void {
    this.#isStopped = true;
    this.#clock.cancel(this);
  }

  /** Bytes have arrived, whatever they are. */
  onReceived(): void {
    this.#hasHeard = true;
  }

  onAlarm(): void {
    try {
      const isAlive = this.#hasHeard || this.#connection.isDecoding;
      if (this.#payload === null || this.#settings.timeoutMs === null || isAlive) this.#ping();
      else this.#giveUp();
    } catch (error) {
      // The user's logger threw: the other connections that are woken now have nothing to do with it.
      if (!this.#isStopped) this.#connection.log('error', 'keepalive ping failed', error);
    }
  }

  #ping(): void {
    this.#hasHeard = false;
    this.#clock.set(this, this.#settings.timeoutMs ?? this.#settings.intervalMs);
    // A ping that nobody answers is repeated, not followed by another: what waits for pongs must not pile up.
    this.#payload = this.#connection.sendPing(this, this.#payload);
    // Last: the logger is the user's code, which may close the connection.
    if (this.#payload !== null) this.#connection.log('debug', '% sent keepalive ping');
  }

  #giveUp(): void {
    this.#connection.log('debug', '- timed out waiting for keepalive pong');
    this.#connection.onPingTimeout();
  }

  onPong(latency: number): void {
    this.#payload = null;
    if (this.#isStopped || this.#settings.timeoutMs === null) return;
    this.#clock.set(this, this.#settings.intervalMs - latency * 1000);
    this.#connection.log('debug', '% received keepalive pong');
  }

  onPingLost(): void {}
}
