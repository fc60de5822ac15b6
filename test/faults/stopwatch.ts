// The timers of a test on a clock in memory, counted: what else is set on it is the library's.
import type { FakeClock } from 'websockets-ts/testing';
import { givenUp } from './speaker.ts';

export class Stopwatch {
  /** How many timers of the test are set. */
  running = 0;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  after(ms: number, callback: () => void): void {
    this.running++;
    this.#clock.setTimer(ms, () => {
      this.running--;
      callback();
    });
  }

  async sleep(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => this.after(ms, resolve));
  }

  /** Aborted after so long. */
  signal(ms: number): AbortSignal {
    const controller = new AbortController();
    this.after(ms, () => controller.abort(givenUp()));
    return controller.signal;
  }
}
