// The last bytes of a stream, whatever pieces they came in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { InflateWindow } from '#dist/node/inflate-window.js';

test('a window is the end of all that was added, and inflates to it as a block', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 30 });
  fc.assert(
    fc.property(fc.constantFrom(256, 512, 1000, 4096), pieces, (maxBytes, added) => {
      const window = new InflateWindow(maxBytes);
      let all = Buffer.alloc(0);
      for (const piece of added) {
        window.add(piece);
        all = Buffer.concat([all, piece]);
        const expected = all.subarray(-maxBytes);
        assert.equal(window.length, expected.length);
        // The empty last block of RFC 1951 §3.2.6, so that the stream has an end.
        const stream = Buffer.concat([window.asBlock(), Uint8Array.of(0x03, 0x00)]);
        assert.deepEqual(inflateRawSync(stream), expected);
      }
    }),
  );
});

test('a window that has seen a little holds a little, and a full one no more than itself', () => {
  const window = new InflateWindow(32_768);
  assert.ok(window.asBlock().buffer.byteLength < 100);
  window.add(new Uint8Array(100));
  assert.ok(window.asBlock().buffer.byteLength < 1000);
  for (let i = 0; i < 500; i++) window.add(new Uint8Array(1000));
  assert.equal(window.asBlock().buffer.byteLength, 32_768 + 5);
});
