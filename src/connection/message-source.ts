// What may be given to `send`, and which of the roads it takes. Sends nothing.
import { LENT_FROM_BYTES } from './write-batch.ts';

/** Bytes in any of their containers. */
export type BytesLike = ArrayBufferLike | ArrayBufferView;
/** A message, or a fragment of one, to send. */
export type DataLike = string | BytesLike;
/** A received message, or a fragment of one. */
export type Data = string | Uint8Array;
/** Whatever `send` takes: one message, or the fragments of one. */
export type MessageSource = DataLike | Iterable<DataLike> | AsyncIterable<DataLike> | ReadableStream<DataLike>;

const isShared = (buffer: unknown): boolean =>
  typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer;

/**
 * The bytes in any container; null when it is none. Shared memory that would be lent is copied: another thread may change
 * it meanwhile. What is smaller is copied when it is sent, and to ask a small array for its buffer costs 0.2 µs.
 */
export function bytesOf(data: unknown): Uint8Array | null {
  if (ArrayBuffer.isView(data)) {
    const bytes = data instanceof Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return bytes.length >= LENT_FROM_BYTES && isShared(bytes.buffer) ? new Uint8Array(bytes) : bytes;
  }
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return isShared(data) ? new Uint8Array(new Uint8Array(data as SharedArrayBuffer)) : null;
}

/** A web stream, also of a runtime whose streams can't be iterated over. */
const isReadableStream = (value: object): value is ReadableStream<unknown> =>
  typeof (value as { readonly getReader?: unknown }).getReader === 'function';

function streamIterator(stream: ReadableStream<unknown>): AsyncIterator<unknown> {
  const reader = stream.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? { done, value: undefined } : { done: false, value };
    },
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

/** The fragments of a message. */
export interface Fragments {
  /** How errors call it. */
  readonly kind: 'iterable' | 'async iterable';
  readonly iterator: Iterator<unknown> | AsyncIterator<unknown>;
}

/**
 * The fragments behind an argument of `send` that is neither a string nor bytes.
 * @throws {TypeError} it can't be sent.
 */
export function fragmentsOf(message: unknown): Fragments {
  if (typeof message === 'object' && message !== null) {
    if (message instanceof Map) throw new TypeError('data is a dict-like object');
    if (Symbol.asyncIterator in message) {
      return { kind: 'async iterable', iterator: (message as AsyncIterable<unknown>)[Symbol.asyncIterator]() };
    }
    if (isReadableStream(message)) return { kind: 'async iterable', iterator: streamIterator(message) };
    if (Symbol.iterator in message) {
      return { kind: 'iterable', iterator: (message as Iterable<unknown>)[Symbol.iterator]() };
    }
    const prototype: unknown = Object.getPrototypeOf(message);
    if (prototype === Object.prototype || prototype === null) throw new TypeError('data is a dict-like object');
  }
  throw new TypeError('data must be str, bytes, iterable, or async iterable');
}
