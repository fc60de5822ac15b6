// Many messages of all sizes through a proxy that splits the stream at random: every byte comes back, in order.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { volume } from '../soak/volume.ts';

describe('an echo of ten thousand messages, split at random', () => {
  for (const compression of ['deflate', null] as const) {
    test(`gives every byte back, ${compression ?? 'not compressed'}`, async () => {
      const { messages, bytes } = await volume({ messages: 10_000, seed: 7, compression });
      assert.equal(messages, 10_000);
      assert.ok(bytes > 5 * 1024 * 1024, String(bytes));
    });
  }
});
