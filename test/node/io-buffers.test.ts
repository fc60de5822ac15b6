// Unmasking where reads land, in WebAssembly, against its slow twin: one byte after the other.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readBuffer, unmask } from '#dist/node/io-buffers.js';

function unmaskByteByByte(bytes: Uint8Array, start: number, end: number, key: number): void {
  for (let i = start; i < end; i++) bytes[i]! ^= (key >>> (24 - 8 * ((i - start) % 4))) & 255;
}

/** Unmasks random bytes both ways, and compares all of the memory, what lies beside them too. */
function compare(bytes: Uint8Array, start: number, end: number, key: number): void {
  const expected = new Uint8Array(bytes.length);
  expected.set(bytes);
  unmaskByteByByte(expected, start, end, key);
  unmask!(bytes, start, end, key);
  assert.equal(Buffer.compare(bytes, expected), 0, `start ${start}, end ${end}, key ${key}`);
}

const place = fc.record({
  start: fc.nat(readBuffer.length),
  length: fc.oneof(fc.nat(40), fc.nat(readBuffer.length)),
  key: fc.integer(),
});

describe('the read buffer', () => {
  test('is a plain array that shares its memory with others: nobody takes a payload in it for his own', () => {
    assert.equal(readBuffer.constructor, Uint8Array);
    assert.ok(readBuffer.buffer.byteLength > readBuffer.length);
  });

  test('is unmasked in WebAssembly on every Node that we support', () => {
    assert.equal(typeof unmask, 'function');
  });

  test('is unmasked as the example of RFC 6455 §5.7', () => {
    readBuffer.set(Buffer.from('7f9f4d5158', 'hex'), 1);
    unmask!(readBuffer, 1, 6, 0x37_fa_21_3d);
    assert.equal(Buffer.from(readBuffer.subarray(1, 6)).toString(), 'Hello');
  });

  test('is unmasked for every length up to 70 from every place in a vector, and nothing beside it', () => {
    const window = 128;
    readBuffer.set(randomBytes(window));
    for (let start = 0; start < 17; start++) {
      for (let length = 0; length <= 70; length++) {
        const expected = readBuffer.slice(0, window);
        unmaskByteByByte(expected, start, start + length, 0xde_ad_be_ef | 0);
        unmask!(readBuffer, start, start + length, 0xde_ad_be_ef | 0);
        assert.deepEqual(readBuffer.subarray(0, window), expected, `start ${start}, length ${length}`);
      }
    }
  });

  test('is unmasked from anywhere to anywhere with any key', () => {
    readBuffer.set(randomBytes(readBuffer.length));
    fc.assert(
      fc.property(place, ({ start, length, key }) => {
        compare(readBuffer, start, Math.min(start + length, readBuffer.length), key);
      }),
      { numRuns: 60 },
    );
  });

  test('leaves the memory behind its end alone, up to the last byte', () => {
    const behind = new Uint8Array(readBuffer.buffer, readBuffer.length, 64);
    behind.fill(7);
    for (const length of [1, 3, 15, 16, 17, 35]) {
      compare(readBuffer, readBuffer.length - length, readBuffer.length, 0x01_02_03_04);
    }
    assert.ok(behind.every((byte) => byte === 7));
  });
});

describe('memory elsewhere', () => {
  test('is unmasked as well, with the plain loop: a copy, a view of the read buffer, an array of the same length', () => {
    for (const bytes of [
      Uint8Array.from(randomBytes(1000)),
      readBuffer.subarray(0),
      readBuffer.subarray(5),
      Uint8Array.from(readBuffer),
    ]) {
      for (const [start, end] of [
        [0, 3],
        [1, 100],
        [7, 999],
      ] as const) {
        compare(bytes, start, end, 0x80_7f_01_fe | 0);
      }
    }
  });
});
