// Checks which Host headers are well-formed, whom they name, and which hosts a list of rules allows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HostRule, isHostAllowed, isLoopbackName, parseHostHeader } from '#dist/core/host-header.js';

const NAMED = [
  ['example.com', 'example.com', null],
  ['Example.COM:8080', 'example.com', 8080],
  ['example.com.', 'example.com', null],
  ['example.com.:1', 'example.com', 1],
  ['h:', 'h', null],
  ['h:0', 'h', 0],
  ['h:65535', 'h', 65_535],
  ['127.0.0.1:80', '127.0.0.1', 80],
  ['[::1]', '::1', null],
  ['[2001:DB8::A]:80', '2001:db8::a', 80],
  ['[fe80::1%25Eth0]', 'fe80::1%25Eth0', null],
  ["a_b~!$&'()*+,;=%c3%BC", "a_b~!$&'()*+,;=%c3%bc", null],
  ['.', '.', null],
  ['[fe80::1%25en.]', 'fe80::1%25en.', null],
] as const;

for (const [value, host, port] of NAMED) {
  test(`Host: ${value} names ${host}`, () => assert.deepEqual(parseHostHeader(value), { host, port }));
}

const MALFORMED = [
  '',
  ':80',
  'h:x',
  'h:-1',
  'h:65536',
  'h:80:80',
  'u@h',
  'u:p@h',
  'h/',
  'h/path',
  'h?',
  'h#',
  'http://h',
  'a b',
  ' h',
  'a, b',
  'a"b',
  'a<b',
  'a\\b',
  'h%',
  'h%4',
  'h%zz',
  'h\u00fc',
  'h\u0080',
  '::1',
  '[]',
  '[::1',
  '::1]',
  '[::1]80',
  '[h]',
  '[v1.a:b]',
];
for (const value of MALFORMED) {
  test(`${JSON.stringify(value)} is not a Host`, () => assert.equal(parseHostHeader(value), null));
}

const RULES: readonly (readonly [rule: HostRule, host: string, allowed: boolean])[] = [
  ['example.com', 'example.com', true],
  ['example.com', 'EXAMPLE.com.:8080', true],
  ['Example.Com.', 'example.com', true],
  ['example.com', 'www.example.com', false],
  ['example.com', 'example.com.evil.test', false],
  ['example.com:80', 'example.com:80', true],
  ['example.com:80', 'example.com:81', false],
  ['example.com:80', 'example.com', false],
  ['::1', '[::1]:8080', true],
  ['[::1]', '[::1]:8080', true],
  ['[::1]:80', '[::1]:8080', false],
  ['not a host', 'example.com', false],
  ['', 'example.com', false],
  [/.*\.example\.com/, 'www.example.com:8080', true],
  [/example\.com|example\.org/, 'example.org', true],
  [/example\.com/, 'example.com.evil.test', false],
  [/example\.com/, 'www.example.com', false],
  [isLoopbackName, 'localhost:8080', true],
  [isLoopbackName, '[::1]:8080', true],
  [isLoopbackName, 'evil.test', false],
  [(host) => host === 'www.example.com', 'WWW.Example.Com:1', true],
];

for (const [rule, value, allowed] of RULES) {
  const name = typeof rule === 'function' ? 'a function' : String(rule);
  test(`a list with ${JSON.stringify(name)} ${allowed ? 'allows' : 'refuses'} ${value}`, () => {
    assert.equal(isHostAllowed(parseHostHeader(value)!, ['other.test', rule]), allowed);
  });
}

test('an empty list of rules allows no host', () => {
  assert.equal(isHostAllowed({ host: 'h', port: null }, []), false);
});

for (const host of [
  'localhost',
  'LOCALHOST',
  'app.localhost',
  'a.b.localhost',
  '127.0.0.1',
  '127.1.2.3',
  '::1',
  '::ffff:127.0.0.1',
]) {
  test(`${host} is this machine`, () => assert.equal(isLoopbackName(host), true));
}

for (const host of [
  '',
  'localhost.evil.test',
  'notlocalhost',
  '::2%x.localhost',
  '127.0.0.1.evil.test',
  '192.168.0.1',
  '0.0.0.0',
  '::2',
]) {
  test(`"${host}" is not this machine`, () => assert.equal(isLoopbackName(host), false));
}
