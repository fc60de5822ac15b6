// Limits on waiting: a signal, a time. Knows nothing of connections.
import { TimeoutError } from '../core/exceptions/protocol-errors.ts';
import type { Clock } from './clock.ts';
import { quiet } from './promises.ts';

/** How long a call may wait. */
export interface Wait {
  /** Aborting it rejects the call with the signal's reason. The connection stays as it is. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which the call rejects with TimeoutError. 0: only what is there already. Default: no limit. */
  readonly timeoutMs?: number | undefined;
}

/** Calls back when the wait is over by its limits; the returned function ends the watch. */
export function watchLimits({ signal, timeoutMs }: Wait, clock: Clock, onLimit: (error: unknown) => void): () => void {
  if (signal === undefined && timeoutMs === undefined) return nothing;
  const stop = (): void => {
    timer?.cancel();
    signal?.removeEventListener('abort', onAbort);
  };
  const onAbort = (): void => {
    stop();
    onLimit(signal?.reason);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer =
    timeoutMs === undefined
      ? null
      : clock.setTimer(timeoutMs, () => {
          stop();
          onLimit(new TimeoutError(`timed out after ${timeoutMs} ms`));
        });
  return stop;
}

const nothing = (): void => {};

/** The promise's outcome, or the limit's error if that comes first. */
export function waitFor<T>(promise: Promise<T>, wait: Wait, clock: Clock): Promise<T> {
  if (wait.signal?.aborted) {
    void quiet(promise); // Nobody hears of it any more.
    return Promise.reject(wait.signal.reason);
  }
  if (wait.signal === undefined && wait.timeoutMs === undefined) return promise;
  return new Promise((resolve, reject) => {
    const stop = watchLimits(wait, clock, reject);
    promise.then(resolve, reject).finally(stop);
  });
}
