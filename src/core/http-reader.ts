// The bytes of an HTTP/1.1 message as they arrive, taken in lines and in runs. Knows nothing of what a line says.
import { GrowingBytes } from '../bytes/growing-bytes.ts';
import { decodeLatin1 } from '../bytes/latin1.ts';
import type { SecurityError, SecurityErrorOptions } from './exceptions/handshake-errors.ts';
import { EndOfStreamError } from './exceptions/protocol-errors.ts';

const CR = 13;
const LF = 10;
const NOTHING = new Uint8Array(0);

/** The class of error for a line beyond its limit. */
export type LineTooLong = new (message: string, options: SecurityErrorOptions) => SecurityError;

/**
 * Hands out what has arrived, each byte once. Only the beginning of a line whose end is still to come is kept, and that
 * is shorter than the limit for a line; everything else stays in the chunk of the caller.
 */
export class HttpReader {
  #chunk: Uint8Array = NOTHING;
  /** What of the chunk has been handed out. */
  #at = 0;
  #ended = false;
  readonly #begun = new GrowingBytes();

  /** Takes the next chunk. The one before must be used up: what reads from here has come back empty-handed. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** Nothing more will come. */
  end(): void {
    this.#ended = true;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  /** What has arrived and was not handed out: a view on the last chunk. */
  get rest(): Uint8Array {
    return this.#chunk.subarray(this.#at);
  }

  /** Lets go of all bytes. */
  clear(): void {
    this.#chunk = NOTHING;
    this.#at = 0;
    this.#begun.take();
  }

  /**
   * The next line without its CRLF, as ISO-8859-1; null when its end has not arrived.
   * @param maxBytes for the line with its CRLF.
   * @throws {SecurityError} of the class `tooLong`: there are more than `maxBytes` and no end of line among them.
   * @throws {EndOfStreamError} the line ends in a bare LF, or the stream ended in the middle of it.
   */
  readLine(maxBytes: number, tooLong: LineTooLong): string | null {
    const lf = this.#chunk.indexOf(LF, this.#at);
    const start = this.#at;
    const end = lf === -1 ? this.#chunk.length : lf + 1;
    const length = this.#begun.length + end - start;
    if (length > maxBytes) {
      const text = `read ${length} bytes, expected no more than ${maxBytes} bytes`;
      throw new tooLong(text, { limit: 'maxLineBytes' });
    }
    this.#at = end;
    if (lf === -1) {
      if (this.#ended) throw new EndOfStreamError(`stream ends after ${length} bytes, before end of line`);
      this.#begun.append(this.#chunk, start, end);
      return null;
    }
    if (this.#begun.length === 0) return lineText(this.#chunk, start, end);
    this.#begun.append(this.#chunk, start, end);
    return lineText(this.#begun.take(), 0, length);
  }

  /** Up to `maxBytes` of what has arrived, perhaps nothing: a view on the chunk. */
  take(maxBytes: number): Uint8Array {
    const part = this.#chunk.subarray(this.#at, this.#at + maxBytes);
    this.#at += part.length;
    return part;
  }
}

/** The text of bytes[start, end), which end with LF, without CRLF. RFC 9112 §2.2 would let us accept a bare LF: we do not. */
function lineText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start < 2 || bytes[end - 2] !== CR) throw new EndOfStreamError('line without CRLF');
  return decodeLatin1(bytes, start, end - 2);
}
