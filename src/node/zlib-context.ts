// One stream of zlib, driven synchronously, and those that wait to be used again. The only file that knows how zlib's streams
// look inside.
import * as nodeZlib from 'node:zlib';

/**
 * Why this is not written with zlib's public calls: its streams answer through events, a thread hop and several
 * allocations later, so that frames and the control frames between them would have to queue; its one-shot calls are
 * synchronous, but keep no window, and cannot inflate a message that arrives in fragments. Every stream holds a native
 * object with a synchronous `writeSync` that does what both lack. It is what `zlib.deflateRawSync` itself runs on: not
 * documented, and the same in Node 20, 22, 24 and 26, Bun 1.4 and Deno 2.9. The engine tries it before it is used.
 *
 * bench/deflate-engine.js, Node 20, 1 KiB of JSON with a window of 12 bits that lives on: deflate 6.5 µs, inflate 3.4 µs.
 * The one-shot calls take 20 to 35 µs, most of it for making a context.
 */
interface NativeZlib {
  /** Is called, within `writeSync`, instead of throwing. */
  onerror: (message: string) => void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputStart: number,
    inputLength: number,
    output: Uint8Array,
    outputStart: number,
    outputLength: number,
  ): void;
}

/** What of a stream of zlib is used here. */
interface ZlibStream {
  readonly _handle: NativeZlib;
  /** After `writeSync`: bytes of the output that are still free, bytes of the input that are still unread. */
  readonly _writeState: Uint32Array;
  reset(): void;
  close(): void;
}

/** The part of node:zlib that is needed. */
export type Zlib = Pick<typeof nodeZlib, 'createDeflateRaw' | 'createInflateRaw' | 'deflateRaw' | 'inflateRaw'>;

/** A stream's own output buffer is never used: the smallest that zlib accepts. */
export const UNUSED_CHUNK: { readonly chunkSize: number } = { chunkSize: 64 };

const { Z_SYNC_FLUSH } = nodeZlib.constants;

/** Drives one stream of zlib synchronously. */
export class ZlibContext {
  readonly #stream: ZlibStream;
  readonly #handle: NativeZlib;
  readonly #state: Uint32Array;
  #error: Error | null = null;

  /** @param stream of zlib, for nobody else. */
  constructor(stream: unknown) {
    this.#stream = stream as ZlibStream;
    this.#state = this.#stream._writeState;
    this.#handle = this.#stream._handle;
    this.#handle.onerror = (message) => {
      this.#error = new Error(message);
    };
  }

  /** Whether zlib has refused something: then it refuses everything. */
  get hasFailed(): boolean {
    return this.#error !== null;
  }

  /** Bytes of the input that the last write left unread. */
  get unread(): number {
    return this.#state[1]!;
  }

  /** Reads `input` from `inputStart` on and writes up to `room` bytes. Returns how many of them are left. Not after `close`. */
  write(input: Uint8Array, inputStart: number, output: Uint8Array, outputStart: number, room: number): number {
    const inputLength = input.byteLength - inputStart;
    this.#handle.writeSync(Z_SYNC_FLUSH, input, inputStart, inputLength, output, outputStart, room);
    if (this.#error !== null) throw this.#error;
    return this.#state[0]!;
  }

  /** Forgets the window, and that a stream has ended. */
  reset(): void {
    this.#stream.reset();
  }

  /** Frees the native memory. zlib stops the process when a closed handle is written to: nothing may follow. */
  close(): void {
    this.#stream.close();
  }
}

/**
 * Contexts with the same settings, at most one of which waits without being used. Messages are compressed one after the
 * other, so that one serves all connections that keep none between their messages.
 *
 * bench/deflate-engine.js, Node 20, 64 bytes of JSON with a window of 12 bits: deflate 8 µs with a context that is lent, 22 with
 * one that is made for the message; inflate 2.6 and 9.8 µs.
 */
export class ContextPool {
  readonly #create: () => unknown;
  #spare: ZlibContext | null = null;

  /** @param create a stream of zlib. */
  constructor(create: () => unknown) {
    this.#create = create;
  }

  /** A context with an empty window. */
  borrow(): ZlibContext {
    const spare = this.#spare;
    this.#spare = null;
    return spare ?? new ZlibContext(this.#create());
  }

  /** Takes a context back for whoever needs such a one next. One that failed is none to give: it is closed. */
  giveBack(context: ZlibContext): void {
    if (this.#spare !== null || context.hasFailed) {
      context.close();
      return;
    }
    context.reset();
    this.#spare = context;
  }
}
