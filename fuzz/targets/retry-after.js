// The Retry-After field, held against Date.parse.
import { retryAfterMs } from '../../dist/core/retry-after.js';
import { holds, inLinearTime, same } from '../engine/expect.js';
import { Input, seed } from '../engine/input.js';

/** The form of today; V8 reads years below 100 as of this century. */
const TODAY = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} (?!00)\d{4} \d\d:\d\d:\d\d GMT$/;

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  const nowMs = input.pick([784_111_777_000, 0, 1_900_000_000_000]);
  const value = input.restText();
  const ms = retryAfterMs(value, nowMs);
  if (ms === null) {
    holds(!/^[0-9]+$/.test(value), 'a number of seconds');
    return;
  }
  holds(ms >= 0, `${ms} milliseconds`);
  if (/^[0-9]+$/.test(value)) same(ms, Number(value) * 1000, 'seconds');
  else {
    holds(ms % 1000 === 0 && ms < 1e15, `${ms} milliseconds from a date`);
    const date = Date.parse(value);
    // V8 knows no leap seconds.
    if (TODAY.test(value) && !value.includes(':60 ') && !Number.isNaN(date))
      same(ms, Math.max(0, date - nowMs), 'held against Date.parse');
  }
});

export const maxLength = 80;
export const words = [
  'Sun, 06 Nov 1994 08:49:37 GMT',
  'Sunday, 06-Nov-94 ',
  'Sun Nov  6 08:49:37 1994',
  ' GMT',
  'Feb',
  ':60',
  '2038',
];
export const seeds = () =>
  [
    '120',
    '0',
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'Fri, 31 Feb 2040 23:59:60 GMT',
    '1.5',
    ' 3',
  ].flatMap((text) => [seed([0], text), seed([1], text)]);
