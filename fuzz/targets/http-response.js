// Responses with their bodies, whole and in pieces, held against a body reader that has everything at once.
import {
  HeaderLineTooLong,
  InvalidHeader,
  InvalidHeaderValue,
  SecurityError,
  StatusLineTooLong,
  TooManyHeaders,
} from '../../dist/core/exceptions/handshake-errors.js';
import { EndOfStreamError } from '../../dist/core/exceptions/protocol-errors.js';
import { ResponseParser } from '../../dist/core/http-parser.js';
import { nodeRuntime } from '../../dist/node/runtime.js';
import { attempt, describe, holds, inLinearTime, same } from '../engine/expect.js';
import { describeMessage, httpSeeds } from '../engine/http.js';
import { cut, Input, seed } from '../engine/input.js';

const TOO_LONG = [StatusLineTooLong, HeaderLineTooLong, TooManyHeaders, SecurityError];
const DOCUMENTED = [...TOO_LONG, InvalidHeader, InvalidHeaderValue, EndOfStreamError, RangeError];
const LIMITS = [{}, {}, { maxLineBytes: 60, maxHeadBytes: 150, maxHeaders: 4, maxBodyBytes: 20 }];

const HEAD =
  /^HTTP\/1\.([01]) ([1-5][0-9]{2}) [\t\x20-\x7e\x80-\xff]*\r\n((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*)\r\n/;

function parse(pieces, options) {
  const parser = new ResponseParser(options);
  let read = 0;
  for (const piece of pieces) {
    read += piece.length;
    const response = parser.push(piece);
    if (response !== null) return { response, bytes: read - parser.rest.length, atEnd: false };
  }
  return { response: parser.end(), bytes: read, atEnd: true };
}

/** What RFC 9112 §6 makes of it, for the forms of a body that are easily told; null: an error; undefined: some other form. */
function expectedBody(text, { anyVersion, readBody }) {
  const [head, minor, status, fields] = HEAD.exec(text) ?? [];
  if (head === undefined || (minor === '0' && !anyVersion)) return undefined;
  const rest = text.slice(head.length);
  if (!readBody || status < '200' || status === '204' || status === '304') return '';
  const framing = fields.split('\r\n').filter((line) => /^(?:transfer-encoding|content-length):/i.test(line));
  if (framing.length === 0) return rest;
  if (framing.length > 1) return undefined;
  const length = /^content-length:[\t ]*([0-9]{1,6})[\t ]*$/i.exec(framing[0])?.[1];
  if (length !== undefined) return rest.length < Number(length) ? undefined : rest.slice(0, Number(length));
  if (!/^transfer-encoding:[\t ]*chunked[\t ]*$/i.test(framing[0])) return undefined;
  return expectedChunks(rest);
}

function expectedChunks(text) {
  let body = '';
  for (let at = 0; ; ) {
    const line = /^([0-9a-f]{1,4})\r\n/i.exec(text.slice(at, at + 8));
    if (line === null) return undefined;
    at += line[0].length;
    const size = Number.parseInt(line[1], 16);
    if (size === 0) return text.startsWith('\r\n', at) ? body : undefined;
    const end = text.slice(at + size, at + size + 2);
    if (end !== '\r\n') return end.length === 2 ? null : undefined;
    body += text.slice(at, at + size);
    at += size + 2;
  }
}

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  const limits = input.pick(LIMITS);
  const cutSeed = input.byte();
  const options = { limits, anyVersion: input.bool(), readBody: !input.bool() };
  const bytes = input.rest();
  const whole = attempt(() => parse([bytes], { ...options, latin1: nodeRuntime.host.latin1 }), DOCUMENTED);
  const pieces = attempt(() => parse(cut(bytes, cutSeed), options), DOCUMENTED);
  const isLimit = TOO_LONG.includes(whole.error?.constructor);
  if (isLimit) same(pieces.error?.constructor, whole.error.constructor, 'in pieces');
  else same(describe(pieces.error), describe(whole.error), 'in pieces');

  if (limits === LIMITS[0] && !isLimit && bytes.length < 8000) {
    const text = Buffer.from(bytes).toString('latin1');
    const expected = expectedBody(text, options);
    if (expected === null) holds(whole.error !== null, 'a chunk without CRLF is accepted');
    else if (expected !== undefined) {
      holds(whole.value?.response, `a good response is refused: ${describe(whole.error)}`);
      same(Buffer.from(whole.value.response.body).toString('latin1'), expected, 'body');
    }
    if (!HEAD.test(text)) holds(!whole.value?.response, 'a head that does not fit the grammar is accepted');
  }
  if (whole.error !== null) return;
  const { response } = whole.value;
  same(pieces.value.bytes, whole.value.bytes, 'bytes read in pieces');
  same(describeMessage(pieces.value.response), describeMessage(response), 'response in pieces');
  holds(response.body.length <= (limits.maxBodyBytes ?? 1_048_576), 'the body is longer than its limit');
  if (response.headers.has('Transfer-Encoding')) return;
  const again = parse([response.serialize()], options).response;
  same(describeMessage(again), describeMessage(response), 'response written and read again');
});

export const maxLength = 4096;
export const words = [
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.0 ',
  'Transfer-Encoding: chunked\r\n',
  'Content-Length: ',
  '\r\n\r\n',
  '\r\n0\r\n\r\n',
  '5;x=y\r\n',
];
export const seeds = () => [
  ...httpSeeds('responses.txt').flatMap((bytes) => [seed([0, 0, 0, 0], bytes), seed([2, 7, 1, 0], bytes)]),
  seed([0, 3, 0, 0], 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nt: v\r\n\r\n'),
  seed([0, 3, 0, 0], 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXX0\r\n\r\n'),
  seed([0, 3, 1, 1], 'HTTP/1.0 200 Connection established\r\n\r\nfollows'),
];
