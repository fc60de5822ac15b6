// Joins the fragments of one message as they arrive. Knows no frames and no limits: the protocol has checked them.

const FIRST_BYTES = 1024;
const NO_BYTES = new Uint8Array(0);

/** A received message, or a fragment of one: the payload is `bytes[start, end)`. */
export interface Piece {
  readonly isText: boolean;
  /** Whether the message ends here. */
  readonly fin: boolean;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * Grows by doubling, so that a message in any number of fragments costs time in its size, and at most twice its size in
 * memory.
 */
export class MessageBuffer {
  #isText = false;
  #bytes: Uint8Array = NO_BYTES;
  #length = 0;
  #started = false;

  /** Whether a message is in progress. */
  get isStarted(): boolean {
    return this.#started;
  }

  append({ isText, bytes, start, end }: Piece): void {
    if (!this.#started) this.#isText = isText;
    const length = this.#length + end - start;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, length, FIRST_BYTES));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes.subarray(start, end), this.#length);
    this.#length = length;
    this.#started = true;
  }

  /** What has been joined; the buffer is empty afterwards. */
  take(fin: boolean): Piece {
    const piece = { isText: this.#isText, fin, bytes: this.#bytes, start: 0, end: this.#length };
    this.#bytes = NO_BYTES;
    this.#length = 0;
    this.#started = false;
    return piece;
  }
}

/** A small message must not keep the whole read alive that it came in: at most this many times its own size. */
const MAX_RETENTION = 8;

/** The payload as an array for the user to keep: a view where that wastes little, else a copy. Never a Buffer. */
export function ownBytes({ bytes, start, end }: Pick<Piece, 'bytes' | 'start' | 'end'>): Uint8Array {
  const size = end - start;
  if (size * MAX_RETENTION >= bytes.buffer.byteLength) {
    return new Uint8Array(bytes.buffer, bytes.byteOffset + start, size);
  }
  const copy = new Uint8Array(size);
  copy.set(bytes.subarray(start, end));
  return copy;
}
