// Checks every answer that a server can give: status, headers in their order, and body.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as errors from '#dist/core/exceptions/handshake-errors.js';
import {
  rejection,
  rejectionFor,
  requestTimeout,
  serverShuttingDown,
  switchingProtocols,
} from '#dist/core/handshake-answers.js';
import type { HeaderPair } from '#dist/core/headers.js';
import type { Response } from '#dist/core/http-message.js';

const NOW = Date.UTC(1994, 10, 6, 8, 49, 37);
const DATE: HeaderPair = ['Date', 'Sun, 06 Nov 1994 08:49:37 GMT'];
const FAILED = 'Failed to open a WebSocket connection';

const textOf = ({ body }: Response) => Buffer.from(body).toString();

function assertRejection(response: Response, status: string, text: string, extra: readonly HeaderPair[] = []) {
  assert.equal(`${response.statusCode} ${response.reasonPhrase}`, status);
  assert.equal(textOf(response), text);
  assert.deepEqual(
    [...response.headers.rawItems()],
    [
      DATE,
      ['Connection', 'close'],
      ['Content-Length', String(Buffer.byteLength(text))],
      ['Content-Type', 'text/plain; charset=utf-8'],
      ...extra,
    ],
  );
}

const ORIGINS = '\nThe option "origins" of the server says which pages may connect.\n';
const HOSTS = '\nThe option "allowedHosts" of the server says which hosts it answers for.\n';
const BROWSER = '\nYou cannot access a WebSocket server directly with a browser. You need a WebSocket client.\n';
const WEBSOCKET: HeaderPair = ['Upgrade', 'websocket'];

class OwnMethod extends errors.InvalidMethod {}

const ANSWERS: readonly (readonly [error: Error, status: string, text: string, extra?: readonly HeaderPair[]])[] = [
  [new errors.InvalidMethod('POST'), '405 Method Not Allowed', 'unsupported HTTP method: POST.\n', [['Allow', 'GET']]],
  [new OwnMethod('PUT'), '405 Method Not Allowed', 'unsupported HTTP method: PUT.\n', [['Allow', 'GET']]],
  [new errors.InvalidProtocol('HTTP/1.0'), '505 HTTP Version Not Supported', 'unsupported HTTP version: HTTP/1.0.\n'],
  [new errors.RequestLineTooLong('read 9 bytes'), '414 URI Too Long', 'read 9 bytes.\n'],
  [new errors.HeaderLineTooLong('read 9 bytes'), '431 Request Header Fields Too Large', 'read 9 bytes.\n'],
  [new errors.TooManyHeaders('too many'), '431 Request Header Fields Too Large', 'too many.\n'],
  [
    new errors.InvalidOrigin('http://evil.test'),
    '403 Forbidden',
    `invalid Origin header: http://evil.test.\n${ORIGINS}`,
  ],
  [new errors.InvalidOrigin(null), '403 Forbidden', `missing Origin header.\n${ORIGINS}`],
  [new errors.InvalidHeaderValue('Host', 'evil.test'), '403 Forbidden', `invalid Host header: evil.test.\n${HOSTS}`],
  [
    new errors.InvalidUpgrade('Connection', 'close'),
    '426 Upgrade Required',
    `invalid Connection header: close.\n${BROWSER}`,
    [WEBSOCKET],
  ],
  [new errors.InvalidUpgrade('Upgrade'), '426 Upgrade Required', `missing Upgrade header.\n${BROWSER}`, [WEBSOCKET]],
  [
    new errors.InvalidHeaderValue('Sec-WebSocket-Version', '8'),
    '426 Upgrade Required',
    'invalid Sec-WebSocket-Version header: 8.\n',
    [WEBSOCKET, ['Sec-WebSocket-Version', '13']],
  ],
  [new errors.InvalidHeader('Sec-WebSocket-Version'), '400 Bad Request', 'missing Sec-WebSocket-Version header.\n'],
  [new errors.InvalidHeader('Host', 'a b'), '400 Bad Request', 'invalid Host header: a b.\n'],
  [
    new errors.InvalidHeader('Origin', 'multiple values'),
    '400 Bad Request',
    'invalid Origin header: multiple values.\n',
  ],
  [
    new errors.InvalidHeaderValue('Sec-WebSocket-Key', 'x'),
    '400 Bad Request',
    'invalid Sec-WebSocket-Key header: x.\n',
  ],
  [
    new errors.InvalidHeaderFormat('Upgrade', 'expected comma', 'HTTP/', 4),
    '400 Bad Request',
    'invalid Upgrade header: expected comma at 4 in HTTP/.\n',
  ],
  [new errors.NegotiationError('missing subprotocol'), '400 Bad Request', 'missing subprotocol.\n'],
  [new errors.InvalidHandshake('no reason'), '400 Bad Request', 'no reason.\n'],
  [new errors.SecurityError('too much'), '400 Bad Request', 'too much.\n'],
  [
    new errors.InvalidMessage('did not receive a valid HTTP request', {
      cause: new Error('connection closed while reading HTTP headers', { cause: new Error('line without CRLF') }),
    }),
    '400 Bad Request',
    'did not receive a valid HTTP request; connection closed while reading HTTP headers; line without CRLF.\n',
  ],
  [new errors.NegotiationError('naïve ☃'), '400 Bad Request', 'naïve ☃.\n'],
  [
    new errors.InvalidMethod('PUT', { cause: new Error('secret') }),
    '405 Method Not Allowed',
    'unsupported HTTP method: PUT.\n',
    [['Allow', 'GET']],
  ],
];

for (const [error, status, text, extra = []] of ANSWERS) {
  test(`${error.name} "${error.message}" is answered with ${status}`, () => {
    assertRejection(rejectionFor(error, NOW), status, `${FAILED}: ${text}`, extra);
  });
}

for (const error of [new Error('secret'), new TypeError('secret'), 'secret', null, undefined]) {
  test(`${String(error)}, thrown by code of the user, is a 500 that does not repeat it`, () => {
    const text = `${FAILED}.\nSee server log for more information.\n`;
    assertRejection(rejectionFor(error, NOW), '500 Internal Server Error', text);
  });
}

test('a cause that is no error ends the chain', () => {
  const error = new errors.InvalidHandshake('outer', { cause: 'inner' });
  assert.equal(textOf(rejectionFor(error, NOW)), `${FAILED}: outer.\n`);
});

test('a chain of causes that bites its tail comes to an end', () => {
  const inner = new Error('inner');
  const outer = new errors.InvalidHandshake('outer', { cause: inner });
  inner.cause = outer;
  assert.equal(textOf(rejectionFor(outer, NOW)), `${FAILED}: outer; inner.\n`);
});

test('a request that took too long is answered with 408', () => {
  assertRejection(requestTimeout(NOW), '408 Request Timeout', `${FAILED}: request took too long.\n`);
});

test('a server that stops answers with 503, and says when to come again if it knows', () => {
  const status = '503 Service Unavailable';
  const text = 'Server is shutting down.\n';
  assertRejection(serverShuttingDown(NOW), status, text);
  assertRejection(serverShuttingDown(NOW, 30), status, text, [['Retry-After', '30']]);
});

test('extra headers of a rejection follow the others, repeated ones too', () => {
  const extra: readonly HeaderPair[] = [
    ['WWW-Authenticate', 'Basic'],
    ['WWW-Authenticate', 'Digest'],
    ['X', ''],
  ];
  assertRejection(
    rejection(401, 'Missing credentials\n', extra, NOW),
    '401 Unauthorized',
    'Missing credentials\n',
    extra,
  );
});

test('the length of a rejection is that of its UTF-8 bytes', () => {
  assertRejection(rejection(404, 'ü☃🚀', [], NOW), '404 Not Found', 'ü☃🚀');
  assertRejection(rejection(200, '', [], NOW), '200 OK', '');
});

for (const status of [100, 101, 103, 299, 600, 0, -1, 404.5, Number.NaN]) {
  test(`${status} is not a status to reject with`, () => {
    assert.throws(() => rejection(status, '', [], NOW), RangeError);
  });
}

for (const extra of [[['Location', '/\r\nX: 1']], [['X', 'a\0']], [['X Y', '1']], [['', '1']]] as const) {
  test(`a rejection with the header ${JSON.stringify(extra[0])} is a TypeError`, () => {
    assert.throws(() => rejection(302, '', extra, NOW), TypeError);
  });
}

test('the answer that opens the connection has its headers in a fixed order', () => {
  const response = switchingProtocols({
    acceptValue: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
    extensionHeader: 'x-ext; a',
    subprotocol: 'chat',
    now: NOW,
  });
  assert.equal(`${response.statusCode} ${response.reasonPhrase}`, '101 Switching Protocols');
  assert.equal(response.body.length, 0);
  assert.deepEqual(
    [...response.headers.rawItems()],
    [
      DATE,
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
      ['Sec-WebSocket-Extensions', 'x-ext; a'],
      ['Sec-WebSocket-Protocol', 'chat'],
    ],
  );
});

test('without extensions and subprotocol their headers are left out', () => {
  const { headers } = switchingProtocols({ acceptValue: 'x', extensionHeader: null, subprotocol: null, now: NOW });
  assert.deepEqual([...headers.keys()], ['date', 'upgrade', 'connection', 'sec-websocket-accept']);
});
