// Digest authentication: the numbers of the RFC's examples, and which challenges are answered how.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { parseCredentials } from '#dist/core/auth-grammar.js';
import {
  bestDigestChallenge,
  type DigestAlgorithm,
  type DigestChallenge,
  DigestSession,
  digestResponse,
  digestSecret,
  type Hash,
} from '#dist/core/digest.js';

const hash: Hash = (name, bytes) => createHash(name).update(bytes).digest('hex');

const mufasa = { username: 'Mufasa', password: 'Circle of Life' };

/** The challenge of RFC 7616 §3.9.1. */
const challengeOf = (algorithm: DigestAlgorithm, changes: Partial<DigestChallenge> = {}): DigestChallenge => ({
  realm: 'http-auth@example.org',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  opaque: 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS',
  algorithm,
  hasQop: true,
  isStale: false,
  hashesUsername: false,
  takesUtf8: true,
  ...changes,
});

const cnonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';

for (const [algorithm, response] of [
  ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
  ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
] as const) {
  test(`${algorithm} answers the challenge of RFC 7616 §3.9.1 as it stands there`, () => {
    const session = new DigestSession(challengeOf(algorithm), mufasa, { hash, cnonce });
    const { scheme, parameters } = parseCredentials('Authorization', session.authorization('GET', '/dir/index.html'));
    assert.equal(scheme, 'digest');
    assert.deepEqual(Object.fromEntries(parameters), {
      username: 'Mufasa',
      realm: 'http-auth@example.org',
      nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      uri: '/dir/index.html',
      algorithm,
      response,
      qop: 'auth',
      nc: '00000001',
      cnonce,
      opaque: 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS',
    });
  });
}

test('SHA-512-256 is the function of FIPS 180-4, not the first half of SHA-512 (RFC erratum 4897)', () => {
  const user = { username: 'Jäsøn Doe', password: 'Secret, or not?' };
  const challenge = { ...challengeOf('SHA-512-256'), realm: 'api@example.org', hashesUsername: true };
  const session = new DigestSession(challenge, user, { hash, cnonce });
  const { parameters } = parseCredentials('Authorization', session.authorization('GET', '/doe.json'));
  assert.equal(parameters.get('username'), '793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b');
  assert.equal(parameters.get('userhash'), 'true');
});

test('without qop the response is that of RFC 2617 §3.5 with what RFC 2069 leaves out', () => {
  // H(A1):nonce:H(A2), with the secret and the second hash that RFC 2617 §3.5 prints.
  const secret = digestSecret('MD5', { username: 'Mufasa', password: 'Circle Of Life' }, 'testrealm@host.com', hash);
  assert.equal(secret, '939e7578ed9e3c518a452acee763bce9');
  const second = createHash('md5').update('GET:/dir/index.html').digest('hex');
  assert.equal(second, '39aff3a2bab6126f332b942af96d3366');
  const nonce = 'dcd98b7102dd2f0e8b11d0f600bfb0c093';
  const input = { algorithm: 'MD5', method: 'GET', uri: '/dir/index.html', nonce, cnonce: 'unused', nc: null } as const;
  assert.equal(
    digestResponse(secret, input, hash),
    createHash('md5').update(`${secret}:${nonce}:${second}`).digest('hex'),
  );
  const session = new DigestSession(challengeOf('MD5', { hasQop: false, opaque: null }), mufasa, { hash, cnonce });
  assert.doesNotMatch(session.authorization('GET', '/'), /qop|nc=|cnonce|opaque/);
});

test('a session counts its requests, and each has a response of its own', () => {
  const session = new DigestSession(challengeOf('SHA-256'), mufasa, { hash, cnonce });
  const seen = new Set<string>();
  for (let i = 1; i <= 17; i++) {
    const { parameters } = parseCredentials('Authorization', session.authorization('GET', '/'));
    assert.equal(parameters.get('nc'), i.toString(16).padStart(8, '0'));
    seen.add(parameters.get('response')!);
  }
  assert.equal(seen.size, 17);
});

test('with -sess the nonces of both sides are hashed into the secret (RFC 7616 §3.4.2)', () => {
  const input = { algorithm: 'MD5-sess', method: 'GET', uri: '/', nonce: 'n', cnonce: 'c', nc: '00000001' } as const;
  const secret = digestSecret('MD5-sess', mufasa, 'r', hash);
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  const expected = md5(`${md5(`${md5('Mufasa:r:Circle of Life')}:n:c`)}:n:00000001:c:auth:${md5('GET:/')}`);
  assert.equal(digestResponse(secret, input, hash), expected);
});

test('a name that is not ASCII travels as RFC 8187 writes it, to servers that know nothing of UTF-8 as bytes', () => {
  const named = (username: string, takesUtf8 = true): string =>
    new DigestSession(challengeOf('MD5', { takesUtf8 }), { username, password: '' }, { hash, cnonce }).authorization(
      'GET',
      '/',
    );
  assert.match(named("J'äs*n"), /^Digest username\*=UTF-8''J%27%C3%A4s%2An, realm/);
  assert.match(named('a"b\\c'), /^Digest username="a\\"b\\\\c", realm/);
  assert.match(named('a\r\nb'), /^Digest username\*=UTF-8''a%0D%0Ab, realm/);
  assert.match(named('ä"', false), /^Digest username="\xc3\xa4\\"", realm/);
  assert.match(named('a\r\nb', false), /^Digest username\*=UTF-8''a%0D%0Ab, realm/);
});

test('of several challenges the strongest is answered', () => {
  const best = (...values: string[]): string | null => bestDigestChallenge(values)?.algorithm ?? null;
  const md5 = 'Digest realm="r", nonce="n", qop="auth"';
  const sha = 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256';
  assert.equal(best(md5, sha), 'SHA-256');
  assert.equal(best(sha, md5), 'SHA-256');
  assert.equal(best(`Basic realm="r", ${md5}, ${sha}`), 'SHA-256');
  assert.equal(best('Digest realm=r, nonce=n, algorithm=sha-512-256-SESS, qop="auth-int, AUTH"'), 'SHA-512-256-sess');
  assert.equal(best('DIGEST realm="r", nonce="n"'), 'MD5');
});

test('what can not be answered is no challenge', () => {
  for (const value of [
    'Basic realm="r"',
    'Digest',
    'Digest realm="r"',
    'Digest nonce="n"',
    'Digest realm="r", nonce="n", algorithm=SHA-1',
    'Digest realm="r", nonce="n", qop="auth-int"',
    'Digest realm="r", nonce="n" oops',
  ]) {
    assert.equal(bestDigestChallenge([value]), null, value);
  }
  assert.equal(bestDigestChallenge([]), null);
});

test('a challenge says whether names are UTF-8', () => {
  assert.equal(bestDigestChallenge(['Digest realm="r", nonce="n", charset=utf-8'])?.takesUtf8, true);
  assert.equal(bestDigestChallenge(['Digest realm="r", nonce="n"'])?.takesUtf8, false);
});

test('a challenge says whether the last nonce was too old', () => {
  assert.equal(bestDigestChallenge(['Digest realm="r", nonce="n", stale=TRUE'])?.isStale, true);
  assert.equal(bestDigestChallenge(['Digest realm="r", nonce="n", stale=false'])?.isStale, false);
});
