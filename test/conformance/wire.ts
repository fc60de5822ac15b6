// Frames as bytes, written loosely (a case may break any rule) and read strictly (the peer may break none).
// Imports nothing of the library: a mistake made there must not be made here as well.
import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { Link } from './link.ts';

/** The side of the connection that a peer is on: it decides who masks (RFC 6455 §5.1). */
export type Role = 'client' | 'server';

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** The reserved bits as a number, RSV1 on top. */
export const RSV1 = 4;
export const RSV2 = 2;
export const RSV3 = 1;

/** A frame to be written, right or wrong. */
export interface Frame {
  readonly opcode: number;
  readonly payload?: Uint8Array | string;
  /** Default true. */
  readonly fin?: boolean;
  /** The reserved bits, 0 to 7. Default 0, or RSV1 when `deflated` opens a message. */
  readonly rsv?: number;
  /** Default `right`: a fresh key from a client, no mask from a server. `wrong` is the other way round. */
  readonly mask?: 'right' | 'wrong' | 'zero';
  /** How many bits carry the length. Default: the fewest that hold it. */
  readonly lengthBits?: 7 | 16 | 64;
  /** The length in the header, when it is not that of the payload. */
  readonly announced?: bigint;
  /** How many bytes of the frame are written. Default: all. */
  readonly writeOnly?: number;
  /** Whether the payload is compressed as a whole message before it is written (RFC 7692 §7.2.1). Default false. */
  readonly deflated?: boolean;
}

export const bytesOf = (payload: Uint8Array | string): Buffer =>
  typeof payload === 'string' ? Buffer.from(payload, 'utf8') : Buffer.from(payload);

/** XORs with the four bytes of `key` (RFC 6455 §5.3). */
export function masked(payload: Uint8Array, key: Uint8Array): Buffer {
  const result = Buffer.from(payload);
  for (let index = 0; index < result.length; index++) result[index]! ^= key[index & 3]!;
  return result;
}

function lengthField(length: bigint, bits: 7 | 16 | 64): Buffer {
  if (bits === 7) return Buffer.of(Number(length));
  const field = Buffer.alloc(1 + bits / 8);
  field[0] = bits === 16 ? 126 : 127;
  if (bits === 16) field.writeUInt16BE(Number(length), 1);
  else field.writeBigUInt64BE(length, 1);
  return field;
}

/** The bytes of a frame as `writer` sends them (RFC 6455 §5.2). */
export function encodeFrame(frame: Frame, writer: Role): Buffer {
  const payload = bytesOf(frame.payload ?? '');
  const length = frame.announced ?? BigInt(payload.length);
  const bits = frame.lengthBits ?? (length < 126n ? 7 : length < 65536n ? 16 : 64);
  const mask = frame.mask ?? 'right';
  const isMasked = mask === 'zero' || (writer === 'client') === (mask === 'right');
  const key = mask === 'zero' ? Buffer.alloc(4) : randomBytes(4);
  const header = lengthField(length, bits);
  if (isMasked) header[0]! |= 0x80;
  const first = (frame.fin === false ? 0 : 0x80) | ((frame.rsv ?? 0) << 4) | frame.opcode;
  const bytes = Buffer.concat([Buffer.of(first), header, ...(isMasked ? [key, masked(payload, key)] : [payload])]);
  return frame.writeOnly === undefined ? bytes : bytes.subarray(0, frame.writeOnly);
}

/** A frame as it was read: legal by itself, its place in the sequence not yet checked. */
export interface ReceivedFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly rsv1: boolean;
  readonly payload: Buffer;
  /** The mask key in hex, null when there was none. */
  readonly key: string | null;
}

/** Whether a close frame may carry the code (RFC 6455 §7.4 and the IANA registry). */
export const isCloseCode = (code: number): boolean =>
  (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);

/** `1002 "why"`, for messages. */
export function closeText(payload: Buffer): string {
  return payload.length < 2 ? 'no code' : `${payload.readUInt16BE(0)} ${JSON.stringify(payload.toString('utf8', 2))}`;
}

function checkClosePayload(payload: Buffer): void {
  if (payload.length === 0) return;
  if (payload.length === 1) throw new Error('the peer sent a close frame of one byte');
  if (!isCloseCode(payload.readUInt16BE(0))) throw new Error(`the peer sent close code ${payload.readUInt16BE(0)}`);
  if (!isUtf8(payload.subarray(2))) throw new Error('the peer sent a close reason that is not UTF-8');
}

/**
 * Reads the next frame from `writer`; null at the end of the stream. Throws when the frame breaks a rule that a single
 * frame can break: reserved bits, opcodes, masking, shortest length, control frames whole and short, legal close payload.
 */
export async function readFrame(link: Link, writer: Role): Promise<ReceivedFrame | null> {
  const start = await link.take(2);
  if (start === null) return null;
  const rest = async (count: number): Promise<Buffer> => {
    const bytes = await link.take(count);
    if (bytes === null && count > 0) throw new Error(`the stream ended inside the header ${start.toString('hex')}`);
    return bytes ?? Buffer.alloc(0);
  };
  const [first, second] = [start[0]!, start[1]!];
  const opcode = first & 15;
  const fin = first >= 0x80;
  const isControl = opcode >= 8;
  if (![CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG].includes(opcode))
    throw new Error(`opcode ${opcode} from the peer`);
  if ((first & 0x30) !== 0) throw new Error('the peer set RSV2 or RSV3');
  if (second >= 0x80 !== (writer === 'client')) {
    throw new Error(writer === 'client' ? 'the client did not mask a frame' : 'the server masked a frame');
  }
  let length = BigInt(second & 127);
  if (length === 126n) {
    length = BigInt((await rest(2)).readUInt16BE(0));
    if (length < 126n) throw new Error(`the peer wrote the length ${length} in 16 bits`);
  } else if (length === 127n) {
    length = (await rest(8)).readBigUInt64BE(0);
    if (length < 65536n) throw new Error(`the peer wrote the length ${length} in 64 bits`);
  }
  if (isControl && (!fin || length > 125n)) throw new Error('the peer sent a long or fragmented control frame');
  const key = writer === 'client' ? await rest(4) : null;
  const raw = length === 0n ? Buffer.alloc(0) : await rest(Number(length));
  const payload = key === null ? raw : masked(raw, key);
  if (opcode === CLOSE) checkClosePayload(payload);
  return { opcode, fin, rsv1: (first & 0x40) !== 0, payload, key: key?.toString('hex') ?? null };
}
