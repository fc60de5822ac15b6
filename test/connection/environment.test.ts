// The environment variables WEBSOCKETS_*: what they change, and that nonsense is said at once.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { environmentSettings } from '#dist/connection/environment.js';

const settingsWith = (env: Readonly<Record<string, string>>) => environmentSettings((name) => env[name], 'agent');

describe('the environment', () => {
  test('changes nothing when it is empty', () => {
    const { backoff, limits, userAgent, serverHeader } = settingsWith({ WEBSOCKETS_MAX_REDIRECTS: '' });
    assert.deepEqual(backoff, { initialDelayMs: 5000, minDelayMs: 3100, factor: 1.618, maxDelayMs: 90_000 });
    assert.deepEqual([limits.maxRedirects, limits.maxLogSize], [10, 75]);
    assert.deepEqual([userAgent, serverHeader], ['agent', 'agent']);
  });

  test('has the delays between attempts in seconds', () => {
    const { backoff } = settingsWith({
      WEBSOCKETS_BACKOFF_INITIAL_DELAY: '1',
      WEBSOCKETS_BACKOFF_MIN_DELAY: '0.5',
      WEBSOCKETS_BACKOFF_FACTOR: '2.0',
      WEBSOCKETS_BACKOFF_MAX_DELAY: '.75',
    });
    assert.deepEqual(backoff, { initialDelayMs: 1000, minDelayMs: 500, factor: 2, maxDelayMs: 750 });
  });

  test('limits redirects and HTTP messages', () => {
    const { limits } = settingsWith({ WEBSOCKETS_MAX_REDIRECTS: '2', WEBSOCKETS_MAX_BODY_SIZE: '1_048_576' });
    assert.deepEqual([limits.maxRedirects, limits.http.maxBodyBytes], [2, 1_048_576]);
  });

  for (const [name, value] of [
    ['WEBSOCKETS_MAX_REDIRECTS', 'ten'],
    ['WEBSOCKETS_MAX_REDIRECTS', '1.5'],
    ['WEBSOCKETS_BACKOFF_INITIAL_DELAY', '5s'],
    ['WEBSOCKETS_BACKOFF_MIN_DELAY', '-1'],
    ['WEBSOCKETS_BACKOFF_FACTOR', 'NaN'],
    ['WEBSOCKETS_BACKOFF_MAX_DELAY', '.'],
  ] as const) {
    test(`throws for ${name}=${value}, and names it`, () => {
      assert.throws(
        () => settingsWith({ [name]: value }),
        (error: Error) => {
          assert.equal(error.name, 'RangeError');
          assert.ok(error.message.startsWith(name) && error.message.endsWith(`not "${value}"`), error.message);
          return true;
        },
      );
    });
  }
});
