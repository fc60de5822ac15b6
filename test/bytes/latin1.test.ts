// ISO-8859-1 from and to bytes, against Node's own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeLatin1, encodeLatin1, type Latin1Codec, plainLatin1 } from '#dist/bytes/latin1.js';
import { nodeRuntime } from '#dist/node/runtime.js';

const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);

test('every byte is one character, there and back', () => {
  const text = decodeLatin1(everyByte);
  assert.equal(text, Buffer.from(everyByte).toString('latin1'));
  assert.deepEqual(encodeLatin1(text), everyByte);
});

test('nothing is nothing', () => {
  assert.equal(decodeLatin1(new Uint8Array(0)), '');
  assert.equal(encodeLatin1('').length, 0);
});

test('a character without a byte is refused with its place', () => {
  assert.throws(() => encodeLatin1('ab€'), {
    name: 'RangeError',
    message: 'not an ISO-8859-1 character at 2: "€"',
  });
  assert.throws(() => encodeLatin1('\u0100'), RangeError);
  assert.throws(() => encodeLatin1('\ud800'), RangeError);
});

test('a part of the bytes is read alone', () => {
  assert.equal(decodeLatin1(everyByte, 0x41, 0x44), 'ABC');
  assert.equal(decodeLatin1(everyByte, 0xfe), 'þÿ');
  assert.equal(decodeLatin1(everyByte, 5, 5), '');
});

test('long bytes are read as well as short ones', () => {
  for (const length of [4095, 4096, 4097, 100_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
    assert.equal(decodeLatin1(bytes), Buffer.from(bytes).toString('latin1'));
    assert.equal(decodeLatin1(bytes, 3, length - 3), Buffer.from(bytes).toString('latin1', 3, length - 3));
  }
});

test('whatever is read can be written again', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = decodeLatin1(bytes);
      assert.equal(text, Buffer.from(bytes).toString('latin1'));
      assert.deepEqual(encodeLatin1(text), bytes);
    }),
  );
});

for (const [name, codec] of [
  ['our own', plainLatin1],
  ["Node's", nodeRuntime.host.latin1],
] as [string, Latin1Codec][]) {
  test(`${name} codec reads a part of the bytes, and writes into a part of them`, () => {
    const text = codec.decode(everyByte, 0, 256);
    assert.equal(text, decodeLatin1(everyByte));
    assert.equal(codec.decode(everyByte, 0xe9, 0xeb), 'éê');
    const bytes = new Uint8Array(260).fill(7);
    codec.write(text, bytes.subarray(1), 1);
    assert.deepEqual(bytes, Uint8Array.of(7, 7, ...everyByte, 7, 7));
  });
}
