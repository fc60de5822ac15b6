// One timer for all: when alarms go off, in which order, and when the wheel sleeps. No real time passes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Alarm, TimerWheel } from '#dist/connection/timer-wheel.js';
import { ManualClock } from '../support/manual-clock.ts';

function make(): { clock: ManualClock; wheel: TimerWheel; rung: string[]; ring: (name: string) => () => void } {
  const clock = new ManualClock();
  const rung: string[] = [];
  const ring = (name: string) => () => void rung.push(`${name} at ${clock.ms}`);
  return { clock, wheel: new TimerWheel(clock), rung, ring };
}

class NamedAlarm extends Alarm {
  readonly onAlarm: () => void;

  constructor(onAlarm: () => void) {
    super();
    this.onAlarm = onAlarm;
  }
}

describe('a timer', () => {
  test('goes off once, in time and not before', () => {
    const { clock, wheel, rung, ring } = make();
    wheel.setTimer(7, ring('it'));
    clock.goTo(6.9);
    assert.deepEqual(rung, []);
    clock.goTo(1000);
    assert.deepEqual(rung, ['it at 7']);
  });

  test('of a second or more waits for the next multiple of 50 ms, a shorter one for the next millisecond', () => {
    const { clock, wheel, rung, ring } = make();
    clock.goTo(0.5);
    wheel.setTimer(999, ring('short'));
    wheel.setTimer(1000, ring('long'));
    clock.goTo(2000);
    assert.deepEqual(rung, ['short at 1000', 'long at 1050']);
  });

  test('of any length goes off, however long the wheel has slept before', () => {
    const { clock, wheel, rung, ring } = make();
    const day = 86_400_000;
    const start = 40 * day;
    clock.goTo(start);
    wheel.setTimer(2 * day, ring('days'));
    wheel.setTimer(120_000, ring('minutes'));
    wheel.setTimer(1, ring('soon'));
    clock.goTo(start + 3 * day);
    assert.deepEqual(rung, [`soon at ${start + 1}`, `minutes at ${start + 120_000}`, `days at ${start + 2 * day}`]);
  });

  test('without a time goes off at once, but never from within the call', () => {
    for (const ms of [0, -1, Number.NaN]) {
      const { clock, wheel, rung, ring } = make();
      clock.goTo(10);
      wheel.setTimer(ms, ring('it'));
      assert.deepEqual(rung, []);
      clock.goTo(11);
      assert.deepEqual(rung, ['it at 10']);
    }
  });

  test('without an end never goes off', () => {
    const { clock, wheel, rung, ring } = make();
    wheel.setTimer(Number.POSITIVE_INFINITY, ring('never'));
    clock.goTo(10_000_000);
    assert.deepEqual(rung, []);
    assert.equal(wheel.size, 1);
  });

  test('that is cancelled does not go off, also by one that is due with it', () => {
    const { clock, wheel, rung, ring } = make();
    wheel.setTimer(5, ring('first'));
    wheel.setTimer(5, () => second.cancel());
    const second = wheel.setTimer(5, ring('second'));
    wheel.setTimer(6, ring('third')).cancel();
    clock.goTo(10);
    assert.deepEqual(rung, ['first at 5']);
    second.cancel();
    assert.equal(wheel.size, 0);
  });

  test('that throws does not keep the others from going off', () => {
    const { clock, wheel, rung, ring } = make();
    wheel.setTimer(5, () => {
      throw new Error('mine');
    });
    wheel.setTimer(5, ring('same time'));
    wheel.setTimer(6, ring('later'));
    assert.throws(() => clock.goTo(5), /mine/);
    clock.goTo(10);
    assert.deepEqual(rung, ['same time at 5', 'later at 6']);
  });
});

describe('timers', () => {
  test('go off in order of time, then short ones first, then in the order in which they were set', () => {
    const { clock, wheel, rung, ring } = make();
    wheel.setTimer(1500, ring('long'));
    wheel.setTimer(1500, ring('long too'));
    clock.goTo(1000);
    wheel.setTimer(500, ring('short'));
    wheel.setTimer(500, ring('short too'));
    wheel.setTimer(499, ring('sooner'));
    // A wheel that is late has them all at once.
    clock.ms = 3000;
    clock.ring();
    assert.deepEqual(
      rung.map((line) => line.replace(' at 3000', '')),
      ['sooner', 'short', 'short too', 'long', 'long too'],
    );
  });

  test('that are set while others go off wait until the system has been asked again', () => {
    const { clock, wheel, rung, ring } = make();
    wheel.setTimer(5, () => wheel.setTimer(0, ring('set at once')));
    wheel.setTimer(6, ring('due meanwhile'));
    clock.ms = 8;
    clock.ring();
    assert.deepEqual(rung, ['due meanwhile at 8']);
    clock.goTo(9);
    assert.deepEqual(rung.slice(1), ['set at once at 9']);
  });

  test('need one timer of the system, whatever their number, and none when there are none', () => {
    const { clock, wheel } = make();
    assert.equal(clock.timerAt, null);
    const timers = Array.from({ length: 10_000 }, (_, i) => wheel.setTimer(20_000 + (i % 1000), () => {}));
    assert.equal(wheel.size, 10_000);
    assert.equal(clock.timersMade, 1);
    for (const timer of timers) timer.cancel();
    assert.equal(wheel.size, 0);
    assert.equal(clock.timerAt, null);
    wheel.setTimer(5, () => {});
    clock.goTo(5);
    assert.equal(clock.timerAt, null);
  });
});

describe('an alarm', () => {
  test('that is set again is moved', () => {
    const { clock, wheel, rung, ring } = make();
    const alarm = new NamedAlarm(ring('it'));
    for (const ms of [5, 2000, 20]) wheel.set(alarm, ms);
    assert.equal(wheel.size, 1);
    clock.goTo(3000);
    assert.deepEqual(rung, ['it at 20']);
  });

  test('may set itself as it goes off, and be moved while it is about to', () => {
    const { clock, wheel, rung, ring } = make();
    const again = new NamedAlarm(() => {
      ring('again')();
      wheel.set(again, 10);
      wheel.set(moved, 15);
    });
    const moved = new NamedAlarm(ring('moved'));
    wheel.set(again, 10);
    wheel.set(moved, 10);
    clock.goTo(24);
    wheel.cancel(again);
    clock.goTo(50);
    assert.deepEqual(rung, ['again at 10', 'again at 20', 'moved at 35']);
  });
});
