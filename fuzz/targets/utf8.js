// UTF-8, whole and in parts, held against TextDecoder and TextEncoder.
import { isUtf8 } from 'node:buffer';
import { decodeUtf8, decodeUtf8Lossy, encodeUtf8, Utf8Validator, utf8Problem } from '../../dist/bytes/utf8.js';
import { holds, inLinearTime, same } from '../engine/expect.js';
import { cut, Input, seed } from '../engine/input.js';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lossy = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

function decoded(bytes) {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

/** Whether there are bytes that would make valid text of these. */
function isBeginning(bytes) {
  const stream = new TextDecoder('utf-8', { fatal: true });
  try {
    stream.decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function inParts(parts, native) {
  const validator = new Utf8Validator(native);
  let at = 0;
  for (const [i, part] of parts.entries()) {
    const problem = validator.push(part, 0, part.length, i === parts.length - 1);
    at += part.length;
    if (problem !== null) return { problem, at };
  }
  return { problem: null, at };
}

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  const cutSeed = input.byte();
  const bytes = input.rest();
  const text = decoded(bytes);
  const problem = utf8Problem(bytes);
  same(problem === null, text !== null, 'whether it is UTF-8');
  same(utf8Problem(bytes, 0, bytes.length, isUtf8), problem, 'asked in native code');
  same(decodeUtf8Lossy(bytes), lossy.decode(bytes), 'read with replacements');
  if (problem === null) {
    same(decodeUtf8(bytes), text, 'text');
    same(encodeUtf8(text), bytes, 'written again');
  } else {
    const { position, reason } = problem;
    holds(decoded(bytes.subarray(0, position)) !== null, 'what stands before the problem is text');
    holds(!isBeginning(bytes) || reason === 'unexpected end of data', 'what could go on is not complete');
    same(reason === 'unexpected end of data', isBeginning(bytes), 'reason');
    holds(position < bytes.length, 'the problem stands in the text');
  }

  const parts = cut(bytes, cutSeed);
  if (parts.length === 0) parts.push(bytes);
  for (const native of [isUtf8, () => false]) {
    const found = inParts(parts, native);
    same(found.problem, problem, 'in parts');
    // Found as soon as it can be: what was seen before could still have become text.
    if (problem !== null && problem.reason !== 'unexpected end of data') {
      const before =
        found.at -
        parts.find((_, i) => parts.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0) >= found.at).length;
      holds(isBeginning(bytes.subarray(0, before)), 'the problem could have been found before');
      holds(!isBeginning(bytes.subarray(0, found.at)), 'the problem was found before it was there');
    }
  }

  // As UTF-16, half surrogate pairs and all.
  const units = new Uint16Array(bytes.buffer.slice(0, bytes.length & ~1));
  const anyText = String.fromCharCode(...units);
  same(encodeUtf8(anyText), encoder.encode(anyText), 'any text');
});

export const maxLength = 400;
export const words = [
  '\xf0\x9f\x98\x80',
  '\xed\xa0\x80',
  '\xf4\x90\x80\x80',
  '\xc0\x80',
  '\xe2\x82\xac',
  '\xef\xbb\xbf',
  '\xf0\x90',
  '\xd8\x3d\xde\x00',
];
export const seeds = () => [
  ...['κόσμε', 'é', '€', '😀', '\ufeffx', 'a'.repeat(100)].flatMap((text) => [
    seed([0], Buffer.from(text)),
    seed([5], Buffer.from(text)),
  ]),
  ...['\xce\xba\xed\xa0\x80edited', '\xf4\x90\x80\x80', '\xc0\x80', '\xf8\x88\x80\x80\x80', '\x80', 'x\xe2\x82'].map(
    (text) => seed([3], text),
  ),
];
