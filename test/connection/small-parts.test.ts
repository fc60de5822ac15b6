// The small parts without time: text in pieces, fragments to send, settings, the environment.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import { duration } from '#dist/connection/check-options.js';
import { connectionSettings } from '#dist/connection/connection-settings.js';
import { environmentSettings } from '#dist/connection/environment.js';
import { FragmentSender } from '#dist/connection/fragment-sender.js';
import { fragmentsOf } from '#dist/connection/message-source.js';
import { TextPieces } from '#dist/connection/text-pieces.js';
import { HTTP_LIMITS } from '#dist/core/http-parser.js';

const codec = {
  decode: (bytes: Uint8Array, start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString('utf8'),
  encode: (text: string) => Buffer.from(text),
};

describe('TextPieces', () => {
  const push = (pieces: TextPieces, bytes: Uint8Array, fin: boolean) => {
    const problem = pieces.push({ isOwned: false, isText: true, fin, bytes, start: 0, end: bytes.length });
    return problem === null ? pieces.text : `${problem.reason} at ${problem.position}`;
  };

  test('give the same text at every cut', () => {
    const whole = Buffer.from('aé€😀z');
    for (let first = 0; first <= whole.length; first++) {
      for (let second = first; second <= whole.length; second++) {
        const pieces = new TextPieces(codec);
        const text =
          push(pieces, whole.subarray(0, first), false) +
          push(pieces, whole.subarray(first, second), false) +
          push(pieces, whole.subarray(second), true);
        assert.equal(text, 'aé€😀z');
      }
    }
  });

  test('say where the text is wrong, counted from what was cut', () => {
    const pieces = new TextPieces(codec);
    assert.equal(push(pieces, Uint8Array.of(0x61, 0xe2, 0x82), false), 'a');
    assert.match(push(pieces, Uint8Array.of(0x61), false), / at 0$/);
  });

  test('do not let a text end inside a character', () => {
    assert.equal(push(new TextPieces(codec), Uint8Array.of(0x61, 0xe2), true), 'unexpected end of data at 1');
  });
});

describe('FragmentSender', () => {
  /** Collects what is sent. */
  function output() {
    const events: string[] = [];
    return {
      events,
      encode: codec.encode,
      sendFragment: async (data: Uint8Array, position: string): Promise<void> => {
        events.push(`${position} ${Buffer.from(data)}`);
      },
      fail: (): void => {
        events.push('fail');
      },
    };
  }

  test('frames the items, and ends with an empty last one', async () => {
    const out = output();
    await new FragmentSender().send(fragmentsOf(['a', 'b']), {}, out);
    assert.deepEqual(out.events, ['text a', 'next b', 'last ']);
  });

  test('sends nothing for no items', async () => {
    const out = output();
    await new FragmentSender().send(fragmentsOf([]), {}, out);
    assert.deepEqual(out.events, []);
  });

  test('tells the source that nobody reads on', async () => {
    const out = output();
    let ended = false;
    function* source(): Generator<unknown> {
      try {
        yield 'a';
        yield 42;
        yield 'never';
      } finally {
        ended = true;
      }
    }
    await assert.rejects(new FragmentSender().send(fragmentsOf(source()), {}, out), /uniform types/);
    assert.equal(ended, true);
    assert.deepEqual(out.events, ['text a', 'fail']);
  });

  test('rejects with the first error, whatever the source says to being left', async () => {
    const out = output();
    function* source(): Generator<unknown> {
      try {
        yield 42;
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: a source may do that.
        throw new Error('said at the end');
      }
    }
    const sender = new FragmentSender();
    await assert.rejects(sender.send(fragmentsOf(source()), {}, out), /must contain bytes or str/);
    assert.equal(sender.isBusy, false);
  });

  test('starts what waits in order, and leaves out what was aborted', async () => {
    const sender = new FragmentSender();
    const out = output();
    const events: string[] = [];
    const first = sender.send(fragmentsOf(['a']), {}, out);
    assert.equal(sender.isSending, true);
    const controller = new AbortController();
    const send = (name: string) => async (): Promise<void> => void events.push(name);
    const second = sender.enqueue(send('2'), undefined);
    const third = sender.enqueue(send('3'), controller.signal);
    const fourth = sender.enqueue(send('4'), undefined);
    controller.abort('why');
    await assert.rejects(third, (error) => error === 'why');
    await Promise.all([first, second, fourth]);
    assert.deepEqual(events, ['2', '4']);
    assert.equal(sender.isBusy, false);
  });

  test('gives up a source that is waited for when the connection has ended', async () => {
    const sender = new FragmentSender();
    const waiting = sender.send(
      { kind: 'async iterable', iterator: { next: () => new Promise(() => {}) } },
      {},
      output(),
    );
    sender.interrupt(() => new Error('gone'));
    await assert.rejects(waiting, /gone/);
  });

  test('leaves no listener at the signal with a source that gives nothing more, and asks none that comes too late', async () => {
    let asked = 0;
    const iterator = { next: () => new Promise<never>(() => void asked++) };
    const { signal } = new AbortController();
    const sender = new FragmentSender();
    const waiting = sender.send({ kind: 'async iterable', iterator }, { signal }, output());
    sender.interrupt(() => new Error('gone'));
    await assert.rejects(waiting, /gone/);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    const aborted = AbortSignal.abort(new Error('why'));
    const late = new FragmentSender().send({ kind: 'async iterable', iterator }, { signal: aborted }, output());
    await assert.rejects(late, /why/);
    assert.equal(getEventListeners(aborted, 'abort').length, 0);
    assert.equal(asked, 1);
  });

  test('leaves no listener at the signal when the source throws', async () => {
    const iterator = {
      next: () => {
        throw new Error('empty');
      },
    };
    const { signal } = new AbortController();
    const sending = new FragmentSender().send({ kind: 'iterable', iterator }, { signal }, output());
    await assert.rejects(sending, /empty/);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });
});

describe('the settings of a connection', () => {
  const settings = (options: Parameters<typeof connectionSettings>[0], max: number | null = 1_048_576) =>
    connectionSettings(options, max);

  test('have their defaults', () => {
    const { keepalive, closeTimeoutMs, queue, writeLimit, ...others } = settings({});
    assert.deepEqual(keepalive, { intervalMs: 20_000, timeoutMs: 20_000 });
    assert.equal(closeTimeoutMs, 10_000);
    assert.deepEqual(
      [others.maxBuffered, others.slowTimeoutMs, others.idleTimeoutMs, others.maxLifetimeMs],
      [1_048_576, 30_000, null, null],
    );
    assert.deepEqual(queue, { high: 16, low: 4, maxBytes: 4 * 1_048_576 });
    assert.deepEqual(writeLimit, { highBytes: 32_768, lowBytes: 8_192 });
  });

  for (const [maxQueue, high, low] of [
    [10, 10, 2],
    [0, 0, 0],
    [[10, 5], 10, 5],
    [[10, null], 10, 2],
    [[null, 5], 20, 5],
    [null, Number.POSITIVE_INFINITY, 0],
  ] as const) {
    test(`read maxQueue ${JSON.stringify(maxQueue)} as ${high} and ${low}`, () => {
      const { queue } = settings({ maxQueue });
      assert.deepEqual([queue.high, queue.low], [high, low]);
    });
  }

  test('let the queue have four messages of the largest size, but at least a mebibyte', () => {
    assert.equal(settings({}, 1_000_000).queue.maxBytes, 4_000_000);
    assert.equal(settings({}, 1000).queue.maxBytes, 1_048_576);
    assert.equal(settings({}, null).queue.maxBytes, Number.POSITIVE_INFINITY);
    assert.equal(settings({ maxQueueBytes: 5 }).queue.maxBytes, 5);
    assert.equal(settings({ maxQueueBytes: null }).queue.maxBytes, Number.POSITIVE_INFINITY);
  });

  test('refuse durations that are none', () => {
    assert.equal(duration('x', undefined, 5), 5);
    assert.equal(duration('x', null, 5), null);
    assert.equal(duration('x', 0, 5), 0);
    for (const value of [-1, Number.NaN]) assert.throws(() => duration('x', value, 5), RangeError);
    assert.throws(() => duration('x', '5' as unknown as number, 5), TypeError);
  });
});

describe('the settings from the environment', () => {
  const read = (env: Readonly<Record<string, string>>) => environmentSettings((name) => env[name], 'agent/1');

  test('have their defaults', () => {
    assert.deepEqual(read({}), {
      userAgent: 'agent/1',
      serverHeader: 'agent/1',
      backoff: { initialDelayMs: 5000, minDelayMs: 3100, factor: 1.618, maxDelayMs: 90_000 },
      limits: { http: HTTP_LIMITS, maxLogSize: 75, maxRedirects: 10 },
    });
  });

  test('are read, with digits in groups', () => {
    const { userAgent, serverHeader, limits } = read({
      WEBSOCKETS_USER_AGENT: '',
      WEBSOCKETS_SERVER: 'mine',
      WEBSOCKETS_MAX_LINE_LENGTH: '100',
      WEBSOCKETS_MAX_NUM_HEADERS: '5',
      WEBSOCKETS_MAX_BODY_SIZE: '2_097_152',
      WEBSOCKETS_MAX_LOG_SIZE: '150',
      WEBSOCKETS_MAX_REDIRECTS: '2',
    });
    assert.deepEqual([userAgent, serverHeader], [null, 'mine']);
    const http = { ...HTTP_LIMITS, maxLineBytes: 100, maxHeaders: 5, maxBodyBytes: 2_097_152 };
    assert.deepEqual(limits, { http, maxLogSize: 150, maxRedirects: 2 });
  });

  test('have the delays between attempts to connect in seconds', () => {
    const { backoff } = read({
      WEBSOCKETS_BACKOFF_INITIAL_DELAY: '1',
      WEBSOCKETS_BACKOFF_MIN_DELAY: '0.5',
      WEBSOCKETS_BACKOFF_FACTOR: '2.0',
      WEBSOCKETS_BACKOFF_MAX_DELAY: '.75',
    });
    assert.deepEqual(backoff, { initialDelayMs: 1000, minDelayMs: 500, factor: 2, maxDelayMs: 750 });
  });

  for (const name of ['INITIAL_DELAY', 'MIN_DELAY', 'FACTOR', 'MAX_DELAY']) {
    test(`refuse a BACKOFF_${name} that is no number, and name it`, () => {
      for (const text of ['5s', '-1', 'NaN', '.', '1e3', ' 1']) {
        const expected = `WEBSOCKETS_BACKOFF_${name} must be a number, not "${text}"`;
        assert.throws(() => read({ [`WEBSOCKETS_BACKOFF_${name}`]: text }), { name: 'RangeError', message: expected });
      }
    });
  }

  for (const text of ['8k', '-1', '1.5', 'NaN', '_1', '0x10', ' 1']) {
    test(`refuse ${JSON.stringify(text)}`, () => {
      assert.throws(() => read({ WEBSOCKETS_MAX_LOG_SIZE: text }), RangeError);
    });
  }
});
