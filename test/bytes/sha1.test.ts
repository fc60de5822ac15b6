// Checks SHA-1 against the vectors of FIPS 180-4 and RFC 3174 §7.3 and against node:crypto.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { sha1 } from '#dist/bytes/sha1.js';

const hex = (text: string) => Buffer.from(sha1(new Uint8Array(Buffer.from(text)))).toString('hex');

const VECTORS = [
  ['', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
  ['abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '84983e441c3bd26ebaae4aa1f95129e5e54670f1'],
  [
    '0123456701234567012345670123456701234567012345670123456701234567'.repeat(10),
    'dea356a2cddd90c7a7ecedc5ebb563934f460452',
  ],
] as const;

for (const [message, digest] of VECTORS) {
  test(`the digest of ${message.length} characters "${message.slice(0, 8)}…" is ${digest}`, () => {
    assert.equal(hex(message), digest);
  });
}

test('a million characters have the digest of RFC 3174', () => {
  assert.equal(hex('a'.repeat(1_000_000)), '34aa973cd4c4daa4f61eeb2bdbad27316534016f');
});

test('each length around the edge of a block has the digest that node:crypto computes', () => {
  for (let length = 50; length <= 130; length++) {
    const message = 'x'.repeat(length);
    assert.equal(hex(message), createHash('sha1').update(message).digest('hex'), `${length} bytes`);
  }
});

test('any bytes have the digest that node:crypto computes, and stay as they were', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const before = bytes.slice();
      assert.deepEqual(Buffer.from(sha1(bytes)), createHash('sha1').update(bytes).digest());
      assert.deepEqual(bytes, before);
    }),
  );
});
