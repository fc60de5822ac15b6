// What targets hold against the code under test. Knows no target.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

/**
 * Calls `parse`: its result, or the error when its class is one that is documented for it. Any other error is thrown on.
 * The class must be the very one, and the engine's own errors are none of ours, though RangeErrors they are.
 */
export function attempt(parse, documented) {
  try {
    return { value: parse(), error: null };
  } catch (error) {
    if (!documented.includes(error?.constructor) || isEngineError(error)) throw error;
    return { value: undefined, error };
  }
}

/** `Maximum call stack size exceeded`, `Invalid array length`: V8 begins with a capital letter, we do not. */
const isEngineError = (error) => error.constructor === RangeError && /^[A-Z]/.test(error.message);

/** An error in one line. */
export const describe = (error) => (error === null ? null : `${error.name}: ${error.message}`);

/** As assert.deepStrictEqual, quick where they are equal. */
export function same(actual, expected, what) {
  if (isDeepStrictEqual(actual, expected)) return;
  try {
    assert.deepStrictEqual(actual, expected);
  } catch (cause) {
    throw new Error(`${what}: ${cause.message.slice(0, 2000)}`, { cause });
  }
}

/** Fails unless it holds. */
export function holds(condition, what) {
  if (!condition) throw new Error(what);
}

const BASE_MS = 30;
const MS_PER_BYTE = 0.02;
/** How many times faster the code is when nobody counts its branches. */
const BARE_SPEED = 3;

/** Where inputs go that took long; undefined: no fuzzer is at work, and they are measured at once. */
const slowFolder = process.env.FUZZ_SLOW_FOLDER;
const MAX_SLOW_INPUTS = 100;
let slowInputs = 0;

/**
 * The target with a bound on its time: so much, and so much a byte, which is far above what instrumented code needs and far
 * below the square of a few thousand. What takes longer is measured once more behind the campaign, without a fuzzer, which
 * must not see how long something took: it would do something else each time.
 */
export function inLinearTime(target) {
  return (data) => {
    const start = performance.now();
    target(data);
    const limit = BASE_MS + MS_PER_BYTE * data.length;
    const took = performance.now() - start;
    if (slowFolder === undefined) {
      if (took > limit / BARE_SPEED) measure(target, data, limit / BARE_SPEED);
    } else if (took > limit && slowInputs < MAX_SLOW_INPUTS) {
      slowInputs += 1;
      writeFileSync(join(slowFolder, String(slowInputs)), data);
    }
  };
}

/** The processor time, the least of five: a busy machine, a compiler or a garbage collection is no finding. */
function measure(target, data, limit) {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage();
    target(data);
    least = Math.min(least, process.cpuUsage(before).user / 1000);
  }
  holds(least <= limit, `${data.length} bytes take ${least} ms of processor time, more than ${limit}`);
}
