// A rate limit, told the time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenBucket } from '#dist/core/token-bucket.js';

/** How many takes succeed at this time, up to 100. */
function takeAll(bucket: TokenBucket, now: number): number {
  let count = 0;
  while (count < 100 && bucket.take(now)) count += 1;
  return count;
}

test('a burst is allowed at once, and no more', () => {
  assert.equal(takeAll(new TokenBucket({ burst: 5, perSecond: 1 }, 1000), 1000), 5);
});

test('tokens come back with time, never more than a burst', () => {
  const bucket = new TokenBucket({ burst: 5, perSecond: 10 }, 0);
  takeAll(bucket, 0);
  assert.equal(takeAll(bucket, 99), 0);
  assert.equal(takeAll(bucket, 100), 1);
  assert.equal(takeAll(bucket, 400), 3);
  assert.equal(takeAll(bucket, 1_000_000), 5);
});

test('a fraction of a token is kept', () => {
  const bucket = new TokenBucket({ burst: 1, perSecond: 10 }, 0);
  takeAll(bucket, 0);
  assert.deepEqual([bucket.take(40), bucket.take(80), bucket.take(120)], [false, false, true]);
});

test('a clock that is set back gives no token and takes none away', () => {
  const bucket = new TokenBucket({ burst: 2, perSecond: 10 }, 1000);
  assert.equal(bucket.take(0), true);
  assert.equal(bucket.take(0), true);
  assert.equal(bucket.take(0), false);
  assert.equal(bucket.take(100), true);
});
