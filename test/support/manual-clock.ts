// A clock for who must need no more than one timer: time jumps where the test says, and nothing goes off by itself.
import assert from 'node:assert/strict';
import type { Clock, Timer } from '#dist/connection/clock.js';

export class ManualClock implements Clock {
  /** What the hands show. */
  ms = 0;
  #timer: { readonly at: number; readonly callback: () => void } | null = null;
  /** How many timers were ever set. */
  timersMade = 0;

  readonly now = (): number => this.ms;

  readonly setTimer = (ms: number, callback: () => void): Timer => {
    assert.equal(this.#timer, null, 'one timer at a time');
    assert.ok(ms >= 0);
    const timer = { at: this.ms + ms, callback };
    this.#timer = timer;
    this.timersMade++;
    return {
      cancel: () => {
        if (this.#timer === timer) this.#timer = null;
      },
    };
  };

  /** When the timer is due; null when none is set. */
  get timerAt(): number | null {
    return this.#timer?.at ?? null;
  }

  /** Lets the timer go off, if it is due. */
  ring(): boolean {
    if (this.#timer === null || this.#timer.at > this.ms) return false;
    const { callback } = this.#timer;
    this.#timer = null;
    callback();
    return true;
  }

  /** Goes to a moment, with the timers on the way each in time. */
  goTo(ms: number): void {
    for (let at = this.timerAt; at !== null && at <= ms; at = this.timerAt) {
      this.ms = Math.max(this.ms, at);
      this.ring();
    }
    this.ms = ms;
  }
}
