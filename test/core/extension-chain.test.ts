// Frames through extensions, there and back.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Extension } from '#dist/core/extension.js';
import { decodeThrough, encodeShared, encodeThrough, firstByte, reservedBits } from '#dist/core/extension-chain.js';
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
  const sent = encodeThrough(extensions, Opcode.TEXT, false, Uint8Array.of(0), {});
  assert.deepEqual(sent, new Frame({ opcode: Opcode.TEXT, fin: false, rsv2: true, data: Uint8Array.of(0, 1, 2) }));
  const received = decodeThrough(extensions, Opcode.TEXT, false, 0x70, sent.data, 100);
  const expected = { opcode: Opcode.TEXT, fin: false, rsv1: true, rsv3: true, data: Uint8Array.of(0) };
  assert.deepEqual(received, new Frame(expected));
});

test('extensions are told whether to compress', () => {
  const told: unknown[] = [];
  const listening: Extension = {
    ...marking(1),
    encode: (frame, options) => {
      told.push(options?.compress);
      return frame;
    },
  };
  for (const compress of [true, false]) {
    encodeThrough([listening, listening], Opcode.TEXT, true, Uint8Array.of(0), { compress });
  }
  assert.deepEqual(told, [true, true, false, false]);
});

describe('a message for many connections', () => {
  const message = new Frame({ opcode: Opcode.TEXT, data: Uint8Array.of(0) });
  const sharing: Extension = {
    ...marking(7),
    encodeShared: (frame, _options, forms) => {
      const shared = forms.get('sharing') ?? frame.with({ rsv1: true });
      forms.set('sharing', shared);
      return shared;
    },
  };

  test('is the same frame for all without extensions, and for all whose extension shares it', () => {
    const forms = new Map<string, Frame>();
    assert.equal(encodeShared([], message, {}, forms), message);
    const shared = encodeShared([sharing], message, {}, forms);
    assert.deepEqual(shared, message.with({ rsv1: true }));
    assert.equal(encodeShared([sharing], message, {}, forms), shared);
  });

  test('is encoded for each connection by an extension that cannot share, and behind one that changed it', () => {
    const forms = new Map<string, Frame>();
    assert.deepEqual(encodeShared([marking(1)], message, {}, forms).data, Uint8Array.of(0, 1));
    const behind = encodeShared([marking(1), sharing], message, {}, forms);
    assert.deepEqual(behind.data, Uint8Array.of(0, 1, 7));
    assert.equal(forms.size, 0);
  });
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
