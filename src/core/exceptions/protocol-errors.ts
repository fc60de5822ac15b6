// The errors of the sans-I/O protocol, the table of its rules, and the plain errors that serve as causes. Knows no frame.
import { brandClass, type CodeOf, nameClass, ownName, withCause } from './names.ts';
import { WebSocketException } from './web-socket-exception.ts';

/** Every rule of the protocol that a frame can break, and how its breach reads. A received one closes with this text. */
export const VIOLATIONS = {
  INVALID_OPCODE: 'invalid opcode',
  INCORRECT_MASKING: 'incorrect masking',
  RESERVED_BITS: 'reserved bits must be 0',
  NON_MINIMAL_LENGTH: 'payload length is not minimally encoded',
  LENGTH_TOO_LARGE: 'payload length has its most significant bit set',
  CONTROL_FRAME_TOO_LONG: 'control frame too long',
  FRAGMENTED_CONTROL_FRAME: 'fragmented control frame',
  CLOSE_FRAME_TOO_SHORT: 'close frame too short',
  INVALID_CLOSE_CODE: 'invalid status code',
  EXPECTED_CONTINUATION: 'expected a continuation frame',
  UNEXPECTED_CONTINUATION: 'unexpected continuation frame',
  INCOMPLETE_FRAGMENTED_MESSAGE: 'incomplete fragmented message',
  REASON_WITHOUT_CODE: 'cannot send a reason without a code',
  RSV1_ON_CONTINUATION: 'RSV1 bit set in continuation frame',
  DECOMPRESSION_FAILED: 'decompression failed',
  TOO_MANY_CONTROL_FRAMES: 'too many control frames',
  TOO_MANY_EMPTY_FRAGMENTS: 'too many empty fragments',
  TOO_MANY_FINAL_BLOCKS: 'too many final blocks',
} as const;
/** A rule of the protocol: a key of {@link VIOLATIONS}. */
export type Violation = keyof typeof VIOLATIONS;

const VIOLATION_BY_TEXT: ReadonlyMap<string, Violation> = new Map(
  Object.entries(VIOLATIONS).map(([key, text]) => [text, key as Violation]),
);

/**
 * Somebody broke the protocol. When the peer did, the connection fails, with 1002 unless the rule has a code of its own,
 * and this error is the `cause` of {@link ConnectionClosedError}. When your call would, it is thrown to you and nothing is
 * sent.
 */
export class ProtocolError extends WebSocketException {
  static {
    brandClass(this, 'ProtocolError');
  }

  /** The rule that was broken; `PROTOCOL_ERROR` for the texts of extensions that are not ours. */
  override readonly code: Violation | 'PROTOCOL_ERROR';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = VIOLATION_BY_TEXT.get(message) ?? 'PROTOCOL_ERROR';
  }
}

/**
 * The old name of {@link ProtocolError}.
 * @deprecated Use {@link ProtocolError}.
 */
export const WebSocketProtocolError: typeof ProtocolError = ProtocolError;
/**
 * The old name of {@link ProtocolError}.
 * @deprecated Use {@link ProtocolError}.
 */
export type WebSocketProtocolError = ProtocolError;

/**
 * A message is larger than the limit. The connection fails with 1009, and this error is the `cause` of
 * {@link ConnectionClosedError}.
 */
export class PayloadTooBig extends WebSocketException {
  static {
    brandClass(this, 'PayloadTooBig');
  }

  declare readonly code: CodeOf<'PayloadTooBig'>;

  /** Bytes that the frame announced: a bigint where a number is not exact; null when unknown (compressed data). */
  readonly size: number | bigint | null;
  /** The limit in bytes: what was left of it for this frame, or for the whole message once {@link PayloadTooBig.currentSize} is known. */
  maxSize: number | null;
  /** Bytes of the same message in earlier frames; null when there were none. */
  currentSize: number | null;

  /**
   * @param size bytes that the frame announces: a bigint where a number is not exact; null when unknown (compressed data).
   * @param maxSize bytes that were still allowed.
   * @param currentSize bytes of the same message in earlier frames, when they are known by now. Default null.
   */
  constructor(size: number | bigint | null, maxSize: number, currentSize?: number | null, options?: ErrorOptions);
  /** @deprecated Give the sizes. */
  constructor(message: string);
  constructor(
    sizeOrMessage: number | bigint | string | null,
    maxSize: number | null = null,
    currentSize: number | null = null,
    options?: ErrorOptions,
  ) {
    const isVerbatim = typeof sizeOrMessage === 'string';
    super(isVerbatim ? sizeOrMessage : describeSizes(sizeOrMessage, maxSize, null), options);
    this.size = isVerbatim ? null : sizeOrMessage;
    this.maxSize = maxSize;
    this.currentSize = null;
    this.setCurrentSize(currentSize);
  }

  /**
   * Tells how much of the message had already arrived, which is known one floor above where the limit was passed. Adds it
   * to the limit and to the message. Null changes nothing.
   *
   * @throws {TypeError} it has been told before.
   */
  setCurrentSize(currentSize: number | null): void {
    if (currentSize === null || this.maxSize === null) return;
    if (this.currentSize !== null) throw new TypeError('current size is already set');
    this.maxSize += currentSize;
    this.currentSize = currentSize;
    this.message = describeSizes(this.size, this.maxSize, currentSize);
  }

  /** As for every error of ours; a bigint, which JSON does not know, in decimal digits. */
  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), size: typeof this.size === 'bigint' ? String(this.size) : this.size };
  }
}

function describeSizes(size: number | bigint | null, maxSize: number | null, currentSize: number | null): string {
  const announced = size === null ? '' : `with ${size} bytes `;
  const earlier = currentSize === null ? '' : `after reading ${currentSize} bytes `;
  return `frame ${announced}${earlier}exceeds limit of ${maxSize} bytes`;
}

/**
 * The sans-I/O protocol cannot do this in its state. Users of connections see {@link ConnectionClosed} instead.
 */
export class InvalidState extends WebSocketException {
  static {
    brandClass(this, 'InvalidState');
  }

  declare readonly code: CodeOf<'InvalidState'>;
}

/** Two calls at the same time that cannot be interleaved. Thrown to the second; the first and the connection go on. */
export class ConcurrencyError extends WebSocketException {
  static {
    brandClass(this, 'ConcurrencyError');
  }

  declare readonly code: CodeOf<'ConcurrencyError'>;
}

/** The stream of bytes ended too early. Not a {@link WebSocketException}: it is the `cause` of one. */
export class EndOfStreamError extends Error {
  static {
    nameClass(this, 'EndOfStreamError');
  }

  readonly code = 'END_OF_STREAM';

  constructor(message: string, options?: ErrorOptions) {
    super(message, withCause(options));
    ownName(this);
  }
}

/** Bytes that should be text are not valid UTF-8 (RFC 3629). Not a {@link WebSocketException}: it is the `cause` of one. */
export class InvalidUtf8Error extends Error {
  static {
    nameClass(this, 'InvalidUtf8Error');
  }

  readonly code = 'INVALID_UTF8';
  /** `invalid start byte`, `invalid continuation byte` or `unexpected end of data`. */
  readonly reason: string;
  /** Where the first bad sequence begins, in bytes from 0. */
  readonly position: number;

  constructor(reason: string, position: number, options?: ErrorOptions) {
    super(`${reason} at position ${position}`, withCause(options));
    ownName(this);
    this.reason = reason;
    this.position = position;
  }
}

/** Something took longer than it may. Not a {@link WebSocketException}. */
export class TimeoutError extends Error {
  static {
    nameClass(this, 'TimeoutError');
  }

  readonly code = 'TIMEOUT';

  constructor(message: string, options?: ErrorOptions) {
    super(message, withCause(options));
    ownName(this);
  }
}
