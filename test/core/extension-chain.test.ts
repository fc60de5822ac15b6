// Frames through extensions, there and back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Extension } from '#dist/core/extension.js';
import { decodeThrough, encodeThrough, firstByte, reservedBits } from '#dist/core/extension-chain.js';
import { Frame } from '#dist/core/frame.js';
import { Opcode } from '#dist/core/opcode.js';

/** Appends its mark when a frame is sent, and takes it off when one is received. */
const marking = (mark: number, seen: (number | null)[] = []): Extension => ({
  name: 'marking',
  encode: (frame) => frame.with({ data: Uint8Array.of(...frame.data, mark), rsv2: true }),
  decode: (frame, { maxSize }) => {
    seen.push(maxSize);
    assert.equal(frame.data.at(-1), mark);
    return frame.with({ data: frame.data.subarray(0, -1), rsv2: false });
  },
});

test('frames pass through extensions in their order when sent, and in reverse order when received', () => {
  const extensions = [marking(1), marking(2)];
  const sent = encodeThrough(extensions, Opcode.TEXT, false, Uint8Array.of(0));
  assert.deepEqual(sent, new Frame({ opcode: Opcode.TEXT, fin: false, rsv2: true, data: Uint8Array.of(0, 1, 2) }));
  const received = decodeThrough(extensions, Opcode.TEXT, false, 0x70, sent.data, 100);
  const expected = { opcode: Opcode.TEXT, fin: false, rsv1: true, rsv3: true, data: Uint8Array.of(0) };
  assert.deepEqual(received, new Frame(expected));
});

test('extensions are told the limit, null when there is none', () => {
  const seen: (number | null)[] = [];
  for (const maxBytes of [7, Number.POSITIVE_INFINITY]) {
    decodeThrough([marking(1, seen)], Opcode.BINARY, true, 0, Uint8Array.of(1), maxBytes);
  }
  assert.deepEqual(seen, [7, null]);
});

test('the first byte of a frame has FIN, the reserved bits and the opcode where RFC 6455 §5.2 has them', () => {
  const data = new Uint8Array(0);
  for (const [init, byte] of [
    [{ opcode: Opcode.TEXT, fin: false }, 0x01],
    [{ opcode: Opcode.PONG }, 0x8a],
    [{ opcode: Opcode.BINARY, rsv1: true }, 0xc2],
    [{ opcode: Opcode.CONT, fin: false, rsv2: true }, 0x20],
    [{ opcode: Opcode.CONT, fin: false, rsv3: true }, 0x10],
  ] as const) {
    const frame = new Frame({ ...init, data });
    assert.equal(firstByte(frame), byte);
    assert.equal(reservedBits(frame), byte & 0x70);
  }
});
