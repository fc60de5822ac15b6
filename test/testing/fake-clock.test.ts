// Time that tests turn by hand: what goes off when, and what has happened by then.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FakeClock, settled } from 'websockets-ts/testing';

const never = new Promise<never>(() => {});

describe('a fake clock', () => {
  test('stands still until it is turned', async () => {
    const clock = new FakeClock();
    assert.equal(clock.now(), 0);
    await settled();
    assert.equal(clock.now(), 0);
    await clock.advance(1.5);
    assert.equal(clock.now(), 1.5);
  });

  test('lets timers go off in order of time, those of one moment as they were set, each with its own time', async () => {
    const clock = new FakeClock();
    const rung: string[] = [];
    const ring = (name: string) => (): void => void rung.push(`${name} at ${clock.now()}`);
    clock.setTimer(7, ring('late'));
    clock.setTimer(5, ring('first'));
    clock.setTimer(5, ring('second'));
    clock.setTimer(8, ring('too late'));
    clock.setTimer(6, ring('cancelled')).cancel();
    await clock.advance(7);
    assert.deepEqual(rung, ['first at 5', 'second at 5', 'late at 7']);
    assert.equal(clock.pending, 1);
    assert.equal(clock.nextAt, 8);
  });

  test('lets promises settle between two timers', async () => {
    const clock = new FakeClock();
    const seen: string[] = [];
    clock.setTimer(1, () => {
      void (async () => {
        for (let i = 0; i < 50; i++) await null;
        seen.push('promises');
      })();
    });
    clock.setTimer(1, () => void seen.push('second timer'));
    await clock.advance(1);
    assert.deepEqual(seen, ['promises', 'second timer']);
  });

  test('lets timers go off that others set on the way, also without a time', async () => {
    const clock = new FakeClock();
    const times: number[] = [];
    const again = (): void => {
      times.push(clock.now());
      clock.setTimer(3, again);
    };
    clock.setTimer(3, again);
    clock.setTimer(1, () => void clock.setTimer(-1, () => void times.push(clock.now())));
    await clock.advance(10);
    assert.deepEqual(times, [1, 3, 6, 9]);
  });

  test('hands on what a timer throws', async () => {
    const clock = new FakeClock();
    clock.setTimer(1, () => {
      throw new Error('mine');
    });
    await assert.rejects(clock.advance(1), /^Error: mine$/);
  });

  test('counts alarms of its wheel one by one', async () => {
    const clock = new FakeClock();
    const timers = [10, 20_000, 30_000].map((ms) => clock.wheel.setTimer(ms, () => {}));
    clock.setTimer(1, () => {});
    assert.equal(clock.pending, 4);
    await clock.advance(10);
    assert.equal(clock.pending, 2);
    for (const timer of timers) timer.cancel();
    assert.equal(clock.pending, 0);
  });
});

describe('runUntil', () => {
  test('turns the clock no further than it must, and gives the outcome', async () => {
    const clock = new FakeClock();
    const promise = new Promise<string>((resolve) => void clock.setTimer(40, () => resolve('done')));
    clock.setTimer(41, () => {});
    assert.equal(await clock.runUntil(promise), 'done');
    assert.equal(clock.now(), 40);
  });

  test('leaves the clock alone when the promise settles without it, and hands on errors', async () => {
    const clock = new FakeClock();
    clock.setTimer(1, () => {});
    await assert.rejects(clock.runUntil(Promise.reject(new Error('mine'))), /^Error: mine$/);
    assert.equal(clock.now(), 0);
  });

  test('says so when nothing is left that could settle it', async () => {
    const clock = new FakeClock();
    clock.setTimer(5, () => {});
    await assert.rejects(clock.runUntil(never), {
      message: 'the promise is still pending: 5 ms have passed, and no timer is set',
    });
  });

  test('gives up in time while timers set each other for ever', async () => {
    const clock = new FakeClock();
    const again = (): void => void clock.setTimer(30_000, again);
    again();
    await assert.rejects(clock.runUntil(never), {
      message:
        'the promise is still pending: 3600000 ms have passed, and the next timer goes off later than 3600000 ms',
    });
    await assert.rejects(clock.runUntil(never, { withinMs: 10 }), /: 0 ms have passed/);
  });
});
