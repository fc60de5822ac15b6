// Checks the key of a client and the value that answers it.
import assert from 'node:assert/strict';
import { createHash, randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { acceptKey, generateKey } from '#dist/core/handshake-key.js';

test('a key is 16 bytes of the secure source in base64', () => {
  const fillRandom = (bytes: Uint8Array) => {
    for (let i = 0; i < bytes.length; i++) bytes[i] = i;
  };
  assert.equal(generateKey({ fillRandom }), 'AAECAwQFBgcICQoLDA0ODw==');
});

test('two keys of a random source differ', () => {
  const host = { fillRandom: (bytes: Uint8Array) => void randomFillSync(bytes) };
  assert.notEqual(generateKey(host), generateKey(host));
});

test('the example key of RFC 6455 is answered as the RFC says', () => {
  assert.equal(acceptKey('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

test('any key is answered with the digest that node:crypto computes', () => {
  fc.assert(
    fc.property(fc.oneof(fc.base64String(), fc.string({ minLength: 24, maxLength: 24, unit: 'binary' })), (key) => {
      const expected = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      assert.equal(acceptKey(key), expected);
    }),
  );
});
