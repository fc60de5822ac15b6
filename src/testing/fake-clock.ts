// Time that a test turns by hand. Knows no connections.
import { type Clock, type Timer, TimerWheel } from '../index.ts';
import { settled } from './turns.ts';

interface SetTimer extends Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** How much time `runUntil` lets pass at most: an hour. */
const MAX_RUN_MS = 3_600_000;

/**
 * A clock that stands still until a test turns it. Begins at 0.
 *
 * As in production, timers of a second and more of connections go off at multiples of 50 ms: up to 50 ms late, never early.
 */
export class FakeClock implements Clock {
  #now = 0;
  /** In the order in which they go off: by time, then as they were set. */
  readonly #timers: SetTimer[] = [];
  readonly #wheel: TimerWheel = new TimerWheel({
    now: () => this.#now,
    setTimer: (ms, callback) => {
      this.#waking = this.#set(ms, callback);
      return this.#waking;
    },
  });
  /** What wakes the wheel: no timer of its own. */
  #waking: SetTimer | null = null;

  readonly now = (): number => this.#now;

  readonly setTimer = (ms: number, callback: () => void): Timer => this.#set(ms, callback);

  /** How many timers are set, those of connections included. 0 once everything is closed. */
  get pending(): number {
    const isWaking = this.#waking !== null && this.#timers.includes(this.#waking);
    return this.#timers.length + this.#wheel.size - Number(isWaking);
  }

  /** When the next timer goes off, at the earliest, in milliseconds as `now` has them; null when none is set. */
  get nextAt(): number | null {
    return this.#timers[0]?.at ?? null;
  }

  /** For connections: see `Runtime.clock`. */
  get wheel(): TimerWheel {
    return this.#wheel;
  }

  /** Lets so many milliseconds pass. Timers go off in their order, each in its time; what they cause is done before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    await this.#run(end, () => false);
    this.#now = end;
  }

  /**
   * Lets time pass, from timer to timer, until the promise has settled, and gives its outcome.
   *
   * @param options.withinMs how much time may pass. Default 3,600,000, an hour.
   * @throws {Error} the time is over, or no timer is set any more, and the promise is still pending.
   */
  async runUntil<T>(
    promise: PromiseLike<T>,
    { withinMs = MAX_RUN_MS }: { readonly withinMs?: number } = {},
  ): Promise<T> {
    let isSettled = false;
    const watch = (): void => {
      isSettled = true;
    };
    promise.then(watch, watch);
    const start = this.#now;
    await settled();
    if (!isSettled) await this.#run(start + withinMs, () => isSettled);
    if (isSettled) return promise;
    const passed = `${this.#now - start} ms have passed`;
    throw new Error(
      this.#timers.length === 0
        ? `the promise is still pending: ${passed}, and no timer is set`
        : `the promise is still pending: ${passed}, and the next timer goes off later than ${withinMs} ms`,
    );
  }

  async #run(end: number, isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      const timer = this.#timers[0];
      if (timer === undefined || timer.at > end) return;
      this.#timers.shift();
      this.#now = timer.at;
      timer.callback();
      await settled();
    }
  }

  #set(ms: number, callback: () => void): SetTimer {
    const timers = this.#timers;
    const timer: SetTimer = {
      // NaN counts as no time at all, as setTimeout has it.
      at: this.#now + (ms > 0 ? ms : 0),
      callback,
      cancel: () => {
        const index = timers.indexOf(timer);
        if (index !== -1) timers.splice(index, 1);
      },
    };
    let index = timers.length;
    while (index > 0 && timers[index - 1]!.at > timer.at) index--;
    timers.splice(index, 0, timer);
    return timer;
  }
}
