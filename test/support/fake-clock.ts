// A clock whose hands a test turns itself.
import type { Clock, Timer } from '#dist/connection/clock.js';

interface SetTimer {
  readonly at: number;
  readonly callback: () => void;
}

export class FakeClock implements Clock {
  #now = 0;
  readonly #timers: Set<SetTimer> = new Set();

  readonly now = (): number => this.#now;

  readonly setTimer = (ms: number, callback: () => void): Timer => {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  };

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets time pass. Timers go off in their order, and promises settle after each. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.callback();
      await settled();
    }
    this.#now = end;
    await settled();
  }
}

/** Everything that needs no I/O has happened. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
