// Every error class by the text, name, code, brand and ancestors that it must have, and how errors travel.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { MessageChannel } from 'node:worker_threads';
import * as exceptions from 'websockets-ts/exceptions';
import {
  AbortHandshake,
  ConcurrencyError,
  ConnectionClosed,
  ConnectionClosedError,
  ConnectionClosedOK,
  DuplicateParameter,
  EndOfStreamError,
  HeaderLineTooLong,
  InvalidHandshake,
  InvalidHeader,
  InvalidHeaderFormat,
  InvalidHeaderValue,
  InvalidMessage,
  InvalidMethod,
  InvalidOrigin,
  InvalidParameterName,
  InvalidParameterValue,
  InvalidProtocol,
  InvalidProxy,
  InvalidProxyMessage,
  InvalidProxyStatus,
  InvalidState,
  InvalidStatus,
  InvalidStatusCode,
  InvalidUpgrade,
  InvalidURI,
  InvalidUtf8Error,
  MultipleValuesError,
  NegotiationError,
  PayloadTooBig,
  ProtocolError,
  ProxyError,
  RedirectHandshake,
  RequestLineTooLong,
  SecurityError,
  StatusLineTooLong,
  TimeoutError,
  TooManyHeaders,
  VIOLATIONS,
  WebSocketException,
  WebSocketProtocolError,
} from 'websockets-ts/exceptions';
import { connectionClosed } from '#dist/core/exceptions/connection-closed.js';
import { Headers } from '#dist/core/headers.js';
import { Response } from '#dist/core/http-message.js';

const BRAND = Symbol.for('websockets.error');
const brandOf = (error: Error): unknown => Reflect.get(error, BRAND);

const going = { code: 1001, reason: 'Bye!' };
const fine = { code: 1000, reason: '' };
const timedOut = { code: 1011, reason: 'keepalive ping timeout' };
const notFound = new Response(404, 'Not Found', [['Server', 'x']], new TextEncoder().encode('nothing here'));
const headers = new Headers([
  ['Allow', 'GET'],
  ['Set-Cookie', 'a=1'],
  ['set-cookie', 'b=2'],
]);

const BASE = ['WebSocketException'];
const CLOSED = ['ConnectionClosed', ...BASE];
const HANDSHAKE = ['InvalidHandshake', ...BASE];
const SECURITY = ['SecurityError', ...HANDSHAKE];
const PROXY = ['ProxyError', ...HANDSHAKE];
const HEADER = ['InvalidHeader', ...HANDSHAKE];
const NEGOTIATION = ['NegotiationError', ...HANDSHAKE];

interface Row {
  readonly make: (options?: ErrorOptions) => WebSocketException;
  readonly name: string;
  readonly ancestors: readonly string[];
  readonly code: string;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

const row = (
  name: string,
  ancestors: readonly string[],
  code: string,
  message: string,
  make: Row['make'],
  fields: Row['fields'] = {},
): Row => ({ name, ancestors, code, message, make, fields });

const ROWS: readonly Row[] = [
  row('WebSocketException', [], 'WEB_SOCKET_EXCEPTION', 'x', (o) => new WebSocketException('x', o)),

  row(
    'ConnectionClosed',
    BASE,
    'CONNECTION_CLOSED',
    'no close frame received or sent',
    (o) => new ConnectionClosed(null, null, null, o),
    { rcvd: null, sent: null, rcvdThenSent: null, closeCode: 1006, closeReason: '' },
  ),
  row(
    'ConnectionClosedError',
    CLOSED,
    'CONNECTION_CLOSED_ERROR',
    'sent 1011 (internal error) keepalive ping timeout; no close frame received',
    (o) => new ConnectionClosedError(null, timedOut, null, o),
    { rcvd: null, sent: timedOut, rcvdThenSent: null, closeCode: 1006, closeReason: '' },
  ),
  row(
    'ConnectionClosedError',
    CLOSED,
    'CONNECTION_CLOSED_ERROR',
    'received 1001 (going away) Bye!; no close frame sent',
    (o) => new ConnectionClosedError(going, null, null, o),
    { rcvd: going, sent: null, rcvdThenSent: null, closeCode: 1001, closeReason: 'Bye!' },
  ),
  row(
    'ConnectionClosedOK',
    CLOSED,
    'CONNECTION_CLOSED_OK',
    'received 1001 (going away) Bye!; then sent 1001 (going away) Bye!',
    (o) => new ConnectionClosedOK(going, going, true, o),
    { rcvd: going, sent: going, rcvdThenSent: true, closeCode: 1001, closeReason: 'Bye!' },
  ),
  row(
    'ConnectionClosedOK',
    CLOSED,
    'CONNECTION_CLOSED_OK',
    'sent 1000 (OK); then received 1001 (going away) Bye!',
    (o) => new ConnectionClosedOK(going, fine, false, o),
    { rcvd: going, sent: fine, rcvdThenSent: false },
  ),

  row(
    'InvalidURI',
    BASE,
    'INVALID_URI',
    "http://x isn't a valid URI: scheme isn't ws or wss",
    (o) => new InvalidURI('http://x', "scheme isn't ws or wss", o),
    { uri: 'http://x', msg: "scheme isn't ws or wss" },
  ),
  row(
    'InvalidProxy',
    BASE,
    'INVALID_PROXY',
    "ftp://x isn't a valid proxy: unsupported",
    (o) => new InvalidProxy('ftp://x', 'unsupported', o),
    { proxy: 'ftp://x', msg: 'unsupported' },
  ),
  row('InvalidHandshake', BASE, 'INVALID_HANDSHAKE', 'as given', (o) => new InvalidHandshake('as given', o)),
  row('SecurityError', HANDSHAKE, 'SECURITY_ERROR', 'as given', (o) => new SecurityError('as given', o), {
    limit: null,
  }),
  row(
    'SecurityError',
    HANDSHAKE,
    'SECURITY_ERROR',
    'more than 10 redirects',
    (o) => new SecurityError('more than 10 redirects', { ...o, limit: 'maxRedirects' }),
    { limit: 'maxRedirects' },
  ),
  row(
    'RequestLineTooLong',
    SECURITY,
    'REQUEST_LINE_TOO_LONG',
    'read 9 bytes, expected no more than 8 bytes',
    (o) => new RequestLineTooLong('read 9 bytes, expected no more than 8 bytes', o),
  ),
  row(
    'StatusLineTooLong',
    SECURITY,
    'STATUS_LINE_TOO_LONG',
    'read 9 bytes, expected no more than 8 bytes',
    (o) => new StatusLineTooLong('read 9 bytes, expected no more than 8 bytes', o),
  ),
  row(
    'HeaderLineTooLong',
    SECURITY,
    'HEADER_LINE_TOO_LONG',
    'read 9 bytes, expected no more than 8 bytes',
    (o) => new HeaderLineTooLong('read 9 bytes, expected no more than 8 bytes', o),
  ),
  row(
    'TooManyHeaders',
    SECURITY,
    'TOO_MANY_HEADERS',
    'expected no more than 128 headers',
    (o) => new TooManyHeaders('expected no more than 128 headers', o),
  ),
  row(
    'ProxyError',
    HANDSHAKE,
    'PROXY_ERROR',
    'failed to connect to SOCKS proxy',
    (o) => new ProxyError('failed to connect to SOCKS proxy', o),
  ),
  row(
    'InvalidProxyMessage',
    PROXY,
    'INVALID_PROXY_MESSAGE',
    'did not receive a valid HTTP response from proxy',
    (o) => new InvalidProxyMessage('did not receive a valid HTTP response from proxy', o),
  ),
  row(
    'InvalidProxyStatus',
    PROXY,
    'INVALID_PROXY_STATUS',
    'proxy rejected connection: HTTP 404',
    (o) => new InvalidProxyStatus(notFound, o),
    { response: notFound },
  ),
  row(
    'InvalidMessage',
    HANDSHAKE,
    'INVALID_MESSAGE',
    'did not receive a valid HTTP request',
    (o) => new InvalidMessage('did not receive a valid HTTP request', o),
  ),
  row(
    'InvalidMethod',
    HANDSHAKE,
    'INVALID_METHOD',
    'unsupported HTTP method: POST',
    (o) => new InvalidMethod('POST', o),
    { method: 'POST' },
  ),
  row(
    'InvalidProtocol',
    HANDSHAKE,
    'INVALID_PROTOCOL',
    'unsupported HTTP version: HTTP/1.0',
    (o) => new InvalidProtocol('HTTP/1.0', o),
    { protocol: 'HTTP/1.0' },
  ),
  row(
    'InvalidStatus',
    HANDSHAKE,
    'INVALID_STATUS',
    'server rejected WebSocket connection: HTTP 404',
    (o) => new InvalidStatus(notFound, o),
    { response: notFound },
  ),
  row(
    'InvalidStatusCode',
    HANDSHAKE,
    'INVALID_STATUS_CODE',
    'server rejected WebSocket connection: HTTP 403',
    (o) => new InvalidStatusCode(403, headers, o),
    { statusCode: 403, headers },
  ),
  row(
    'InvalidHeader',
    HANDSHAKE,
    'INVALID_HEADER',
    'missing Upgrade header',
    (o) => new InvalidHeader('Upgrade', undefined, o),
    { headerName: 'Upgrade', value: null },
  ),
  row(
    'InvalidHeader',
    HANDSHAKE,
    'INVALID_HEADER',
    'missing Upgrade header',
    (o) => new InvalidHeader('Upgrade', null, o),
    { headerName: 'Upgrade', value: null },
  ),
  row(
    'InvalidHeader',
    HANDSHAKE,
    'INVALID_HEADER',
    'empty Upgrade header',
    (o) => new InvalidHeader('Upgrade', '', o),
    { headerName: 'Upgrade', value: '' },
  ),
  row(
    'InvalidHeader',
    HANDSHAKE,
    'INVALID_HEADER',
    'invalid Upgrade header: h2c',
    (o) => new InvalidHeader('Upgrade', 'h2c', o),
    { headerName: 'Upgrade', value: 'h2c' },
  ),
  row(
    'InvalidHeaderFormat',
    HEADER,
    'INVALID_HEADER_FORMAT',
    'invalid Connection header: expected token at 3 in a, ???',
    (o) => new InvalidHeaderFormat('Connection', 'expected token', 'a, ???', 3, o),
    { headerName: 'Connection', value: 'expected token at 3 in a, ???' },
  ),
  row(
    'InvalidHeaderValue',
    HEADER,
    'INVALID_HEADER_VALUE',
    'invalid Sec-WebSocket-Key header: x',
    (o) => new InvalidHeaderValue('Sec-WebSocket-Key', 'x', o),
    { headerName: 'Sec-WebSocket-Key', value: 'x' },
  ),
  row(
    'InvalidHeaderValue',
    HEADER,
    'INVALID_HEADER_VALUE',
    'missing Sec-WebSocket-Key header',
    (o) => new InvalidHeaderValue('Sec-WebSocket-Key', null, o),
    { value: null },
  ),
  row(
    'InvalidOrigin',
    HEADER,
    'INVALID_ORIGIN',
    'invalid Origin header: http://evil',
    (o) => new InvalidOrigin('http://evil', o),
    { headerName: 'Origin', value: 'http://evil' },
  ),
  row('InvalidOrigin', HEADER, 'INVALID_ORIGIN', 'missing Origin header', (o) => new InvalidOrigin(null, o), {
    headerName: 'Origin',
    value: null,
  }),
  row(
    'InvalidUpgrade',
    HEADER,
    'INVALID_UPGRADE',
    'missing Connection header',
    (o) => new InvalidUpgrade('Connection', null, o),
    { headerName: 'Connection', value: null },
  ),
  row(
    'InvalidUpgrade',
    HEADER,
    'INVALID_UPGRADE',
    'invalid Upgrade header: h2c',
    (o) => new InvalidUpgrade('Upgrade', 'h2c', o),
    { headerName: 'Upgrade', value: 'h2c' },
  ),
  row(
    'NegotiationError',
    HANDSHAKE,
    'NEGOTIATION_ERROR',
    'no subprotocols supported',
    (o) => new NegotiationError('no subprotocols supported', o),
  ),
  row(
    'DuplicateParameter',
    NEGOTIATION,
    'DUPLICATE_PARAMETER',
    'duplicate parameter: a',
    (o) => new DuplicateParameter('a', o),
    { parameterName: 'a' },
  ),
  row(
    'InvalidParameterName',
    NEGOTIATION,
    'INVALID_PARAMETER_NAME',
    'invalid parameter name: a',
    (o) => new InvalidParameterName('a', o),
    { parameterName: 'a' },
  ),
  row(
    'InvalidParameterValue',
    NEGOTIATION,
    'INVALID_PARAMETER_VALUE',
    'missing value for parameter a',
    (o) => new InvalidParameterValue('a', null, o),
    { parameterName: 'a', value: null },
  ),
  row(
    'InvalidParameterValue',
    NEGOTIATION,
    'INVALID_PARAMETER_VALUE',
    'empty value for parameter a',
    (o) => new InvalidParameterValue('a', '', o),
    { parameterName: 'a', value: '' },
  ),
  row(
    'InvalidParameterValue',
    NEGOTIATION,
    'INVALID_PARAMETER_VALUE',
    'invalid value for parameter a: 9',
    (o) => new InvalidParameterValue('a', '9', o),
    { parameterName: 'a', value: '9' },
  ),
  row(
    'AbortHandshake',
    HANDSHAKE,
    'ABORT_HANDSHAKE',
    'HTTP 405, 2 headers, 3 bytes',
    (o) => new AbortHandshake(405, headers, Uint8Array.of(1, 2, 3), o),
    { status: 405, headers, body: Uint8Array.of(1, 2, 3) },
  ),
  row(
    'AbortHandshake',
    HANDSHAKE,
    'ABORT_HANDSHAKE',
    'HTTP 405, 2 headers, 0 bytes',
    (o) => new AbortHandshake(405, headers, undefined, o),
    { body: new Uint8Array(0) },
  ),
  row(
    'RedirectHandshake',
    HANDSHAKE,
    'REDIRECT_HANDSHAKE',
    'redirect to ws://other',
    (o) => new RedirectHandshake('ws://other', o),
    { uri: 'ws://other' },
  ),

  row('ProtocolError', BASE, 'INVALID_OPCODE', 'invalid opcode', (o) => new ProtocolError('invalid opcode', o)),
  row(
    'ProtocolError',
    BASE,
    'INCORRECT_MASKING',
    'incorrect masking',
    (o) => new ProtocolError('incorrect masking', o),
  ),
  row(
    'ProtocolError',
    BASE,
    'RESERVED_BITS',
    'reserved bits must be 0',
    (o) => new ProtocolError('reserved bits must be 0', o),
  ),
  row(
    'ProtocolError',
    BASE,
    'NON_MINIMAL_LENGTH',
    'payload length is not minimally encoded',
    (o) => new ProtocolError('payload length is not minimally encoded', o),
  ),
  row(
    'ProtocolError',
    BASE,
    'LENGTH_TOO_LARGE',
    'payload length has its most significant bit set',
    (o) => new ProtocolError('payload length has its most significant bit set', o),
  ),
  row(
    'ProtocolError',
    BASE,
    'CONTROL_FRAME_TOO_LONG',
    'control frame too long',
    (o) => new ProtocolError('control frame too long', o),
  ),
  row(
    'ProtocolError',
    BASE,
    'FRAGMENTED_CONTROL_FRAME',
    'fragmented control frame',
    (o) => new ProtocolError('fragmented control frame', o),
  ),
  row(
    'ProtocolError',
    BASE,
    'CLOSE_FRAME_TOO_SHORT',
    'close frame too short',
    (o) => new ProtocolError('close frame too short', o),
  ),
  row(
    'ProtocolError',
    BASE,
    'INVALID_CLOSE_CODE',
    'invalid status code',
    (o) => new ProtocolError('invalid status code', o),
  ),
  row(
    'ProtocolError',
    BASE,
    'EXPECTED_CONTINUATION',
    'expected a continuation frame',
    (o) => new ProtocolError('expected a continuation frame', o),
  ),
  row(
    'ProtocolError',
    BASE,
    'UNEXPECTED_CONTINUATION',
    'unexpected continuation frame',
    (o) => new ProtocolError('unexpected continuation frame', o),
  ),
  row(
    'ProtocolError',
    BASE,
    'INCOMPLETE_FRAGMENTED_MESSAGE',
    'incomplete fragmented message',
    (o) => new ProtocolError('incomplete fragmented message', o),
  ),
  row(
    'ProtocolError',
    BASE,
    'REASON_WITHOUT_CODE',
    'cannot send a reason without a code',
    (o) => new ProtocolError('cannot send a reason without a code', o),
  ),
  row(
    'ProtocolError',
    BASE,
    'RSV1_ON_CONTINUATION',
    'RSV1 bit set in continuation frame',
    (o) => new ProtocolError('RSV1 bit set in continuation frame', o),
  ),
  row(
    'ProtocolError',
    BASE,
    'DECOMPRESSION_FAILED',
    'decompression failed',
    (o) => new ProtocolError('decompression failed', o),
  ),
  row(
    'ProtocolError',
    BASE,
    'PROTOCOL_ERROR',
    'the words of an extension',
    (o) => new ProtocolError('the words of an extension', o),
  ),

  row(
    'PayloadTooBig',
    BASE,
    'PAYLOAD_TOO_BIG',
    'frame with 1025 bytes exceeds limit of 1024 bytes',
    (o) => new PayloadTooBig(1025, 1024, null, o),
    { size: 1025, maxSize: 1024, currentSize: null },
  ),
  row(
    'PayloadTooBig',
    BASE,
    'PAYLOAD_TOO_BIG',
    'frame exceeds limit of 1024 bytes',
    (o) => new PayloadTooBig(null, 1024, undefined, o),
    { size: null, maxSize: 1024, currentSize: null },
  ),
  row(
    'PayloadTooBig',
    BASE,
    'PAYLOAD_TOO_BIG',
    'frame with 600 bytes after reading 512 bytes exceeds limit of 1024 bytes',
    (o) => new PayloadTooBig(600, 512, 512, o),
    { size: 600, maxSize: 1024, currentSize: 512 },
  ),
  row(
    'PayloadTooBig',
    BASE,
    'PAYLOAD_TOO_BIG',
    'frame after reading 512 bytes exceeds limit of 1024 bytes',
    (o) => new PayloadTooBig(null, 512, 512, o),
    { size: null, maxSize: 1024, currentSize: 512 },
  ),
  row(
    'PayloadTooBig',
    BASE,
    'PAYLOAD_TOO_BIG',
    'frame with 18446744073709551615 bytes exceeds limit of 1048576 bytes',
    (o) => new PayloadTooBig(18446744073709551615n, 1048576, null, o),
    { size: 18446744073709551615n, maxSize: 1048576 },
  ),

  row(
    'InvalidState',
    BASE,
    'INVALID_STATE',
    'connection is closing',
    (o) => new InvalidState('connection is closing', o),
  ),
  row(
    'ConcurrencyError',
    BASE,
    'CONCURRENCY_ERROR',
    'already waiting for a pong with the same data',
    (o) => new ConcurrencyError('already waiting for a pong with the same data', o),
  ),
];

type ErrorClass = typeof WebSocketException;
const classes: Readonly<Record<string, unknown>> = exceptions;
const classNamed = (name: string): ErrorClass => classes[name] as ErrorClass;
/** The classes below WebSocketException, and that itself, without the deprecated second name of one of them. */
const OURS = [...new Set(ROWS.map(({ name }) => name))];

describe('each error class', () => {
  for (const { make, name, ancestors, code, message, fields } of ROWS) {
    test(`${name} says "${message}"`, () => {
      const error = make();
      assert.equal(error.message, message);
      assert.equal(error.name, name);
      assert.equal(error.code, code);
      assert.equal(String(error), `${name}: ${message}`);
      assert.ok(error.stack?.startsWith(`${name}: ${message}\n`));
      assert.deepEqual(brandOf(error), [name, ...ancestors]);
      for (const one of OURS) {
        const expected = one === name || ancestors.includes(one);
        assert.equal(error instanceof classNamed(one), expected, `instanceof ${one}`);
        assert.equal(classNamed(one).is(error), expected, `${one}.is`);
      }
      for (const [field, value] of Object.entries(fields ?? {}))
        assert.deepEqual(Reflect.get(error, field), value, field);
    });

    test(`${name} "${message}" has a cause only when it is given one`, () => {
      const cause = new Error('why');
      assert.equal(make({ cause }).cause, cause);
      assert.ok(!Object.keys(make({ cause })).includes('cause'));
      for (const without of [make(), make({}), make({ cause: undefined })]) assert.ok(!Object.hasOwn(without, 'cause'));
    });

    test(`${name} "${message}" shows itself as JSON`, () => {
      const json = JSON.parse(JSON.stringify(make())) as Record<string, unknown>;
      assert.deepEqual(Object.keys(json).slice(0, 3), ['name', 'code', 'message']);
      assert.deepEqual([json['name'], json['code'], json['message']], [name, code, message]);
    });

    test(`${name} "${message}" keeps message, cause and kin in a structured clone`, () => {
      const clone: unknown = structuredClone(make({ cause: new TypeError('why') }));
      assert.ok(clone instanceof Error);
      assert.ok(!(clone instanceof WebSocketException));
      assert.equal(clone.message, message);
      assert.ok(clone.cause instanceof TypeError && clone.cause.message === 'why');
      for (const one of OURS) assert.equal(classNamed(one).is(clone), one === name || ancestors.includes(one), one);
    });
  }

  test('has a row above for every class that is exported', () => {
    const exported = Object.entries(classes)
      .filter(([, value]) => typeof value === 'function' && value.prototype instanceof Error)
      .map(([name]) => name);
    const plain = ['EndOfStreamError', 'InvalidUtf8Error', 'TimeoutError', 'MultipleValuesError'];
    assert.deepEqual(exported.sort(), [...OURS, ...plain, 'WebSocketProtocolError'].sort());
  });

  test('has a name of its own that is writable, and not enumerable', () => {
    assert.deepEqual(Object.getOwnPropertyDescriptor(new InvalidHandshake('x'), 'name'), {
      value: 'InvalidHandshake',
      writable: true,
      configurable: true,
      enumerable: false,
    });
  });

  test('takes its name and brand from strings, so that a minifier may rename it', () => {
    for (const name of OURS) {
      const { prototype } = classNamed(name);
      assert.ok(Object.hasOwn(prototype, 'name') && Object.hasOwn(prototype, BRAND), name);
    }
  });
});

describe('text of a peer in a message', () => {
  const hostile = '\x1b]0;pwned\x07\nGET / 200\u202e\x9b1m';
  const harmless = '\\u{1b}]0;pwned\\u{7}\\nGET / 200\\u{202e}\\u{9b}1m';

  test('is a line of its own for no log, and no command for a terminal', () => {
    for (const error of [
      connectionClosed({ code: 4000, reason: hostile }, null, null),
      new InvalidHeaderValue('X', hostile),
      new InvalidURI(hostile, 'no'),
    ]) {
      assert.ok(error.message.includes(harmless), error.message);
      assert.ok(error.stack?.includes(harmless));
    }
  });

  test('stays as it came in the fields', () => {
    const { rcvd } = connectionClosed({ code: 4000, reason: hostile }, null, null);
    assert.equal(rcvd?.reason, hostile);
    assert.equal(new InvalidHeaderValue('X', hostile).value, hostile);
  });
});

describe('errors that are not WebSocketExceptions', () => {
  const plain = [
    [new EndOfStreamError('stream ended'), 'EndOfStreamError', 'END_OF_STREAM', 'stream ended'],
    [
      new InvalidUtf8Error('invalid start byte', 3),
      'InvalidUtf8Error',
      'INVALID_UTF8',
      'invalid start byte at position 3',
    ],
    [
      new TimeoutError('timed out while closing connection'),
      'TimeoutError',
      'TIMEOUT',
      'timed out while closing connection',
    ],
    [new MultipleValuesError('Host'), 'MultipleValuesError', 'MULTIPLE_VALUES', 'multiple values for header Host'],
  ] as const;
  for (const [error, name, code, message] of plain) {
    test(`${name} has its name, code and message`, () => {
      assert.equal(error.name, name);
      assert.equal(error.code, code);
      assert.equal(error.message, message);
      assert.equal(String(error), `${name}: ${message}`);
      assert.equal(Object.getOwnPropertyDescriptor(error, 'name')?.enumerable, false);
      assert.ok(error instanceof Error);
      assert.ok(!WebSocketException.is(error));
      assert.ok(!Object.hasOwn(error, 'cause'));
    });
  }

  test('InvalidUtf8Error tells what and where', () => {
    const { reason, position } = new InvalidUtf8Error('unexpected end of data', 7);
    assert.deepEqual({ reason, position }, { reason: 'unexpected end of data', position: 7 });
  });

  test('they pass a cause on', () => {
    const cause = new Error('why');
    assert.equal(new EndOfStreamError('x', { cause }).cause, cause);
    assert.equal(new InvalidUtf8Error('x', 0, { cause }).cause, cause);
    assert.equal(new TimeoutError('x', { cause }).cause, cause);
  });

  test('InvalidMessage leads along its causes to the byte where the stream ended', () => {
    const inner = new EndOfStreamError('stream ends after 0 bytes, before end of line');
    const outer = new EndOfStreamError('connection closed while reading HTTP status line', { cause: inner });
    const error = new InvalidMessage('did not receive a valid HTTP response', { cause: outer });
    assert.equal(error.cause, outer);
    assert.equal((error.cause as Error).cause, inner);
  });
});

describe('ProtocolError', () => {
  test('knows the code of every text in the table', () => {
    for (const [key, text] of Object.entries(VIOLATIONS)) assert.equal(new ProtocolError(text).code, key);
    assert.equal(new Set(Object.values(VIOLATIONS)).size, Object.keys(VIOLATIONS).length);
  });

  test('is the same class under its old name', () => {
    assert.equal(WebSocketProtocolError, ProtocolError);
  });
});

describe('PayloadTooBig', () => {
  test('adds what had been read to the limit, once', () => {
    const error = new PayloadTooBig(600, 512);
    error.setCurrentSize(512);
    assert.equal(error.message, 'frame with 600 bytes after reading 512 bytes exceeds limit of 1024 bytes');
    assert.deepEqual([error.size, error.maxSize, error.currentSize], [600, 1024, 512]);
    assert.ok(error.stack?.includes('limit of 1024 bytes'));
    assert.throws(() => error.setCurrentSize(1), TypeError);
    assert.equal(error.maxSize, 1024);
  });

  test('stays as it is when nothing had been read', () => {
    const error = new PayloadTooBig(600, 512);
    error.setCurrentSize(null);
    assert.equal(error.message, 'frame with 600 bytes exceeds limit of 512 bytes');
    assert.deepEqual([error.maxSize, error.currentSize], [512, null]);
  });

  test('takes a finished message in the deprecated form, and no size then', () => {
    const error = new PayloadTooBig('over size limit');
    assert.equal(error.message, 'over size limit');
    assert.deepEqual([error.size, error.maxSize, error.currentSize], [null, null, null]);
    error.setCurrentSize(5);
    assert.equal(error.message, 'over size limit');
  });

  test('writes a size beyond the exact numbers in digits as JSON', () => {
    const json = JSON.parse(JSON.stringify(new PayloadTooBig(2n ** 64n - 1n, 8))) as Record<string, unknown>;
    assert.equal(json['size'], '18446744073709551615');
    assert.equal(json['maxSize'], 8);
  });
});

describe('errors as JSON', () => {
  test('show their public fields', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(new ConnectionClosedOK(going, fine, true))), {
      name: 'ConnectionClosedOK',
      code: 'CONNECTION_CLOSED_OK',
      message: 'received 1001 (going away) Bye!; then sent 1000 (OK)',
      rcvd: going,
      sent: fine,
      rcvdThenSent: true,
    });
  });

  test('show a response with its body as text', () => {
    const response = { statusCode: 404, reasonPhrase: 'Not Found', headers: [['Server', 'x']], body: 'nothing here' };
    for (const error of [new InvalidStatus(notFound), new InvalidProxyStatus(notFound)]) {
      assert.deepEqual((JSON.parse(JSON.stringify(error)) as Record<string, unknown>)['response'], response);
    }
    const abort = new AbortHandshake(405, headers, new TextEncoder().encode('no'));
    assert.equal((JSON.parse(JSON.stringify(abort)) as Record<string, unknown>)['body'], 'no');
  });
});

describe('WebSocketException.is', () => {
  test('knows an error of another realm by its brand', () => {
    const foreign: unknown = runInNewContext(`
      class ConnectionClosedOK extends Error {
        get [Symbol.for('websockets.error')]() { return ['ConnectionClosedOK', 'ConnectionClosed', 'WebSocketException']; }
      }
      new ConnectionClosedOK('received 1000 (OK); then sent 1000 (OK)');
    `);
    assert.ok(!(foreign instanceof Error));
    assert.ok(ConnectionClosedOK.is(foreign));
    assert.ok(ConnectionClosed.is(foreign));
    assert.ok(WebSocketException.is(foreign));
    assert.ok(!ConnectionClosedError.is(foreign));
  });

  test('knows our error after another realm threw it', () => {
    const caught: unknown = runInNewContext('try { fail(); } catch (error) { error; }', {
      fail() {
        throw new InvalidUpgrade('Upgrade', null);
      },
    });
    assert.ok(InvalidUpgrade.is(caught));
    assert.ok(InvalidHandshake.is(caught));
  });

  test('knows an error that came through a MessageChannel', async () => {
    const { port1, port2 } = new MessageChannel();
    port1.postMessage(new InvalidOrigin('http://evil'));
    const [received] = (await once(port2, 'message')) as unknown[];
    port1.close();
    assert.ok(InvalidOrigin.is(received));
    assert.ok(InvalidHeader.is(received));
    assert.ok(!InvalidUpgrade.is(received));
  });

  test('knows a clone whose message is empty or has several lines', () => {
    assert.ok(InvalidHandshake.is(structuredClone(new InvalidHandshake(''))));
    assert.ok(InvalidHandshake.is(structuredClone(new InvalidHandshake('one: 1\ntwo: 2'))));
  });

  test('does not take other values for ours', () => {
    const sameName = Object.assign(new Error('x'), { name: 'ProtocolError' });
    const otherStack = Object.assign(new Error('x'), { stack: 'ProtocolError: y\n    at z' });
    const noStack = Object.assign(new Error('x'), { stack: undefined });
    const branded = Object.assign(new Error('x'), { [BRAND]: 'ProtocolError' });
    const inherited = Object.assign(new Error('x'), { stack: 'constructor: x' });
    const others = [
      null,
      undefined,
      'ProtocolError',
      7,
      {},
      [],
      new Error('x'),
      sameName,
      otherStack,
      noStack,
      branded,
      inherited,
    ];
    for (const other of others) {
      assert.equal(WebSocketException.is(other), false);
      assert.equal(ProtocolError.is(other), false);
    }
  });

  test('narrows the type', () => {
    const caught: unknown = new ConnectionClosedOK(fine, fine, true);
    assert.ok(ConnectionClosed.is(caught));
    const rcvd: { readonly code: number } | null = caught.rcvd;
    assert.equal(rcvd?.code, 1000);
  });
});

describe("a user's subclass", () => {
  class Mine extends InvalidHandshake {
    override name = 'Mine';
  }
  class Quiet extends ProtocolError {}
  class Late extends ConnectionClosedError {
    constructor() {
      super(null, null);
      this.name = 'Late';
    }
  }

  test('keeps a name of its own, given as a field or in the constructor', () => {
    assert.equal(new Mine('x').name, 'Mine');
    assert.equal(String(new Mine('x')), 'Mine: x');
    assert.equal(new Late().name, 'Late');
    assert.equal(new Quiet('x').name, 'ProtocolError');
  });

  test('keeps a name that its prototype has', () => {
    class Described extends InvalidState {}
    Object.defineProperty(Described.prototype, 'name', { value: 'Described' });
    assert.equal(new Described('x').name, 'Described');
    assert.equal(new Described('x').code, 'INVALID_STATE');
  });

  test('is recognised by the classes above it, with instanceof and with is', () => {
    const error = new Mine('x');
    assert.ok(error instanceof Mine && error instanceof InvalidHandshake && error instanceof WebSocketException);
    assert.ok(InvalidHandshake.is(error) && WebSocketException.is(error));
    assert.ok(!InvalidMessage.is(error));
    assert.equal(error.code, 'INVALID_HANDSHAKE');
    assert.deepEqual(brandOf(error), ['InvalidHandshake', 'WebSocketException']);
  });

  test('recognises only its own instances', () => {
    assert.ok(Mine.is(new Mine('x')));
    assert.ok(!Mine.is(new InvalidHandshake('x')));
    assert.ok(!Quiet.is(new ProtocolError('x')));
  });

  test('keeps the code of its parent', () => {
    assert.equal(new Quiet('invalid opcode').code, 'INVALID_OPCODE');
    assert.equal(new Late().code, 'CONNECTION_CLOSED_ERROR');
  });
});

describe('connectionClosed', () => {
  const CODES = [
    null,
    1000,
    1001,
    1002,
    1003,
    1005,
    1006,
    1007,
    1008,
    1009,
    1010,
    1011,
    1012,
    1013,
    1014,
    1015,
    3000,
    3999,
    4000,
    4999,
  ];
  const GOODBYES: readonly (number | null)[] = [1000, 1001, 1005];
  const closeOf = (code: number | null) => (code === null ? null : { code, reason: '' });

  for (const received of CODES) {
    test(`is OK after receiving ${received ?? 'nothing'} just when both codes are goodbyes, in either order`, () => {
      for (const sent of CODES) {
        for (const order of received === null || sent === null ? [null] : [true, false]) {
          const error = connectionClosed(closeOf(received), closeOf(sent), order);
          const expected =
            GOODBYES.includes(received) && GOODBYES.includes(sent) ? ConnectionClosedOK : ConnectionClosedError;
          assert.equal(error.constructor, expected, `sent ${sent}`);
          assert.equal(error.rcvdThenSent, order);
        }
      }
    });
  }

  test('passes the cause on', () => {
    const cause = new EndOfStreamError('unexpected end of stream');
    assert.equal(connectionClosed(null, null, null, { cause }).cause, cause);
  });

  test('explains every code', () => {
    const explained = (code: number) => connectionClosed({ code, reason: '' }, null).message.match(/\((.*)\)/)?.[1];
    const expected: readonly (readonly [number, string])[] = [
      [1000, 'OK'],
      [1001, 'going away'],
      [1002, 'protocol error'],
      [1003, 'unsupported data'],
      [1005, 'no status received [internal]'],
      [1006, 'abnormal closure [internal]'],
      [1007, 'invalid frame payload data'],
      [1008, 'policy violation'],
      [1009, 'message too big'],
      [1010, 'mandatory extension'],
      [1011, 'internal error'],
      [1012, 'service restart'],
      [1013, 'try again later'],
      [1014, 'bad gateway'],
      [1015, 'TLS handshake failure [internal]'],
      [3000, 'registered'],
      [3999, 'registered'],
      [4000, 'private use'],
      [4999, 'private use'],
      [0, 'unknown'],
      [999, 'unknown'],
      [1004, 'unknown'],
      [1016, 'unknown'],
      [2999, 'unknown'],
      [5000, 'unknown'],
    ];
    for (const [code, text] of expected) assert.equal(explained(code), text, String(code));
  });

  test('refuses an order without two close frames, and two close frames without an order', () => {
    assert.throws(() => connectionClosed(null, null, true), TypeError);
    assert.throws(() => connectionClosed(fine, null, false), TypeError);
    assert.throws(() => connectionClosed(null, fine, true), TypeError);
    assert.throws(() => connectionClosed(fine, fine), TypeError);
  });
});
