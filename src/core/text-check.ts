// Whether received text is UTF-8, found as its bytes arrive: in messages of many frames, in frames that are not complete.
// Knows no states and no extensions.
import { Utf8Validator, utf8Problem } from '../bytes/utf8.ts';
import { InvalidUtf8Error } from './exceptions/protocol-errors.ts';

/**
 * Checks a text message that is there as a whole, bytes[start, end).
 * @param isUtf8 says whether all of `bytes` is valid, faster than we do where it is native.
 */
export function checkWholeText(
  bytes: Uint8Array,
  start: number,
  end: number,
  isUtf8: (bytes: Uint8Array) => boolean,
): InvalidUtf8Error | null {
  const problem = utf8Problem(bytes, start, end, isUtf8);
  return problem && new InvalidUtf8Error(problem.reason, problem.position);
}

/** Checks one text message after the other. Positions in errors count from the start of the message. */
export class TextCheck {
  readonly #isUtf8: (bytes: Uint8Array) => boolean;
  /** For texts that come in pieces; made when the first one does. */
  #validator: Utf8Validator | null = null;
  /** How many bytes of the incomplete frame are checked already. */
  #checkedBytes = 0;

  /** @param isUtf8 says whether all of `bytes` is valid, faster than we do where it is native. */
  constructor(isUtf8: (bytes: Uint8Array) => boolean) {
    this.#isUtf8 = isUtf8;
  }

  /** Takes what has arrived of a frame that is not complete: all of it, bytes[0, byteLength). What was seen before is not looked at again. */
  incompleteFrame(bytes: Uint8Array, byteLength: number): InvalidUtf8Error | null {
    if (byteLength === this.#checkedBytes) return null;
    const problem = this.#inPieces().push(bytes, this.#checkedBytes, byteLength, false);
    this.#checkedBytes = byteLength;
    return problem && new InvalidUtf8Error(problem.reason, problem.position);
  }

  /** Takes a complete frame, bytes[start, end): the first of its message or not, the last or not. */
  frame(isFirst: boolean, isLast: boolean, bytes: Uint8Array, start: number, end: number): InvalidUtf8Error | null {
    const unchecked = start + this.#checkedBytes;
    this.#checkedBytes = 0;
    const isWhole = isFirst && isLast && unchecked === start;
    if (isWhole) return checkWholeText(bytes, start, end, this.#isUtf8);
    const problem = this.#inPieces().push(bytes, unchecked, end, isLast);
    if (isLast) this.#validator?.reset();
    return problem && new InvalidUtf8Error(problem.reason, problem.position);
  }

  #inPieces(): Utf8Validator {
    this.#validator ??= new Utf8Validator(this.#isUtf8);
    return this.#validator;
  }
}
