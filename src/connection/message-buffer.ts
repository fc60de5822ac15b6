// Joins the fragments of one message as they arrive. Knows no frames and no limits: the protocol has checked them.
import { GrowingBytes } from '../bytes/growing-bytes.ts';

/** A received message, or a fragment of one: the payload is `bytes[start, end)`. */
export interface Piece {
  readonly isText: boolean;
  /** Whether the message ends here. */
  readonly fin: boolean;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Joins fragments: time in the size of the message whatever their number. */
export class MessageBuffer {
  readonly #bytes: GrowingBytes = new GrowingBytes();
  #isText = false;
  #isStarted = false;

  /** Whether a message is in progress. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  append({ isText, bytes, start, end }: Piece): void {
    if (!this.#isStarted) this.#isText = isText;
    this.#isStarted = true;
    this.#bytes.append(bytes, start, end);
  }

  /** What has been joined; the buffer is empty afterwards. */
  take(fin: boolean): Piece {
    const bytes = this.#bytes.take();
    this.#isStarted = false;
    return { isText: this.#isText, fin, bytes, start: 0, end: bytes.length };
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
