// The nonces of Digest: which are good, how often, how long.
import assert from 'node:assert/strict';
import { createHash, randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import { DigestNonces } from '#dist/connection/server/digest-nonces.js';
import type { Hash } from '#dist/core/digest.js';
import { collect } from '../../support/collected.ts';
import { fakeHost } from '../../support/fake-host.ts';

const hash: Hash = (name, bytes) => createHash(name).update(bytes).digest('hex');

function noncesAt(start = 1_000_000): { readonly nonces: DigestNonces; readonly pass: (ms: number) => void } {
  let now = start;
  const host = { ...fakeHost(), fillRandom: randomFillSync, now: () => now };
  const pass = (ms: number): void => {
    now += ms;
  };
  return { nonces: new DigestNonces({ host, hash, lifetimeMs: 1000, secret: 'secret' }), pass };
}

function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

test('a nonce is good once for each count that goes up', () => {
  const { nonces } = noncesAt();
  const nonce = nonces.issue();
  assert.notEqual(nonces.issue(), nonce);
  assert.equal(nonces.use(nonce, 1), true);
  assert.equal(nonces.use(nonce, 1), false);
  assert.equal(nonces.use(nonce, 5), true);
  assert.equal(nonces.use(nonce, 4), false);
  assert.equal(nonces.use(nonce, 0), false);
  assert.equal(nonces.use(nonce, 6), true);
});

test('a nonce is good for its lifetime, and is forgotten afterwards', () => {
  const { nonces, pass } = noncesAt();
  const nonce = nonces.issue();
  pass(1000);
  assert.equal(nonces.use(nonce, 1), true);
  assert.equal(nonces.size, 1);
  pass(1);
  assert.equal(nonces.use(nonce, 2), false);
  const next = nonces.issue();
  assert.equal(nonces.use(next, 1), true);
  assert.equal(nonces.size, 1);
});

test('a nonce of somebody else, or one that was changed, is not good', () => {
  const { nonces } = noncesAt();
  const nonce = nonces.issue();
  const [time, random, proof] = nonce.split('.');
  const later = (Number.parseInt(time!, 36) + 500).toString(36);
  for (const forged of [
    '',
    '.',
    '..',
    `${later}.${random}.${proof}`,
    `${time}.x.${proof}`,
    `${time}.${random}.`,
    `${nonce}.`,
    `${nonce}.x`,
  ]) {
    assert.equal(nonces.use(forged, 1), false, forged);
  }
  const others = new DigestNonces({ host: fakeHost(), hash, lifetimeMs: 1000, secret: 'another' });
  assert.equal(nonces.use(others.issue(), 1), false);
  assert.equal(nonces.size, 0, 'nothing is kept for who only guesses');
});

test('processes that share the secret take each other’s nonces', () => {
  const { nonces } = noncesAt();
  const { nonces: others } = noncesAt();
  assert.equal(others.use(nonces.issue(), 1), true);
});

test('no more than 10,000 nonces are remembered, and none that was forgotten is good again', () => {
  const { nonces, pass } = noncesAt();
  const first = nonces.issue();
  assert.equal(nonces.use(first, 1), true);
  pass(1);
  const second = nonces.issue();
  assert.equal(nonces.use(second, 1), true);
  pass(1);
  for (let i = 0; i < 9_999; i++) assert.equal(nonces.use(nonces.issue(), 1), true);
  assert.equal(nonces.size, 10_000);
  assert.equal(nonces.use(first, 2), false, 'forgotten');
  assert.equal(nonces.use(second, 2), true);
});

test('what is remembered of a nonce does not keep the request that it came in', () => {
  const { nonces } = noncesAt();
  const before = heapBytes();
  for (let i = 0; i < 2_000; i++) {
    const request = Buffer.from(`${nonces.issue()}${'x'.repeat(8_000)}`).toString('latin1');
    assert.equal(nonces.use(request.slice(0, -8_000), 1), true);
  }
  assert.equal(nonces.size, 2_000);
  const each = (heapBytes() - before) / 2_000;
  assert.ok(each < 1_000, `${each} bytes for each nonce`);
});
