// The timers and signals of a test, counted: what else is set on its clock, or listens to its signals, is the library's.
import { getEventListeners } from 'node:events';
import type { Clock } from 'websockets-ts';
import { givenUp } from './calls.ts';

export class Stopwatch {
  /** How many timers of the test are set. */
  running = 0;
  readonly #clock: Clock;
  readonly #signals: AbortSignal[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many listeners its signals still have. */
  get listeners(): number {
    return this.#signals.reduce((sum, signal) => sum + getEventListeners(signal, 'abort').length, 0);
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
    this.#signals.push(controller.signal);
    this.after(ms, () => controller.abort(givenUp()));
    return controller.signal;
  }
}
