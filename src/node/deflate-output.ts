// Where results of zlib gather until they are whole. Knows nothing of zlib.

/** 64 KiB: nearly every message fits, and larger ones gain nothing from more (bench/deflate-engine.js). */
const SCRATCH_BYTES = 64 * 1024;

/** Collects one result at a time. What fits the scratch buffer, nearly everything, is copied once, out of it. */
export class DeflateOutput {
  readonly scratch: Uint8Array = new Uint8Array(SCRATCH_BYTES);
  /** Bytes in the scratch buffer. */
  used = 0;
  /** Copies of full scratch buffers that came before. */
  #full: Uint8Array[] = [];

  get byteLength(): number {
    return this.#full.length * SCRATCH_BYTES + this.used;
  }

  /** Bytes that can be written behind `used` without asking again; never 0. */
  get room(): number {
    return SCRATCH_BYTES - this.used;
  }

  advance(byteLength: number): void {
    this.used += byteLength;
    if (this.used < SCRATCH_BYTES) return;
    this.#full.push(this.scratch.slice());
    this.used = 0;
  }

  /** A copy of the last `byteLength` bytes, or of as many as there are; no more than the scratch buffer holds. */
  last(byteLength: number): Uint8Array {
    const missing = Math.max(0, byteLength - this.used);
    const before = missing > 0 ? this.#full.at(-1) : undefined;
    if (before === undefined) return this.scratch.slice(Math.max(0, this.used - byteLength), this.used);
    return concat([before.subarray(SCRATCH_BYTES - missing), this.scratch.subarray(0, this.used)], byteLength);
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
