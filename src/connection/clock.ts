// Time as the connection layer sees it: injected, so that tests can turn the hands themselves.

/** A timer that has been set. */
export interface Timer {
  /** The callback will not be called any more. */
  cancel(): void;
}

/** A monotonic clock with timers. */
export interface Clock {
  /** Milliseconds since some moment in the past, with fractions. Never goes back. */
  readonly now: () => number;
  /**
   * Calls back after `ms` milliseconds, and once what had arrived by then was read: a peer must not pay for a process that
   * was busy. Does not keep the process alive.
   */
  readonly setTimer: (ms: number, callback: () => void) => Timer;
}
