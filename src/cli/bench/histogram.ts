// Counts numbers of any size in little memory, for quantiles later. Knows nothing of time.

/** Numbers below are counted one by one; above, a bucket is at most 1/128 wide of what it counts. */
const LINEAR_BELOW = 256;
const BUCKETS_PER_DOUBLING = LINEAR_BELOW / 2;
const MAX_EXPONENT = 53;
const BUCKETS = LINEAR_BELOW + BUCKETS_PER_DOUBLING * (MAX_EXPONENT - Math.log2(LINEAR_BELOW));

/** A part of what was counted: how many numbers lie from `low` to `high`, both included. */
export interface Bucket {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/**
 * A log-linear histogram of whole numbers from 0 to 2^53 - 1: each doubling has the same number of buckets, so that a
 * quantile is too high by less than one part in 128, whatever its size. Count, sum, smallest and largest are exact.
 */
export class Histogram {
  count = 0;
  sum = 0;
  min: number = Number.POSITIVE_INFINITY;
  max = 0;
  readonly #counts: Float64Array = new Float64Array(BUCKETS);

  /** @throws {RangeError} the number is not whole, negative, or above 2^53 - 1. */
  record(number: number): void {
    if (!(number >= 0 && Number.isSafeInteger(number))) throw new RangeError(`cannot count ${number}`);
    this.#counts[bucketOf(number)]! += 1;
    this.count += 1;
    this.sum += number;
    if (number < this.min) this.min = number;
    if (number > this.max) this.max = number;
  }

  get mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /** The number that the share `q` of all, from 0 to 1, does not pass; 0 when nothing was counted. */
  quantile(q: number): number {
    const wanted = Math.max(1, Math.ceil(q * this.count));
    let seen = 0;
    for (const { high, count } of this.buckets()) {
      seen += count;
      if (seen >= wanted) return high;
    }
    return this.max;
  }

  /** The buckets with something in them, lowest first. Their borders never lie outside what was counted. */
  *buckets(): Generator<Bucket, void> {
    for (let index = 0; index < BUCKETS; index++) {
      const count = this.#counts[index]!;
      if (count === 0) continue;
      const low = Math.max(lowestOf(index), this.min);
      const high = Math.min(lowestOf(index + 1) - 1, this.max);
      yield { low, high, count };
    }
  }
}

function bucketOf(number: number): number {
  if (number < LINEAR_BELOW) return number;
  const exponent = number < 2 ** 32 ? 31 - Math.clz32(number) : 63 - Math.clz32(number / 2 ** 32);
  // In a doubling from 2^e on, a bucket is 2^(e-7) wide.
  const within = Math.floor(number / 2 ** (exponent - 7)) - BUCKETS_PER_DOUBLING;
  return LINEAR_BELOW + (exponent - 8) * BUCKETS_PER_DOUBLING + within;
}

/** The smallest number that the bucket counts. */
function lowestOf(index: number): number {
  if (index < LINEAR_BELOW) return index;
  const doubling = Math.floor((index - LINEAR_BELOW) / BUCKETS_PER_DOUBLING);
  const within = (index - LINEAR_BELOW) % BUCKETS_PER_DOUBLING;
  return (BUCKETS_PER_DOUBLING + within) * 2 ** (doubling + 1);
}
