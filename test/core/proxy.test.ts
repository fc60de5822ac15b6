// Checks how addresses of proxies are read, and which are refused and why.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidProxy } from '#dist/core/exceptions/handshake-errors.js';
import { Proxy as ProxyAddress, type ProxyInit, parseProxy } from '#dist/core/proxy.js';

const PLAIN: ProxyInit = { scheme: 'http', host: 'p', port: 80 };

/** The address and what it has that {@link PLAIN} has not. */
const ACCEPTED: readonly (readonly [address: string, parts: Partial<ProxyInit>])[] = [
  ['http://p', {}],
  ['http://p/', {}],
  ['http://p?', {}],
  ['http://p#', {}],
  ['HTTP://P:3128', { port: 3128 }],
  ['  http://p\n', {}],
  ['https://p', { scheme: 'https', port: 443 }],
  ['https://p:8443/', { scheme: 'https', port: 8443 }],
  // Not 1080: so the reference has it.
  ['socks5h://p', { scheme: 'socks5h' }],
  ['socks5://p', { scheme: 'socks5' }],
  ['socks4a://p', { scheme: 'socks4a' }],
  ['socks4://p', { scheme: 'socks4' }],
  ['socks5h://p:1080', { scheme: 'socks5h', port: 1080 }],
  ['http://p:', {}],
  ['http://p:0', {}],
  ['http://127.0.0.1:1', { host: '127.0.0.1', port: 1 }],
  ['http://[::1]:8080', { host: '::1', port: 8080 }],
  ['http://[FE80::1%Wi-Fi]', { host: 'fe80::1%Wi-Fi' }],
  ['http://user:pass@p', { username: 'user', password: 'pass' }],
  ['http://user:pa:ss@p', { username: 'user', password: 'pa:ss' }],
  ['http://a@b:c@p', { username: 'a@b', password: 'c' }],
  ['http://user%40x:p%3Ass@p', { username: 'user%40x', password: 'p%3Ass' }],
  ['http://:@p', { username: '', password: '' }],
  ['http://user:@p', { username: 'user', password: '' }],
  ['http://høst', { host: 'xn--hst-0na' }],
  ['socks5://üser:påss%41@p', { scheme: 'socks5', username: '%C3%BCser', password: 'p%C3%A5ss%2541' }],
];

for (const [address, parts] of ACCEPTED) {
  test(`the proxy ${JSON.stringify(address)} is accepted`, () => {
    assert.deepEqual(parseProxy(address), new ProxyAddress({ ...PLAIN, ...parts }));
  });
}

/** The address and what is wrong with it. Where there are several flaws, the first one of the list is told. */
const REFUSED: readonly (readonly [address: string, msg: string])[] = [
  ['', "scheme  isn't supported"],
  ['p', "scheme  isn't supported"],
  ['p:3128', "scheme p isn't supported"],
  ['ftp://p', "scheme ftp isn't supported"],
  ['socks://p', "scheme socks isn't supported"],
  ['ws:///path?query#fragment', "scheme ws isn't supported"],
  ['http:p', "hostname isn't provided"],
  ['http://', "hostname isn't provided"],
  ['http://:80', "hostname isn't provided"],
  ['http://user@/path', "hostname isn't provided"],
  ['http://p/path', 'path is meaningless'],
  ['http://p//', 'path is meaningless'],
  ['http://user@p/path?query#fragment', 'path is meaningless'],
  ['http://p?query', 'query is meaningless'],
  ['http://user@p/?query#fragment', 'query is meaningless'],
  ['http://p#fragment', 'fragment is meaningless'],
  ['http://user@p#fragment', 'fragment is meaningless'],
  ['http://user@p', 'username provided without password'],
  ['http://@p', 'username provided without password'],
  ['http://p p', "hostname isn't valid"],
  ['http://[::1', "hostname isn't valid"],
  ['http://[p]', "hostname isn't valid"],
  ['http://ø..x', "hostname isn't valid"],
  ['http://p:x', "port isn't a number from 0 to 65535"],
  ['http://p:-1', "port isn't a number from 0 to 65535"],
  ['http://p:65536', "port isn't a number from 0 to 65535"],
  ['http://u:\ud800@p', "text isn't valid Unicode"],
];

for (const [address, msg] of REFUSED) {
  test(`the proxy ${JSON.stringify(address)} is refused: ${msg}`, () => {
    assert.throws(
      () => parseProxy(address),
      (error) =>
        error instanceof InvalidProxy &&
        error.proxy === address &&
        error.msg === msg &&
        error.message === `${address} isn't a valid proxy: ${msg}`,
    );
  });
}

test('a proxy has user information when it has a name and a password', () => {
  assert.deepEqual(parseProxy('http://user:pass@p').userInfo, ['user', 'pass']);
  assert.equal(parseProxy('http://p').userInfo, null);
});
