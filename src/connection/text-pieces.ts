// Decodes a text that comes in pieces, which may cut characters. Knows no messages.
import { type Utf8Problem, utf8Problem } from '../bytes/utf8.ts';
import type { Piece } from './message-buffer.ts';
import type { TextCodec } from './runtime.ts';

const NO_BYTES = new Uint8Array(0);

/** Push a piece, then read `text`: the characters that are complete by now. */
export class TextPieces {
  text = '';
  readonly #codec: TextCodec;
  #tail: Uint8Array = NO_BYTES;

  constructor(codec: TextCodec) {
    this.#codec = codec;
  }

  /** Says what is wrong, with its position in the bytes of a cut character and this piece; null when nothing is. */
  push({ bytes, start, end, fin }: Piece): Utf8Problem | null {
    let all = bytes.subarray(start, end);
    if (this.#tail.length > 0) {
      all = new Uint8Array(this.#tail.length + end - start);
      all.set(this.#tail);
      all.set(bytes.subarray(start, end), this.#tail.length);
    }
    const problem = utf8Problem(all);
    const isCut = problem !== null && problem.reason === 'unexpected end of data' && !fin;
    if (problem !== null && !isCut) return problem;
    const complete = isCut ? problem.position : all.length;
    this.#tail = all.slice(complete);
    this.text = this.#codec.decode(all, 0, complete);
    return null;
  }
}
