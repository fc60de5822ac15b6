// Random numbers from a secure source, many at a time. Knows not what they are for.

/** Asking the system costs 1 to 3 µs however little is asked for: 4 KiB a time make it a nanosecond for a masking key. */
const POOL_BYTES = 4096;

/** What is longer comes straight from the source. */
const MAX_POOLED_BYTES = 64;

/** Hands out what the source gave, each bit of it once (RFC 6455 §5.3: masks from a strong source of entropy, fresh for every frame). */
export class RandomPool {
  readonly #fillRandom: (bytes: Uint8Array) => void;
  readonly #bytes: Uint8Array = new Uint8Array(POOL_BYTES);
  readonly #words: Int32Array = new Int32Array(this.#bytes.buffer);
  #next: number = this.#words.length;

  constructor(fillRandom: (bytes: Uint8Array) => void) {
    this.#fillRandom = fillRandom;
  }

  /** A random 32-bit number, such as a masking key. */
  nextWord(): number {
    if (this.#next === this.#words.length) {
      this.#fillRandom(this.#bytes);
      this.#next = 0;
    }
    return this.#words[this.#next++]!;
  }

  /** Fills all of `bytes`. */
  fill(bytes: Uint8Array): void {
    if (bytes.length > MAX_POOLED_BYTES) {
      this.#fillRandom(bytes);
      return;
    }
    for (let i = 0; i < bytes.length; i += 4) {
      const word = this.nextWord();
      // What lies behind the end is not there to be written.
      bytes[i] = word;
      bytes[i + 1] = word >>> 8;
      bytes[i + 2] = word >>> 16;
      bytes[i + 3] = word >>> 24;
    }
  }
}
