// Tells whoever waits that a connection is gone, once and for all. Knows not what ended it.
import type { Clock } from './clock.ts';
import { type Deferred, deferred } from './promises.ts';
import { type Wait, watchLimits } from './wait.ts';

const DONE: Promise<void> = Promise.resolve();

/** Goes from unset to set, once. Makes a promise only when somebody asks for one. */
export class ClosedSignal {
  #isSet = false;
  #deferred: Deferred | null = null;
  #waiters: Set<() => void> | null = null;

  get isSet(): boolean {
    return this.#isSet;
  }

  /** Settles when the signal is set. Never rejects. */
  get promise(): Promise<void> {
    if (this.#isSet) return DONE;
    this.#deferred ??= deferred();
    return this.#deferred.promise;
  }

  /** As `promise`, within limits. */
  wait(wait: Wait, clock: Clock): Promise<void> {
    if (wait.signal?.aborted) return Promise.reject(wait.signal.reason);
    if (this.#isSet || (wait.signal === undefined && wait.timeoutMs === undefined)) return this.promise;
    // Not a reaction on one promise for each call: whoever asks again and again would pile them up.
    return new Promise((resolve, reject) => {
      const onSet = (): void => {
        stop();
        resolve();
      };
      const stop = watchLimits(wait, clock, (error) => {
        this.#waiters?.delete(onSet);
        reject(error);
      });
      this.#waiters ??= new Set();
      this.#waiters.add(onSet);
    });
  }

  set(): void {
    this.#isSet = true;
    this.#deferred?.resolve();
    for (const onSet of this.#waiters ?? []) onSet();
    this.#waiters = null;
  }
}
