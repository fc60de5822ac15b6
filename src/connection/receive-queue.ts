// Received fragments and messages that nobody has asked for yet. Decides nothing: the connection looks at its size.
import { MessageBuffer, type Piece, weightOf } from './message-buffer.ts';

/** After so many pieces were taken off the front, the array is cut. */
const CUT_AFTER = 32;

/** First in, first out, by fragment or by whole message. */
export class ReceiveQueue {
  readonly #pieces: (Piece | undefined)[] = [];
  #front = 0;
  #messages = 0;
  #bytes = 0;

  /** How many fragments and unfragmented messages there are. */
  get length(): number {
    return this.#pieces.length - this.#front;
  }

  /** What the pieces cost together, with something for each. */
  get byteLength(): number {
    return this.#bytes;
  }

  /** Whether a whole message is at the front. */
  get hasMessage(): boolean {
    return this.#messages > 0;
  }

  push(piece: Piece): void {
    this.#pieces.push(piece);
    this.#bytes += weightOf(piece);
    if (piece.fin) this.#messages++;
  }

  /** Takes the piece at the front. The queue isn't empty. */
  takePiece(): Piece {
    const piece = this.#pieces[this.#front]!;
    this.#pieces[this.#front++] = undefined;
    if (this.#front === this.#pieces.length) {
      this.#pieces.length = 0;
      this.#front = 0;
    } else if (this.#front >= CUT_AFTER) {
      this.#pieces.splice(0, this.#front);
      this.#front = 0;
    }
    this.#bytes -= weightOf(piece);
    if (piece.fin) this.#messages--;
    return piece;
  }

  /** Takes the whole message at the front, its fragments joined. There is one. */
  takeMessage(): Piece {
    const first = this.takePiece();
    if (first.fin) return first;
    const message = new MessageBuffer();
    message.append(first);
    for (;;) {
      const piece = this.takePiece();
      message.append(piece);
      if (piece.fin) return message.take(true);
    }
  }
}
