// Proxies: what one answers to CONNECT, its address, and what the environment says.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { parseCredentials } from '../../dist/core/auth-grammar.js';
import { InvalidProxy, InvalidProxyMessage } from '../../dist/core/exceptions/handshake-errors.js';
import { attempt, describe, holds, inLinearTime, same } from '../engine/expect.js';
import { describeMessage } from '../engine/http.js';
import { cut, Input, seed } from '../engine/input.js';

const FILES = ['proxy-tunnel', 'proxy', 'proxy-environment'].map(
  (name) => new URL(`../../dist/core/${name}.js`, import.meta.url),
);

/** Why this target cannot run; null: it can. */
export const unavailable = FILES.every((file) => existsSync(file)) ? null : 'there are no proxies in dist/core';
const [tunnel, proxy, environment] =
  unavailable === null ? await Promise.all(FILES.map((file) => import(file.href))) : [];

const hash = (name, bytes) => createHash(name).update(bytes).digest('hex');
const TARGET = { host: 'example.com', port: 443, secure: true };
const USER = { username: 'u', password: 'p' };

function read(pieces) {
  const reader = new tunnel.ConnectResponseReader();
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
  same(tunnel.isGranted(response), response.statusCode >= 200 && response.statusCode < 300, 'granted');
  const sent = tunnel.digestAuthorization(response, TARGET, USER, { hash, cnonce: 'c' });
  if (sent === null) return;
  same(response.statusCode, 407, 'who is answered');
  same(parseCredentials('Proxy-Authorization', sent).parameters.get('uri'), 'example.com:443', 'uri');
  const request = tunnel.buildConnectRequest(TARGET, { userAgent: 'u', authorization: sent });
  same(Buffer.from(request.serialize()).toString('latin1').split('\r\n').length, 6, 'lines of the request');
}

function addresses(input) {
  const text = Buffer.from(input.rest()).toString('utf8');
  const { value } = attempt(() => proxy.parseProxy(text), [InvalidProxy]);
  if (value === undefined) return;
  holds(/^[\x21-\x7e]+$/.test(value.host) && value.port >= 1 && value.port <= 65_535, `${value.host}:${value.port}`);
  const host = value.host.includes(':') ? `[${value.host}]` : value.host;
  const credentials = value.userInfo === null ? '' : `${value.userInfo.join(':')}@`;
  if (/[\t\r\n]/.test(credentials)) return;
  same(proxy.parseProxy(`${value.scheme}://${credentials}${host}:${value.port}`), value, 'written and read again');
}

function variables(input) {
  const noProxy = Buffer.from(input.take(input.byte())).toString('latin1');
  const host = Buffer.from(input.rest()).toString('latin1');
  const env = { no_proxy: noProxy, HTTPS_PROXY: 'http://proxy' };
  const found = environment.getProxy({ secure: true, host, port: 443 }, env);
  holds(found === null || found === 'http://proxy', `proxy ${found}`);
  if (
    !noProxy.includes('*') &&
    host.length > 0 &&
    !noProxy.toLowerCase().includes(host.toLowerCase().split('.').at(-1))
  ) {
    same(found, 'http://proxy', 'a host that is not named is not passed by');
  }
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
  seed([2, 19], '.example.com,x:443,*a.example.com'),
];
