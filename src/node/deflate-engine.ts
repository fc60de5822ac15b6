// Raw deflate over node:zlib, synchronous and with windows that live from call to call. The only file that knows how
// zlib's streams look inside; knows nothing of frames.
import * as nodeZlib from 'node:zlib';
import type { CompressSettings, DeflateEngine, Deflator, Inflator } from '../core/host.ts';

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
type Zlib = Pick<typeof nodeZlib, 'createDeflateRaw' | 'createInflateRaw'>;

/** A stream's own output buffer is never used: the smallest that zlib accepts. */
const UNUSED_CHUNK = { chunkSize: 64 };
const { Z_SYNC_FLUSH } = nodeZlib.constants;

/**
 * Compresses and decompresses for permessage-deflate with node:zlib.
 *
 * One engine serves any number of connections of its thread: what they share is a buffer for results on their way.
 */
export class NodeDeflateEngine implements DeflateEngine {
  readonly #zlib: Zlib;
  readonly #output: OutputBuffer = new OutputBuffer();
  readonly #deflateStreams: SpareStreams = new SpareStreams();
  readonly #inflateStreams: SpareStreams = new SpareStreams();

  /**
   * @param zlib for runtimes that have another one. Default: `node:zlib`.
   * @throws {Error} this zlib cannot be driven synchronously.
   */
  constructor(zlib: Zlib = nodeZlib) {
    this.#zlib = zlib;
    if (!this.#works()) {
      throw new Error('permessage-deflate needs the writeSync of zlib streams, which this runtime does not have');
    }
  }

  /** @throws {RangeError} zlib does not know such settings; `windowBits` below 9 it would silently not keep to. */
  createDeflator({ windowBits, ...settings }: CompressSettings & { readonly windowBits: number }): Deflator {
    if (windowBits < 9) throw new RangeError(`zlib cannot compress with a window of ${windowBits} bits`);
    const { level, memLevel, strategy } = settings;
    const context = this.#deflateStreams.borrow(`${windowBits} ${level} ${memLevel} ${strategy}`, () =>
      this.#zlib.createDeflateRaw({ ...settings, windowBits, ...UNUSED_CHUNK }),
    );
    return new NodeDeflator(context, this.#output);
  }

  createInflator({ windowBits }: { readonly windowBits: number }): Inflator {
    const context = this.#inflateStreams.borrow(`${windowBits}`, () =>
      this.#zlib.createInflateRaw({ windowBits, ...UNUSED_CHUNK }),
    );
    return new NodeInflator(context, { windowBytes: 2 ** windowBits, output: this.#output });
  }

  /** Whether RFC 7692's own example comes out right (§7.2.3.1). */
  #works(): boolean {
    const example = Uint8Array.of(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00);
    try {
      const inflator = this.createInflator({ windowBits: 15 });
      const hello = inflator.inflate(example, { final: true, maxBytes: 5 });
      inflator.close();
      return hello !== null && String.fromCharCode(...hello) === 'Hello';
    } catch {
      return false; // Whatever is missing, the caller says so in words that help.
    }
  }
}

let shared: NodeDeflateEngine | null = null;

/**
 * The engine of this thread, made when it is first asked for.
 * @throws {Error} as the constructor of {@link NodeDeflateEngine}.
 */
export function sharedDeflateEngine(): NodeDeflateEngine {
  shared ??= new NodeDeflateEngine();
  return shared;
}

/**
 * Streams that nobody uses, at most one for each setting. Messages are compressed one after the other, so that one serves
 * all connections that start each message with an empty window, and they hold none while they are at rest.
 *
 * bench/deflate-engine.js, Node 20, 64 bytes of JSON with a window of 12 bits: deflate 8 µs with a stream that is lent, 22 with
 * one that is made for the message; inflate 2.6 and 9.8 µs.
 */
class SpareStreams {
  readonly #streams: Map<string, ZlibStream> = new Map();

  borrow(settings: string, create: () => unknown): ZlibContext {
    const spare = this.#streams.get(settings);
    this.#streams.delete(settings);
    return new ZlibContext(spare ?? (create() as ZlibStream), (stream) => this.#takeBack(settings, stream));
  }

  #takeBack(settings: string, stream: ZlibStream): void {
    if (this.#streams.has(settings)) {
      stream.close();
      return;
    }
    stream.reset();
    this.#streams.set(settings, stream);
  }
}

/** Drives one stream of zlib synchronously. */
class ZlibContext {
  readonly #stream: ZlibStream;
  readonly #giveBack: (stream: ZlibStream) => void;
  readonly #state: Uint32Array;
  /** Null once closed or given back: zlib stops the process when a closed handle is written to. */
  #handle: NativeZlib | null;
  #error: Error | null = null;

  constructor(stream: ZlibStream, giveBack: (stream: ZlibStream) => void) {
    this.#stream = stream;
    this.#giveBack = giveBack;
    this.#state = this.#stream._writeState;
    this.#handle = this.#stream._handle;
    this.#handle.onerror = (message) => {
      this.#error = new Error(message);
    };
  }

  /** Bytes of the input that the last write left unread. */
  get unread(): number {
    return this.#state[1]!;
  }

  /** Reads `input` from `inputStart` on and writes up to `room` bytes. Returns how many of them are left. */
  write(input: Uint8Array, inputStart: number, output: Uint8Array, outputStart: number, room: number): number {
    if (this.#handle === null) throw new Error('this zlib context is closed');
    const inputLength = input.byteLength - inputStart;
    this.#handle.writeSync(Z_SYNC_FLUSH, input, inputStart, inputLength, output, outputStart, room);
    if (this.#error !== null) throw this.#error;
    return this.#state[0]!;
  }

  /** Forgets the window, and that a stream has ended. */
  reset(): void {
    this.#stream.reset();
  }

  /** Gives the stream to whoever needs such a one next. A stream that failed is none to give: it is closed. */
  release(): void {
    if (this.#handle === null) return;
    if (this.#error !== null) {
      this.close();
      return;
    }
    this.#handle = null;
    this.#giveBack(this.#stream);
  }

  close(): void {
    if (this.#handle === null) return;
    this.#handle = null;
    this.#stream.close();
  }
}

/** 64 KiB: nearly every message fits, and larger ones gain nothing from more (bench/deflate-engine.js). */
const SCRATCH_BYTES = 64 * 1024;

/** Collects one result at a time. What fits the scratch buffer, nearly everything, is copied once, out of it. */
class OutputBuffer {
  readonly scratch: Uint8Array = new Uint8Array(SCRATCH_BYTES);
  /** Bytes in the scratch buffer. */
  used = 0;
  /** Copies of full scratch buffers that came before. */
  #full: Uint8Array[] = [];

  get byteLength(): number {
    return this.#full.length * SCRATCH_BYTES + this.used;
  }

  /** Bytes that can be written behind `used` without asking again; never 0. */
  get room(): number {
    return SCRATCH_BYTES - this.used;
  }

  advance(byteLength: number): void {
    this.used += byteLength;
    if (this.used < SCRATCH_BYTES) return;
    this.#full.push(this.scratch.slice());
    this.used = 0;
  }

  /** A copy of the last `byteLength` bytes, or of as many as there are; no more than the scratch buffer holds. */
  last(byteLength: number): Uint8Array {
    const missing = Math.max(0, byteLength - this.used);
    const before = missing > 0 ? this.#full.at(-1) : undefined;
    if (before === undefined) return this.scratch.slice(Math.max(0, this.used - byteLength), this.used);
    return concat([before.subarray(SCRATCH_BYTES - missing), this.scratch.subarray(0, this.used)], byteLength);
  }

  /** The whole result, a fresh array. What comes then is another one. */
  take(): Uint8Array {
    const rest = this.scratch.subarray(0, this.used);
    const whole = this.#full.length === 0 ? rest.slice() : concat([...this.#full, rest], this.byteLength);
    this.clear();
    return whole;
  }

  /** Drops what there is, so that nothing large outlives the call that made it. */
  clear(): void {
    this.used = 0;
    if (this.#full.length > 0) this.#full = [];
  }
}

function concat(parts: readonly Uint8Array[], byteLength: number): Uint8Array {
  const whole = new Uint8Array(byteLength);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}

class NodeDeflator implements Deflator {
  readonly #context: ZlibContext;
  readonly #output: OutputBuffer;

  constructor(context: ZlibContext, output: OutputBuffer) {
    this.#context = context;
    this.#output = output;
  }

  deflate(data: Uint8Array): Uint8Array {
    // zlib has nothing to flush where nothing came in: the block that RFC 7692 §7.2.3.6 asks for is written by hand.
    if (data.byteLength === 0) return Uint8Array.of(0x00, 0x00, 0x00, 0xff, 0xff);
    const output = this.#output;
    try {
      for (let start = 0; ; start = data.byteLength - this.#context.unread) {
        const room = output.room;
        const left = this.#context.write(data, start, output.scratch, output.used, room);
        output.advance(room - left);
        if (left > 0) return output.take(); // A buffer that is full, even to the point, may mean that more waits inside.
      }
    } finally {
      output.clear();
    }
  }

  reset(): void {
    this.#context.reset();
  }

  release(): void {
    this.#context.release();
  }

  close(): void {
    this.#context.close();
  }
}

/** What a message's last flush ends in, and what its sender leaves off (RFC 7692 §7.2.1). */
const FLUSH_END = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

/**
 * A deflate stream may end within a message (a BFINAL block) and another begin behind it. Nobody needs more than one per
 * flush; since beginning one copies a whole window, for two bytes of the peer's, their number in one call has an end.
 */
const MAX_STREAM_ENDS = 64;

class NodeInflator implements Inflator {
  readonly #context: ZlibContext;
  readonly #windowBytes: number;
  readonly #output: OutputBuffer;
  #streamEnds = 0;

  constructor(
    context: ZlibContext,
    { windowBytes, output }: { readonly windowBytes: number; readonly output: OutputBuffer },
  ) {
    this.#context = context;
    this.#windowBytes = windowBytes;
    this.#output = output;
  }

  inflate(
    data: Uint8Array,
    { final, maxBytes }: { readonly final: boolean; readonly maxBytes: number | null },
  ): Uint8Array | null {
    const limit = maxBytes ?? Number.POSITIVE_INFINITY;
    this.#streamEnds = 0;
    try {
      const fits = this.#read(data, limit) && (!final || this.#read(FLUSH_END, limit));
      return fits ? this.#output.take() : null;
    } finally {
      this.#output.clear();
    }
  }

  release(): void {
    this.#context.release();
  }

  close(): void {
    this.#context.close();
  }

  /** Returns false as soon as there are more than `limit` bytes of output. */
  #read(input: Uint8Array, limit: number): boolean {
    const output = this.#output;
    let start = 0;
    for (;;) {
      // One byte more than allowed: zlib holds back what does not fit, so that "exactly the limit" would look like "done".
      const room = Math.min(output.room, limit + 1 - output.byteLength);
      const left = this.#context.write(input, start, output.scratch, output.used, room);
      output.advance(room - left);
      if (output.byteLength > limit) return false;
      if (left === 0) {
        start = input.byteLength - this.#context.unread;
        continue;
      }
      if (this.#context.unread === 0) return true;
      // Room on both sides, and zlib stopped: its stream has ended (RFC 7692 §7.2.3.4). What follows is a new one.
      start = input.byteLength - this.#context.unread;
      this.#startNewStream();
      if (input === FLUSH_END) return true; // The end of the message had nothing to complete.
    }
  }

  /** The next stream may refer back to what this message has given so far. */
  #startNewStream(): void {
    this.#streamEnds += 1;
    if (this.#streamEnds > MAX_STREAM_ENDS) throw new Error('too many final blocks');
    this.#context.reset();
    const window = this.#output.last(this.#windowBytes);
    if (window.byteLength === 0) return;
    // zlib takes a window as `dictionary`, but Deno's does not listen. What every inflater learns from is a stored block.
    this.#context.write(storedBlock(window), 0, new Uint8Array(window.byteLength + 1), 0, window.byteLength + 1);
  }
}

/** RFC 1951 §3.2.4, not the last of its stream; `content` has at most 65,535 bytes. */
function storedBlock(content: Uint8Array): Uint8Array {
  const length = content.byteLength;
  const head = Uint8Array.of(0x00, length & 0xff, length >>> 8, ~length & 0xff, (~length >>> 8) & 0xff);
  return concat([head, content], head.byteLength + length);
}
