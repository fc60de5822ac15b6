// Masking against its slow twin: one byte after the other.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyMask } from '#dist/bytes/mask.js';

const KEYS = [0x37_fa_21_3d, 0, 1, -1, 0x80_00_00_00 | 0, 0x00_ff_00_ff, 0xde_ad_be_ef | 0];

function maskByteByByte(bytes: Uint8Array, start: number, end: number, key: number, offset: number): void {
  for (let i = start; i < end; i++) bytes[i]! ^= (key >>> (24 - 8 * ((i - start + offset) % 4))) & 255;
}

function compare(bytes: Uint8Array, start: number, end: number, key: number, offset: number): void {
  const expected = Uint8Array.from(bytes);
  maskByteByByte(expected, start, end, key, offset);
  applyMask(bytes, start, end, key, offset);
  assert.deepEqual(bytes, expected, `start ${start}, end ${end}, key ${key}, offset ${offset}`);
}

/** A view that begins `unaligned` bytes behind a word, over random bytes. */
function view(length: number, unaligned = 0): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(length + 8), unaligned, length);
  bytes.set(randomBytes(length));
  return bytes;
}

test('masks as the example of RFC 6455 §5.7', () => {
  const bytes = Uint8Array.from(Buffer.from('Hello'));
  applyMask(bytes, 0, 5, 0x37_fa_21_3d);
  assert.deepEqual(bytes, Uint8Array.of(0x7f, 0x9f, 0x4d, 0x51, 0x58));
});

test('masks every length up to 100 from every place in a word, and nothing beside it', () => {
  for (let unaligned = 0; unaligned < 4; unaligned++) {
    for (let start = 0; start < 4; start++) {
      for (let length = 0; length <= 100; length++) {
        compare(view(length + 8, unaligned), start, start + length, 0x37_fa_21_3d, 0);
      }
    }
  }
});

test('goes on in the middle of the key, whatever came before', () => {
  for (const key of KEYS) {
    for (let offset = 0; offset < 9; offset++) {
      for (const length of [0, 1, 2, 3, 4, 5, 47, 48, 49, 50, 51, 52, 100]) {
        compare(view(length + 3, offset % 4), 1, 1 + length, key, offset);
      }
    }
  }
});

test('masks long payloads in pieces as it masks them whole', () => {
  fc.assert(
    fc.property(
      fc.nat(20_000),
      fc.array(fc.nat(20_000), { maxLength: 5 }),
      fc.integer(),
      fc.nat(3),
      (length, cuts, key, at) => {
        const bytes = view(length, at);
        const expected = Uint8Array.from(bytes);
        maskByteByByte(expected, 0, length, key, 0);
        const places = [0, ...cuts.map((cut) => cut % (length + 1)), length].sort((a, b) => a - b);
        for (let i = 1; i < places.length; i++) applyMask(bytes, places[i - 1]!, places[i]!, key, places[i - 1]!);
        assert.deepEqual(bytes, expected);
      },
    ),
    { numRuns: 50 },
  );
});

test('masking twice restores the payload', () => {
  const bytes = view(1000);
  const before = Uint8Array.from(bytes);
  applyMask(bytes, 0, 1000, 0x12_34_56_78);
  assert.notDeepEqual(bytes, before);
  applyMask(bytes, 0, 1000, 0x12_34_56_78);
  assert.deepEqual(bytes, before);
});
