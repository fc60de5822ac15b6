// Ends a connection that nobody uses, or that has lived long enough. Decides when; how it is closed is the connection's matter.
import { Alarm, type TimerWheel } from './timer-wheel.ts';

/** A connection as its expiry sees it. */
export interface ExpiringConnection {
  /** A number that grows with each message, in either direction. */
  readonly activity: number;
  /** Whether something that was sent is still on its way. */
  readonly isSending: boolean;
  onIdle(): void;
  onOld(): void;
}

/** When a connection ends by itself. */
export interface ExpirySettings {
  readonly idleTimeoutMs: number | null;
  readonly maxLifetimeMs: number | null;
}

/** How often an idle connection is looked at during its time: messages cost nothing, and it lives at most so much longer. */
const LOOKS = 4;

/** Runs from its construction until `stop`: one alarm for both. Made only with an option that asks for it. */
export class Expiry extends Alarm {
  readonly #connection: ExpiringConnection;
  readonly #clock: TimerWheel;
  readonly #idleTimeoutMs: number;
  readonly #endsAt: number;
  #activity: number;
  /** How many looks in a row have found nothing new. */
  #quietLooks = 0;

  /** @param phase 0 to 1, at random: the lifetime is 0.9 to 1.1 times what the option says. */
  constructor(
    connection: ExpiringConnection,
    clock: TimerWheel,
    { idleTimeoutMs, maxLifetimeMs }: ExpirySettings,
    phase: number,
  ) {
    super();
    this.#connection = connection;
    this.#clock = clock;
    this.#idleTimeoutMs = idleTimeoutMs ?? Number.POSITIVE_INFINITY;
    this.#endsAt = clock.now() + (maxLifetimeMs ?? Number.POSITIVE_INFINITY) * (0.9 + 0.2 * phase);
    this.#activity = connection.activity;
    this.#setNext();
  }

  stop(): void {
    this.#clock.cancel(this);
  }

  onAlarm(): void {
    if (this.#clock.now() >= this.#endsAt) {
      this.#connection.onOld();
      return;
    }
    const { activity } = this.#connection;
    const isQuiet = activity === this.#activity && !this.#connection.isSending;
    this.#activity = activity;
    this.#quietLooks = isQuiet ? this.#quietLooks + 1 : 0;
    if (this.#quietLooks === LOOKS) this.#connection.onIdle();
    else this.#setNext();
  }

  #setNext(): void {
    this.#clock.set(this, Math.min(this.#idleTimeoutMs / LOOKS, this.#endsAt - this.#clock.now()));
  }
}
