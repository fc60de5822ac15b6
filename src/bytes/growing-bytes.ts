// Bytes put together from parts that arrive one by one. Knows nothing of what they are.

const NOTHING = new Uint8Array(0);

/** The first buffer, unless the first part is larger. */
const FIRST_BYTES = 256;

/** Takes memory as bytes arrive, never in advance: time in their number, and at most twice their size beyond the first buffer. */
export class GrowingBytes {
  #bytes: Uint8Array = NOTHING;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds a copy of bytes[start, end). */
  append(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const length = this.#length + end - start;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#bytes.length, FIRST_BYTES));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes.subarray(start, end), this.#length);
    this.#length = length;
  }

  /** All that has come together: a view that belongs to the caller. What follows begins anew. */
  take(): Uint8Array {
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#bytes = NOTHING;
    this.#length = 0;
    return bytes;
  }
}
