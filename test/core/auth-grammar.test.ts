// The grammars of authentication: which challenges and credentials are understood, and what is said of the others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  buildAuthorizationBasic,
  buildWwwAuthenticateBasic,
  type Challenge,
  parseAuthorizationBasic,
  parseChallenges,
  parseCredentials,
} from '#dist/core/auth-grammar.js';
import { escapeText } from '#dist/core/escape-text.js';
import { InvalidHeaderFormat, InvalidHeaderValue } from '#dist/core/exceptions/handshake-errors.js';

/** A challenge as the tables below write it: the scheme, and what belongs to it. */
type Row = readonly [scheme: string, parameters?: Readonly<Record<string, string>> | string];

const rowOf = ({ scheme, parameters, token68 }: Challenge): Row => {
  if (token68 !== null) return [scheme, token68];
  return parameters.size === 0 ? [scheme] : [scheme, Object.fromEntries(parameters)];
};

const CHALLENGES: readonly (readonly [value: string, challenges: readonly Row[]])[] = [
  ['Negotiate', [['negotiate']]],
  ['Basic realm="x"', [['basic', { realm: 'x' }]]],
  ['Basic realm=x', [['basic', { realm: 'x' }]]],
  ['BASIC REALM = "x" , Charset="UTF-8"', [['basic', { realm: 'x', charset: 'UTF-8' }]]],
  ['Basic realm=""', [['basic', { realm: '' }]]],
  ['Basic realm="a\\"b\\\\c"', [['basic', { realm: 'a"b\\c' }]]],
  ['Basic realm="a, Digest b=c"', [['basic', { realm: 'a, Digest b=c' }]]],
  ['Basic realm="é"', [['basic', { realm: 'é' }]]],
  // RFC 9110 §11.6.1 says that this one is hard to read.
  [
    'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
    [
      ['basic', { realm: 'simple' }],
      ['newauth', { realm: 'apps', type: '1', title: 'Login to "apps"' }],
    ],
  ],
  ['Negotiate, Basic realm="x"', [['negotiate'], ['basic', { realm: 'x' }]]],
  ['Negotiate YII=, NTLM', [['negotiate', 'YII='], ['ntlm']]],
  ['Negotiate a, b', [['negotiate', 'a'], ['b']]],
  [', ,Basic realm="x",, ,Other ,', [['basic', { realm: 'x' }], ['other']]],
  ['Basic realm="x",', [['basic', { realm: 'x' }]]],
  ['Basic ', [['basic']]],
];

const REFUSED_CHALLENGES: readonly (readonly [value: string, problem: string])[] = [
  ['', 'expected token at 0'],
  [',', 'expected token at 1'],
  ['"Basic"', 'expected token at 0'],
  ['realm="x"', 'expected comma at 5'],
  ['Basic a b', 'expected comma at 6'],
  ['Basic realm="x" y', 'expected comma at 16'],
  ['Basic realm="x', 'expected quoted string at 12'],
  ['Basic realm=;', 'expected token at 12'],
  ['Basic a=b, A="c"', 'duplicate parameter at 11'],
  ['Basic a="\0"', 'expected quoted string at 8'],
];

for (const [value, rows] of CHALLENGES) {
  test(`challenges are read from ${JSON.stringify(value)}`, () =>
    assert.deepEqual(parseChallenges('WWW-Authenticate', value).map(rowOf), rows));
}

for (const [value, problem] of REFUSED_CHALLENGES) {
  test(`no challenges are read from ${JSON.stringify(value)}: ${problem}`, () =>
    assert.throws(() => parseChallenges('Proxy-Authenticate', value), {
      name: 'InvalidHeaderFormat',
      message: `invalid Proxy-Authenticate header: ${problem} in ${escapeText(value)}`,
    }));
}

test('credentials are one scheme with its parameters, and nothing behind it', () => {
  const value = 'Digest username="Mufasa", qop=auth, nc=00000001, cnonce=""';
  assert.deepEqual(rowOf(parseCredentials('Authorization', value)), [
    'digest',
    { username: 'Mufasa', qop: 'auth', nc: '00000001', cnonce: '' },
  ]);
  assert.throws(() => parseCredentials('Authorization', 'Digest a=b, Basic c'), /trailing data at 12 in Digest/);
});

const BASIC_ACCEPTED: readonly (readonly [value: string, credentials: readonly [string, string]])[] = [
  ['Basic aGVsbG86aWxvdmV5b3U=', ['hello', 'iloveyou']],
  ['basic aGVsbG86aWxvdmV5b3U=', ['hello', 'iloveyou']],
  ['BASIC Og==', ['', '']],
  ['Basic YTpiOmM=', ['a', 'b:c']],
  ['Basic w6k646Cg4oKs', ['é', '\u3820€']],
];

const BASIC_REFUSED: readonly (readonly [value: string, problem: string])[] = [
  ['', 'expected token at 0'],
  ['"Basic"', 'expected token at 0'],
  [' Basic Og==', 'expected token at 0'],
  ['Basic', 'expected space after scheme at 5'],
  ['Basic\tOg==', 'expected space after scheme at 5'],
  ['Basic ', 'expected token68 at 6'],
  ['Basic  Og==', 'expected token68 at 6'],
  ['Basic =', 'expected token68 at 6'],
  ['Basic ****', 'expected token68 at 6'],
  ['Basic Og== ', 'trailing data at 10'],
  ['Basic Og==x', 'trailing data at 10'],
  ['Basic Og==, Basic Og==', 'trailing data at 10'],
];

for (const [value, credentials] of BASIC_ACCEPTED) {
  test(`Authorization reads ${JSON.stringify(value)}`, () =>
    assert.deepEqual(parseAuthorizationBasic(value), credentials));
}

for (const [value, problem] of BASIC_REFUSED) {
  test(`Authorization refuses ${JSON.stringify(value)}: ${problem}`, () =>
    assert.throws(() => parseAuthorizationBasic(value), {
      name: 'InvalidHeaderFormat',
      message: `invalid Authorization header: ${problem} in ${escapeText(value)}`,
    }));
}

for (const [value, problem] of [
  ['Digest username="x"', 'unsupported scheme: Digest'],
  ['Bearer', 'unsupported scheme: Bearer'],
  ['Basic aGVsbG8', 'expected base64-encoded credentials'],
  ['Basic aGVsbG8=====', 'expected base64-encoded credentials'],
  ['Basic a.b~', 'expected base64-encoded credentials'],
  ['Basic Ov8=', 'expected base64-encoded credentials'],
  ['Basic aGVsbG8=', 'expected username:password credentials'],
] as const) {
  test(`Authorization does not accept ${value}: ${problem}`, () =>
    assert.throws(
      () => parseAuthorizationBasic(value),
      (error) => {
        assert.ok(error instanceof InvalidHeaderValue);
        assert.equal(error.message, `invalid Authorization header: ${problem}`);
        return true;
      },
    ));
}

test('Basic credentials are UTF-8 in base64', () => {
  assert.equal(buildAuthorizationBasic('Aladdin', 'open sesame'), 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==');
  assert.equal(buildAuthorizationBasic('', ''), 'Basic Og==');
  assert.equal(buildAuthorizationBasic('test', '123£'), 'Basic dGVzdDoxMjPCow=='); // RFC 7617 §2.1
});

test('a user name with a colon cannot be written', () => {
  assert.throws(() => buildAuthorizationBasic('a:b', 'c'), RangeError);
});

test('a realm is quoted, with its quotes and backslashes escaped', () => {
  assert.equal(buildWwwAuthenticateBasic(''), 'Basic realm="", charset="UTF-8"');
  assert.equal(buildWwwAuthenticateBasic('a\t b'), 'Basic realm="a\t b", charset="UTF-8"');
  assert.equal(buildWwwAuthenticateBasic('a"b\\c"\xe9'), 'Basic realm="a\\"b\\\\c\\"\xe9", charset="UTF-8"');
});

test('a realm that cannot stand in a header is refused', () => {
  for (const realm of ['\r\n', '\0', '\x7f', '€']) {
    assert.throws(() => buildWwwAuthenticateBasic(realm), {
      name: 'RangeError',
      message: 'invalid characters for quoted-string encoding',
    });
  }
});

// --- Properties ---

test('Basic credentials that are written are read back', () => {
  const username = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes(':'));
  fc.assert(
    fc.property(username, fc.string({ unit: 'grapheme' }), (user, password) => {
      assert.deepEqual(parseAuthorizationBasic(buildAuthorizationBasic(user, password)), [user, password]);
    }),
  );
});

test('whatever a header says, it is read or refused with its own error', () => {
  const near = fc.string({ unit: fc.constantFrom(...'a,;="\\ \t/é\0', 'Basic ', 'Og==', 'realm=') });
  fc.assert(
    fc.property(fc.oneof(near, fc.string()), (value) => {
      for (const parse of [
        parseAuthorizationBasic,
        (text: string) => parseChallenges('WWW-Authenticate', text),
        (text: string) => parseCredentials('Authorization', text),
      ]) {
        try {
          parse(value);
        } catch (error) {
          assert.ok(error instanceof InvalidHeaderFormat || error instanceof InvalidHeaderValue, String(error));
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test('a hostile value costs time in proportion to its length', () => {
  const start = process.cpuUsage();
  const n = 200_000;
  assert.throws(() => parseAuthorizationBasic(`Basic ${'='.repeat(n)}`), /expected token68/);
  for (const value of [`Basic a="${'b'.repeat(n)}`, `Basic ${'a'.repeat(n)} b`, `Basic a${' '.repeat(n)}b`]) {
    assert.throws(() => parseChallenges('WWW-Authenticate', value), InvalidHeaderFormat);
  }
  parseChallenges('WWW-Authenticate', 'a,'.repeat(n));
  parseChallenges('WWW-Authenticate', `Basic ${Array.from({ length: n / 10 }, (_, i) => `p${i}=v`).join()}`);
  const { user } = process.cpuUsage(start);
  assert.ok(user < 5_000_000, `${user} µs`);
});
