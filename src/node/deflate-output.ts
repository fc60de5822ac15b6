// Where results of zlib gather until they are whole. Knows nothing of zlib.

/** 64 KiB: nearly every message fits, and larger ones gain nothing from more (bench/deflate-engine.js). */
const SMALL_BYTES = 64 * 1024;
/** The default limit of a message. */
const LARGE_BYTES = 1024 * 1024;

/** Collects one result at a time. What fits a scratch buffer, nearly everything, is copied out of it once, exactly as long as it is. */
export class DeflateOutput {
  readonly #small: Uint8Array = new Uint8Array(SMALL_BYTES);
  /** Made when a result does not fit the small one. In pieces of 64 KiB it would be garbage twice. */
  #large: Uint8Array | null = null;
  /** The buffer that is being filled. */
  scratch: Uint8Array = this.#small;
  /** Bytes in it. */
  used = 0;
  /** Copies of full large buffers that came before. */
  #full: Uint8Array[] = [];

  get byteLength(): number {
    return this.#full.length * LARGE_BYTES + this.used;
  }

  /** Bytes that can be written behind `used` without asking again; never 0. */
  get room(): number {
    return this.scratch.length - this.used;
  }

  advance(byteLength: number): void {
    this.used += byteLength;
    if (this.used < this.scratch.length) return;
    if (this.scratch === this.#small) {
      this.#large ??= new Uint8Array(LARGE_BYTES);
      this.#large.set(this.#small);
      this.scratch = this.#large;
    } else {
      this.#full.push(this.scratch.slice());
      this.used = 0;
    }
  }

  /** A copy of the last `byteLength` bytes, or of as many as there are; no more than the small buffer holds. */
  last(byteLength: number): Uint8Array {
    const missing = Math.max(0, byteLength - this.used);
    const before = missing > 0 ? this.#full.at(-1) : undefined;
    if (before === undefined) return this.scratch.slice(Math.max(0, this.used - byteLength), this.used);
    return concat([before.subarray(LARGE_BYTES - missing), this.scratch.subarray(0, this.used)], byteLength);
  }

  /** The whole result, a fresh array. What comes then is another one. */
  take(): Uint8Array {
    const rest = this.scratch.subarray(0, this.used);
    const whole = this.#full.length === 0 ? rest.slice() : concat([...this.#full, rest], this.byteLength);
    this.clear();
    return whole;
  }

  /** Drops what there is, so that nothing large outlives the call that made it. */
  clear(): void {
    this.scratch = this.#small;
    this.used = 0;
    if (this.#full.length > 0) this.#full = [];
  }
}

/** The parts in one array. */
export function concat(parts: readonly Uint8Array[], byteLength: number): Uint8Array {
  const whole = new Uint8Array(byteLength);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}
