// A WebSocket frame as a value (RFC 6455 §5.2). Knows nothing of bytes on the wire.
import { frameText } from './frame-text.ts';
import type { Opcode } from './opcode.ts';

/** What a frame is made of. All but `opcode` and `data` have defaults. */
export interface FrameInit {
  readonly opcode: Opcode;
  readonly data: Uint8Array;
  /** Whether this is the last fragment of its message. Default true. */
  readonly fin?: boolean | undefined;
  /** Reserved bits, for extensions. Default false. */
  readonly rsv1?: boolean | undefined;
  readonly rsv2?: boolean | undefined;
  readonly rsv3?: boolean | undefined;
}

/** A WebSocket frame, not masked. */
export class Frame {
  readonly opcode: Opcode;
  readonly data: Uint8Array;
  readonly fin: boolean;
  readonly rsv1: boolean;
  readonly rsv2: boolean;
  readonly rsv3: boolean;

  constructor({ opcode, data, fin = true, rsv1 = false, rsv2 = false, rsv3 = false }: FrameInit) {
    this.opcode = opcode;
    this.data = data;
    this.fin = fin;
    this.rsv1 = rsv1;
    this.rsv2 = rsv2;
    this.rsv3 = rsv3;
  }

  /** A copy with some fields changed: how extensions rewrite a frame. */
  with(changes: Partial<FrameInit>): Frame {
    return new Frame({ ...this, ...changes });
  }

  /** One short line for logs, however long the payload is. */
  toString(): string {
    return frameText(this.opcode, this.data, this.fin);
  }
}
