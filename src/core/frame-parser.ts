// Finds the frames in a stream of bytes (RFC 6455 §5.2), one at a time. Knows nothing of messages, extensions or state.
import { applyMask, rotate } from '../bytes/mask.ts';
import { EndOfStreamError, PayloadTooBig, ProtocolError, VIOLATIONS } from './exceptions/protocol-errors.ts';
import type { Host } from './host.ts';

/** The longest header: two bytes, a 64-bit length and a masking key. */
const MAX_HEAD_BYTES = 14;

/** The first buffer for a payload that comes in pieces; it doubles as they arrive. */
const FIRST_GATHER_BYTES = 1024;

const EMPTY = new Uint8Array(0);

/** How a parser goes about it. */
export interface FrameParserOptions {
  /** Whether frames must be masked, or must not be. */
  readonly masked: boolean;
  /** Accept lengths that are not in their shortest form. Default false. */
  readonly lenientLengths?: boolean | undefined;
  /** See `Host`. Default: a plain loop. */
  readonly unmask?: Host['unmask'];
  /** See `Host`. Default: zeros. */
  readonly allocate?: Host['allocate'];
}

/**
 * A cursor over the incoming bytes: `push` them, then call `read` until it says false. After each true the frame stands
 * in the fields. No object is made for a frame, and whoever stops calling `read` has paused the parser: it keeps the rest
 * of its chunk.
 *
 * A payload that lies whole in one chunk stays there, unmasked in place; one that comes in pieces is gathered in a buffer
 * of its own that grows with what has arrived, never with what was announced.
 */
export class FrameParser {
  // The frame that `read` found: its payload is bytes[start, end).
  opcode = 0;
  fin = false;
  /** The three reserved bits as they stand in the first byte: 0x40, 0x20, 0x10. */
  rsv = 0;
  bytes: Uint8Array = EMPTY;
  start = 0;
  end = 0;

  /** Set when the peer broke the format: nothing can be read any more. */
  violation: ProtocolError | PayloadTooBig | null = null;

  /** How many bytes the payload of the next frame may have. */
  maxPayloadBytes: number = Number.POSITIVE_INFINITY;

  readonly #masked: boolean;
  readonly #lenientLengths: boolean;
  readonly #unmask: NonNullable<Host['unmask']>;
  readonly #allocate: NonNullable<Host['allocate']>;

  #chunk: Uint8Array = EMPTY;
  #at = 0;
  #chunkEnd = 0;
  /** Whether the chunk is somebody else's. */
  #isOnLoan = false;
  /** Chunks that came while an earlier one was not read to its end, from `#nextWaiting` on; null when there are none. */
  #waiting: Uint8Array[] | null = null;
  #nextWaiting = 0;

  /** The start of a header that was cut by the end of a chunk. */
  #head: Uint8Array | null = null;
  #headBytes = 0;

  /** The frame whose payload is being gathered; null between frames. */
  #gathered: Uint8Array | null = null;
  #received = 0;
  #length = 0;
  #key = 0;

  constructor({ masked, lenientLengths = false, unmask = applyMask, allocate = zeros }: FrameParserOptions) {
    this.#masked = masked;
    this.#lenientLengths = lenientLengths;
    this.#unmask = unmask;
    this.#allocate = allocate;
  }

  /** Takes the next bytes, bytes[0, end): they are unmasked in place, and payloads are views of them. They are on loan until `keepRest`. */
  push(bytes: Uint8Array, end: number = bytes.length): void {
    if (this.#waiting === null && this.#at === this.#chunkEnd) {
      this.#chunk = bytes;
      this.#at = 0;
      this.#chunkEnd = end;
      this.#isOnLoan = true;
    } else {
      this.#waiting ??= [];
      this.#waiting.push(copyOf(bytes, 0, end));
    }
  }

  /** The bytes that were pushed go back to their owner: what has not been read of them is copied. */
  keepRest(): void {
    if (!this.#isOnLoan) return;
    this.#isOnLoan = false;
    this.#chunk = this.#at < this.#chunkEnd ? copyOf(this.#chunk, this.#at, this.#chunkEnd) : EMPTY;
    this.#at = 0;
    this.#chunkEnd = this.#chunk.length;
    this.bytes = EMPTY;
  }

  /** Goes to the next frame. False when more bytes are needed, or when `violation` is set. */
  read(): boolean {
    while (this.violation === null) {
      // Not ===: whoever was given a view of the chunk may have detached its buffer.
      if (this.#at >= this.#chunkEnd && !this.#nextChunk()) break;
      if (this.#gathered !== null) {
        if (this.#gather(this.#gathered)) return this.#finishGathered();
      } else if (this.#readHead()) {
        const available = this.#chunkEnd - this.#at;
        if (this.#length <= available) {
          this.bytes = this.#chunk;
          this.start = this.#at;
          this.#at += this.#length;
          this.end = this.#at;
          if (this.#masked) this.#unmask(this.bytes, this.start, this.end, this.#key);
          return true;
        }
        this.#gathered = this.#allocate(Math.min(this.#length, Math.max(2 * available, FIRST_GATHER_BYTES)));
        this.#received = 0;
      }
    }
    // A connection at rest must not keep a whole read alive.
    this.bytes = EMPTY;
    return false;
  }

  /** How much has arrived of a frame that is not complete; 0 between frames. The bytes are `partial[0, n)`, unmasked. */
  get partialBytes(): number {
    return this.#gathered === null ? 0 : this.#received;
  }

  /** What has arrived of the payload of a frame that is not complete. */
  get partial(): Uint8Array {
    return this.#gathered ?? EMPTY;
  }

  /** Forgets what was pushed and not read. */
  clear(): void {
    this.#chunk = EMPTY;
    this.#isOnLoan = false;
    this.#at = 0;
    this.#chunkEnd = 0;
    this.#waiting = null;
    this.#nextWaiting = 0;
    this.#gathered = null;
    this.#headBytes = 0;
    this.bytes = EMPTY;
    this.start = 0;
    this.end = 0;
  }

  /** What it means that the stream ends here. */
  endOfStream(): EndOfStreamError {
    if (this.#gathered !== null) return streamEnds(this.#received, this.#length);
    const have = this.#headBytes;
    if (have === 0) return new EndOfStreamError('unexpected end of stream');
    if (have === 1) return streamEnds(1, 2);
    const lengthBytes = extendedLengthBytes(this.#head![1]!);
    if (have < 2 + lengthBytes) return streamEnds(have - 2, lengthBytes);
    return streamEnds(have - 2 - lengthBytes, 4);
  }

  #nextChunk(): boolean {
    const waiting = this.#waiting;
    this.#chunk = waiting?.[this.#nextWaiting] ?? EMPTY;
    this.#isOnLoan = false;
    this.#at = 0;
    this.#chunkEnd = this.#chunk.length;
    if (waiting === null) return false;
    this.#nextWaiting += 1;
    if (this.#nextWaiting === waiting.length) {
      this.#waiting = null;
      this.#nextWaiting = 0;
    } else if (2 * this.#nextWaiting > waiting.length) {
      // Not one by one: `shift` moves all that follows, so that a long queue takes the square of its length.
      waiting.splice(0, this.#nextWaiting);
      this.#nextWaiting = 0;
    }
    return true;
  }

  /** Reads a header into opcode, fin, rsv, #length and #key. False when it is not complete or not valid. */
  #readHead(): boolean {
    const available = this.#chunkEnd - this.#at;
    if (this.#headBytes === 0) {
      const size = this.#checkHead(this.#chunk, this.#at, available);
      if (size <= available) {
        if (this.violation !== null) return false;
        this.#takeHead(this.#chunk, this.#at, size);
        this.#at += size;
        return true;
      }
    }
    // The header is cut by the end of a chunk: collect it byte by byte, checking as soon as a check is possible.
    this.#head ??= new Uint8Array(MAX_HEAD_BYTES);
    const head = this.#head;
    while (this.#at < this.#chunkEnd) {
      head[this.#headBytes++] = this.#chunk[this.#at++]!;
      const size = this.#checkHead(head, 0, this.#headBytes);
      if (this.violation !== null) return false;
      if (size <= this.#headBytes) {
        this.#takeHead(head, 0, size);
        this.#headBytes = 0;
        return true;
      }
    }
    return false;
  }

  /**
   * Checks what is there of a header, bytes[at, at + have), and returns how many bytes are needed before the next check.
   * The checks come in the order in which their bytes arrive: opcode and mask, then the length.
   */
  #checkHead(bytes: Uint8Array, at: number, have: number): number {
    if (have < 2) return 2;
    const first = bytes[at]!;
    const second = bytes[at + 1]!;
    if ((OPCODES >>> (first & 0x0f)) % 2 === 0) return this.#refuse(new ProtocolError(VIOLATIONS.INVALID_OPCODE));
    if (second >= 0x80 !== this.#masked) return this.#refuse(new ProtocolError(VIOLATIONS.INCORRECT_MASKING));
    const lengthBytes = extendedLengthBytes(second);
    if (have < 2 + lengthBytes) return 2 + lengthBytes;
    let length = second & 0x7f;
    if (lengthBytes !== 0) {
      length = lengthBytes === 2 ? (bytes[at + 2]! << 8) | bytes[at + 3]! : uint64(bytes, at + 2);
      if (bytes[at + 2]! >= 0x80 && lengthBytes === 8) {
        return this.#refuse(new ProtocolError(VIOLATIONS.LENGTH_TOO_LARGE));
      }
      if (length < (lengthBytes === 2 ? 126 : 65_536) && !this.#lenientLengths) {
        return this.#refuse(new ProtocolError(VIOLATIONS.NON_MINIMAL_LENGTH));
      }
    }
    if (length > this.maxPayloadBytes) {
      const exact = length > Number.MAX_SAFE_INTEGER ? exactUint64(bytes, at + 2) : length;
      return this.#refuse(new PayloadTooBig(exact, this.maxPayloadBytes));
    }
    this.#length = length;
    return 2 + lengthBytes + (this.#masked ? 4 : 0);
  }

  #refuse(violation: ProtocolError | PayloadTooBig): number {
    this.violation = violation;
    return 0;
  }

  #takeHead(bytes: Uint8Array, at: number, size: number): void {
    const first = bytes[at]!;
    this.opcode = first & 0x0f;
    this.fin = first >= 0x80;
    this.rsv = first & 0x70;
    if (this.#masked) {
      const key = at + size - 4;
      this.#key = (bytes[key]! << 24) | (bytes[key + 1]! << 16) | (bytes[key + 2]! << 8) | bytes[key + 3]!;
    }
  }

  /** Moves payload from the chunk to the gathering buffer. True when the payload is complete. */
  #gather(buffer: Uint8Array): boolean {
    const count = Math.min(this.#length - this.#received, this.#chunkEnd - this.#at);
    const end = this.#at + count;
    const received = this.#received + count;
    if (received > buffer.length) {
      const grown = this.#allocate(Math.min(this.#length, Math.max(2 * buffer.length, received)));
      grown.set(buffer.subarray(0, this.#received));
      this.#gathered = grown;
      buffer = grown;
    }
    if (this.#masked) this.#unmask(this.#chunk, this.#at, end, rotate(this.#key, this.#received & 3));
    buffer.set(this.#chunk.subarray(this.#at, end), this.#received);
    this.#at = end;
    this.#received = received;
    return received === this.#length;
  }

  #finishGathered(): true {
    this.bytes = this.#gathered!;
    this.start = 0;
    this.end = this.#length;
    this.#gathered = null;
    return true;
  }
}

/** Of a Buffer, too: its `slice` is a view. */
const copyOf = (bytes: Uint8Array, start: number, end: number): Uint8Array =>
  new Uint8Array(bytes.subarray(start, end));

const zeros = (byteLength: number): Uint8Array => new Uint8Array(byteLength);

/** A bit for each known opcode: 0, 1, 2, 8, 9 and 10. */
const OPCODES = 0b0111_0000_0111;

const extendedLengthBytes = (second: number): number => {
  const short = second & 0x7f;
  return short < 126 ? 0 : short === 126 ? 2 : 8;
};

/** Exact up to 2^53, and beyond that near enough for a comparison. */
const uint64 = (bytes: Uint8Array, at: number): number => uint32(bytes, at) * 0x1_0000_0000 + uint32(bytes, at + 4);

const exactUint64 = (bytes: Uint8Array, at: number): bigint =>
  (BigInt(uint32(bytes, at)) << 32n) | BigInt(uint32(bytes, at + 4));

const uint32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

const streamEnds = (have: number, wanted: number): EndOfStreamError =>
  new EndOfStreamError(`stream ends after ${have} bytes, expected ${wanted} bytes`);
