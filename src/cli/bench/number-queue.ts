// A queue of numbers that makes no object for each. Knows not what they mean.

const FIRST_SIZE = 16;

/** First in, first out; grows by doubling. */
export class NumberQueue {
  length = 0;
  #ring: Float64Array = new Float64Array(FIRST_SIZE);
  #first = 0;

  push(number: number): void {
    if (this.length === this.#ring.length) this.#grow();
    this.#ring[(this.#first + this.length) & (this.#ring.length - 1)] = number;
    this.length += 1;
  }

  /** Takes the oldest; undefined when there is none. */
  shift(): number | undefined {
    if (this.length === 0) return undefined;
    const number = this.#ring[this.#first]!;
    this.#first = (this.#first + 1) & (this.#ring.length - 1);
    this.length -= 1;
    return number;
  }

  #grow(): void {
    const grown = new Float64Array(2 * this.#ring.length);
    grown.set(this.#ring.subarray(this.#first));
    grown.set(this.#ring.subarray(0, this.#first), this.#ring.length - this.#first);
    this.#ring = grown;
    this.#first = 0;
  }
}
