// The delays between attempts to connect, as numbers.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { backoff } from 'websockets-ts';
import { BACKOFF, backoffDelays } from '#dist/connection/client/backoff.js';

const take = (count: number, delays: Iterator<number>): number[] =>
  Array.from({ length: count }, () => delays.next().value);

const rounded = (delays: readonly number[]): number[] => delays.map((ms) => Math.round(ms / 10) / 100);

describe('backoff', () => {
  test('draws the first delay, then grows from 3.1 seconds to 90', () => {
    const delays = take(
      12,
      backoffDelays(BACKOFF, false, () => 0.5),
    );
    assert.deepEqual(rounded(delays), [2.5, 3.1, 5.02, 8.12, 13.13, 21.25, 34.38, 55.62, 89.99, 90, 90, 90]);
  });

  test('draws every delay with full jitter', () => {
    const delays = take(
      10,
      backoffDelays(BACKOFF, true, () => 0.5),
    );
    assert.deepEqual(rounded(delays), [2.5, 1.55, 2.51, 4.06, 6.57, 10.62, 17.19, 27.81, 45, 45]);
  });

  test('draws evenly from 0 to the whole', () => {
    const first = Array.from({ length: 2000 }, () => backoff().next().value);
    assert.ok(Math.min(...first) < 100 && Math.min(...first) >= 0);
    assert.ok(Math.max(...first) > 4900 && Math.max(...first) < 5000);
    const mean = first.reduce((sum, ms) => sum + ms, 0) / first.length;
    assert.ok(mean > 2200 && mean < 2800, `mean ${mean}`);
  });

  test('takes other numbers', () => {
    const delays = backoff({ initialDelayMs: 0, minDelayMs: 100, factor: 2, maxDelayMs: 350 });
    assert.deepEqual(take(5, delays), [0, 100, 200, 350, 350]);
    for (const ms of take(100, backoff({ minDelayMs: 10, maxDelayMs: 10, fullJitter: true }))) {
      assert.ok(ms >= 0 && ms < 10);
    }
  });

  test('has no delay above the longest, the first one neither', () => {
    const numbers = { ...BACKOFF, maxDelayMs: 1000 };
    assert.deepEqual(
      take(
        3,
        backoffDelays(numbers, false, () => 0.5),
      ),
      [500, 1000, 1000],
    );
  });

  for (const [options, name] of [
    [{ initialDelayMs: -1 }, 'RangeError'],
    [{ minDelayMs: Number.NaN }, 'RangeError'],
    [{ factor: '2' }, 'TypeError'],
  ] as const) {
    test(`throws a ${name} at once for ${JSON.stringify(options)}`, () => {
      assert.throws(() => backoff(options as never), { name });
    });
  }
});
