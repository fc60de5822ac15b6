// Compresses and decompresses the frames of one connection (RFC 7692 §6 and §7.2). Knows neither how it was negotiated
// nor how deflate works: the engine does.
import { InvalidState, PayloadTooBig, ProtocolError, VIOLATIONS } from '../exceptions/protocol-errors.ts';
import type { EncodeOptions, Extension, ExtensionWatcher } from '../extension.ts';
import { Frame } from '../frame.ts';
import type { CompressSettings, DeflateEngine, Deflator, DeflatorOwner, Inflator } from '../host.ts';
import { isControl, Opcode } from '../opcode.ts';

/** The name of the extension on the wire (RFC 7692 §7). */
export const PERMESSAGE_DEFLATE = 'permessage-deflate';

/** What both ends agreed on, seen from one of them: `local` compresses what we send, `remote` what we receive. */
export interface PerMessageDeflateOptions {
  /** Whether the peer starts each message with an empty window. Default false. */
  readonly remoteNoContextTakeover?: boolean | undefined;
  /** Whether we start each message with an empty window. Default false. */
  readonly localNoContextTakeover?: boolean | undefined;
  /** The peer's window is `2 ** remoteMaxWindowBits` bytes, 8 to 15. Default 15. */
  readonly remoteMaxWindowBits?: number | undefined;
  /** Our window is at most `2 ** localMaxWindowBits` bytes, 9 to 15: deflate as zlib has it cannot do 8. Default 15. */
  readonly localMaxWindowBits?: number | undefined;
  /** How hard the compressor works. Default: zlib's own settings. */
  readonly compressSettings?: CompressSettings | undefined;
  /** Does the work. */
  readonly engine: DeflateEngine;
}

/**
 * `permessage-deflate` at work on one connection (RFC 7692).
 *
 * A message that is not compressed leaves the windows as they are, in both directions. One that was compressed for many
 * connections is in the peer's window and not in ours: whatever we compress next begins with an empty one, which is always
 * allowed, and refers back to nothing before itself.
 */
export class PerMessageDeflate implements Extension, DeflatorOwner {
  readonly name: typeof PERMESSAGE_DEFLATE = PERMESSAGE_DEFLATE;
  readonly remoteNoContextTakeover: boolean;
  readonly localNoContextTakeover: boolean;
  readonly remoteMaxWindowBits: number;
  readonly localMaxWindowBits: number;
  readonly compressSettings: CompressSettings;

  readonly #engine: DeflateEngine;
  /** Both are made by the first message that needs them: most connections are quiet in one direction. */
  #deflator: Deflator | null = null;
  #inflator: Inflator | null = null;
  /** Whether the peer's window has something that the deflator's has not: distances would be wrong. */
  #isOutOfStep = false;
  /** Whether a continuation frame that is sent now belongs to a compressed message. */
  #encodingContinuation = false;
  /** The settings of the deflator in words: see `encodeShared`. */
  #form: string | null = null;
  /** Whether a continuation frame that comes now belongs to a compressed message. */
  #decodingContinuation = false;
  /** The last four bytes of the compressed message that is being received. Before the first, as if a flush had just ended. */
  #lastBytes = FLUSH_END;
  #closed = false;
  /** Hears of a limit once: the engine tells once, and there is one deflator whose window is to be kept. */
  #watcher: ExtensionWatcher | null = null;

  constructor({
    remoteNoContextTakeover = false,
    localNoContextTakeover = false,
    remoteMaxWindowBits = 15,
    localMaxWindowBits = 15,
    compressSettings = {},
    engine,
  }: PerMessageDeflateOptions) {
    this.remoteNoContextTakeover = remoteNoContextTakeover;
    this.localNoContextTakeover = localNoContextTakeover;
    this.remoteMaxWindowBits = remoteMaxWindowBits;
    this.localMaxWindowBits = localMaxWindowBits;
    this.compressSettings = compressSettings;
    this.#engine = engine;
  }

  /**
   * Decompresses a data frame of a compressed message; all other frames pass through.
   *
   * @param options.maxSize bytes that the decompressed payload may have; null: no limit. Decompression stops right there.
   * @throws {ProtocolError} RSV1 is set on a continuation frame, or the data is corrupt (`DECOMPRESSION_FAILED`, the
   *   connection fails with 1007).
   * @throws {PayloadTooBig} the decompressed payload passes `maxSize`.
   */
  decode(frame: Frame, { maxSize }: { readonly maxSize: number | null }): Frame {
    const { opcode, data, fin, rsv2, rsv3 } = frame;
    if (isControl(opcode)) return frame;
    if (opcode === Opcode.CONT) {
      if (!this.#decodingContinuation) return frame;
      if (frame.rsv1) throw new ProtocolError(VIOLATIONS.RSV1_ON_CONTINUATION);
    } else {
      if (!frame.rsv1) return frame;
      // Of a message that the peer has left without an end.
      if (this.remoteNoContextTakeover && this.#decodingContinuation) this.#dropInflator();
      this.#lastBytes = FLUSH_END;
    }
    this.#decodingContinuation = !fin;

    const payload = this.#inflate(data, { fin, maxBytes: maxSize });
    if (payload === null) throw new PayloadTooBig(null, maxSize!);
    if (fin) this.#restInflator();
    return new Frame({ opcode, data: payload, fin, rsv1: false, rsv2, rsv3 });
  }

  /** As `decode` for a whole data message that is so large that it blocks nobody while it is decompressed. */
  decodeLater(frame: Frame, { maxSize }: { readonly maxSize: number | null }): Promise<Frame> | null {
    const { opcode, fin, rsv1, data } = frame;
    if (isControl(opcode) || opcode === Opcode.CONT || !fin || !rsv1 || this.#decodingContinuation) return null;
    this.#inflator ??= this.#createInflator();
    const inflating =
      this.#inflator.inflateLater?.(data, { final: endOf(data) !== FLUSH_END, maxBytes: maxSize }) ?? null;
    if (inflating === null) return null;
    return inflating.then(
      (payload) => {
        if (payload === null) throw new PayloadTooBig(null, maxSize!);
        this.#restInflator();
        return frame.with({ data: payload, rsv1: false });
      },
      (cause: unknown) => {
        throw new ProtocolError(VIOLATIONS.DECOMPRESSION_FAILED, { cause });
      },
    );
  }

  /**
   * Compresses a data frame, however random, if its message is to be compressed; control frames pass through.
   *
   * The payload is not looked at after the call, and the result is not used again.
   */
  encode(frame: Frame, { compress = true }: EncodeOptions = {}): Frame {
    const { opcode, fin, rsv2, rsv3 } = frame;
    if (isControl(opcode)) return frame;
    const isFirst = opcode !== Opcode.CONT;
    if (!(isFirst ? compress : this.#encodingContinuation)) return frame;
    if (isFirst) this.#startMessage();
    this.#encodingContinuation = !fin;

    const flushed = this.#ownDeflator().deflate(frame.data);
    if (fin && this.localNoContextTakeover) this.#releaseDeflator();
    return new Frame({ opcode, data: fin ? withoutFlush(flushed) : flushed, fin, rsv1: isFirst, rsv2, rsv3 });
  }

  /** As `encode`, for a whole data message that begins with an empty window: it is the same for all with these settings. */
  encodeShared(frame: Frame, { compress = true }: EncodeOptions, forms: Map<string, Frame>): Frame {
    if (!compress) return frame;
    this.#form ??= formOf(this.compressSettings, this.localMaxWindowBits);
    let shared = forms.get(this.#form);
    if (shared === undefined) {
      const deflator = this.#createDeflator();
      const data = withoutFlush(deflator.deflate(frame.data));
      deflator.release();
      shared = frame.with({ data, rsv1: true });
      forms.set(this.#form, shared);
    }
    this.#isOutOfStep = true;
    return shared;
  }

  /** As `encode` for a whole data message that is so large that its window would not matter: it begins with an empty one. */
  encodeLater(frame: Frame, { compress = true }: EncodeOptions): Promise<Frame> | null {
    if (!compress) return null;
    const deflating = this.#ownDeflator().deflateLater?.(frame.data) ?? null;
    if (deflating === null) return null;
    this.#isOutOfStep = true;
    return deflating.then((flushed) => {
      if (this.localNoContextTakeover) this.#releaseDeflator();
      return frame.with({ data: withoutFlush(flushed), rsv1: true });
    });
  }

  /** @internal */
  watch(watcher: ExtensionWatcher): void {
    this.#watcher = watcher;
  }

  /** @internal From the engine. */
  onWindowLost(): void {
    this.#watcher?.reportLimit('maxCompressionContexts');
  }

  /** Frees both windows. Data frames cannot pass any more. Calling it again does nothing. */
  close(): void {
    this.#closed = true;
    this.#deflator?.close();
    this.#deflator = null;
    this.#dropInflator();
  }

  #inflate(data: Uint8Array, { fin, maxBytes }: { fin: boolean; maxBytes: number | null }): Uint8Array | null {
    this.#lastBytes = endOf(data, this.#lastBytes);
    // RFC 7692 §7.2.2 wants 00 00 ff ff behind every message. Where a flush has just ended, or nothing came at all, they
    // would be read as the head of a block whose rest is the next message: such a message is complete as it stands.
    const final = fin && this.#lastBytes !== FLUSH_END;
    this.#inflator ??= this.#createInflator();
    try {
      return this.#inflator.inflate(data, { final, maxBytes });
    } catch (cause) {
      throw new ProtocolError(VIOLATIONS.DECOMPRESSION_FAILED, { cause });
    }
  }

  /** RFC 7692 §7.2.3.2: references back count from here through what the peer has decompressed. */
  #startMessage(): void {
    if (this.localNoContextTakeover || this.#isOutOfStep) this.#deflator?.reset();
    this.#isOutOfStep = false;
  }

  #ownDeflator(): Deflator {
    this.#deflator ??= this.#createDeflator(this.localNoContextTakeover ? undefined : this);
    return this.#deflator;
  }

  #createDeflator(owner?: DeflatorOwner): Deflator {
    this.#refuseClosed();
    return this.#engine.createDeflator({ ...this.compressSettings, windowBits: this.localMaxWindowBits }, owner);
  }

  #createInflator(): Inflator {
    this.#refuseClosed();
    return this.#engine.createInflator({ windowBits: this.remoteMaxWindowBits });
  }

  #refuseClosed(): void {
    if (this.#closed) throw new InvalidState('connection is closed');
  }

  /** Between messages a context without takeover has nothing that is worth its memory, but making one costs more than a message. */
  #releaseDeflator(): void {
    this.#deflator?.release();
    this.#deflator = null;
  }

  #restInflator(): void {
    if (!this.remoteNoContextTakeover) {
      this.#inflator?.rest();
      return;
    }
    this.#inflator?.release();
    this.#inflator = null;
  }

  #dropInflator(): void {
    this.#inflator?.close();
    this.#inflator = null;
  }
}

/** `00 00 ff ff`, the length of an empty stored block: what a flush ends in (RFC 7692 §7.2.1). */
const FLUSH_END = 0x0000_ffff;
const FLUSH_BYTES = 4;

/** The last four bytes of what ends in `before` and then `data`. */
function endOf(data: Uint8Array, before = FLUSH_END): number {
  let end = before;
  for (let i = Math.max(0, data.byteLength - FLUSH_BYTES); i < data.byteLength; i++) end = (end << 8) | data[i]!;
  return end;
}

/** RFC 7692 §7.2.1: a message ends without the 00 00 ff ff of its last flush. Inside of a message they stay. */
const withoutFlush = (flushed: Uint8Array): Uint8Array => flushed.subarray(0, -FLUSH_BYTES);

const formOf = ({ level, memLevel, strategy }: CompressSettings, windowBits: number): string =>
  `${PERMESSAGE_DEFLATE} ${windowBits} ${level} ${memLevel} ${strategy}`;
