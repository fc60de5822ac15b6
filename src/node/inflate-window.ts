// The last bytes that a peer has sent, which its next message may refer back to (RFC 7692 §7.2.2). Knows nothing of zlib.

/** RFC 1951 §3.2.4: a byte that says "stored, and not the last block", the length, and the length inverted. */
const HEAD_BYTES = 5;

/** The first buffer; it doubles until it holds a whole window. */
const FIRST_BYTES = 512;

/**
 * A window as text. Between messages that is all there is to know of a stream, and a tenth of what zlib holds for it. It
 * lies ready as a stored block, because that is what every inflater learns from: zlib takes a window as `dictionary`, but
 * only when it begins, and Deno's does not listen.
 */
export class InflateWindow {
  /** The size of the window. */
  readonly maxBytes: number;
  /** The head of a block, then the text. */
  #block: Uint8Array = new Uint8Array(HEAD_BYTES);
  #length = 0;

  /** @param maxBytes at most 32,768. */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes of text that are known. */
  get length(): number {
    return this.#length;
  }

  /** Appends output of the peer's stream; what the window has no room for any more is forgotten. */
  add(output: Uint8Array): void {
    const added = output.length > this.maxBytes ? output.subarray(-this.maxBytes) : output;
    const kept = Math.min(this.#length, this.maxBytes - added.length);
    const length = kept + added.length;
    const from = HEAD_BYTES + this.#length - kept;
    if (HEAD_BYTES + length > this.#block.length) {
      const room = Math.max(length, Math.min(this.maxBytes, Math.max(FIRST_BYTES, 2 * length)));
      const grown = new Uint8Array(HEAD_BYTES + room);
      grown.set(this.#block.subarray(from, from + kept), HEAD_BYTES);
      this.#block = grown;
    } else if (from > HEAD_BYTES) {
      this.#block.copyWithin(HEAD_BYTES, from, from + kept);
    }
    this.#block.set(added, HEAD_BYTES + kept);
    this.#length = length;
  }

  /** The text as a stored block: valid until the next `add`. */
  asBlock(): Uint8Array {
    const block = this.#block;
    const length = this.#length;
    block[1] = length;
    block[2] = length >>> 8;
    block[3] = ~length;
    block[4] = ~length >>> 8;
    return block.subarray(0, HEAD_BYTES + length);
  }
}
