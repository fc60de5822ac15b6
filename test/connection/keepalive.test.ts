// Keepalive by itself: when it asks, what it takes for an answer, how many of them share a timer. No real time passes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Keepalive, type KeepaliveConnection, type KeepaliveSettings } from '#dist/connection/keepalive.js';
import { TimerWheel } from '#dist/connection/timer-wheel.js';
import { ManualClock } from '../support/manual-clock.ts';

const often: KeepaliveSettings = { intervalMs: 100, timeoutMs: 50 };

/** A connection that only writes down what happens to it. */
class Recording implements KeepaliveConnection {
  readonly isDecoding = false;
  readonly events: string[] = [];
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  sendPing(_: unknown, again: Uint8Array | null): Uint8Array | null {
    this.events.push(`${again === null ? 'ping' : 'ping again'} at ${this.#clock.ms}`);
    return again ?? new Uint8Array(4);
  }

  onPingTimeout(): void {
    this.events.push(`timeout at ${this.#clock.ms}`);
  }

  log(level: string, message: string): void {
    this.events.push(`${level} ${message}`);
  }

  /** What was sent, without the log. */
  get pings(): string[] {
    return this.events.filter((event) => event.startsWith('ping'));
  }
}

function make(settings: KeepaliveSettings = often, phase = 0) {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock);
  const connection = new Recording(clock);
  const keepalive = new Keepalive(connection, wheel, settings, phase);
  return { clock, wheel, connection, keepalive };
}

test('pings after the interval, less what the last round trip took', () => {
  const { clock, connection, keepalive } = make();
  clock.goTo(120);
  keepalive.onPong(0.02);
  clock.goTo(199);
  assert.deepEqual(connection.events, [
    'ping at 100',
    'debug % sent keepalive ping',
    'debug % received keepalive pong',
  ]);
  clock.goTo(200);
  assert.equal(connection.events[3], 'ping at 200');
});

test('pings at once after a round trip that took longer than the interval', () => {
  const { clock, connection, keepalive } = make({ intervalMs: 100, timeoutMs: 500 });
  clock.goTo(300);
  keepalive.onPong(0.2);
  clock.goTo(301);
  assert.deepEqual(connection.pings, ['ping at 100', 'ping at 300']);
});

test('says when nothing comes in time, once', () => {
  const { clock, wheel, connection } = make();
  clock.goTo(1000);
  assert.deepEqual(connection.events, [
    'ping at 100',
    'debug % sent keepalive ping',
    'debug - timed out waiting for keepalive pong',
    'timeout at 150',
  ]);
  assert.equal(wheel.size, 0);
});

test('waits for no answer without a timeout', () => {
  const { clock, connection } = make({ intervalMs: 100, timeoutMs: null });
  clock.goTo(300);
  assert.deepEqual(connection.pings, ['ping at 100', 'ping again at 200', 'ping again at 300']);
});

describe('a peer that sends without answering', () => {
  test('is alive for as long as it does, and is asked each timeout', () => {
    const { clock, connection, keepalive } = make();
    for (clock.goTo(99); clock.ms < 350; clock.goTo(clock.ms + 10)) keepalive.onReceived();
    assert.deepEqual(
      connection.events.filter((event) => !event.startsWith('debug')),
      [
        'ping at 100',
        'ping again at 150',
        'ping again at 200',
        'ping again at 250',
        'ping again at 300',
        'ping again at 350',
      ],
    );
  });

  test('is given up after a timeout of silence', () => {
    const { clock, connection, keepalive } = make();
    clock.goTo(140);
    keepalive.onReceived();
    clock.goTo(1000);
    assert.deepEqual(connection.pings, ['ping at 100', 'ping again at 150']);
    assert.equal(connection.events.at(-1), 'timeout at 200');
  });

  test('is not taken for alive by what it sent before the ping', () => {
    const { clock, connection, keepalive } = make();
    clock.goTo(99);
    keepalive.onReceived();
    clock.goTo(150);
    assert.equal(connection.events.at(-1), 'timeout at 150');
  });
});

test('a pong that was read before the wheel runs counts, however late the wheel is', () => {
  const { clock, connection, keepalive } = make();
  clock.goTo(100);
  // The process is busy for ten seconds; then the pong is read, then the wheel runs.
  clock.ms = 10_100;
  keepalive.onReceived();
  keepalive.onPong(10);
  while (clock.ring());
  assert.ok(!connection.events.some((event) => event.startsWith('timeout')));
});

test('stops while it sleeps and while it waits, and leaves no alarm', () => {
  const sleeping = make();
  sleeping.keepalive.stop();
  sleeping.clock.goTo(1000);
  assert.deepEqual(sleeping.connection.events, []);
  const waiting = make();
  waiting.clock.goTo(100);
  waiting.keepalive.stop();
  waiting.keepalive.onPong(0.01);
  waiting.clock.goTo(1000);
  assert.equal(waiting.connection.events.length, 2);
  assert.equal(waiting.wheel.size, 0);
});

test('says nothing of a ping that could not be sent', () => {
  const { clock, connection } = make();
  connection.sendPing = () => null;
  clock.goTo(100);
  assert.deepEqual(connection.events, []);
});

test('tells when the logger throws, unless it was stopped, and lets the others go on', () => {
  for (const isStopped of [false, true]) {
    const { clock, wheel, connection, keepalive } = make();
    const other = new Recording(clock);
    new Keepalive(other, wheel, often, 0);
    const { log } = connection;
    connection.log = (level, message) => {
      log.call(connection, level, message);
      if (level === 'error') return;
      if (isStopped) keepalive.stop();
      throw new Error('mine');
    };
    clock.goTo(100);
    assert.equal(connection.events.includes('error keepalive ping failed'), !isStopped);
    assert.deepEqual(other.pings, ['ping at 100']);
  }
});

describe('many of one interval', () => {
  const day: KeepaliveSettings = { intervalMs: 20_000, timeoutMs: 20_000 };

  test('share one timer of the system', () => {
    const clock = new ManualClock();
    const wheel = new TimerWheel(clock);
    for (let i = 0; i < 10_000; i++) new Keepalive(new Recording(clock), wheel, day, 0);
    assert.equal(wheel.size, 10_000);
    assert.equal(clock.timersMade, 1);
  });

  test('that were opened together spread their pings over the second half of the interval', () => {
    const clock = new ManualClock();
    const wheel = new TimerWheel(clock);
    const connections = Array.from({ length: 1000 }, (_, i) => {
      const connection = new Recording(clock);
      new Keepalive(connection, wheel, day, i / 1000);
      return connection;
    });
    const pingsSoFar = (): number => connections.reduce((sum, { pings }) => sum + pings.length, 0);
    clock.goTo(9_999);
    assert.equal(pingsSoFar(), 0);
    for (let second = 1; second <= 10; second++) {
      clock.goTo(10_000 + second * 1000);
      assert.ok(Math.abs(pingsSoFar() - second * 100) <= 5, `${pingsSoFar()} pings after ${second} seconds`);
    }
    assert.equal(pingsSoFar(), 1000);
  });
});
