// Masking keys: each once, all from the secure source.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MaskPool } from '#dist/core/mask-pool.js';

/** Fills with 32-bit numbers that count up, in the byte order of this machine, and counts the calls. */
function countingSource(): { fill: (bytes: Uint8Array) => void; calls: number } {
  let next = 0;
  const source = {
    calls: 0,
    fill: (bytes: Uint8Array): void => {
      source.calls += 1;
      const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      for (let i = 0; i < words.length; i++) words[i] = next++;
    },
  };
  return source;
}

test('hands out what the source gave, each key once, across refills', () => {
  const pool = new MaskPool(countingSource().fill);
  assert.deepEqual(
    Array.from({ length: 3000 }, () => pool.next()),
    Array.from({ length: 3000 }, (_, i) => i),
  );
});

test('asks the source when the first key is needed, and again after 1,024 keys', () => {
  const source = countingSource();
  const pool = new MaskPool(source.fill);
  assert.equal(source.calls, 0);
  for (let i = 0; i < 1024; i++) pool.next();
  assert.equal(source.calls, 1);
  pool.next();
  assert.equal(source.calls, 2);
});

test('hands out no key when the source fails, and asks it again', () => {
  let fails = true;
  const pool = new MaskPool((bytes) => {
    if (fails) throw new Error('no entropy');
    bytes.fill(7);
  });
  assert.throws(() => pool.next(), { message: 'no entropy' });
  fails = false;
  assert.equal(pool.next(), 0x0707_0707);
});
