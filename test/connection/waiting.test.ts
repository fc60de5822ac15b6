// The small parts that have to do with time and waiting: wait, pings. No real time passes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FakeClock, settled } from 'websockets-ts/testing';
import { Pings } from '#dist/connection/pings.js';
import { waitFor, watchLimits } from '#dist/connection/wait.js';

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

  test('leaves no rejection unhandled when the signal was aborted before', async () => {
    const late = Promise.reject(new Error('mine'));
    await assert.rejects(
      waitFor(late, { signal: AbortSignal.abort('why') }, new FakeClock()),
      (error) => error === 'why',
    );
    // Node tells of what nobody has handled before it does anything else, and then the test fails.
    await new Promise(setImmediate);
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

  test('may be sent again with the same data once they are answered, also by who hears of the pong', async () => {
    const pings = new Pings();
    const latencies: number[] = [];
    const sender = {
      onPong: (latency: number) => {
        latencies.push(latency);
        if (latencies.length === 1) pings.watch(bytes(1), 3000, sender);
      },
      onPingLost: () => {},
    };
    pings.watch(bytes(1), 1000, sender);
    assert.equal(pings.acknowledge(bytes(1), 2000), 1);
    assert.equal(pings.has(bytes(1)), true);
    assert.equal(pings.acknowledge(bytes(1), 5000), 2);
    assert.equal(pings.has(bytes(1)), false);
    assert.deepEqual(latencies, [1, 2]);
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
