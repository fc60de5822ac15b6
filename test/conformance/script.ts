// What a case of the suite is, and short ways to write one down. Data only: knows neither sockets nor which side is tested.
import type { Cut } from './link.ts';
import { BINARY, bytesOf, CLOSE, CONTINUATION, type Frame, PING, PONG, TEXT } from './wire.ts';

/** A whole message. */
export interface Message {
  readonly opcode: typeof TEXT | typeof BINARY;
  readonly payload: Buffer;
}

/**
 * How an exchange ends the connection.
 * - `fails`: a close frame with one of `codes` comes, then nothing but the end of TCP.
 * - `answers`: a close frame with exactly `payload` comes, then nothing but the end of TCP.
 * - `drops`: TCP ends without a close frame.
 * - `fails or survives`: `fails`, or else a ping is still answered and the connection closes in order.
 * - `unwatched`: we are gone; that the peer lives on is what the next case shows.
 */
export type End =
  | { readonly how: 'fails' | 'fails or survives'; readonly codes: readonly number[] }
  | { readonly how: 'answers'; readonly payload: Buffer }
  | { readonly how: 'drops' | 'unwatched' };

/**
 * What must come back. Messages among themselves and pongs among themselves in order; which of the two comes first is
 * the peer's business. When the connection ends, replies to what came just before may be missing, from the last one back.
 */
export interface Expectation {
  readonly messages?: readonly Message[];
  readonly pongs?: readonly Buffer[];
  /** Default: the connection stays open. */
  readonly end?: End;
}

/** Frames written at once, then what is expected before anything else is written. */
export interface Exchange {
  readonly send: readonly Frame[];
  /** Default `whole`. */
  readonly cut?: Cut;
  /** How our side of TCP ends after the frames. Default: it stays open. */
  readonly hangUp?: 'fin' | 'reset';
  readonly expect: Expectation;
}

/** How one compressor is asked to work. */
export interface DeflateWish {
  readonly windowBits?: number;
  readonly noContextTakeover?: boolean;
}

/** One connection, from the handshake on. If no exchange ends it, it is closed with 1000, and that must work too. */
export interface Case {
  readonly title: string;
  readonly exchanges: readonly Exchange[];
  /** What to negotiate: `ours` is the compressor of the suite. Default: no compression. */
  readonly deflate?: { readonly ours?: DeflateWish; readonly theirs?: DeflateWish };
  /** The only side under test that the case makes sense for. */
  readonly only?: 'client' | 'server';
}

/** Cases that show one thing. */
export interface Chapter {
  readonly section: string;
  readonly title: string;
  /** `full` adds the slow ones. */
  cases(options: { readonly full: boolean }): readonly Case[];
}

type Payload = Uint8Array | string;
type Rest = Omit<Frame, 'opcode' | 'payload'>;

/** As many bytes as `size`, each from its index. */
export function generate(size: number, byteAt: (index: number) => number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let index = 0; index < size; index++) bytes[index] = byteAt(index);
  return bytes;
}

export const text = (payload: Payload, rest: Rest = {}): Frame => ({ opcode: TEXT, payload, ...rest });
export const binary = (payload: Payload, rest: Rest = {}): Frame => ({ opcode: BINARY, payload, ...rest });
export const continuation = (payload: Payload, rest: Rest = {}): Frame => ({ opcode: CONTINUATION, payload, ...rest });
export const ping = (payload: Payload = '', rest: Rest = {}): Frame => ({ opcode: PING, payload, ...rest });
export const pong = (payload: Payload = '', rest: Rest = {}): Frame => ({ opcode: PONG, payload, ...rest });

/** The payload of a close frame. */
export function closePayload(code: number, reason: Payload = ''): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, bytesOf(reason)]);
}

export const close = (code: number, reason: Payload = ''): Frame => ({
  opcode: CLOSE,
  payload: closePayload(code, reason),
});

export const textMessage = (payload: Payload): Message => ({ opcode: TEXT, payload: bytesOf(payload) });
export const binaryMessage = (payload: Payload): Message => ({ opcode: BINARY, payload: bytesOf(payload) });

/** A message in fragments; the frames between them are none of ours. */
export function fragments(opcode: typeof TEXT | typeof BINARY, parts: readonly Payload[]): Frame[] {
  return parts.map((payload, index) => ({
    opcode: index === 0 ? opcode : CONTINUATION,
    payload,
    fin: index === parts.length - 1,
  }));
}

type Extras = Omit<Exchange, 'send' | 'expect'> & Pick<Case, 'deflate' | 'only'>;

function single(title: string, send: readonly Frame[], expect: Expectation, extras: Extras): Case {
  const { deflate, only, ...exchange } = extras;
  return {
    title,
    exchanges: [{ send, expect, ...exchange }],
    ...(deflate === undefined ? {} : { deflate }),
    ...(only === undefined ? {} : { only }),
  };
}

/** The frames are legal: these messages and pongs come back, and the connection stays open. */
export const replies = (
  title: string,
  send: readonly Frame[],
  { messages = [], pongs = [], ...extras }: Extras & { messages?: readonly Message[]; pongs?: readonly Payload[] },
): Case => single(title, send, { messages, pongs: pongs.map(bytesOf) }, extras);

/** One message in one frame comes back as it is. */
export const echoes = (title: string, frame: Frame, extras: Extras = {}): Case =>
  replies(title, [frame], {
    ...extras,
    messages: [{ opcode: frame.opcode === TEXT ? TEXT : BINARY, payload: bytesOf(frame.payload ?? '') }],
  });

/** The frames break a rule: the peer closes with the code. `messages` and `pongs` may come back before. */
export const fails = (
  title: string,
  send: readonly Frame[],
  code: number | readonly number[],
  { messages = [], pongs = [], ...extras }: Extras & { messages?: readonly Message[]; pongs?: readonly Payload[] } = {},
): Case => {
  const codes = typeof code === 'number' ? [code] : code;
  return single(title, send, { messages, pongs: pongs.map(bytesOf), end: { how: 'fails', codes } }, extras);
};

/** The last of the frames closes: the peer answers with this payload. `messages` and `pongs` may come back before. */
export const answersClose = (
  title: string,
  send: readonly Frame[],
  payload: Buffer,
  { messages = [], pongs = [], ...extras }: Extras & { messages?: readonly Message[]; pongs?: readonly Payload[] } = {},
): Case => single(title, send, { messages, pongs: pongs.map(bytesOf), end: { how: 'answers', payload } }, extras);
