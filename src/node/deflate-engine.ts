// Raw deflate over node:zlib, synchronous and with windows that live from call to call. Knows nothing of frames.
import { kMaxLength } from 'node:buffer';
import * as nodeZlib from 'node:zlib';
import { ProtocolError, VIOLATIONS } from '../core/exceptions.ts';
import type {
  CompressSettings,
  DeflateEngine,
  DeflateLimits,
  Deflator,
  DeflatorOwner,
  Inflator,
} from '../core/host.ts';
import { concat, DeflateOutput } from './deflate-output.ts';
import { InflateWindow } from './inflate-window.ts';
import { KeptContexts } from './kept-contexts.ts';
import { ThreadQueue } from './thread-queue.ts';
import { ContextPool, UNUSED_CHUNK, type Zlib, type ZlibContext } from './zlib-context.ts';

/**
 * From here on a message is worked on by a thread of its own: 64 KiB of JSON take 400 µs to compress, during which nothing
 * else happens here, and the way to the other thread and back takes 100.
 */
const LATER_FROM_BYTES = 65_536;

/** Each chunk of output takes that way again. */
const LATER_CHUNK_BYTES = 131_072;

/** For all engines: libuv has its threads for the whole process. */
const threads: ThreadQueue = new ThreadQueue();

type DeflateSettings = CompressSettings & { readonly windowBits: number };

/** What is made of the message that is being worked on: one at a time on this thread, whatever the engine. */
const output: DeflateOutput = new DeflateOutput();

/** Compresses and decompresses for permessage-deflate with node:zlib. One engine serves any number of connections. */
export class NodeDeflateEngine implements DeflateEngine {
  readonly #zlib: Zlib;
  readonly #kept: KeptContexts;
  readonly #forms: Map<string, DeflateForm> = new Map();
  readonly #inflatePools: Map<number, ContextPool> = new Map();

  /**
   * @param zlib for runtimes that have another one. Default: `node:zlib`.
   * @throws {Error} this zlib cannot be driven synchronously.
   */
  constructor(zlib: Zlib = nodeZlib, limits: DeflateLimits = {}) {
    this.#zlib = zlib;
    this.#kept = new KeptContexts(limits);
    if (!this.#works()) {
      throw new Error('permessage-deflate needs the writeSync of zlib streams, which this runtime does not have');
    }
  }

  /** @throws {RangeError} zlib does not know such settings; `windowBits` below 9 it would silently not keep to. */
  createDeflator(settings: DeflateSettings, owner: DeflatorOwner | null = null): Deflator {
    const { windowBits, level, memLevel, strategy } = settings;
    if (windowBits < 9) throw new RangeError(`zlib cannot compress with a window of ${windowBits} bits`);
    const name = `${windowBits} ${level} ${memLevel} ${strategy}`;
    let form = this.#forms.get(name);
    if (form === undefined) {
      const pool = new ContextPool(() => this.#zlib.createDeflateRaw({ ...settings, ...UNUSED_CHUNK }));
      form = { pool, kept: this.#kept, zlib: this.#zlib, settings };
      this.#forms.set(name, form);
    }
    return new NodeDeflator(form, owner);
  }

  createInflator({ windowBits }: { readonly windowBits: number }): Inflator {
    let pool = this.#inflatePools.get(windowBits);
    if (pool === undefined) {
      pool = new ContextPool(() => this.#zlib.createInflateRaw({ windowBits, ...UNUSED_CHUNK }));
      this.#inflatePools.set(windowBits, pool);
    }
    return new NodeInflator(pool, { windowBits, zlib: this.#zlib });
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

/** What all with the same settings share: each connection has a deflator. */
interface DeflateForm {
  readonly pool: ContextPool;
  readonly kept: KeptContexts;
  readonly zlib: Zlib;
  readonly settings: DeflateSettings;
}

class NodeDeflator implements Deflator {
  readonly #form: DeflateForm;
  /** Null between calls unless it is among those that are kept: what comes next then begins with an empty window. */
  #context: ZlibContext | null;
  #isOpen = true;
  /** Null, once it knows. */
  #owner: DeflatorOwner | null;

  constructor(form: DeflateForm, owner: DeflatorOwner | null) {
    this.#form = form;
    this.#owner = owner;
    this.#context = form.pool.borrow();
  }

  deflate(data: Uint8Array): Uint8Array {
    if (!this.#isOpen) throw new Error(CLOSED);
    // zlib has nothing to flush where nothing came in: the block that RFC 7692 §7.2.3.6 asks for is written by hand.
    if (data.byteLength === 0) return Uint8Array.of(0x00, 0x00, 0x00, 0xff, 0xff);
    this.#context ??= this.#form.pool.borrow();
    const deflated = deflateAll(this.#context, data);
    if (!this.#form.kept.keep(this)) this.#loseWindow();
    return deflated;
  }

  deflateLater(data: Uint8Array): Promise<Uint8Array> | null {
    if (data.byteLength < LATER_FROM_BYTES) return null;
    this.#form.kept.drop(this);
    this.giveBack();
    const { zlib, settings } = this.#form;
    const options = { ...settings, finishFlush: nodeZlib.constants.Z_SYNC_FLUSH, chunkSize: LATER_CHUNK_BYTES };
    const work = (): Promise<Uint8Array> =>
      new Promise((resolve, reject) => {
        zlib.deflateRaw(data, options, (error, result) => {
          if (error === null) resolve(new Uint8Array(result.buffer, result.byteOffset, result.length));
          else reject(error);
        });
      });
    return threads.add(this, work);
  }

  reset(): void {
    this.#context?.reset();
  }

  #loseWindow(): void {
    this.giveBack();
    const owner = this.#owner;
    this.#owner = null;
    owner?.onWindowLost();
  }

  /** Lives without a context until the next call. */
  giveBack(): void {
    if (this.#context !== null) this.#form.pool.giveBack(this.#context);
    this.#context = null;
  }

  release(): void {
    this.#isOpen = false;
    this.#form.kept.drop(this);
    this.giveBack();
  }

  close(): void {
    threads.cancel(this, new Error(CLOSED));
    this.release();
  }
}

function deflateAll(context: ZlibContext, data: Uint8Array): Uint8Array {
  try {
    for (let start = 0; ; start = data.byteLength - context.unread) {
      const { room } = output;
      const left = context.write(data, start, output.scratch, output.used, room);
      output.advance(room - left);
      if (left > 0) return output.take(); // A buffer that is full, even to the point, may mean that more waits inside.
    }
  } finally {
    output.clear();
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
  readonly #pool: ContextPool;
  readonly #zlib: Zlib;
  readonly #windowBits: number;
  readonly #window: InflateWindow;
  /** Null between messages. */
  #context: ZlibContext | null;
  #isOpen = true;
  #streamEnds = 0;
  /** Bytes of the output of this call that the window has already. */
  #remembered = 0;

  constructor(pool: ContextPool, { windowBits, zlib }: { readonly windowBits: number; readonly zlib: Zlib }) {
    this.#pool = pool;
    this.#zlib = zlib;
    this.#windowBits = windowBits;
    this.#window = new InflateWindow(2 ** windowBits);
    this.#context = pool.borrow();
  }

  inflate(
    data: Uint8Array,
    { final, maxBytes }: { readonly final: boolean; readonly maxBytes: number | null },
  ): Uint8Array | null {
    if (!this.#isOpen) throw new Error(CLOSED);
    const limit = maxBytes ?? Number.POSITIVE_INFINITY;
    this.#streamEnds = 0;
    this.#remembered = 0;
    try {
      this.#context ??= this.#takeUp(this.#pool.borrow());
      if (!this.#read(this.#context, data, limit)) return null;
      if (final && !this.#read(this.#context, FLUSH_END, limit)) return null;
      const inflated = output.take();
      this.#window.add(this.#remembered === 0 ? inflated : inflated.subarray(this.#remembered));
      return inflated;
    } finally {
      output.clear();
    }
  }

  inflateLater(
    data: Uint8Array,
    options: { readonly final: boolean; readonly maxBytes: number | null },
  ): Promise<Uint8Array | null> | null {
    // zlib takes no limit of 0, and with one there is nothing to do.
    if (data.byteLength < LATER_FROM_BYTES || options.maxBytes === 0) return null;
    this.rest();
    // A thread cannot be lent a context: it gets the window before the data, as one stream, and its text is cut off the result.
    const { length } = this.#window;
    const before = this.#window.asBlock();
    const end = options.final ? FLUSH_END : NO_BYTES;
    const input = concat([before, data, end], before.length + data.length + end.length);
    const own = input.subarray(before.length, input.length - end.length);
    const settings = {
      windowBits: this.#windowBits,
      finishFlush: nodeZlib.constants.Z_SYNC_FLUSH,
      chunkSize: LATER_CHUNK_BYTES,
      maxOutputLength: Math.min(length + (options.maxBytes ?? kMaxLength), kMaxLength),
      info: true,
    };
    const work = (): Promise<Uint8Array | null> =>
      new Promise((resolve, reject) => {
        this.#zlib.inflateRaw(input, settings, (error, result) => {
          if (error !== null && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
            resolve(null);
            return;
          }
          try {
            if (error !== null) {
              // The call looks at its limit after each chunk only: the output may have passed it before what is corrupt.
              if (options.maxBytes === null) throw error;
              resolve(this.inflate(own, options));
              return;
            }
            const { buffer, engine } = result as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
            // A stream that ended within (RFC 7692 §7.2.3.4) was not read to its end. It is rare enough to begin again here.
            resolve(engine.bytesWritten < input.length ? this.inflate(own, options) : this.#take(buffer, length));
          } catch (cause) {
            reject(cause);
          }
        });
      });
    return threads.add(this, work);
  }

  /** The output behind the text of the window. */
  #take({ buffer, byteOffset, length }: Buffer, windowLength: number): Uint8Array {
    const inflated = new Uint8Array(buffer, byteOffset + windowLength, length - windowLength);
    this.#window.add(inflated);
    return inflated;
  }

  rest(): void {
    if (this.#context === null) return;
    this.#pool.giveBack(this.#context);
    this.#context = null;
  }

  release(): void {
    this.#isOpen = false;
    this.rest();
  }

  close(): void {
    threads.cancel(this, new Error(CLOSED));
    this.release();
  }

  /** Returns false as soon as there are more than `limit` bytes of output. */
  #read(context: ZlibContext, input: Uint8Array, limit: number): boolean {
    let start = 0;
    for (;;) {
      // One byte more than allowed: zlib holds back what does not fit, so that "exactly the limit" would look like "done".
      const room = Math.min(output.room, limit + 1 - output.byteLength);
      const left = context.write(input, start, output.scratch, output.used, room);
      output.advance(room - left);
      if (output.byteLength > limit) return false;
      if (left === 0) {
        start = input.byteLength - context.unread;
        continue;
      }
      if (context.unread === 0) return true;
      // Room on both sides, and zlib stopped: its stream has ended (RFC 7692 §7.2.3.4). What follows is a new one.
      start = input.byteLength - context.unread;
      this.#startNewStream(context);
      if (input === FLUSH_END) return true; // The end of the message had nothing to complete.
    }
  }

  /** The next stream may refer back to all that came before. */
  #startNewStream(context: ZlibContext): void {
    this.#streamEnds += 1;
    if (this.#streamEnds > MAX_STREAM_ENDS) throw new ProtocolError(VIOLATIONS.TOO_MANY_FINAL_BLOCKS);
    this.#window.add(output.last(Math.min(output.byteLength - this.#remembered, this.#window.maxBytes)));
    this.#remembered = output.byteLength;
    context.reset();
    this.#takeUp(context);
  }

  /** Makes a context with an empty window go on where this stream stands. */
  #takeUp(context: ZlibContext): ZlibContext {
    if (this.#window.length > 0) context.write(this.#window.asBlock(), 0, passedBy, 0, passedBy.byteLength);
    return context;
  }
}

/** Takes output that is known: a byte more than the largest window, so that zlib never has to stop. */
const passedBy = new Uint8Array(2 ** 15 + 1);

const NO_BYTES = new Uint8Array(0);

const CLOSED = 'this zlib context is closed';
