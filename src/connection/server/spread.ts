// One call for each of many things, evenly over a time. Knows not what is called.
import type { Clock, Timer } from '../clock.ts';

/** Calls for each item in order: the first now, the last after `ms` milliseconds. What is left is not called once cancelled. */
export function spread<T>(items: readonly T[], ms: number, clock: Clock, call: (item: T) => void): Timer {
  const start = clock.now();
  const stepMs = items.length > 1 ? ms / (items.length - 1) : 0;
  let timer: Timer | null = null;
  let next = 0;
  const run = (): void => {
    // By the time that has passed, so that rounding does not add up over thousands of timers.
    const passedMs = clock.now() - start;
    for (; next < items.length && next * stepMs <= passedMs; next++) call(items[next]!);
    timer = next < items.length ? clock.setTimer(next * stepMs - passedMs, run) : null;
  };
  run();
  return { cancel: () => timer?.cancel() };
}
