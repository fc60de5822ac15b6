import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { isEcho, makePayload } from '#dist/cli/bench/payload.js';

suite('a payload', () => {
  test('has the size that is asked for, as bytes and as text', () => {
    for (const size of [0, 1, 64, 100_000]) {
      assert.equal(makePayload(size, false).length, size);
      assert.equal(Buffer.byteLength(makePayload(size, true)), size);
    }
  });

  test('gets smaller by compression as text, and does not as bytes', () => {
    assert.ok(deflateRawSync(makePayload(10_000, true)).length < 1_000);
    assert.ok(deflateRawSync(makePayload(10_000, false)).length > 9_900);
  });

  test('is known again, and nothing else is taken for it', () => {
    const bytes = makePayload(64, false) as Uint8Array;
    const text = makePayload(64, true);
    assert.ok(isEcho(bytes, bytes.slice()));
    assert.ok(isEcho(text, `${text}`));
    assert.ok(isEcho('', ''));
    assert.ok(!isEcho(bytes, bytes.subarray(1)), 'shorter');
    assert.ok(!isEcho(bytes, text), 'text for bytes');
    assert.ok(!isEcho(bytes, bytes.toReversed()), 'other bytes');
  });
});
