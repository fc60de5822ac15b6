// How far the message that is being received has come: which frames may follow, and how large (RFC 6455 §5.4). Knows no
// payload.
import { ProtocolError, VIOLATIONS } from './exceptions/protocol-errors.ts';
import { Opcode } from './opcode.ts';

/** What a message may have; infinite: any number. */
export interface MessageLimits {
  readonly messageBytes: number;
  readonly fragmentBytes: number;
  readonly emptyFragments: number;
}

/** One message after the other, by the data frames that carry them. */
export class IncomingMessage {
  readonly #limits: MessageLimits;
  /** Bytes received of the fragmented message in progress; null when there is none. */
  bytes: number | null = null;
  /** Whether the message of the last frame is text. */
  isText = false;
  /** Whether an extension has encoded it. */
  isEncoded = false;
  #emptyFragments = 0;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
  }

  /** What the next frame may have: what is left for the message, and no more than a fragment may have. */
  get nextFrameBytes(): number {
    return Math.min(this.#limits.messageBytes - (this.bytes ?? 0), this.#limits.fragmentBytes);
  }

  /**
   * A data frame begins a message or goes on with one.
   * @throws {ProtocolError} it should have done the other.
   */
  enter(opcode: Opcode): void {
    if (opcode === Opcode.CONT) {
      if (this.bytes === null) throw new ProtocolError(VIOLATIONS.UNEXPECTED_CONTINUATION);
      return;
    }
    if (this.bytes !== null) throw new ProtocolError(VIOLATIONS.EXPECTED_CONTINUATION);
    this.isText = opcode === Opcode.TEXT;
  }

  /**
   * Counts the frame that has entered; `fin` ends the message.
   * @throws {ProtocolError} too many fragments in a row carry nothing.
   */
  add(byteLength: number, fin: boolean): void {
    if (fin && this.bytes === null) return;
    this.#emptyFragments = byteLength === 0 && !fin ? this.#emptyFragments + 1 : 0;
    if (this.#emptyFragments > this.#limits.emptyFragments) {
      throw new ProtocolError(VIOLATIONS.TOO_MANY_EMPTY_FRAGMENTS);
    }
    this.bytes = fin ? null : (this.bytes ?? 0) + byteLength;
  }
}
