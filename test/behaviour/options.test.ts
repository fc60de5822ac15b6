// Options that make no sense: both sides say so at the call, and no limit is switched off in silence.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConnectOptions, ServeOptions, ServerHandler } from 'websockets-ts';
import { driver, echo, rejection } from './meet.ts';

const NAN = Number.NaN;

const EITHER: readonly (readonly [option: string, value: unknown, error: 'RangeError' | 'TypeError'])[] = [
  ...['pingIntervalMs', 'pingTimeoutMs', 'closeTimeoutMs', 'openTimeoutMs', 'maxSize', 'maxQueueBytes'].flatMap(
    (name) =>
      [
        [name, NAN, 'RangeError'],
        [name, -1, 'RangeError'],
        [name, '5', 'TypeError'],
        [name, {}, 'TypeError'],
        [name, true, 'TypeError'],
        [name, 5n, 'TypeError'],
      ] as const,
  ),
  ...['maxQueue', 'writeLimit'].flatMap(
    (name) =>
      [
        [name, NAN, 'RangeError'],
        [name, -1, 'RangeError'],
        [name, [NAN, 1], 'RangeError'],
        [name, [1, NAN], 'RangeError'],
        [name, [1, -1], 'RangeError'],
        [name, [1, 2], 'RangeError'],
        [name, '5', 'TypeError'],
        [name, ['5', 1], 'TypeError'],
        [name, [5, '1'], 'TypeError'],
      ] as const,
  ),
  ...['maxLineBytes', 'maxHeadBytes', 'maxHeaders'].flatMap(
    (name) =>
      [
        [name, NAN, 'RangeError'],
        [name, -1, 'RangeError'],
        [name, '5', 'TypeError'],
      ] as const,
  ),
  ['maxSize', [NAN, 1], 'RangeError'],
  ['maxSize', [1, NAN], 'RangeError'],
  ['maxSize', [1, -1], 'RangeError'],
  ['maxSize', ['1', 1], 'TypeError'],
  ['controlFrameLimit', { burst: NAN, perSecond: 1 }, 'RangeError'],
  ['controlFrameLimit', { burst: 1, perSecond: NAN }, 'RangeError'],
  ['controlFrameLimit', { burst: -1, perSecond: 1 }, 'RangeError'],
  ['controlFrameLimit', { burst: '1', perSecond: 1 }, 'TypeError'],
  ['controlFrameLimit', 5, 'TypeError'],
  ['maxEmptyFragments', NAN, 'RangeError'],
  ['maxEmptyFragments', -1, 'RangeError'],
  ['maxEmptyFragments', '5', 'TypeError'],
  ['compression', 'zip', 'RangeError'],
  ['compression', false, 'RangeError'],
  ...['compressionThreshold', 'maxCompressionContexts', 'compressionIdleMs'].flatMap(
    (name) =>
      [
        [name, NAN, 'RangeError'],
        [name, -1, 'RangeError'],
        [name, '5', 'TypeError'],
      ] as const,
  ),
  ['compressionThreshold', null, 'TypeError'],
  ['subprotocols', 'chat', 'TypeError'],
];

const SERVER: typeof EITHER = [
  ['maxPending', NAN, 'RangeError'],
  ['maxPending', -1, 'RangeError'],
  ['maxPending', '5', 'TypeError'],
  ['maxEarlyBytes', NAN, 'RangeError'],
  ['maxEarlyBytes', -1, 'RangeError'],
  ['maxEarlyBytes', '5', 'TypeError'],
  ['origins', 'https://a.example', 'TypeError'],
  ['origins', 5, 'TypeError'],
  ['origins', ['*'], 'RangeError'],
  ['origins', ['https://a.example/'], 'RangeError'],
  ['origins', ['a.example'], 'RangeError'],
  ['origins', ['https://a.example', undefined], 'RangeError'],
  ['allowedHosts', 'a.example', 'TypeError'],
  ['serverHeader', 'a\r\nb', 'TypeError'],
  ['serverHeader', 5, 'TypeError'],
];

const CLIENT: typeof EITHER = [
  ['processException', null, 'TypeError'],
  ['processException', 'retry', 'TypeError'],
  ['reconnectDelays', [1, 2], 'TypeError'],
  ...['stableAfterMs', 'maxRetryAfterMs'].flatMap(
    (name) =>
      [
        ['reconnectPolicy', { [name]: NAN }, 'RangeError'],
        ['reconnectPolicy', { [name]: -1 }, 'RangeError'],
        ['reconnectPolicy', { [name]: '5' }, 'TypeError'],
      ] as const,
  ),
  ...['maxBodyBytes', 'maxInterimResponses', 'maxRedirects'].flatMap(
    (name) =>
      [
        [name, NAN, 'RangeError'],
        [name, -1, 'RangeError'],
        [name, '5', 'TypeError'],
      ] as const,
  ),
  ['reconnectPolicy', { stopCodes: 1008 }, 'TypeError'],
  ['reconnectPolicy', { waitCodes: new Set([1012]) }, 'TypeError'],
  ['credentials', 'user:password', 'TypeError'],
];

const NO_OPTIONS = { name: 'TypeError', message: 'options must be an object' };

const show = (value: unknown): string =>
  JSON.stringify(value, (_, each) => (typeof each === 'number' || typeof each === 'bigint' ? String(each) : each));

describe('connect', () => {
  for (const [option, value, error] of [...EITHER, ...CLIENT]) {
    test(`throws a ${error} at once for ${option}: ${show(value)} (${typeof value})`, () => {
      assert.throws(() => driver.connect('ws://127.0.0.1:1/', { [option]: value }), { name: error });
    });
  }

  for (const options of ['chat', ['chat'], 8765, null]) {
    test(`throws a TypeError at once for ${show(options)} instead of options`, () => {
      assert.throws(() => driver.connect('ws://127.0.0.1:1/', options as unknown as ConnectOptions), NO_OPTIONS);
    });
  }
});

describe('serve', () => {
  for (const [option, value, error] of [...EITHER, ...SERVER]) {
    test(`rejects with a ${error} for ${option}: ${show(value)} (${typeof value})`, async () => {
      const serving = driver.serve(echo, { host: '127.0.0.1', [option]: value });
      // A server that was started all the same must not outlive the test.
      serving.then(
        (server) => server.close(),
        () => {},
      );
      assert.equal((await rejection(serving)).name, error);
    });
  }

  for (const options of [8765, ['chat'], null]) {
    test(`rejects with a TypeError for ${show(options)} instead of options`, async () => {
      await assert.rejects(driver.serve(echo, options as unknown as ServeOptions), NO_OPTIONS);
    });
  }

  for (const handler of [undefined, 'echo', { host: '127.0.0.1', port: 0 }, { onmessage() {} }, { message: 'hello' }]) {
    test(`rejects with a TypeError for a handler that is ${show(handler)}`, async () => {
      await assert.rejects(driver.serve(handler as unknown as ServerHandler, { host: '127.0.0.1' }), {
        name: 'TypeError',
        message: 'handler must be a function, or an object with open, message, drain or close',
      });
    });
  }

  test('takes null for every limit, and connect too: none', async () => {
    const names = [...EITHER, ...CLIENT, ...SERVER]
      .map(([name]) => name)
      .filter((name) => /^max|Ms$|Limit$/.test(name));
    const none = Object.fromEntries(names.filter((name) => name !== 'writeLimit').map((name) => [name, null]));
    await using server = await driver.serve(echo, { ...none, host: '127.0.0.1' });
    const [, port] = server.addresses[0]!;
    const large = { 'X-Large': 'x'.repeat(100_000) };
    await using client = await driver.connect(`ws://127.0.0.1:${port}`, { ...none, additionalHeaders: large });
    await client.send('x');
    assert.equal(await client.recv(), 'x');
  });

  test('takes undefined for every option, and connect too: the default', async () => {
    const names = [...EITHER, ...CLIENT, ...SERVER].map(([name]) => [name, undefined]);
    await using server = await driver.serve(echo, { ...Object.fromEntries(names), host: '127.0.0.1' });
    const [, port] = server.addresses[0]!;
    await using client = await driver.connect(`ws://127.0.0.1:${port}`, Object.fromEntries(names));
    await client.send('x');
    assert.equal(await client.recv(), 'x');
  });
});
