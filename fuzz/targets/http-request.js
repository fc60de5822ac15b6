// The request of an opening handshake, whole and in pieces, held against the grammar of RFC 9112 as one pattern.
import {
  HeaderLineTooLong,
  InvalidHeader,
  InvalidHeaderValue,
  RequestLineTooLong,
  TooManyHeaders,
} from '../../dist/core/exceptions/handshake-errors.js';
import { EndOfStreamError } from '../../dist/core/exceptions/protocol-errors.js';
import { RequestParser } from '../../dist/core/http-parser.js';
import { nodeRuntime } from '../../dist/node/runtime.js';
import { attempt, describe, holds, inLinearTime, same } from '../engine/expect.js';
import { describeMessage, httpSeeds } from '../engine/http.js';
import { cut, Input, seed } from '../engine/input.js';

const TOO_LONG = [RequestLineTooLong, HeaderLineTooLong, TooManyHeaders];
const DOCUMENTED = [...TOO_LONG, InvalidHeader, InvalidHeaderValue, EndOfStreamError, RangeError];
const LIMITS = [{}, {}, { maxLineBytes: 60, maxHeadBytes: 150, maxHeaders: 4 }];

const HEAD =
  /^[\x21-\x7e]+ [\x21-\x7e]+ HTTP\/1\.[01]\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n/;

function parse(pieces, limits, latin1) {
  const parser = new RequestParser(limits, latin1);
  let read = 0;
  for (const piece of pieces) {
    read += piece.length;
    const request = parser.push(piece);
    if (request !== null) return { request, headBytes: read - parser.rest.length, end: null };
  }
  return { request: null, headBytes: read, end: attempt(() => parser.end(), [EndOfStreamError]).error };
}

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  const limits = input.pick(LIMITS);
  const cutSeed = input.byte();
  const bytes = input.rest();
  const { value: whole, error } = attempt(() => parse([bytes], limits, nodeRuntime.host.latin1), DOCUMENTED);
  const pieces = attempt(() => parse(cut(bytes, cutSeed), limits), DOCUMENTED);

  // How much was read when a limit was passed depends on the cut, and with it the text.
  if (TOO_LONG.includes(error?.constructor)) same(pieces.error?.constructor, error.constructor, 'in pieces');
  else same(describe(pieces.error), describe(error), 'in pieces');
  if (limits === LIMITS[0] && bytes.length < 8000) {
    const text = Buffer.from(bytes).toString('latin1');
    const head = HEAD.exec(text)?.[0];
    const isGood = head !== undefined && !/\r\n(?:transfer-encoding|content-length):/i.test(head);
    if (isGood) holds(whole?.request || error instanceof TooManyHeaders, `a good head is refused: ${describe(error)}`);
    if (head === undefined) holds(!whole?.request, 'a head that does not fit the grammar is accepted');
    else if (whole?.request) same(whole.headBytes, head.length, 'bytes of the head');
  }
  if (error !== null) return;
  same(pieces.value.headBytes, whole.headBytes, 'bytes read in pieces');
  if (whole.request === null) {
    same(describe(whole.end), describe(pieces.value.end), 'end of stream');
    holds(whole.end !== null, 'the end of the stream completes a request');
    return;
  }
  same(describeMessage(pieces.value.request), describeMessage(whole.request), 'request in pieces');
  const again = parse([whole.request.serialize()], {}).request;
  same(describeMessage(again), describeMessage(whole.request), 'request written and read again');
});

export const maxLength = 4096;
export const words = [
  ' HTTP/1.1\r\n',
  'Transfer-Encoding: ',
  'Content-Length: ',
  '\r\n\r\n',
  'GET / HTTP/1.1\r\n',
  'a: b\r\n',
];
export const seeds = () => httpSeeds('requests.txt').flatMap((bytes) => [seed([0, 0], bytes), seed([2, 7], bytes)]);
