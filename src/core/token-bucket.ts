// A rate limit that forgives bursts. Reads no clock: it is told the time.

/** How often something may happen. */
export interface RateLimit {
  /** How many times in a row. */
  readonly burst: number;
  /** How many times a second in the long run. */
  readonly perSecond: number;
}

/** Starts full; each take needs one token, and tokens come back with time. */
export class TokenBucket {
  readonly #limit: RateLimit;
  #tokens: number;
  #filledAt: number;

  constructor(limit: RateLimit, nowMs: number) {
    this.#limit = limit;
    this.#tokens = limit.burst;
    this.#filledAt = nowMs;
  }

  /** Takes a token; false when there is none. A clock that was set back gives none and takes none away. */
  take(nowMs: number): boolean {
    const elapsedMs = Math.max(0, nowMs - this.#filledAt);
    this.#filledAt = nowMs;
    this.#tokens = Math.min(this.#limit.burst, this.#tokens + (elapsedMs * this.#limit.perSecond) / 1000);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
