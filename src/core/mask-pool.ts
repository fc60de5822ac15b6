// Masking keys from a secure source, many at a time. Knows no frames.

/** Asking the system costs about a microsecond however little is asked for: 1,024 keys a time make it a nanosecond. */
const POOL_BYTES = 4096;

/** Hands out masking keys, each once (RFC 6455 §5.3: fresh for every frame, from a strong source of entropy). */
export class MaskPool {
  readonly #fillRandom: (bytes: Uint8Array) => void;
  readonly #bytes: Uint8Array = new Uint8Array(POOL_BYTES);
  readonly #keys: Int32Array = new Int32Array(this.#bytes.buffer);
  #next: number = this.#keys.length;

  constructor(fillRandom: (bytes: Uint8Array) => void) {
    this.#fillRandom = fillRandom;
  }

  /** A fresh key, as a 32-bit number. */
  next(): number {
    if (this.#next === this.#keys.length) {
      this.#fillRandom(this.#bytes);
      this.#next = 0;
    }
    return this.#keys[this.#next++]!;
  }
}
