// Frames on their way through the extensions of a connection (RFC 6455 §9.1). Knows no particular extension and no state.
import type { EncodeOptions, Extension } from './extension.ts';
import { Frame } from './frame.ts';
import type { Opcode } from './opcode.ts';

const FIN = 0x80;
const RSV1 = 0x40;
const RSV2 = 0x20;
const RSV3 = 0x10;

/** The reserved bits as they stand in the first byte of a frame. */
export const reservedBits = ({ rsv1, rsv2, rsv3 }: Frame): number =>
  (rsv1 ? RSV1 : 0) | (rsv2 ? RSV2 : 0) | (rsv3 ? RSV3 : 0);

/** The first byte of a frame on the wire. */
export const firstByte = (frame: Frame): number => (frame.fin ? FIN : 0) | reservedBits(frame) | frame.opcode;

/** What the extensions make of a frame that we send, in the order in which they were agreed on. */
export function encodeThrough(
  extensions: readonly Extension[],
  opcode: Opcode,
  fin: boolean,
  data: Uint8Array,
  options: EncodeOptions,
): Frame {
  let frame = new Frame({ opcode, fin, data });
  for (const extension of extensions) frame = extension.encode(frame, options);
  return frame;
}

/**
 * What the extensions make of a whole message that goes to many connections. The result is the same object for all that can
 * share it. What one extension makes of another's work is not shared: only the first sees the message itself.
 */
export function encodeShared(
  extensions: readonly Extension[],
  message: Frame,
  options: EncodeOptions,
  forms: Map<string, Frame>,
): Frame {
  let frame = message;
  for (const extension of extensions) {
    frame =
      frame === message && extension.encodeShared !== undefined
        ? extension.encodeShared(frame, options, forms)
        : extension.encode(frame, options);
  }
  return frame;
}

/**
 * What the extensions make of a frame that was received, the last one first.
 * @param rsv the reserved bits, as `reservedBits` has them.
 * @param maxBytes what the decoded payload may have; infinite: any number.
 */
export function decodeThrough(
  extensions: readonly Extension[],
  opcode: Opcode,
  fin: boolean,
  rsv: number,
  data: Uint8Array,
  maxBytes: number,
): Frame {
  const maxSize = sizeLimit(maxBytes);
  let frame = receivedFrame(opcode, fin, rsv, data);
  for (let i = extensions.length - 1; i >= 0; i--) frame = extensions[i]!.decode(frame, { maxSize });
  return frame;
}

/** As `decodeThrough`, when there is one extension and it does so elsewhere; null: it does not. */
export function decodeLater(
  extensions: readonly Extension[],
  opcode: Opcode,
  fin: boolean,
  rsv: number,
  data: Uint8Array,
  maxBytes: number,
): Promise<Frame> | null {
  const [extension] = extensions;
  if (rsv === 0 || extensions.length !== 1 || extension?.decodeLater === undefined) return null;
  return extension.decodeLater(receivedFrame(opcode, fin, rsv, data), { maxSize: sizeLimit(maxBytes) });
}

const sizeLimit = (maxBytes: number): number | null => (Number.isFinite(maxBytes) ? maxBytes : null);

const receivedFrame = (opcode: Opcode, fin: boolean, rsv: number, data: Uint8Array): Frame =>
  new Frame({ opcode, fin, rsv1: (rsv & RSV1) !== 0, rsv2: (rsv & RSV2) !== 0, rsv3: (rsv & RSV3) !== 0, data });
