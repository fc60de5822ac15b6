// Requests and responses as values and as bytes.
import assert from 'node:assert/strict';
import { STATUS_CODES } from 'node:http';
import { test } from 'node:test';
import fc from 'fast-check';
import { Headers } from '#dist/core/headers.js';
import { formatHttpDate, Request, Response, statusPhrase } from '#dist/core/http-message.js';

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

test('a request is a GET of HTTP/1.1 without headers unless told otherwise', () => {
  const request = new Request('/chat');
  assert.equal(request.path, '/chat');
  assert.equal(request.method, 'GET');
  assert.equal(request.protocol, 'HTTP/1.1');
  assert.equal(request.headers.size, 0);
  assert.equal(latin1(request.serialize()), 'GET /chat HTTP/1.1\r\n\r\n');
});

test('a request is written with its headers in order and with names as they were given', () => {
  const request = new Request('example.com:80', { HOST: 'example.com', 'x-a': '\xe9' }, 'CONNECT', 'HTTP/1.0');
  assert.equal(
    latin1(request.serialize()),
    'CONNECT example.com:80 HTTP/1.0\r\nHOST: example.com\r\nx-a: \xe9\r\n\r\n',
  );
});

test('a response is written with its body behind the head', () => {
  const response = new Response(403, 'Forbidden', { 'Content-Length': '3' }, Uint8Array.of(0, 255, 10));
  assert.equal(latin1(response.serialize()), 'HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\n\0\xff\n');
});

test('a response has neither headers nor body unless told otherwise', () => {
  const response = new Response(101, '');
  assert.equal(response.statusCode, 101);
  assert.equal(response.reasonPhrase, '');
  assert.equal(response.body.length, 0);
  assert.equal(latin1(response.serialize()), 'HTTP/1.1 101 \r\n\r\n');
});

test('a phrase is ISO-8859-1, so what was received is sent again as it was', () => {
  assert.equal(latin1(new Response(200, 'Tr\xe8s\tbien').serialize()), 'HTTP/1.1 200 Tr\xe8s\tbien\r\n\r\n');
});

test('a container of headers is kept, not copied', () => {
  const headers = new Headers();
  assert.equal(new Request('/', headers).headers, headers);
  assert.equal(new Response(200, 'OK', headers).headers, headers);
});

test('two messages made without headers do not share them', () => {
  new Request('/').headers.append('A', '1');
  assert.equal(new Request('/').headers.size, 0);
});

test('a request line that is not ASCII or would become two is not written', () => {
  const bad = [
    new Request('/é'),
    new Request('/\r\nX: y'),
    new Request('/\n'),
    new Request('/\0'),
    new Request('/', {}, 'GET\r\n'),
    new Request('/', {}, 'GET', 'HTTP/1.1\r\n'),
  ];
  for (const request of bad) {
    assert.throws(() => request.serialize(), { name: 'TypeError', message: /^invalid HTTP request line: "/ });
  }
});

test('a path with a space is written: parseUri lets it through', () => {
  assert.equal(latin1(new Request('/a b').serialize()), 'GET /a b HTTP/1.1\r\n\r\n');
});

test('a status line that is none is not written', () => {
  const bad = [
    new Response(99, 'x'),
    new Response(600, 'x'),
    new Response(1000, 'x'),
    new Response(200.5, 'x'),
    new Response(Number.NaN, 'x'),
    new Response(200, 'a\r\nX: y'),
    new Response(200, '\0'),
    new Response(200, '€'),
  ];
  for (const response of bad) {
    assert.throws(() => response.serialize(), { name: 'TypeError', message: /^invalid HTTP status line: "/ });
  }
});

test('a header whose name is no token is not written', () => {
  for (const name of ['', 'a b', 'a:', 'a\r\nb', 'é', '(x)']) {
    const problem = { name: 'TypeError', message: `invalid HTTP header name: ${JSON.stringify(name)}` };
    assert.throws(() => new Request('/', [[name, 'x']]).serialize(), problem);
    assert.throws(() => new Response(200, 'OK', [[name, 'x']]).serialize(), problem);
  }
});

test('every status that Node knows has a phrase, and but for a few renamed ones the same', () => {
  // RFC 9110 renamed two. 509 is in no RFC.
  const renamed: Record<string, string> = { 413: 'Content Too Large', 422: 'Unprocessable Content' };
  for (const [status, phrase] of Object.entries(STATUS_CODES)) {
    if (status === '509') continue;
    assert.equal(statusPhrase(Number(status)).toLowerCase(), (renamed[status] ?? phrase)?.toLowerCase(), status);
  }
});

test('a status that nobody has registered is an error', () => {
  for (const status of [0, 99, 299, 600, -1, 1.5, Number.NaN]) {
    assert.throws(() => statusPhrase(status), { name: 'RangeError', message: `unknown HTTP status: ${status}` });
  }
});

test('a date is written as RFC 9110 §5.6.7 has it', () => {
  assert.equal(formatHttpDate(784_111_777_000), 'Sun, 06 Nov 1994 08:49:37 GMT');
  assert.equal(formatHttpDate(0), 'Thu, 01 Jan 1970 00:00:00 GMT');
  assert.equal(formatHttpDate(1_709_251_199_999), 'Thu, 29 Feb 2024 23:59:59 GMT');
});

test('a date always has the fixed form and names its second', () => {
  const form =
    /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
      const text = formatHttpDate(ms);
      assert.match(text, form);
      assert.equal(Date.parse(text), ms - (ms % 1000));
    }),
  );
});
