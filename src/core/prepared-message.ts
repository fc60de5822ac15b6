// A whole message that goes to many connections: what is made of it is made once. Knows forms, not who needs which.
import type { EncodeOptions, Extension } from './extension.ts';
import { encodeShared, firstByte } from './extension-chain.ts';
import { Frame } from './frame.ts';
import { encodeFrame } from './frame-encoder.ts';
import type { Opcode } from './opcode.ts';
import type { Compress } from './protocol-options.ts';
import { Recorder } from './recorder.ts';

/** A message that is ready to be sent, to any number of connections and any number of times. Made by `prepare`. */
export class PreparedMessage {
  readonly #message: Frame;
  readonly #compress: Compress;
  /** What extensions have made of it, under the names that they gave. */
  readonly #forms: Map<string, Frame> = new Map();
  /** Whole frames as a server writes them. Weak: a form that only one connection can use goes with its frame. */
  readonly #wires: WeakMap<Frame, Uint8Array> = new WeakMap();

  /** @internal @param data must never change again. */
  constructor(opcode: typeof Opcode.TEXT | typeof Opcode.BINARY, data: Uint8Array, compress: Compress) {
    this.#message = new Frame({ opcode, data });
    this.#compress = compress;
  }

  /** Bytes of the message, as they were given or in UTF-8. */
  get byteLength(): number {
    return this.#message.data.length;
  }

  /** @internal The message before extensions. */
  get message(): Frame {
    return this.#message;
  }

  /** @internal What was asked for when it was prepared. */
  get compress(): Compress {
    return this.#compress;
  }

  /** @internal The message as these extensions send it: the same frame for all that can share it. */
  encodedBy(extensions: readonly Extension[], options: EncodeOptions): Frame {
    return encodeShared(extensions, this.#message, options, this.#forms);
  }

  /** @internal A frame of this message as the bytes of a server. */
  wireOf(frame: Frame): Uint8Array {
    let wire = this.#wires.get(frame);
    if (wire === undefined) {
      const recorder = new Recorder();
      encodeFrame(recorder, firstByte(frame), frame.data, null);
      [wire] = recorder.takeChunks() as [Uint8Array];
      this.#wires.set(frame, wire);
    }
    return wire;
  }
}
