// Alarms of the wheel beside its slow twin, a list that is sorted: set, moved and cancelled in any order, by a clock that jumps.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Alarm, TimerWheel } from '#dist/connection/timer-wheel.js';
import { ManualClock } from '../support/manual-clock.ts';

/** The slow twin: says what is due, in its order. */
class SortedList {
  #entries: { readonly name: number; readonly dueAt: number; readonly isShort: boolean }[] = [];
  #ranAt = Number.NEGATIVE_INFINITY;

  set(name: number, now: number, ms: number): void {
    this.cancel(name);
    const isShort = ms < 1000;
    const tickMs = isShort ? 1 : 50;
    const dueAt = Math.max(Math.ceil((now + ms) / tickMs), Math.floor(this.#ranAt / tickMs) + 1) * tickMs;
    this.#entries.push({ name, dueAt, isShort });
  }

  cancel(name: number): void {
    this.#entries = this.#entries.filter((entry) => entry.name !== name);
  }

  get size(): number {
    return this.#entries.length;
  }

  get nextAt(): number {
    return Math.min(...this.#entries.map(({ dueAt }) => dueAt));
  }

  takeDue(now: number): number[] {
    this.#ranAt = now;
    const due = this.#entries.filter(({ dueAt }) => dueAt <= now);
    this.#entries = this.#entries.filter(({ dueAt }) => dueAt > now);
    due.sort((a, b) => a.dueAt - b.dueAt || Number(b.isShort) - Number(a.isShort));
    return due.map(({ name }) => name);
  }
}

const ALARMS = 12;

/** Around the borders of ticks and turns, where mistakes live. */
const duration = fc.oneof(
  fc.constantFrom(0, 1, 49, 50, 51, 999, 1000, 1001, 1023, 1024, 1025, 51_149, 51_150, 51_200, 51_250),
  fc.nat(1100),
  fc.nat(120_000),
  fc.nat(400_000).map((n) => n / 4),
);
const which = fc.nat(ALARMS - 1);
const action = fc.constantFrom('set' as const, 'set' as const, 'cancel' as const, 'goTo' as const, 'jump' as const);
const step = fc.record({ action, which, ms: duration });

/** What each alarm does as it goes off: sets one, itself or another, after a time. */
const reactions = fc.array(fc.option(fc.record({ which, ms: duration }), { freq: 2 }), {
  minLength: ALARMS,
  maxLength: ALARMS,
});

test('the wheel lets go off what a sorted list says, in its order, and sleeps when there is nothing', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), reactions, (steps, reactionOf) => {
      const clock = new ManualClock();
      const wheel = new TimerWheel(clock);
      const twin = new SortedList();
      const rung: number[] = [];
      /** Those that were set in this run: they do not go off in it when their turn has not come yet. */
      const setInRun = new Set<number>();

      class Recording extends Alarm {
        readonly #name: number;

        constructor(name: number) {
          super();
          this.#name = name;
        }

        override onAlarm(): void {
          rung.push(this.#name);
          const reaction = reactionOf[this.#name] ?? null;
          if (reaction === null) return;
          setInRun.add(reaction.which);
          set(reaction.which, reaction.ms);
        }
      }
      const alarms = Array.from({ length: ALARMS }, (_, name) => new Recording(name));
      const set = (name: number, ms: number): void => {
        wheel.set(alarms[name]!, ms);
        twin.set(name, clock.ms, ms);
      };

      /** Lets the timer of the clock go off, when it is due. */
      const ring = (): boolean => {
        if (clock.timerAt === null || clock.timerAt > clock.ms) return false;
        const due = twin.takeDue(clock.ms);
        rung.length = 0;
        setInRun.clear();
        assert.ok(clock.ring());
        const expected = due.filter((name) => rung.includes(name) || !setInRun.has(name));
        assert.deepEqual(rung, expected);
        return true;
      };

      for (const { action, which, ms } of steps) {
        if (action === 'set') {
          set(which, ms);
        } else if (action === 'cancel') {
          wheel.cancel(alarms[which]!);
          twin.cancel(which);
        } else if (action === 'jump') {
          clock.ms += ms;
          while (ring());
        } else {
          const end = clock.ms + ms;
          for (let at = clock.timerAt; at !== null && at <= end; at = clock.timerAt) {
            clock.ms = Math.max(clock.ms, at);
            ring();
          }
          clock.ms = end;
        }
        assert.equal(wheel.size, twin.size);
        assert.equal(clock.timerAt === null, twin.size === 0);
        assert.ok(clock.timerAt === null || clock.timerAt <= Math.max(twin.nextAt, clock.ms));
      }
    }),
    { numRuns: 500 },
  );
});
