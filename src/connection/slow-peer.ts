// A peer for which too much waits: the time that it has to take it, and what it did not get. Decides when, not what follows.
import { Alarm, type TimerWheel } from './timer-wheel.ts';

/** A connection as the watch over its peer sees it. */
export interface SlowConnection {
  /** The time is over. */
  onTooSlow(): void;
}

/** Made when a message comes while too much waits, for the first time; set only as long as too much does. */
export class SlowPeer extends Alarm {
  /** How many messages were left out. */
  dropped = 0;
  readonly #connection: SlowConnection;
  readonly #clock: TimerWheel;
  readonly #timeoutMs: number | null;

  /** @param timeoutMs null: the peer may take any time. */
  constructor(connection: SlowConnection, clock: TimerWheel, timeoutMs: number | null) {
    super();
    this.#connection = connection;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Whether the time runs. */
  get isTimed(): boolean {
    return this.list !== null;
  }

  /** A message came while too much waits: the time runs from the first of them on. */
  start(): void {
    if (this.#timeoutMs !== null && !this.isTimed) this.#clock.set(this, this.#timeoutMs);
  }

  /** The peer has taken enough, or the connection ends anyway. */
  stop(): void {
    this.#clock.cancel(this);
  }

  onAlarm(): void {
    this.#connection.onTooSlow();
  }
}
