// The timers and signals of a test, counted: what else is set on its clock, or listens to its signals, is the library's.
import { getEventListeners } from 'node:events';
import type { Clock } from 'websockets-ts';
import { settled } from 'websockets-ts/testing';
import { givenUp } from './calls.ts';

export class Stopwatch {
  /** How many timers of the test are set. */
  running = 0;
  /** How many listeners calls have left at the signals that they were given. */
  listenersLeft = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
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

  /** Makes a call that ends when it likes, or after so long by its signal. */
  during<T>(ms: number, call: (signal: AbortSignal) => PromiseLike<T>): Promise<T> {
    const controller = new AbortController();
    const { signal } = controller;
    this.after(ms, () => controller.abort(givenUp()));
    const promise = Promise.resolve(call(signal));
    const onSettled = (): void => {
      void settled().then(() => {
        this.listenersLeft += getEventListeners(signal, 'abort').length;
      });
    };
    promise.then(onSettled, onSettled);
    return promise;
  }
}
