// Comparing secrets: the answer is that of any other comparison. That time tells nothing can't be tested on a busy machine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { equalInConstantTime } from '#dist/bytes/constant-time.js';

test('two arrays are equal in constant time when they are equal', () => {
  const bytes = fc.uint8Array({ maxLength: 4, max: 2 });
  fc.assert(
    fc.property(bytes, bytes, (secret, given) => {
      assert.equal(equalInConstantTime(secret, given), Buffer.compare(secret, given) === 0);
    }),
    { numRuns: 2000 },
  );
});

test('zeros behind the end of the secret are no part of it', () => {
  assert.equal(equalInConstantTime(Uint8Array.of(1), Uint8Array.of(1, 0)), false);
  assert.equal(equalInConstantTime(Uint8Array.of(1, 0), Uint8Array.of(1)), false);
  assert.equal(equalInConstantTime(new Uint8Array(0), Uint8Array.of(0)), false);
});
