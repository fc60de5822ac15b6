// Chance that can be repeated: the same numbers for the same seed, on every machine. Not for secrets.

/** Numbers that look random and follow from a seed. */
export class Random {
  /** Where the numbers come from: a whole number from 0 to 2³² − 1. */
  readonly seed: number;
  #state: number;

  /** @param seed default: one by chance. */
  constructor(seed: number = Math.floor(Math.random() * 2 ** 32)) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** 32 bits: a signed number. */
  word(): number {
    // Mulberry32: passes the usual tests, needs one word of state, and none of its seeds is bad.
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return bits ^ (bits >>> 14);
  }

  /** From 0, to below 1. */
  next(): number {
    return (this.word() >>> 0) / 2 ** 32;
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** One of them. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.between(0, choices.length - 1)]!;
  }

  /** Another one, whose numbers have nothing to do with those of this one. */
  fork(): Random {
    return new Random(this.word());
  }
}
