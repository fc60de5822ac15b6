// The short form of `npm run soak:mixed`.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { growth, mixedTraffic, type Sample } from './mixed-traffic.ts';

describe('mixed traffic', () => {
  test('over connections that come and go, read slowly, ping, compress and send fragments comes back as it was', async () => {
    const { complaints, opened, messages, pings } = await mixedTraffic({ connections: 100, seconds: 4, seed: 1 });
    assert.deepEqual(complaints, []);
    assert.ok(opened >= 100, `${opened} connections`);
    assert.ok(messages > 100, `${messages} messages`);
    assert.ok(pings > 0);
  });

  test('is held to what the last quarter takes more than the third, whatever the beginning took and single samples take', () => {
    const samples = (...bytes: readonly number[]): Sample[] =>
      bytes.map((serverBytes, seconds) => ({ seconds, serverBytes, clientBytes: 0 }));
    const grown = (...bytes: readonly number[]): number =>
      Math.round(100 * growth(samples(...bytes), ({ serverBytes }) => serverBytes));
    assert.equal(grown(1, 1, 1, 50, 50, 50, 100, 100, 100, 100, 900, 100), 0);
    assert.equal(grown(1, 1, 1, 50, 50, 50, 100, 100, 100, 110, 110, 110), 10);
    assert.equal(grown(1, 1, 1, 50, 50, 50, 100, 100, 100, 90, 90, 90), -10);
  });
});
