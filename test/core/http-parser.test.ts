// The HTTP parsers: every vector cut in several ways, limits, the end of a parser's life, and properties.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvalidHeader, SecurityError } from '#dist/core/exceptions/handshake-errors.js';
import { EndOfStreamError } from '#dist/core/exceptions/protocol-errors.js';
import { Headers } from '#dist/core/headers.js';
import { Request, Response } from '#dist/core/http-message.js';
import { HTTP_LIMITS, RequestParser, ResponseParser } from '#dist/core/http-parser.js';
import { describeError, describeMessage, type HttpVector, readHttpVectors } from '../support/http-vectors.js';

type Parser = RequestParser | ResponseParser;
type MakeParser = () => Parser;

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const NOTHING = new Uint8Array(0);

/** Pushes the parts as long as the parser takes them. Returns what comes out; what was not pushed counts as rest. */
function feed(parser: Parser, parts: readonly Uint8Array[], ends: boolean): string[] {
  try {
    for (const [i, part] of parts.entries()) {
      const message = parser.push(part);
      if (message !== null) return describeMessage(message, Buffer.concat([parser.rest, ...parts.slice(i + 1)]));
      assert.equal(parser.rest.length, 0);
    }
    const message = ends ? parser.end() : null;
    return message === null ? [] : describeMessage(message, parser.rest);
  } catch (error) {
    assert.equal(parser.rest.length, 0, 'a parser that failed holds nothing');
    return describeError(error);
  }
}

const byteByByte = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));

/** Cuts at the given places, wherever they are. */
function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
}

function withRest(outcome: readonly string[], more: string): string[] {
  if (!outcome[0]?.startsWith('= ')) return [...outcome];
  const last = outcome.at(-1)!;
  return last.startsWith('= rest: ') ? [...outcome.slice(0, -1), last + more] : [...outcome, `= rest: ${more}`];
}

function limitsOf(vector: HttpVector): Partial<typeof HTTP_LIMITS> {
  const limits = Object.keys(HTTP_LIMITS).filter((name) => vector.options.has(name));
  return Object.fromEntries(limits.map((name) => [name, Number(vector.options.get(name))]));
}

const makers: Readonly<Record<string, (vector: HttpVector) => MakeParser>> = {
  'requests.txt': (vector) => () => new RequestParser(limitsOf(vector)),
  'responses.txt': (vector) => () =>
    new ResponseParser({
      limits: limitsOf(vector),
      anyVersion: vector.options.has('anyVersion'),
      readBody: !vector.options.has('headOnly'),
    }),
};

for (const [file, makerFor] of Object.entries(makers)) {
  for (const vector of readHttpVectors(file)) {
    const { title, bytes, ends, outcome } = vector;
    const make = makerFor(vector);
    test(`${file}: ${title}, whole`, () => assert.deepEqual(feed(make(), [bytes], ends), outcome));
    test(`${file}: ${title}, byte by byte`, () => assert.deepEqual(feed(make(), byteByByte(bytes), ends), outcome));
    test(`${file}: ${title}, after empty chunks`, () =>
      assert.deepEqual(feed(make(), [NOTHING, bytes, NOTHING], ends), outcome));
    if (ends || outcome.length === 0) continue;
    const trailing = Buffer.concat([bytes, bytesOf('GET / HTTP/1.1')]);
    test(`${file}: ${title}, with trailing bytes`, () =>
      assert.deepEqual(feed(make(), [trailing], ends), withRest(outcome, 'GET / HTTP/1.1')));
  }
}

test('a body beyond its limit is cut where that is asked for, in each of its forms and at any cut', () => {
  const limits = { maxBodyBytes: 4 };
  const forms: readonly (readonly [headers: string, sent: string])[] = [
    ['Content-Length: 6', 'abcdef'],
    ['Content-Length: 1000000000000000000000', 'abcdefgh'],
    ['Transfer-Encoding: chunked', '3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n'],
    ['Transfer-Encoding: chunked', 'ffffffffffffffffffff\r\nabcdef'],
    ['X-Until: the end', 'abcdef'],
  ];
  for (const [headers, sent] of forms) {
    const bytes = bytesOf(`HTTP/1.1 403 Forbidden\r\n${headers}\r\n\r\n${sent}`);
    assert.throws(() => new ResponseParser({ limits }).push(bytes), { name: 'SecurityError' }, headers);
    for (let at = 0; at <= bytes.length; at++) {
      const parser = new ResponseParser({ limits, cutBody: true });
      const response = parser.push(bytes.subarray(0, at)) ?? parser.push(bytes.subarray(at));
      const body = Buffer.from(response?.body ?? NOTHING).toString();
      assert.equal(response?.statusCode, 403);
      // What is announced to be too large is not waited for.
      const isAnnounced = !headers.startsWith('X') && at > 0 && at < bytes.length;
      if (isAnnounced) assert.ok('abcd'.startsWith(body), `${headers} cut at ${at}: ${body}`);
      else assert.equal(body, 'abcd', `${headers} cut at ${at}`);
    }
  }
});

test('a line without an end is too long as soon as it passes the limit', () => {
  const parser = new RequestParser();
  assert.equal(parser.push(bytesOf('a'.repeat(8192))), null);
  assert.throws(() => parser.push(bytesOf('a')), {
    name: 'RequestLineTooLong',
    message: 'read 8193 bytes, expected no more than 8192 bytes',
  });
  assert.throws(() => new ResponseParser().push(bytesOf('a'.repeat(10_000))), {
    name: 'StatusLineTooLong',
    message: 'read 10000 bytes, expected no more than 8192 bytes',
  });
});

test('the limits are those of the reference unless others are given', () => {
  const ours = { maxHeadBytes: 65_536 };
  assert.deepEqual(HTTP_LIMITS, { maxLineBytes: 8192, maxHeaders: 128, maxBodyBytes: 1_048_576, ...ours });
  const head = 'HTTP/1.1 403 Forbidden\r\n\r\n';
  const parser = new ResponseParser();
  assert.equal(parser.push(bytesOf(head + 'a'.repeat(1_048_576))), null);
  assert.equal(parser.end()?.body.length, 1_048_576);
  assert.throws(() => new ResponseParser().push(bytesOf(head + 'a'.repeat(1_048_577))), {
    name: 'SecurityError',
    message: 'read 1048577 bytes, expected no more than 1048576 bytes',
  });
});

test('an error about a limit names the one that was passed', () => {
  const limits = { maxLineBytes: 40, maxHeadBytes: 60, maxHeaders: 3, maxBodyBytes: 5 };
  const chunked = 'HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n';
  for (const [sent, limit] of [
    [`HTTP/1.1 200 ${'x'.repeat(40)}`, 'maxLineBytes'],
    [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40)}`, 'maxLineBytes'],
    [`HTTP/1.1 200 OK\r\n${`X: ${'x'.repeat(20)}\r\n`.repeat(3)}`, 'maxHeadBytes'],
    [`HTTP/1.1 200 OK\r\n${'X: x\r\n'.repeat(4)}`, 'maxHeaders'],
    [`${chunked}${`1;${'x'.repeat(30)}\r\nx\r\n`.repeat(3)}`, 'maxHeadBytes'],
    [`${chunked}6\r\n`, 'maxBodyBytes'],
    ['HTTP/1.1 403 No\r\nContent-Length: 6\r\n\r\n', 'maxBodyBytes'],
  ] as const) {
    assert.throws(() => new ResponseParser({ limits }).push(bytesOf(sent)), { limit }, sent);
  }
});

test('a limit that is no whole number is one', () => {
  const head = (count: number): Uint8Array => bytesOf(`GET / HTTP/1.1\r\n${'X: x\r\n'.repeat(count)}\r\n`);
  assert.notEqual(new RequestParser({ maxHeaders: 1.5 }).push(head(1)), null);
  assert.throws(() => new RequestParser({ maxHeaders: 1.5 }).push(head(3)), { limit: 'maxHeaders' });
});

test('the rest is a view on the last chunk, not a copy', () => {
  const parser = new RequestParser();
  parser.push(bytesOf('GET / HTTP/1.1\r\n'));
  const chunk = Uint8Array.from(bytesOf('\r\nframes'));
  assert.notEqual(parser.push(chunk), null);
  assert.equal(parser.rest.buffer, chunk.buffer);
  assert.equal(parser.rest.byteOffset, 2);
  assert.equal(parser.rest.length, 6);
});

test('a body is a copy: the chunk belongs to the caller', () => {
  const chunk = Uint8Array.from(bytesOf('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nhi'));
  const response = new ResponseParser().push(chunk);
  chunk.fill(0);
  assert.deepEqual(response?.body, Uint8Array.of(104, 105));
});

test('a line that came in parts is a copy, too', () => {
  const parser = new RequestParser();
  const chunk = Uint8Array.from(bytesOf('GET /pa'));
  parser.push(chunk);
  chunk.fill(0);
  assert.equal(parser.push(bytesOf('th HTTP/1.1\r\n\r\n'))?.path, '/path');
});

test('a parser takes nothing after its message', () => {
  const parser = new RequestParser();
  assert.ok(parser.push(bytesOf('GET / HTTP/1.1\r\n\r\n')) instanceof Request);
  assert.throws(() => parser.push(NOTHING), /^Error: the parser is done/);
  assert.throws(() => parser.end(), /^Error: the parser is done/);
});

test('a parser takes nothing after an error', () => {
  const parser = new ResponseParser();
  assert.throws(() => parser.push(bytesOf('nonsense\r\n')), RangeError);
  assert.throws(() => parser.push(bytesOf('HTTP/1.1 101 x\r\n\r\n')), /^Error: the parser is done/);
});

test('a message that arrives in the smallest parts costs no more than its length', () => {
  // A million bytes in a line and in a body: a parser that went over all of either at every push would take 10^12 steps.
  const many = 'a'.repeat(1_000_000);
  const message = bytesOf(`HTTP/1.1 403 x\r\nX: ${many}\r\nContent-Length: 1000000\r\n\r\n${many}`);
  const parser = new ResponseParser({ limits: { maxLineBytes: 1_000_010, maxHeadBytes: 2_000_000 } });
  const start = process.cpuUsage();
  let response: Response | null = null;
  for (let i = 0; i < message.length; i++) response = parser.push(message.subarray(i, i + 1));
  const { user } = process.cpuUsage(start);
  assert.equal(response?.headers.get('x'), many);
  assert.equal(response?.body.length, many.length);
  assert.ok(user < 8_000_000, `${user} µs`);
});

test('a value of nothing but spaces inside costs no more than its length', () => {
  const value = `a${' '.repeat(8_000_000)}b`;
  const parser = new RequestParser({ maxLineBytes: 10_000_000, maxHeadBytes: 10_000_000 });
  const start = process.cpuUsage();
  assert.equal(parser.push(bytesOf(`GET / HTTP/1.1\r\nX: ${value}\r\n\r\n`))?.headers.get('x'), value);
  const { user } = process.cpuUsage(start);
  assert.ok(user < 5_000_000, `${user} µs`);
});

test('all header lines together have a limit of their own', () => {
  const line = (size: number): string => `X: ${'a'.repeat(size - 5)}\r\n`;
  const head = `GET / HTTP/1.1\r\n${line(8192).repeat(8)}`;
  // The empty line at the end is no header line.
  assert.equal(new RequestParser().push(bytesOf(`${head}\r\n`))?.headers.getAll('x').length, 8);
  assert.throws(() => new RequestParser().push(bytesOf(`${head}${line(5)}`)), {
    name: 'HeaderLineTooLong',
    message: 'read 65541 bytes, expected no more than 65536 bytes',
  });
});

// --- Properties ---

const token = fc
  .string({ unit: fc.constantFrom(..."!#$%&'*+-.^_`|~019azAZ"), minLength: 1, maxLength: 12 })
  .filter((text) => !/^(content-length|transfer-encoding)$/i.test(text));
const latin1 = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => (code === 0x7f ? '\t' : String.fromCharCode(code))),
});
const fieldValue = latin1.map((text) => text.replace(/^[\t ]+|[\t ]+$/g, ''));
const headerPairs = fc.array(fc.tuple(token, fieldValue), { maxLength: 20 });
const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
});
const cuts = fc.array(fc.nat(), { maxLength: 8 });

test('what a request serialises to is parsed back as the same request, however it is cut', () => {
  fc.assert(
    fc.property(visible, visible, headerPairs, cuts, (method, path, pairs, places) => {
      const request = new Request(path, new Headers(pairs), method);
      const outcome = feed(new RequestParser(), cutAt(request.serialize(), places), false);
      assert.deepEqual(outcome, describeMessage(request, NOTHING));
    }),
  );
});

test('what a response serialises to is parsed back as the same response, however it is cut', () => {
  const status = fc.integer({ min: 100, max: 599 }).filter((code) => code >= 200 && code !== 204 && code !== 304);
  fc.assert(
    fc.property(status, latin1, headerPairs, fc.uint8Array(), cuts, (code, phrase, pairs, body, places) => {
      const headers = new Headers([...pairs, ['Content-Length', String(body.length)]]);
      const response = new Response(code, phrase, headers, body);
      const outcome = feed(new ResponseParser(), cutAt(response.serialize(), places), false);
      assert.deepEqual(outcome, describeMessage(response, NOTHING));
    }),
  );
});

test('a body in chunks is put together again, however chunks and segments are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1 })), cuts, (chunks, places) => {
      const bytes = Buffer.concat([
        bytesOf('HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\n\r\n'),
        ...chunks.flatMap((chunk) => [bytesOf(`${chunk.length.toString(16)}\r\n`), chunk, bytesOf('\r\n')]),
        bytesOf('0\r\n\r\n'),
      ]);
      const expected = new Response(500, 'x', { 'Transfer-Encoding': 'chunked' }, Buffer.concat(chunks));
      const outcome = feed(new ResponseParser(), cutAt(bytes, places), false);
      assert.deepEqual(outcome, describeMessage(expected, NOTHING));
    }),
  );
});

/** Bytes that come close to HTTP: pieces of it, mixed with anything. */
const nearHttp = fc
  .array(
    fc.oneof(
      fc
        .constantFrom(
          'GET / HTTP/1.1',
          'HTTP/1.1 403 x',
          'HTTP/1.1 101 x',
          '\r\n',
          '\r',
          '\n',
          ':',
          ' ',
          '\0',
          'a',
          '5',
        )
        .map(bytesOf),
      fc
        .constantFrom('Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'X: y\r\n', '\r\n\r\n', '0\r\n\r\n')
        .map(bytesOf),
      fc.uint8Array({ maxLength: 6 }),
    ),
    { maxLength: 24 },
  )
  .map((parts) => Buffer.concat(parts));
const starts = fc.constantFrom('', 'GET / HTTP/1.1\r\n', 'HTTP/1.1 403 x\r\n').map(bytesOf);
const limits = { maxLineBytes: 60, maxHeaders: 3, maxBodyBytes: 12 };

for (const [name, make] of [
  ['request', () => new RequestParser(limits)],
  ['response', () => new ResponseParser({ limits })],
] as const) {
  test(`garbage gives a ${name} parser nothing but the errors it documents`, () => {
    fc.assert(
      fc.property(starts, nearHttp, (start, garbage) => {
        const parser = make();
        try {
          if (parser.push(Buffer.concat([start, garbage])) === null) parser.end();
        } catch (error) {
          const documented = [RangeError, SecurityError, InvalidHeader, EndOfStreamError];
          assert.ok(
            documented.some((kind) => error instanceof kind),
            String(error),
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  test(`any cut of any bytes gives a ${name} parser the same result`, () => {
    // How much of a line was there when it proved too long depends on the cut, and only that.
    const withoutCounts = (outcome: string[]): string[] =>
      outcome.map((line) => line.replace(/read \d+ bytes/, 'read'));
    fc.assert(
      fc.property(starts, nearHttp, cuts, (start, garbage, places) => {
        const bytes = Buffer.concat([start, garbage]);
        const whole = withoutCounts(feed(make(), [bytes], true));
        assert.deepEqual(withoutCounts(feed(make(), cutAt(bytes, places), true)), whole);
        assert.deepEqual(withoutCounts(feed(make(), byteByByte(bytes), true)), whole);
      }),
      { numRuns: 500 },
    );
  });
}
