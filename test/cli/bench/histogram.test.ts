// The histogram against a sorted list of everything that it was given.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Histogram } from '#dist/cli/bench/histogram.js';

const QUANTILES = [0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1];

/** A generator of numbers below 1, the same every time. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function histogramOf(numbers: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const number of numbers) histogram.record(number);
  return histogram;
}

/** The number that the share `q` does not pass, looked up. */
function exactQuantile(numbers: readonly number[], q: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1]!;
}

function checkQuantiles(numbers: readonly number[]): void {
  const histogram = histogramOf(numbers);
  for (const q of QUANTILES) {
    const exact = exactQuantile(numbers, q);
    const found = histogram.quantile(q);
    assert.ok(found >= exact && found - exact <= exact / 128, `quantile ${q}: ${found} for ${exact}`);
  }
}

suite('a histogram', () => {
  const shapes: Record<string, (random: () => number) => number> = {
    'small numbers': (random) => Math.floor(random() * 300),
    'latencies in nanoseconds': (random) => Math.floor(50_000 / (1 - random() * 0.9999)),
    'numbers of all sizes': (random) => Math.floor(2 ** (random() * 53)),
  };
  for (const [shape, draw] of Object.entries(shapes)) {
    test(`finds quantiles of ${shape} within one part in 128`, () => {
      for (const length of [1, 2, 10, 1000]) {
        const random = randomOf(length);
        checkQuantiles(Array.from({ length }, () => draw(random)));
      }
    });
  }

  test('finds quantiles on both sides of every power of two', () => {
    for (let exponent = 0; exponent < 53; exponent++) {
      const power = 2 ** exponent;
      checkQuantiles([power - 1, power, power + 1].filter((number) => Number.isSafeInteger(number)));
    }
    checkQuantiles([Number.MAX_SAFE_INTEGER]);
  });

  test('is exact below 256', () => {
    const numbers = Array.from({ length: 256 }, (_, i) => i);
    const histogram = histogramOf(numbers);
    for (const q of QUANTILES) assert.equal(histogram.quantile(q), exactQuantile(numbers, q));
  });

  test('knows count, mean, smallest and largest exactly', () => {
    const histogram = histogramOf([7_000_001, 3, 1_000_000_007]);
    assert.equal(histogram.count, 3);
    assert.equal(histogram.min, 3);
    assert.equal(histogram.max, 1_000_000_007);
    assert.equal(histogram.mean, (7_000_001 + 3 + 1_000_000_007) / 3);
  });

  test('gives its buckets in order, apart from each other, with everything in them', () => {
    const random = randomOf(1);
    const numbers = Array.from({ length: 1000 }, () => Math.floor(2 ** (random() * 40)));
    let counted = 0;
    let highest = -1;
    for (const { low, high, count } of histogramOf(numbers).buckets()) {
      assert.ok(low > highest && high >= low, `${low} to ${high} after ${highest}`);
      assert.equal(numbers.filter((number) => number >= low && number <= high).length, count);
      highest = high;
      counted += count;
    }
    assert.equal(counted, numbers.length);
  });

  test('is empty at first', () => {
    const histogram = new Histogram();
    assert.deepEqual([...histogram.buckets()], []);
    assert.equal(histogram.count, 0);
    assert.equal(histogram.mean, 0);
    assert.equal(histogram.quantile(0.5), 0);
  });

  for (const number of [-1, 0.5, Number.NaN, 2 ** 53]) {
    test(`refuses ${number}`, () => assert.throws(() => new Histogram().record(number), RangeError));
  }
});
