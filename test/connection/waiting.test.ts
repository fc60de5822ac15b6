// The small parts that have to do with time and waiting: wait, pings, keepalive. No real time passes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Keepalive } from '#dist/connection/keepalive.js';
import { Pings } from '#dist/connection/pings.js';
import { waitFor, watchLimits } from '#dist/connection/wait.js';
import { FakeClock, settled } from '../support/fake-clock.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const never = new Promise<never>(() => {});

describe('waitFor', () => {
  test('gives the outcome, and leaves neither timer nor listener behind', async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    assert.equal(await waitFor(Promise.resolve(1), { signal, timeoutMs: 10 }, clock), 1);
    await assert.rejects(waitFor(Promise.reject(new Error('mine')), { timeoutMs: 10 }, clock), /mine/);
    await settled();
    assert.equal(clock.pending, 0);
  });

  test('gives up after the time, and not before', async () => {
    const clock = new FakeClock();
    const errors: unknown[] = [];
    waitFor(never, { timeoutMs: 10 }, clock).catch((error: unknown) => errors.push(error));
    await clock.advance(9);
    assert.deepEqual(errors, []);
    await clock.advance(1);
    assert.equal(String(errors[0]), 'TimeoutError: timed out after 10 ms');
  });

  test('gives up at the signal, with its reason, and stops the timer', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const waiting = waitFor(never, { signal: controller.signal, timeoutMs: 10 }, clock);
    controller.abort('why');
    await assert.rejects(waiting, (error) => error === 'why');
    assert.equal(clock.pending, 0);
    await assert.rejects(waitFor(never, { signal: controller.signal }, clock), (error) => error === 'why');
  });
});

describe('watchLimits', () => {
  test('calls back once, for whichever comes first', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const calls: unknown[] = [];
    watchLimits({ signal: controller.signal, timeoutMs: 5 }, clock, (error) => calls.push(String(error)));
    await clock.advance(5);
    controller.abort();
    assert.deepEqual(calls, ['TimeoutError: timed out after 5 ms']);
  });

  test('calls back no more after it is stopped', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const calls: unknown[] = [];
    const stop = watchLimits({ signal: controller.signal, timeoutMs: 5 }, clock, (error) => calls.push(error));
    stop();
    controller.abort();
    await clock.advance(10);
    assert.deepEqual(calls, []);
  });
});

describe('Pings', () => {
  test('are answered with all that are older, in seconds', async () => {
    const pings = new Pings();
    const pongs = [1, 2, 3].map((n) => pings.add(bytes(n), n * 1000, false));
    assert.equal(pings.acknowledge(bytes(2), 5000), 3);
    assert.deepEqual(await Promise.all(pongs.slice(0, 2)), [4, 3]);
    assert.equal(pings.has(bytes(1)), false);
    assert.equal(pings.has(bytes(3)), true);
  });

  test('are not answered by what nobody sent', () => {
    const pings = new Pings();
    void pings.add(bytes(1), 0, false);
    assert.equal(pings.acknowledge(bytes(9), 1), null);
    assert.equal(pings.has(bytes(1)), true);
  });

  test('are told apart by every byte', () => {
    const pings = new Pings();
    void pings.add(bytes(0, 255), 0, false);
    assert.equal(pings.has(bytes(0)), false);
    assert.equal(pings.has(bytes(255, 0)), false);
    assert.throws(() => pings.add(bytes(0, 255), 0, false), { name: 'ConcurrencyError' });
  });

  test('end with the connection', async () => {
    const pings = new Pings();
    const strict = pings.add(bytes(1), 0, false);
    const lenient = pings.add(bytes(2), 0, true);
    pings.end(() => new Error('gone'));
    await assert.rejects(strict, /gone/);
    assert.equal(await lenient, Number.NaN);
  });
});

describe('Keepalive', () => {
  /** A connection whose pongs come when the test says so. */
  function make(intervalMs: number, timeoutMs: number | null) {
    const clock = new FakeClock();
    const events: string[] = [];
    const pongs: ((latency: number) => void)[] = [];
    const connection = {
      sendPing: () => {
        events.push(`ping at ${clock.now()}`);
        return new Promise<number>((resolve) => pongs.push(resolve));
      },
      onPingTimeout: () => void events.push(`timeout at ${clock.now()}`),
      log: (level: string, message: string) => void events.push(`${level} ${message}`),
    };
    const keepalive = new Keepalive(connection, clock, intervalMs, timeoutMs);
    return { clock, events, pongs, keepalive, connection };
  }

  test('pings after the interval, less what the last round trip took', async () => {
    const { clock, events, pongs } = make(100, 50);
    await clock.advance(100);
    await clock.advance(20);
    pongs[0]!(0.02);
    await settled();
    await clock.advance(79);
    assert.deepEqual(events, ['ping at 100', 'debug % sent keepalive ping', 'debug % received keepalive pong']);
    await clock.advance(1);
    assert.equal(events[3], 'ping at 200');
  });

  test('says when no pong comes in time, once', async () => {
    const { clock, events } = make(100, 50);
    await clock.advance(1000);
    assert.deepEqual(events, [
      'ping at 100',
      'debug % sent keepalive ping',
      'debug - timed out waiting for keepalive pong',
      'timeout at 150',
    ]);
  });

  test('waits for no pong without a timeout', async () => {
    const { clock, events } = make(100, null);
    await clock.advance(300);
    assert.deepEqual(
      events.filter((event) => event.startsWith('ping')),
      ['ping at 100', 'ping at 200', 'ping at 300'],
    );
  });

  test('stops while it sleeps and while it waits, and leaves no timer', async () => {
    const sleeping = make(100, 50);
    sleeping.keepalive.stop();
    await sleeping.clock.advance(1000);
    assert.deepEqual(sleeping.events, []);
    const waiting = make(100, 50);
    await waiting.clock.advance(100);
    waiting.keepalive.stop();
    waiting.pongs[0]!(0.01);
    await waiting.clock.advance(1000);
    assert.equal(waiting.events.length, 2);
    assert.equal(waiting.clock.pending, 0);
  });

  test('logs an error of the ping, unless it was stopped', async () => {
    for (const isStopped of [false, true]) {
      const { clock, events, keepalive, connection } = make(100, 50);
      connection.sendPing = () => {
        if (isStopped) keepalive.stop();
        return Promise.reject(new Error('mine'));
      };
      await clock.advance(100);
      assert.equal(events.includes('error keepalive ping failed'), !isStopped);
    }
  });
});
