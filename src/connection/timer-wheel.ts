// All timers of a runtime in one place, woken by a single timer of the system. Knows when something is due, not what it is.
import type { Clock, Timer } from './clock.ts';

/** From this duration on an alarm is kept to the coarse tick, so that thousands of keepalives are woken together. */
const COARSE_FROM_MS = 1000;
const COARSE_TICK_MS = 50;

/** Two years: nothing waits longer. */
const MAX_MS = 2 ** 36;

/** Slots of a ring. A power of two: a tick finds its slot with a mask. */
const SLOTS = 1024;

/**
 * Something that a wheel wakes, once each time it is set. Its place in the lists of the wheel is part of it: setting and
 * cancelling allocate nothing.
 */
export abstract class Alarm {
  // The wheel's, for nobody else to touch.
  list: AlarmList | null = null;
  tick = 0;
  next: Alarm | null = null;
  previous: Alarm | null = null;

  /** The time has come. The alarm is not set any more, and may be set again. */
  abstract onAlarm(): void;
}

/**
 * A clock with any number of timers that needs one of the clock below, and none while nothing is set. To set an alarm and to
 * cancel it takes as long as setTimeout and clearTimeout do; one that is set costs 76 bytes instead of 296, one that goes
 * off 10 ns instead of 36 when thousands are due together (bench/timer-wheel.js).
 *
 * Alarms of less than a second are due at a whole millisecond, longer ones at a multiple of 50 ms; none goes off early. They
 * go off in order of time; at the same time the short ones first, and those that were set first.
 */
export class TimerWheel implements Clock {
  readonly now: () => number;
  readonly #clock: Clock;
  readonly #fine: Ring = new Ring(1);
  readonly #coarse: Ring = new Ring(COARSE_TICK_MS);
  /** What goes off in this run. */
  readonly #due: AlarmList = new AlarmList();
  #size = 0;
  #isRunning = false;
  #waking: Timer | null = null;
  #wakesAt: number = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.now = clock.now;
  }

  /** How many alarms are set. */
  get size(): number {
    return this.#size;
  }

  readonly setTimer = (ms: number, callback: () => void): Timer => new CallbackTimer(this, ms, callback);

  /** Lets the alarm go off after `ms` milliseconds; one that is set is moved. */
  set(alarm: Alarm, ms: number): void {
    const now = this.now();
    if (alarm.list !== null) alarm.list.remove(alarm);
    else if (this.#size++ === 0) {
      // After a long sleep: nothing is left to be found in the ticks that passed.
      this.#fine.skipTo(now);
      this.#coarse.skipTo(now);
    }
    const ring = ms >= COARSE_FROM_MS ? this.#coarse : this.#fine;
    // NaN counts as no time at all, as setTimeout has it.
    const dueAt = ring.add(alarm, ms > 0 ? now + Math.min(ms, MAX_MS) : now);
    if (dueAt < this.#wakesAt && !this.#isRunning) this.#wakeAt(dueAt, now);
  }

  /** The alarm will not go off. Harmless when it isn't set. */
  cancel(alarm: Alarm): void {
    if (alarm.list === null) return;
    alarm.list.remove(alarm);
    if (--this.#size === 0 && !this.#isRunning) this.#sleep();
  }

  /** Lets go off what is due now. What is set meanwhile waits for another run, however short its time. */
  readonly #run = (): void => {
    const now = this.now();
    this.#isRunning = true;
    for (;;) {
      const ring = this.#nextRing();
      if (ring.nextMs() > now) break;
      ring.takeNext(this.#due);
    }
    this.#fine.skipTo(now + this.#fine.tickMs);
    this.#coarse.skipTo(now + this.#coarse.tickMs);
    try {
      for (let alarm = this.#due.first; alarm !== null; alarm = this.#due.first) {
        this.#due.remove(alarm);
        this.#size--;
        alarm.onAlarm();
      }
    } finally {
      // Also after an alarm that threw: the others must not sleep for ever.
      this.#isRunning = false;
      this.#sleep();
      if (this.#size > 0) this.#wakeAt(this.#due.first === null ? this.#nextRing().nextMs() : now, now);
    }
  };

  #nextRing(): Ring {
    return this.#fine.nextMs() <= this.#coarse.nextMs() ? this.#fine : this.#coarse;
  }

  #wakeAt(ms: number, now: number): void {
    this.#waking?.cancel();
    this.#wakesAt = ms;
    this.#waking = this.#clock.setTimer(Math.max(0, ms - now), this.#run);
  }

  #sleep(): void {
    this.#waking?.cancel();
    this.#waking = null;
    this.#wakesAt = Number.POSITIVE_INFINITY;
  }
}

/** A timer as callers know it. */
class CallbackTimer extends Alarm implements Timer {
  readonly onAlarm: () => void;
  readonly #wheel: TimerWheel;

  constructor(wheel: TimerWheel, ms: number, callback: () => void) {
    super();
    this.onAlarm = callback;
    this.#wheel = wheel;
    wheel.set(this, ms);
  }

  cancel(): void {
    this.#wheel.cancel(this);
  }
}

/** Alarms in the order in which they came. */
class AlarmList {
  first: Alarm | null = null;
  #last: Alarm | null = null;

  append(alarm: Alarm): void {
    alarm.list = this;
    alarm.previous = this.#last;
    if (this.#last === null) this.first = alarm;
    else this.#last.next = alarm;
    this.#last = alarm;
  }

  remove(alarm: Alarm): void {
    const { next, previous } = alarm;
    if (previous === null) this.first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    alarm.list = null;
    alarm.next = null;
    alarm.previous = null;
  }
}

/** Alarms by tick. Ticks that are a whole turn apart share a slot: what is due in a later turn is passed over. */
class Ring {
  readonly tickMs: number;
  /** Made when they are first needed: a wheel for a single test uses a few of them. */
  readonly #slots: (AlarmList | null)[] = new Array<AlarmList | null>(SLOTS).fill(null);
  /** A bit for each slot that may have something: 32 empty ones are passed in a step. */
  readonly #occupied: Int32Array = new Int32Array(SLOTS / 32);
  /** All ticks before this one are over. */
  #tick = 0;

  constructor(tickMs: number) {
    this.tickMs = tickMs;
  }

  /** Returns when the alarm will be due: at the first tick that is not over and not before `dueAt`. */
  add(alarm: Alarm, dueAt: number): number {
    alarm.tick = Math.max(Math.ceil(dueAt / this.tickMs), this.#tick);
    const slot = alarm.tick & (SLOTS - 1);
    const list = this.#slots[slot] ?? new AlarmList();
    this.#slots[slot] = list;
    list.append(alarm);
    this.#occupied[slot >>> 5]! |= 1 << slot;
    return alarm.tick * this.tickMs;
  }

  /** The ticks before `ms` are over: they have nothing any more. */
  skipTo(ms: number): void {
    this.#tick = Math.max(Math.floor(ms / this.tickMs), this.#tick);
  }

  /** When to look here next; infinite when there is nothing. Perhaps too early, for an alarm of a later turn. */
  nextMs(): number {
    return this.#nextTick() * this.tickMs;
  }

  /** Moves what is due then to the end of `due`. */
  takeNext(due: AlarmList): void {
    const tick = this.#nextTick();
    const slot = this.#slots[tick & (SLOTS - 1)]!;
    for (let alarm = slot.first; alarm !== null; ) {
      const { next } = alarm;
      if (alarm.tick === tick) {
        slot.remove(alarm);
        due.append(alarm);
      }
      alarm = next;
    }
    this.#tick = tick + 1;
  }

  #nextTick(): number {
    const end = this.#tick + SLOTS;
    for (let tick = this.#tick; tick < end; ) {
      const word = (tick & (SLOTS - 1)) >>> 5;
      const ahead = this.#occupied[word]! >>> tick;
      if (ahead === 0) {
        tick += 32 - (tick & 31);
        continue;
      }
      tick += 31 - Math.clz32(ahead & -ahead);
      if (this.#slots[tick & (SLOTS - 1)]!.first !== null) return tick;
      this.#occupied[word]! &= ~(1 << tick);
    }
    return Number.POSITIVE_INFINITY;
  }
}
