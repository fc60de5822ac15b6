// The Host header and addresses, held against node:net and URL.
import { BlockList, isIPv4 as netIsIPv4, isIPv6 as netIsIPv6 } from 'node:net';
import { isHostAllowed, isLoopbackName, parseHostHeader } from '../../dist/core/host-header.js';
import { isIPv4, isIPv6, isLoopbackAddress } from '../../dist/core/ip-address.js';
import { holds, inLinearTime, same } from '../engine/expect.js';
import { Input, seed } from '../engine/input.js';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
const PLAIN_NAME = /^(?!.*xn--)(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*$/;

function checkAddress(text) {
  same(isIPv4(text), netIsIPv4(text), `isIPv4 ${text}`);
  if (!text.includes('%')) same(isIPv6(text), netIsIPv6(text), `isIPv6 ${text}`);
  const family = netIsIPv4(text) ? 'ipv4' : netIsIPv6(text) ? 'ipv6' : null;
  if (text.includes('%')) return;
  same(isLoopbackAddress(text), family !== null && loopback.check(text, family), `isLoopbackAddress ${text}`);
}

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  const checksAddress = input.bool();
  const value = input.restText();
  if (checksAddress) checkAddress(value);
  const named = parseHostHeader(value);
  if (named === null) return;
  const { host, port } = named;
  holds(host !== '' && !/[\s/?#@[\]\\]/.test(host), `host ${host}`);
  if (!host.includes('%')) same(host, host.toLowerCase(), 'case');
  holds(port === null || (Number.isInteger(port) && port >= 0 && port <= 65_535), `port ${port}`);
  const written = `${host.includes(':') ? `[${host}]` : host}${port === null ? '' : `:${port}`}`;
  // Of two dots at the end one is left, which would be taken away the next time.
  if (!host.endsWith('.')) same(parseHostHeader(written), named, 'written and read again');
  holds(isHostAllowed(named, [value]), 'a host that is listed is allowed');
  holds(!isHostAllowed(named, [`x${written}`, `${host}.x`]), 'another host is not');
  if (isLoopbackName(host)) {
    const isName = host === 'localhost' || (host.endsWith('.localhost') && !host.includes(':'));
    const address = host.split('%')[0];
    holds(isName || loopback.check(address, netIsIPv4(address) ? 'ipv4' : 'ipv6'), `${host} is this machine`);
  }
  if (PLAIN_NAME.test(host)) same(new URL(`http://${value}/`).hostname.replace(/\.$/, ''), host, 'held against URL');
});

export const maxLength = 400;
export const words = ['localhost', '127.0.0.1', '[::1]', '::ffff:', ':80', ':65536', '%25', 'fe80::1%', '.localhost'];
export const seeds = () =>
  [
    'localhost',
    'example.com:80',
    '[::1]:8080',
    '127.0.0.1',
    '::ffff:127.0.0.1',
    '1:2:3:4:5:6:7:8',
    '1::8%eth0',
    'a.:0',
    '0.0.0.0:',
    '[::ffff:7f00:1]',
    '256.1.1.1',
    '%41%zz',
    ...[
      '127.255.255.255',
      '128.0.0.1',
      '126.255.255.255',
      '::ffff:7fff:1',
      '::ffff:8000:1',
      '::ffff:128.0.0.1',
      '::1%lo',
      '::2',
      '[::%..localhost]',
    ],
  ].flatMap((text) => [seed([0], text), seed([1], text)]);
