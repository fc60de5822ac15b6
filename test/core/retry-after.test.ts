// Retry-After: seconds, and dates in the three forms that a recipient has to read.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { retryAfterMs } from '#dist/core/retry-after.js';

/** Ten seconds before the date of RFC 9110's examples. */
const NOW = Date.UTC(1994, 10, 6, 8, 49, 27);

describe('Retry-After', () => {
  for (const [value, ms] of [
    ['0', 0],
    ['120', 120_000],
    ['007', 7_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 10_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 10_000],
    ['Sun Nov  6 08:49:37 1994', 10_000],
    ['Sun, 06 Nov 1994 08:49:20 GMT', 0],
    ['Saturday, 06-Nov-93 08:49:37 GMT', 0],
    ['Sat, 31 Dec 1994 23:59:60 GMT', Date.UTC(1995, 0, 1) - NOW],
    // More than 50 years ahead: it is the past.
    ['Monday, 06-Nov-45 08:49:37 GMT', 0],
    ['Sunday, 06-Nov-44 08:49:37 GMT', Date.UTC(2044, 10, 6, 8, 49, 37) - NOW],
  ] as const) {
    test(`of ${JSON.stringify(value)} is ${ms} ms`, () => assert.equal(retryAfterMs(value, NOW), ms));
  }

  for (const value of [
    '',
    '-1',
    '1.5',
    '1e3',
    ' 1',
    '5 seconds',
    'soon',
    '1994-11-06T08:49:37Z',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 +0100',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:49:37 GMT',
  ]) {
    test(`of ${JSON.stringify(value)} says nothing`, () => assert.equal(retryAfterMs(value, NOW), null));
  }

  test('of more seconds than a number holds asks for ever', () => {
    assert.equal(retryAfterMs('9'.repeat(400), NOW), Number.POSITIVE_INFINITY);
  });
});
