// Which failures to connect are worth another attempt by default.
import assert from 'node:assert/strict';
import { connect as tcpConnect } from 'node:net';
import { describe, test } from 'node:test';
import { createSecureContext, connect as tlsConnect } from 'node:tls';
import {
  ConnectionClosedError,
  EndOfStreamError,
  InvalidHeader,
  InvalidMessage,
  InvalidProxy,
  InvalidProxyStatus,
  InvalidStatus,
  InvalidURI,
  NegotiationError,
  ProtocolError,
  ProxyError,
  processException,
  Response,
  SecurityError,
  TimeoutError,
} from 'websockets-ts';

const status = (code: number): Response => new Response(code, 'x');
const coded = (code: string, message = code): Error => Object.assign(new Error(message), { code });

const PASSING: readonly Error[] = [
  coded('ECONNREFUSED'),
  coded('ENOTFOUND'),
  coded('EAI_AGAIN'),
  coded('EPROTO'),
  coded('ERR_SSL_WRONG_VERSION_NUMBER'),
  coded('DEPTH_ZERO_SELF_SIGNED_CERT'),
  coded('ERR_TLS_CERT_ALTNAME_INVALID'),
  Object.assign(new AggregateError([coded('ECONNREFUSED')]), { code: 'ECONNREFUSED' }),
  new TimeoutError('timed out during opening handshake'),
  new InvalidMessage('did not receive a valid HTTP response', { cause: new EndOfStreamError('x') }),
  ...[500, 502, 503, 504].map((code) => new InvalidStatus(status(code))),
];

const FATAL: readonly Error[] = [
  ...[200, 301, 400, 401, 403, 404, 408, 429, 501, 505].map((code) => new InvalidStatus(status(code))),
  new InvalidMessage('did not receive a valid HTTP response', { cause: new Error('invalid HTTP status line: x') }),
  new InvalidMessage('did not receive a valid HTTP response'),
  new InvalidURI('x', 'x'),
  new InvalidProxy('x', 'x'),
  new ProxyError('failed to connect to SOCKS proxy', { cause: coded('ECONNREFUSED') }),
  new InvalidProxyStatus(status(503)),
  new SecurityError('more than 10 redirects'),
  new NegotiationError('no extensions supported'),
  new InvalidHeader('Sec-WebSocket-Accept'),
  new ProtocolError('x'),
  new ConnectionClosedError({ code: 1008, reason: '' }, null),
  new TypeError('x'),
  new RangeError('x'),
  new Error('x'),
  Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' }),
  Object.assign(new RangeError('x'), { code: 'ERR_SOCKET_BAD_PORT' }),
  coded('ERR_SSL_NO_PROTOCOLS_AVAILABLE'),
  new DOMException('x', 'AbortError') as Error,
];

const title = (error: Error): string => `${String(error)}${error.cause ? ` because of ${String(error.cause)}` : ''}`;

describe('processException', () => {
  for (const error of PASSING) test(`lets pass ${title(error)}`, () => assert.equal(processException(error), null));
  for (const error of FATAL) test(`gives back ${title(error)}`, () => assert.equal(processException(error), error));

  test("lets pass what Node's sockets fail with", async () => {
    const sockets = [
      tcpConnect({ host: '127.0.0.1', port: 1 }),
      tcpConnect({ path: '/nowhere' }),
      tcpConnect({ host: 'localhost', port: 1, autoSelectFamily: true }),
      tlsConnect({ host: '127.0.0.1', port: 1 }),
    ];
    const errors = sockets.map((socket) => new Promise<Error>((resolve) => socket.once('error', resolve)));
    for (const error of await Promise.all(errors)) assert.equal(processException(error), null, title(error));
  });

  for (const settings of [
    { ciphers: 'nonsense' },
    { ecdhCurve: 'nonsense' },
    { crl: 'nonsense' },
    { cert: 'nonsense' },
    { key: 'nonsense' },
  ]) {
    test(`gives back what TLS makes of ${JSON.stringify(settings)}`, () => {
      assert.throws(
        () => createSecureContext(settings),
        (error: Error) => processException(error) === error,
      );
    });
  }
});
