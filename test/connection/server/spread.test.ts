// One call for each of many, evenly over a time. The clock is moved by hand.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FakeClock } from 'websockets-ts/testing';
import { spread } from '#dist/connection/server/spread.js';

describe('spread', () => {
  test('calls for all at once in no time', () => {
    const calls: number[] = [];
    spread([1, 2, 3], 0, new FakeClock(), (item) => calls.push(item));
    assert.deepEqual(calls, [1, 2, 3]);
  });

  test('calls for the first at once, the last at the end, and the others evenly between', async () => {
    const clock = new FakeClock();
    const calls: [number, number][] = [];
    spread([1, 2, 3, 4, 5], 100, clock, (item) => calls.push([item, clock.now()]));
    const start = clock.now();
    await clock.advance(1000);
    assert.deepEqual(
      calls.map(([item, at]) => [item, at - start]),
      [
        [1, 0],
        [2, 25],
        [3, 50],
        [4, 75],
        [5, 100],
      ],
    );
  });

  test('catches up when its timers are late', async () => {
    const clock = new FakeClock();
    let calls = 0;
    const lateClock = {
      now: clock.now,
      setTimer: (ms: number, callback: () => void) => clock.setTimer(Math.ceil(ms / 50) * 50, callback),
    };
    spread(Array.from({ length: 1001 }), 100, lateClock, () => calls++);
    await clock.advance(49);
    assert.equal(calls, 1);
    await clock.advance(1);
    assert.equal(calls, 501);
    await clock.advance(100);
    assert.equal(calls, 1001);
  });

  test('calls for one, for none, and no more once cancelled', async () => {
    const clock = new FakeClock();
    let calls = 0;
    const count = (): void => {
      calls++;
    };
    spread([], 100, clock, count);
    assert.equal(calls, 0);
    spread([1], 100, clock, count);
    assert.equal(calls, 1);
    const spreading = spread([1, 2, 3], 100, clock, count);
    await clock.advance(60);
    spreading.cancel();
    await clock.advance(100);
    assert.equal(calls, 3);
  });
});
