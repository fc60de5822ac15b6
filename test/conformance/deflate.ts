// permessage-deflate as both ends of the suite do it (RFC 7692 §7), one zlib call a message. Knows nothing of frames.
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Role } from './wire.ts';

/** What one side's compressor is held to. */
export interface CompressorTerms {
  readonly windowBits: number;
  readonly noContextTakeover: boolean;
}

/** What was agreed: one entry per compressing side. */
export type DeflateTerms = Readonly<Record<Role, CompressorTerms>>;

const TAIL = Buffer.of(0, 0, 0xff, 0xff);

/** The end of what has been said so far, as far back as the window reaches. */
class History {
  readonly #terms: CompressorTerms;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(terms: CompressorTerms) {
    this.#terms = terms;
  }

  add(message: Buffer): void {
    if (this.#terms.noContextTakeover) return;
    this.#bytes = Buffer.concat([this.#bytes, message]).subarray(-(2 ** this.#terms.windowBits));
  }

  /** As zlib takes it: a dictionary must not be empty. */
  get options(): { dictionary?: Buffer } {
    return this.#bytes.length === 0 ? {} : { dictionary: this.#bytes };
  }
}

/** Compresses messages; with context takeover the next one refers back into those before. */
export class Deflater {
  readonly #terms: CompressorTerms;
  readonly #history: History;

  constructor(terms: CompressorTerms) {
    this.#terms = terms;
    this.#history = new History(terms);
  }

  deflate(message: Buffer): Buffer {
    // zlib cannot compress with a window of 8 bits; without matches the window does not matter.
    const isTiny = this.#terms.windowBits < 9;
    const compressed = deflateRawSync(message, {
      windowBits: Math.max(9, this.#terms.windowBits),
      finishFlush: constants.Z_SYNC_FLUSH,
      strategy: isTiny ? constants.Z_HUFFMAN_ONLY : constants.Z_DEFAULT_STRATEGY,
      ...(isTiny ? {} : this.#history.options),
    });
    this.#history.add(message);
    return compressed.subarray(0, -TAIL.length);
  }
}

/** Decompresses messages and throws when one refers further back than was agreed. */
export class Inflater {
  readonly #terms: CompressorTerms;
  readonly #history: History;

  constructor(terms: CompressorTerms) {
    this.#terms = terms;
    this.#history = new History(terms);
  }

  inflate(payload: Buffer): Buffer {
    if (payload.length >= TAIL.length && payload.subarray(-TAIL.length).equals(TAIL)) {
      throw new Error('the peer left 00 00 ff ff at the end of a compressed message');
    }
    const message = inflateRawSync(Buffer.concat([payload, TAIL]), {
      windowBits: this.#terms.windowBits,
      finishFlush: constants.Z_SYNC_FLUSH,
      // zlib checks distances only against the window, not inside its output buffer: a small one makes the check bite.
      ...(this.#terms.windowBits < 15 ? { chunkSize: 64 } : {}),
      ...this.#history.options,
    });
    this.#history.add(message);
    return message;
  }
}

/** Writes deflate blocks bit by bit, for streams that no compressor makes (RFC 1951 §3.2). */
export class BlockWriter {
  readonly #bits: number[] = [];

  /** A number, lowest bit first. */
  number(value: number, width: number): this {
    for (let bit = 0; bit < width; bit++) this.#bits.push((value >>> bit) & 1);
    return this;
  }

  /** A Huffman code, highest bit first. */
  code(value: number, width: number): this {
    for (let bit = width - 1; bit >= 0; bit--) this.#bits.push((value >>> bit) & 1);
    return this;
  }

  /** Opens a block with the fixed codes. */
  fixedBlock({ last = false }: { readonly last?: boolean } = {}): this {
    return this.number(last ? 1 : 0, 1).number(1, 2);
  }

  literals(text: string): this {
    for (const byte of Buffer.from(text, 'latin1')) {
      if (byte < 144) this.code(0x30 + byte, 8);
      else this.code(0x190 + byte - 144, 9);
    }
    return this;
  }

  /** Three bytes from `distance` back. */
  match(distance: number): this {
    this.code(1, 7);
    let code = 0;
    let base = 1;
    let extra = 0;
    for (; base + 2 ** extra <= distance; code++) {
      base += 2 ** extra;
      extra = Math.max(0, Math.floor((code + 1) / 2) - 1);
    }
    return this.code(code, 5).number(distance - base, extra);
  }

  endBlock(): this {
    return this.code(0, 7);
  }

  /** An empty stored block without its four bytes of length: how a compressed message ends on the wire. */
  endMessage(): Buffer {
    this.number(0, 3);
    return this.bytes();
  }

  bytes(): Buffer {
    const result = Buffer.alloc(Math.ceil(this.#bits.length / 8));
    for (const [index, bit] of this.#bits.entries()) result[index >>> 3]! |= bit << (index & 7);
    return result;
  }
}
