// The loop over connections by a clock that the test turns: which end is followed by which delay. No sockets.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import {
  type ClientConnection,
  ConnectionClosedError,
  ConnectionClosedOK,
  EndOfStreamError,
  InvalidStatus,
  InvalidURI,
  ProtocolError,
  type ReconnectOptions,
  Response,
  TimeoutError,
} from 'websockets-ts';
import { FakeClock, settled } from 'websockets-ts/testing';
import { reconnectSettings } from '#dist/connection/client/reconnect-options.js';
import { reconnecting } from '#dist/connection/client/reconnecting.js';
import { TimerWheel } from '#dist/connection/timer-wheel.js';
import { nodeRuntime } from '#dist/node/runtime.js';
import { LogRecorder } from '../../support/log-recorder.ts';

/** How a connection ends that the loop opened. */
interface End {
  readonly livedMs?: number;
  readonly closed?: ConnectionClosedOK | ConnectionClosedError;
  readonly parserExc?: Error;
}

const OK = new ConnectionClosedOK({ code: 1000, reason: '' }, { code: 1000, reason: '' }, false);
/** The peer closes with a code. */
const closedBy = (code: number) => new ConnectionClosedError({ code, reason: '' }, { code, reason: '' }, true);
/** We do. */
const closedByUs = (code: number) => new ConnectionClosedError({ code, reason: '' }, { code, reason: '' }, false);
const refused = (statusCode: number, headers: Readonly<Record<string, string>> = {}) =>
  new InvalidStatus(new Response(statusCode, 'x', headers));
const timedOut = new TimeoutError('timed out during opening handshake');

/** 1994-11-06T08:49:27Z */
const NOW = 784_111_767_000;

/** A loop in which each attempt comes to what the test says: an error, or a connection that ends in some way. */
class Loop {
  readonly clock: FakeClock = new FakeClock();
  readonly logger: LogRecorder = new LogRecorder();
  readonly abort: AbortController = new AbortController();
  readonly outcomes: (Error | End)[];
  attempts = 0;
  closes = 0;
  /** How many holds on the process there are. */
  held = 0;
  error: unknown = null;
  isOver = false;

  constructor(options: ReconnectOptions, ...outcomes: readonly (Error | End)[]) {
    this.outcomes = [...outcomes];
    void this.#run(options);
  }

  async #run(options: ReconnectOptions): Promise<void> {
    const runtime = {
      ...nodeRuntime,
      host: { ...nodeRuntime.host, now: () => NOW },
      clock: new TimerWheel(this.clock),
      holdProcess: () => {
        this.held++;
        return () => void this.held--;
      },
    };
    const context = { runtime, logger: this.logger, signal: this.abort.signal, open: () => this.#open() };
    try {
      for await (const { livedMs = 0 } of reconnecting(reconnectSettings(options, runtime), context)) {
        if (livedMs > 0) await new Promise<void>((resolve) => this.clock.setTimer(livedMs, resolve));
      }
    } catch (error) {
      this.error = error;
    }
    this.isOver = true;
  }

  async #open(): Promise<ClientConnection & End> {
    this.attempts++;
    const outcome = this.outcomes.shift();
    // Where the test has no more, nothing more happens.
    if (outcome === undefined) return new Promise(() => {});
    if (outcome instanceof Error) throw outcome;
    const { closed = OK, parserExc = null } = outcome;
    const close = async (): Promise<void> => void this.closes++;
    return { ...outcome, close, protocol: { closeExc: closed, parserExc } } as unknown as ClientConnection & End;
  }

  /** Lets time pass, once everything has happened that needs none. */
  async pass(ms: number): Promise<void> {
    await settled();
    await this.clock.advance(ms);
    await settled();
  }

  get infos(): string[] {
    return this.logger.texts('info');
  }
}

/** Delays of 1 s, 2 s, 3 s … */
function* counting(): Generator<number> {
  for (let ms = 1000; ; ms += 1000) yield ms;
}

const COUNTING: ReconnectOptions = { reconnectDelays: counting };

describe('a failed attempt', () => {
  test('is repeated after the next delay, which the log tells', async () => {
    const loop = new Loop(COUNTING, timedOut, refused(503), {});
    await settled();
    assert.deepEqual([loop.attempts, loop.held, loop.clock.pending], [1, 1, 1]);
    await loop.pass(999);
    assert.equal(loop.attempts, 1);
    await loop.pass(1);
    assert.equal(loop.attempts, 2);
    await loop.pass(1999);
    assert.equal(loop.attempts, 2);
    await loop.pass(1);
    await settled();
    assert.equal(loop.attempts, 4);
    assert.deepEqual([loop.held, loop.clock.pending], [0, 0]);
    assert.deepEqual(loop.infos, [
      'connect failed; reconnecting in 1.0 seconds: TimeoutError: timed out during opening handshake',
      'connect failed; reconnecting in 2.0 seconds: InvalidStatus: server rejected WebSocket connection: HTTP 503',
    ]);
  });

  test('is not logged where nobody reads that', async () => {
    const loop = new Loop(COUNTING, timedOut);
    loop.logger.isEnabled = () => false;
    await settled();
    assert.deepEqual([loop.infos, loop.clock.pending], [[], 1]);
  });

  test('ends the loop when it is fatal', async () => {
    const fatal = new InvalidURI('x', 'x');
    const loop = new Loop(COUNTING, timedOut, fatal);
    await loop.pass(1000);
    await settled();
    assert.deepEqual([loop.attempts, loop.error, loop.held, loop.clock.pending], [2, fatal, 0, 0]);
  });

  test('has the delays begin anew once a connection was made', async () => {
    const loop = new Loop(COUNTING, timedOut, timedOut, {}, timedOut);
    await loop.pass(3000);
    assert.match(loop.infos.at(-1)!, /^connect failed; reconnecting in 1\.0 seconds/);
    assert.equal(loop.infos.length, 3);
  });

  test('has the default delays by default', async () => {
    const loop = new Loop({}, timedOut, timedOut, timedOut);
    await loop.pass(5050);
    await loop.pass(3150);
    const [first, ...rest] = loop.infos.map((text) => Number(/ in (\S+) seconds/.exec(text)![1]));
    assert.ok(first! >= 0 && first! <= 5, `first ${first}`);
    assert.deepEqual(rest, [3.1, 5]);
  });

  test('has full jitter where that is asked for', async () => {
    const loop = new Loop({ reconnectPolicy: { fullJitter: true } }, ...Array.from({ length: 200 }, () => timedOut));
    await loop.pass(200 * 90_000);
    const delays = loop.infos.map((text) => Number(/ in (\S+) seconds/.exec(text)![1])).slice(9);
    assert.ok(Math.min(...delays) < 10 && Math.max(...delays) > 80 && Math.max(...delays) <= 90);
  });

  test('ends the loop with its error when there are no more delays', async () => {
    const loop = new Loop({ reconnectDelays: () => [10][Symbol.iterator]() }, timedOut, refused(503));
    await loop.pass(10);
    await settled();
    assert.equal(String(loop.error), 'InvalidStatus: server rejected WebSocket connection: HTTP 503');
  });

  for (const [delay, name] of [
    [-1, 'RangeError'],
    [Number.NaN, 'RangeError'],
    ['1', 'TypeError'],
  ] as const) {
    test(`ends the loop with a ${name} when the delay is ${JSON.stringify(delay)}`, async () => {
      const loop = new Loop({ reconnectDelays: () => [delay as number][Symbol.iterator]() }, timedOut);
      await settled();
      assert.equal((loop.error as Error).name, name);
    });
  }
});

describe('processException', () => {
  test('lets pass with null and undefined', async () => {
    const answers = [null, undefined];
    const seen: Error[] = [];
    const processException = (error: Error): null | undefined => {
      seen.push(error);
      return answers.shift() as null | undefined;
    };
    const errors = [refused(429), new RangeError('x')];
    const loop = new Loop({ ...COUNTING, processException }, ...errors);
    await loop.pass(3000);
    assert.equal(loop.attempts, 3);
    assert.deepEqual(seen, errors);
  });

  test('ends the loop with the error that it returns, which has the original for a cause', async () => {
    const mine = new Error('mine');
    const loop = new Loop({ processException: () => mine }, timedOut);
    await settled();
    assert.equal(loop.error, mine);
    assert.equal(mine.cause, timedOut);
    assert.equal(Object.keys(mine).includes('cause'), false);
  });

  test('may throw instead', async () => {
    const mine = new Error('mine', { cause: 'its own' });
    const loop = new Loop(
      {
        processException: () => {
          throw mine;
        },
      },
      timedOut,
    );
    await settled();
    assert.equal(loop.error, mine);
    assert.equal(mine.cause, 'its own');
  });

  test('may return the error itself', async () => {
    const error = refused(503);
    const loop = new Loop({ processException: (same) => same }, error);
    await settled();
    assert.equal(loop.error, error);
    assert.equal(error.cause, undefined);
  });

  for (const answer of [true, 'no', Promise.resolve(null)]) {
    test(`that returns ${String(answer)} is a mistake`, async () => {
      const loop = new Loop({ processException: () => answer as never }, timedOut);
      await settled();
      assert.equal(String(loop.error), 'TypeError: processException must return an error, null or undefined');
      assert.equal((loop.error as Error).cause, timedOut);
    });
  }

  test('is not asked about giving up', async () => {
    for (const end of [timedOut, { closed: closedBy(1008) }]) {
      const loop = new Loop({ processException: () => assert.fail('asked') }, end);
      const reason = new Error('enough');
      loop.abort.abort(reason);
      await settled();
      assert.equal(loop.error, reason);
    }
  });
});

describe('the signal', () => {
  test('ends a delay at once, with its reason, and leaves nothing behind', async () => {
    const loop = new Loop(COUNTING, timedOut);
    await settled();
    assert.deepEqual([loop.held, loop.clock.pending, getEventListeners(loop.abort.signal, 'abort').length], [1, 1, 1]);
    const reason = new Error('enough');
    loop.abort.abort(reason);
    await settled();
    assert.deepEqual([loop.error, loop.held, loop.clock.pending], [reason, 0, 0]);
    assert.equal(getEventListeners(loop.abort.signal, 'abort').length, 0);
  });

  test('has no listener between delays', async () => {
    const loop = new Loop(COUNTING, timedOut, {});
    await loop.pass(1000);
    await settled();
    assert.equal(loop.attempts, 3);
    assert.equal(getEventListeners(loop.abort.signal, 'abort').length, 0);
  });
});

describe('Retry-After', () => {
  const retryAll: ReconnectOptions = { ...COUNTING, processException: () => null };
  const date = new Date(NOW + 30_000).toUTCString();

  for (const [title, error, seconds] of [
    ['seconds of a 503', refused(503, { 'Retry-After': '30' }), '30.0'],
    ['a date of a 503', refused(503, { 'Retry-After': date }), '30.0'],
    ['seconds of a 429', refused(429, { 'Retry-After': '30' }), '30.0'],
    ['a 500, which must not ask', refused(500, { 'Retry-After': '30' }), '1.0'],
    ['nonsense', refused(503, { 'Retry-After': 'soon' }), '1.0'],
    ['less than the delay', refused(503, { 'Retry-After': '0' }), '1.0'],
    ['more than an hour', refused(503, { 'Retry-After': '86400' }), '3600.0'],
  ] as const) {
    test(`with ${title} waits ${seconds} seconds`, async () => {
      const loop = new Loop(retryAll, error);
      await settled();
      assert.equal(/ in (\S+) seconds/.exec(loop.infos[0]!)?.[1], seconds);
      await loop.pass(Number(seconds) * 1000 - 1);
      assert.equal(loop.attempts, 1);
      await loop.pass(1);
      assert.equal(loop.attempts, 2);
    });
  }

  test('is capped, down to nothing, or not at all', async () => {
    for (const [maxRetryAfterMs, seconds] of [
      [20_000, '20.0'],
      [0, '1.0'],
      [null, '30.0'],
    ] as const) {
      const loop = new Loop(
        { ...retryAll, reconnectPolicy: { maxRetryAfterMs } },
        refused(503, { 'Retry-After': '30' }),
      );
      await settled();
      assert.equal(/ in (\S+) seconds/.exec(loop.infos[0]!)?.[1], seconds);
    }
  });
});

describe('a connection that has ended', () => {
  test('is followed by the next at once, and is closed first', async () => {
    const loop = new Loop(
      COUNTING,
      {},
      { closed: closedBy(1001) },
      { closed: closedBy(4000) },
      { closed: closedByUs(1008) },
    );
    await settled();
    assert.deepEqual([loop.attempts, loop.closes, loop.infos], [5, 4, []]);
  });

  for (const code of [1011, 1012, 1013, 1014]) {
    test(`by the peer with ${code} is followed by a delay`, async () => {
      const loop = new Loop(COUNTING, { closed: closedBy(code) });
      await settled();
      assert.equal(loop.attempts, 1);
      assert.match(
        loop.infos[0]!,
        /^connection closed; reconnecting in 1\.0 seconds: ConnectionClosedError: received 101/,
      );
      await loop.pass(1000);
      assert.equal(loop.attempts, 2);
    });
  }

  for (const code of [1002, 1003, 1007, 1008, 1010, 4401, 4403]) {
    test(`by the peer with ${code} ends the loop`, async () => {
      const closed = closedBy(code);
      const loop = new Loop(COUNTING, { closed });
      await settled();
      assert.deepEqual([loop.attempts, loop.error, loop.closes], [1, closed, 1]);
    });
  }

  test('cannot write lines of its own into the log', async () => {
    const close = { code: 1012, reason: 'back soon\nconnection open\u001b[2J' };
    const loop = new Loop(COUNTING, { closed: new ConnectionClosedError(close, close, true) });
    await settled();
    assert.match(loop.infos[0]!, /^[\x20-\x7e]+$/);
    assert.match(loop.infos[0]!, /back soon\\nconnection open/);
  });

  test('for good is followed by a delay when processException lets that pass', async () => {
    const loop = new Loop({ ...COUNTING, processException: () => null }, { closed: closedBy(1008) });
    await settled();
    assert.equal(loop.attempts, 1);
    await loop.pass(1000);
    assert.equal(loop.attempts, 2);
  });

  test('counts as ended by the peer when the peer broke the protocol', async () => {
    const parserExc = new ProtocolError('invalid opcode');
    const loop = new Loop(COUNTING, { closed: closedByUs(1002), parserExc });
    await settled();
    assert.equal((loop.error as ConnectionClosedError).sent?.code, 1002);
    const unanswered = new Loop(COUNTING, {
      closed: new ConnectionClosedError(null, { code: 1007, reason: '' }),
      parserExc,
    });
    await settled();
    assert.equal((unanswered.error as ConnectionClosedError).sent?.code, 1007);
  });

  test('counts as ended by nobody when the stream broke off, whatever we had sent', async () => {
    const parserExc = new EndOfStreamError('unexpected end of stream');
    const loop = new Loop(
      COUNTING,
      { closed: new ConnectionClosedError(null, null), parserExc },
      { closed: new ConnectionClosedError(null, { code: 1008, reason: '' }), parserExc },
      { closed: new ConnectionClosedError(null, { code: 1011, reason: 'keepalive ping timeout' }) },
    );
    await settled();
    assert.equal(loop.attempts, 4);
  });

  test('follows other lists of codes', async () => {
    const reconnectPolicy = { stopCodes: [4000], waitCodes: [1001] };
    const loop = new Loop(
      { ...COUNTING, reconnectPolicy },
      { closed: closedBy(1008) },
      { closed: closedBy(1012) },
      { closed: closedBy(1001) },
      { closed: closedBy(4000) },
    );
    await settled();
    assert.equal(loop.attempts, 3);
    await loop.pass(1000);
    await settled();
    assert.deepEqual([loop.attempts, (loop.error as ConnectionClosedError).rcvd?.code], [4, 4000]);
  });
});

describe('stableAfterMs', () => {
  const policy: ReconnectOptions = { ...COUNTING, reconnectPolicy: { stableAfterMs: 5000 } };

  test('has a shorter life count as a failure that waits', async () => {
    const loop = new Loop(policy, timedOut, { livedMs: 4999 }, { livedMs: 0 });
    await loop.pass(1000);
    await loop.pass(4999);
    assert.deepEqual(loop.attempts, 2);
    // Long timers go off at multiples of 50 ms.
    await loop.pass(2001);
    await settled();
    assert.deepEqual(loop.attempts, 3);
    assert.deepEqual(loop.infos.slice(1), [
      'connection closed; reconnecting in 2.0 seconds: ConnectionClosedOK: sent 1000 (OK); then received 1000 (OK)',
      'connection closed; reconnecting in 3.0 seconds: ConnectionClosedOK: sent 1000 (OK); then received 1000 (OK)',
    ]);
  });

  test('has a long life begin the delays anew', async () => {
    const loop = new Loop(policy, timedOut, { livedMs: 5000 }, timedOut);
    await loop.pass(1000);
    await loop.pass(5000);
    await settled();
    assert.equal(loop.attempts, 3);
    assert.match(loop.infos.at(-1)!, /reconnecting in 1\.0 seconds/);
  });

  test('lets the delays grow for a server that takes connections only to drop them', async () => {
    const drop = { closed: closedBy(1013) };
    const loop = new Loop(policy, drop, drop, drop);
    await loop.pass(1000);
    await loop.pass(2000);
    assert.deepEqual(
      loop.infos.map((text) => / in (\S+) /.exec(text)![1]),
      ['1.0', '2.0', '3.0'],
    );
  });
});

describe('leaving the loop', () => {
  for (const leave of ['break', 'throw', 'return'] as const) {
    test(`by ${leave} closes the connection, and no other is opened`, async () => {
      let opened = 0;
      let closes = 0;
      const close = async (): Promise<void> => void closes++;
      const context = {
        runtime: nodeRuntime,
        logger: new LogRecorder(),
        signal: undefined,
        open: async () => {
          opened++;
          return { close } as unknown as ClientConnection;
        },
      };
      const mine = new Error('mine');
      const run = async (): Promise<void> => {
        for await (const _ of reconnecting(reconnectSettings({}, nodeRuntime), context)) {
          if (leave === 'break') break;
          if (leave === 'return') return;
          throw mine;
        }
      };
      if (leave === 'throw') await assert.rejects(run(), mine);
      else await run();
      assert.deepEqual([opened, closes], [1, 1]);
    });
  }
});
