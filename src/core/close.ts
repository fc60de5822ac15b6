// A close frame's payload as a value, in both directions (RFC 6455 §5.5.1). Knows nothing of frames or states.
import { decodeUtf8, encodeUtf8, utf8Problem } from '../bytes/utf8.ts';
import { CloseCode, type CloseInfo, closeText, isSendableCloseCode } from './close-code.ts';
import { InvalidUtf8Error, ProtocolError, VIOLATIONS } from './exceptions/protocol-errors.ts';
import { MAX_CONTROL_BYTES } from './opcode.ts';

/** A close code and its reason, as they stand in a close frame. */
export class Close implements CloseInfo {
  /** 1005 when the frame is empty. */
  readonly code: number;
  /** Empty when there is none. */
  readonly reason: string;

  constructor(code: number, reason: string) {
    this.code = code;
    this.reason = reason;
  }

  /**
   * Reads the payload of a close frame.
   *
   * @throws {InvalidUtf8Error} the reason is not valid UTF-8; `position` counts from the start of the reason.
   * @throws {ProtocolError} the payload is a single byte, or its code must not travel.
   */
  static parse(payload: Uint8Array): Close {
    if (payload.length === 0) return new Close(CloseCode.NO_STATUS_RCVD, '');
    if (payload.length === 1) throw new ProtocolError(VIOLATIONS.CLOSE_FRAME_TOO_SHORT);
    const problem = utf8Problem(payload, 2);
    if (problem !== null) throw new InvalidUtf8Error(problem.reason, problem.position);
    const code = (payload[0]! << 8) | payload[1]!;
    if (!isSendableCloseCode(code)) throw new ProtocolError(VIOLATIONS.INVALID_CLOSE_CODE);
    return new Close(code, decodeUtf8(payload, 2, payload.length));
  }

  /** As the constructor, with a reason that is cut at a character where it is too long for a close frame. */
  static fitting(code: number, reason: string): Close {
    const bytes = encodeUtf8(reason);
    let end = MAX_CONTROL_BYTES - 2;
    if (bytes.length <= end) return new Close(code, reason);
    while ((bytes[end]! & 0xc0) === 0x80) end--;
    return new Close(code, decodeUtf8(bytes, 0, end));
  }

  /**
   * Makes the payload of a close frame.
   *
   * @throws {ProtocolError} the code must not travel, or the reason makes the payload longer than 125 bytes.
   */
  serialize(): Uint8Array {
    if (!isSendableCloseCode(this.code)) throw new ProtocolError(VIOLATIONS.INVALID_CLOSE_CODE);
    const reason = encodeUtf8(this.reason);
    if (2 + reason.length > MAX_CONTROL_BYTES) throw new ProtocolError(VIOLATIONS.CONTROL_FRAME_TOO_LONG);
    const payload = new Uint8Array(2 + reason.length);
    payload[0] = this.code >> 8;
    payload[1] = this.code;
    payload.set(reason, 2);
    return payload;
  }

  /** `1001 (going away) the reason`. */
  toString(): string {
    return closeText(this);
  }
}
