// Checks which texts are IP addresses, against a table and against node:net, and which addresses are loopback.
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { isIPv4, isIPv6, isLoopbackAddress } from '#dist/core/ip-address.js';

for (const text of ['0.0.0.0', '127.0.0.1', '192.168.10.249', '255.255.255.255']) {
  test(`${text} is an IPv4 address`, () => assert.equal(isIPv4(text), true));
}

for (const text of [
  '',
  '1.2.3',
  '1.2.3.4.5',
  '01.2.3.4',
  '256.1.1.1',
  '1.2.3.',
  '1.2.3.x',
  ' 1.2.3.4',
  '0x7f.0.0.1',
  '::1',
]) {
  test(`"${text}" is not an IPv4 address`, () => assert.equal(isIPv4(text), false));
}

const IPV6 = [
  '::',
  '::1',
  '1::',
  '2001:db8::8:800:200C:417A',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '1:2:3:4:5:6:1.2.3.4',
  '::ffff:127.0.0.1',
  '::1.2.3.4',
  'fe80::1%eth0',
  'fe80::1%25Wi-Fi',
];
for (const text of IPV6) {
  test(`${text} is an IPv6 address`, () => assert.equal(isIPv6(text), true));
}

const NOT_IPV6 = [
  '',
  ':',
  ':::',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4::5:6:7:8',
  '1::2::3',
  ':1::2',
  '1::2:',
  '12345::',
  'g::1',
  '1.2.3.4',
  '1.2.3.4::1',
  '1:1.2.3.4::',
  '::1.2.3.4:5',
  '::1.2.3.256',
  '1:2:3:4:5:6:7:1.2.3.4',
  '[::1]',
  ' ::1',
  'fe80::1%',
  'fe80::1%a b',
];
for (const text of NOT_IPV6) {
  test(`"${text}" is not an IPv6 address`, () => assert.equal(isIPv6(text), false));
}

test('any text made of the pieces of addresses is judged as node:net judges it', () => {
  const pieces = fc.array(fc.constantFrom(':', '::', '0', 'ff', 'FFFF', '12', '1.2.3.4', '127', '.', '256', 'g'), {
    maxLength: 17,
  });
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('');
      assert.equal(isIPv4(text), net.isIPv4(text), text);
      assert.equal(isIPv6(text), net.isIPv6(text), text);
    }),
    { numRuns: 2000 },
  );
});

test('any IPv6 address, written in any form, is one', () => {
  fc.assert(fc.property(fc.ipV6(), (text) => assert.equal(isIPv6(text), true)));
});

const LOOPBACK = ['127.0.0.1', '127.255.3.4', '::1', '0:0:0:0:0:0:0:1', '::1%lo', '::ffff:127.0.0.1', '::FFFF:7f00:1'];
for (const address of LOOPBACK) {
  test(`${address} stays on this machine`, () => assert.equal(isLoopbackAddress(address), true));
}

const ELSEWHERE = [
  '0.0.0.0',
  '128.0.0.1',
  '10.127.0.1',
  '::',
  '::2',
  '1::1',
  '::1:1',
  '::ffff:128.0.0.1',
  '::127.0.0.1',
  'fe80::1',
];
for (const address of [...ELSEWHERE, '[::1]', 'localhost', '']) {
  test(`"${address}" is not a loopback address`, () => assert.equal(isLoopbackAddress(address), false));
}
