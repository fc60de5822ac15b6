// Random numbers: each once, all from the secure source.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RandomPool } from '#dist/core/random-pool.js';

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

test('hands out what the source gave, each word once, across refills', () => {
  const pool = new RandomPool(countingSource().fill);
  assert.deepEqual(
    Array.from({ length: 3000 }, () => pool.nextWord()),
    Array.from({ length: 3000 }, (_, i) => i),
  );
});

test('asks the source when the first word is needed, and again after 1,024 words', () => {
  const source = countingSource();
  const pool = new RandomPool(source.fill);
  assert.equal(source.calls, 0);
  for (let i = 0; i < 1024; i++) pool.nextWord();
  assert.equal(source.calls, 1);
  pool.nextWord();
  assert.equal(source.calls, 2);
});

test('hands out nothing when the source fails, and asks it again', () => {
  let fails = true;
  const pool = new RandomPool((bytes) => {
    if (fails) throw new Error('no entropy');
    bytes.fill(7);
  });
  assert.throws(() => pool.nextWord(), { message: 'no entropy' });
  fails = false;
  assert.equal(pool.nextWord(), 0x0707_0707);
});

test('fills short arrays from the same words, and takes none of them twice', () => {
  const pool = new RandomPool(countingSource().fill);
  const short = new Uint8Array(6);
  pool.fill(short.subarray(0, 5));
  assert.deepEqual([...short], [0, 0, 0, 0, 1, 0]);
  assert.equal(pool.nextWord(), 2);
  const word = Uint8Array.from([9, 9, 9, 9, 9]);
  pool.fill(word.subarray(1));
  assert.deepEqual([...word], [9, 3, 0, 0, 0]);
  pool.fill(new Uint8Array(0));
  assert.equal(pool.nextWord(), 4);
});

test('leaves long arrays to the source', () => {
  const asked: number[] = [];
  const pool = new RandomPool((bytes) => {
    asked.push(bytes.length);
    bytes.fill(7);
  });
  const long = new Uint8Array(65);
  pool.fill(long);
  assert.deepEqual(asked, [65]);
  assert.ok(long.every((byte) => byte === 7));
  pool.fill(new Uint8Array(64));
  assert.deepEqual(asked, [65, 4096]);
});
