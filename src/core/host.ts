// The little that the core needs from the machine it runs on. Knows no runtime: each one brings its own.
import type { Latin1Codec } from '../bytes/latin1.ts';

/** Services of the runtime that the sans-I/O core cannot do by itself. Its functions are called without `this`. */
export interface Host {
  /** Fills all of `bytes` from a cryptographically secure source (RFC 6455 §10.3 asks for it: masks and keys). */
  readonly fillRandom: (bytes: Uint8Array) => void;
  /** A fresh masking key for one frame, a 32-bit number from the same source: see `RandomPool`. Also the payload of a ping. */
  readonly nextMask: () => number;
  /** Whether all of `bytes` is valid UTF-8. Faster than the core's own loop where the runtime has it in native code. */
  readonly isUtf8: (bytes: Uint8Array) => boolean;
  /** ISO-8859-1 in native code, for the heads of the handshake. Default: loops of our own, which take 10 times as long. */
  readonly latin1?: Latin1Codec | undefined;
  /**
   * Masks or unmasks `bytes[start, end)` in place, which is the same: XOR with a masking key, a 32-bit number whose top byte
   * is for `start` (RFC 6455 §5.3). Default: a plain loop. A runtime that knows where its bytes lie may have a faster one.
   */
  readonly unmask?: ((bytes: Uint8Array, start: number, end: number, key: number) => void) | undefined;
  /**
   * An array with a buffer for itself, of any content: whoever asks fills all of it before it is seen. Default: zeros, which
   * take a tenth of a millisecond for 1 MiB.
   */
  readonly allocate?: ((byteLength: number) => Uint8Array) | undefined;
  /** Milliseconds since the epoch, for the `Date` header. */
  readonly now: () => number;
}

/** Settings of a compressor that are not negotiated: see the manual of zlib's `deflateInit2`. */
export interface CompressSettings {
  /** 0 (store only) to 9 (smallest output); -1 is zlib's own default, 6. */
  readonly level?: number | undefined;
  /** 1 to 9: memory for the compressor's state, `1 << (memLevel + 9)` bytes. */
  readonly memLevel?: number | undefined;
  /** zlib's strategy number, 0 (default) to 4 (fixed). */
  readonly strategy?: number | undefined;
}

/** A raw deflate compressor. Its window lives from call to call, unless the engine needs the memory for others. */
export interface Deflator {
  /**
   * Compresses all of `data` and flushes to a byte boundary: the output ends in `00 00 ff ff`, also when `data` is empty.
   * The result is a fresh array; `data` is not looked at afterwards.
   *
   * It refers back to what was given since the last `reset` or to nothing at all: an empty window is always allowed.
   */
  deflate(data: Uint8Array): Uint8Array;
  /**
   * As `deflate` after `reset`, off the thread that calls; null when that is not worth its while. `data` must not change until it
   * settles, and nothing but `close` may be called: then it rejects, unless it is being worked on. What comes next has to begin
   * with a `reset` as well. Missing: nothing is worth its while.
   */
  deflateLater?(data: Uint8Array): Promise<Uint8Array> | null;
  /** Forgets the window: what comes next refers back to nothing. */
  reset(): void;
  /**
   * Forgets the window and gives the context back to its engine, which may keep it for the next who asks for such a one.
   * Further calls are not allowed.
   */
  release(): void;
  /** As `release`, also in the middle of a message or of work. */
  close(): void;
}

/** Whose compressor it is. */
export interface DeflatorOwner {
  /** The window could not be kept after a call, since as many live as may: see `DeflateLimits.maxContexts`. Called once. */
  onWindowLost(): void;
}

/** A raw inflate decompressor with a sliding window that lives from call to call. */
export interface Inflator {
  /**
   * Decompresses all of `data`; when `final` is set, as if `00 00 ff ff` followed (RFC 7692 §7.2.2). The result is a
   * fresh array.
   *
   * Stops as soon as the output passes `maxBytes` (null: no limit) and returns null. Throws when the data is corrupt.
   * After either, only `close` is left. A stream that ends inside (a BFINAL block) is followed by another (§7.2.3.4).
   */
  inflate(data: Uint8Array, options: { readonly final: boolean; readonly maxBytes: number | null }): Uint8Array | null;
  /**
   * As `inflate` for a whole message, off the thread that calls; null when that is not worth its while. `data` is copied. Until
   * it settles nothing but `close` may be called: then it rejects, unless it is being worked on. Missing: nothing is worth
   * its while.
   */
  inflateLater?(
    data: Uint8Array,
    options: { readonly final: boolean; readonly maxBytes: number | null },
  ): Promise<Uint8Array | null> | null;
  /** A message has ended. Until the next one begins, only what it may refer back to must be kept. */
  rest(): void;
  /**
   * Forgets the window and gives the context back to its engine, which may keep it for the next who asks for such a one.
   * Further calls are not allowed.
   */
  release(): void;
  /** As `release`, also in the middle of a message or of work. */
  close(): void;
}

/** How much memory compressors may hold between messages. */
export interface DeflateLimits {
  /**
   * How many of them keep their window, so that a message can refer back to those before. The others share one, and begin
   * each message with an empty window. Null: any number. Default 4.
   */
  readonly maxContexts?: number | null | undefined;
  /** Milliseconds after which, and twice which at the latest, one that is not used gives its window back. Null: never. Default 10,000. */
  readonly idleMs?: number | null | undefined;
}

/** Makes the two halves of permessage-deflate. Contexts cost memory: they are made when the first message needs them. */
export interface DeflateEngine {
  /**
   * `windowBits` is 9 to 15.
   * @param owner wants to hear of it. Default: nobody does.
   */
  createDeflator(settings: CompressSettings & { readonly windowBits: number }, owner?: DeflatorOwner): Deflator;
  /** `windowBits` is 8 to 15. */
  createInflator(settings: { readonly windowBits: number }): Inflator;
}
