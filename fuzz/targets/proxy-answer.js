// Proxies: what one answers to CONNECT, its address, and what the environment says.
import { createHash } from 'node:crypto';
import { parseCredentials } from '../../dist/core/auth-grammar.js';
import { InvalidProxy, InvalidProxyMessage } from '../../dist/core/exceptions/handshake-errors.js';
import { parseProxy } from '../../dist/core/proxy.js';
import { getProxy } from '../../dist/core/proxy-environment.js';
import {
  buildConnectRequest,
  ConnectResponseReader,
  digestAuthorization,
  isGranted,
} from '../../dist/core/proxy-tunnel.js';
import { attempt, describe, holds, inLinearTime, same } from '../engine/expect.js';
import { describeMessage } from '../engine/http.js';
import { cut, Input, latin1, latin1Text, seed } from '../engine/input.js';

const hash = (name, bytes) => createHash(name).update(bytes).digest('hex');
const TARGET = { host: 'example.com', port: 443, secure: true };
const USER = { username: 'u', password: 'p' };

function read(pieces) {
  const reader = new ConnectResponseReader();
  let bytes = 0;
  for (const piece of pieces) {
    bytes += piece.length;
    const response = reader.push(piece);
    if (response !== null) return { response, headBytes: bytes - reader.rest.length };
  }
  reader.end();
  throw new Error('the end of the stream completes an answer');
}

function answers(input) {
  const cutSeed = input.byte();
  const bytes = input.rest();
  const whole = attempt(() => read([bytes]), [InvalidProxyMessage]);
  const pieces = attempt(() => read(cut(bytes, cutSeed)), [InvalidProxyMessage]);
  same(describe(pieces.error), describe(whole.error), 'in pieces');
  if (whole.error !== null) {
    same(pieces.error.cause?.constructor, whole.error.cause?.constructor, 'cause in pieces');
    return;
  }
  const { response, headBytes } = whole.value;
  same(pieces.value.headBytes, headBytes, 'what follows belongs to the tunnel');
  same(describeMessage(pieces.value.response), describeMessage(response), 'answer in pieces');
  same(isGranted(response), response.statusCode >= 200 && response.statusCode < 300, 'granted');
  const sent = digestAuthorization(response, TARGET, USER, { hash, cnonce: 'c' });
  if (sent === null) return;
  same(response.statusCode, 407, 'who is answered');
  same(parseCredentials('Proxy-Authorization', sent).parameters.get('uri'), 'example.com:443', 'uri');
  const request = buildConnectRequest(TARGET, { userAgent: 'u', authorization: sent });
  same(Buffer.from(request.serialize()).toString('latin1').split('\r\n').length, 6, 'lines of the request');
}

function addresses(input) {
  const text = Buffer.from(input.rest()).toString('utf8');
  const { value } = attempt(() => parseProxy(text), [InvalidProxy]);
  if (value === undefined) return;
  holds(/^[\x21-\x7e]+$/.test(value.host) && value.port >= 1 && value.port <= 65_535, `${value.host}:${value.port}`);
  const host = value.host.includes(':') ? `[${value.host}]` : value.host;
  const credentials = value.userInfo === null ? '' : `${value.userInfo.join(':')}@`;
  if (/[\t\r\n]/.test(credentials)) return;
  same(parseProxy(`${value.scheme}://${credentials}${host}:${value.port}`), value, 'written and read again');
}

const NAMES = ['ws_proxy', 'wss_proxy', 'socks_proxy', 'https_proxy', 'http_proxy'];

function variables(input) {
  const secure = input.bool();
  const env = {};
  for (const name of NAMES) {
    const how = input.byte();
    if ((how & 1) !== 0) env[name] = (how & 2) !== 0 ? `http://${name}` : '';
    if ((how & 4) !== 0) env[name.toUpperCase()] = (how & 8) !== 0 ? `http://upper-${name}` : '';
  }
  if (input.byte() % 4 === 3) env.REQUEST_METHOD = 'GET';
  const noProxy = latin1Text(input.take(input.byte()));
  const port = input.pick([443, 80, 8443]);
  const host = latin1Text(input.rest());
  env.no_proxy = noProxy;
  const found = getProxy({ secure, host, port }, env);
  const isPassedBy = noProxy === '*' || noProxy.split(',').some((item) => names(item.trim().toLowerCase(), host, port));
  same(
    found,
    isPassedBy ? null : proxyIn(env, secure),
    `${JSON.stringify(env)} for ${host}:${port}, secure: ${secure}`,
  );
}

/** Whether an item of no_proxy names a host, or a domain that it belongs to: label by label, from behind. */
function names(item, host, port) {
  let listed = item;
  while (listed.startsWith('.')) listed = listed.slice(1);
  if (listed === '') return false;
  return [host.toLowerCase(), `${host.toLowerCase()}:${port}`].some((name) => {
    const [labels, suffix] = [name.split('.'), listed.split('.')];
    return suffix.length <= labels.length && suffix.every((label, i) => label === labels.at(i - suffix.length));
  });
}

function proxyIn(env, secure) {
  const order = secure
    ? ['wss_proxy', 'socks_proxy', 'https_proxy']
    : ['ws_proxy', 'socks_proxy', 'https_proxy', 'http_proxy'];
  for (const name of order) {
    const isGivenByRequest = name === 'http_proxy' && env.REQUEST_METHOD !== undefined;
    const value = name in env ? env[name] : isGivenByRequest ? '' : env[name.toUpperCase()];
    if (value) return name === 'socks_proxy' ? value.replace('http://', 'socks5h://') : value;
  }
  return null;
}

const PARTS = [answers, addresses, variables];

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  input.pick(PARTS)(input);
});

export const maxLength = 2048;
export const words = [
  'HTTP/1.0 200 ',
  'HTTP/1.1 407 ',
  'Proxy-Authenticate: Digest realm="r", nonce="n", qop="auth"',
  '\r\n\r\n',
  'socks5h://',
  'https://',
  'http://',
  '@',
  ':1080',
];
export const seeds = () => [
  seed([0, 0], 'HTTP/1.0 200 Connection established\r\nX: y\r\n\r\n\x16\x03\x01'),
  seed(
    [0, 5],
    'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\nProxy-Authenticate: Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256\r\nContent-Length: 2\r\n\r\nno',
  ),
  seed([0, 5], 'HTTP/1.1 502 Bad Gateway\r\nTransfer-Encoding: chunked\r\n\r\n'),
  ...['http://proxy:3128', 'socks5h://user:pass@localhost:1080/', 'https://[::1]', 'socks4a://bücher'].map((text) =>
    seed([1], Buffer.from(text)),
  ),
  ...['example.com', 'a.example.com', 'x', 'xexample.com', 'y.x'].flatMap((host) =>
    [2, 3].map((first) => seed([2, first, 3, 12, 7, 15, 12, 3, 24, ...latin1('..example.com, X:443,*,a'), 0], host)),
  ),
];
