// UTF-8 by examples, at every split, and against the TextDecoder and TextEncoder of the runtime.
import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  decodeUtf8,
  decodeUtf8Lossy,
  encodeUtf8,
  type Utf8Problem,
  Utf8Validator,
  utf8Problem,
} from '#dist/bytes/utf8.js';

const START = 'invalid start byte';
const CONTINUATION = 'invalid continuation byte';
const END = 'unexpected end of data';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

const VALID: readonly (readonly [title: string, hex: string, text: string])[] = [
  ['nothing', '', ''],
  ['ASCII', '68 65 6c 6c 6f', 'hello'],
  ['NUL', '61 00 62', 'a\0b'],
  ['the first and the last of two bytes', 'c2 80 df bf', '\u0080\u07ff'],
  ['the first and the last of three bytes', 'e0 a0 80 ef bf bf', '\u0800\uffff'],
  ['what surrounds the surrogates', 'ed 9f bf ee 80 80', '\ud7ff\ue000'],
  ['the first and the last of four bytes', 'f0 90 80 80 f4 8f bf bf', '\u{10000}\u{10ffff}'],
  ['a byte order mark, which is kept', 'ef bb bf 61', '\ufeffa'],
  ['noncharacters', 'ef b7 90 ef bf be', '\ufdd0\ufffe'],
  ['all lengths mixed', '61 c3 a9 e2 82 ac f0 9f 98 80 7a', 'aé€😀z'],
];

const INVALID: readonly (readonly [title: string, hex: string, reason: Utf8Problem['reason'], position: number])[] = [
  ['a byte that never occurs', '61 ff 62', START, 1],
  ['a continuation at the start', '80', START, 0],
  ['the last continuation at the start', '61 62 bf', START, 2],
  ['a longer form of ASCII', 'c0 af', START, 0],
  ['the other longer form of ASCII', 'c1 bf', START, 0],
  ['the first lead byte that is too high', 'f5 80 80 80', START, 0],
  ['ASCII after a lead byte of two', 'c3 28', CONTINUATION, 0],
  ['ASCII after a lead byte of three', '61 e2 28 a1', CONTINUATION, 1],
  ['ASCII as third byte of three', 'e2 82 28', CONTINUATION, 0],
  ['ASCII as third byte of four', 'f0 9f 28 80', CONTINUATION, 0],
  ['ASCII as fourth byte of four', 'f0 9f 98 28', CONTINUATION, 0],
  ['a lead byte after a lead byte', 'e2 e2 82 ac', CONTINUATION, 0],
  ['the first surrogate', 'ed a0 80', CONTINUATION, 0],
  ['the last surrogate', 'ed bf bf', CONTINUATION, 0],
  ['a longer form of three bytes', 'e0 9f bf', CONTINUATION, 0],
  ['a longer form of four bytes', 'f0 8f bf bf', CONTINUATION, 0],
  ['a point above U+10FFFF', 'f4 90 80 80', CONTINUATION, 0],
  ['a surrogate that is cut', 'ed a0', CONTINUATION, 0],
  ['a lead byte of two at the end', '61 c3', END, 1],
  ['a lead byte of three at the end', 'e2', END, 0],
  ['two bytes of three at the end', 'e2 82', END, 0],
  ['three bytes of four at the end', 'c3 a9 f0 9f 98', END, 2],
];

/** What the validator says of a text that comes in these parts, and after how many of them. */
function pushAll(parts: readonly Uint8Array[], validator = new Utf8Validator(isUtf8)): [Utf8Problem | null, number] {
  for (const [i, part] of parts.entries()) {
    const problem = validator.push(part, 0, part.length, i === parts.length - 1);
    if (problem !== null) return [problem, i];
  }
  return [null, parts.length];
}

const eachByte = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (byte) => Uint8Array.of(byte));
const padded = (bytes: Uint8Array): Uint8Array => Uint8Array.of(0xff, ...bytes, 0xff);

describe('utf8Problem', () => {
  for (const [title, hex] of VALID) {
    test(`finds nothing wrong with ${title}`, () => {
      const bytes = bytesOf(hex);
      assert.equal(utf8Problem(bytes), null);
      assert.equal(utf8Problem(padded(bytes), 1, 1 + bytes.length), null);
    });
  }

  for (const [title, hex, reason, position] of INVALID) {
    test(`refuses ${title}, counting from the start of the range`, () => {
      const bytes = bytesOf(hex);
      assert.deepEqual(utf8Problem(bytes), { reason, position });
      assert.deepEqual(utf8Problem(padded(bytes), 1, 1 + bytes.length), { reason, position });
    });
  }

  test('refuses and accepts the same bytes as TextDecoder', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    fc.assert(
      fc.property(nearlyUtf8, (bytes) => {
        let isValid = true;
        try {
          decoder.decode(bytes);
        } catch {
          isValid = false;
        }
        assert.equal(utf8Problem(bytes) === null, isValid);
      }),
      { numRuns: 3000 },
    );
  });

  test('agrees with the runtime on every sequence of two bytes and every beginning of three', () => {
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        const two = Uint8Array.of(first, second);
        assert.equal(utf8Problem(two) === null, isUtf8(two), `${first} ${second}`);
        const three = Uint8Array.of(first, second, 0x80);
        assert.equal(utf8Problem(three) === null, isUtf8(three), `${first} ${second} 128`);
        const four = Uint8Array.of(first, second, 0x80, 0x80);
        assert.equal(utf8Problem(four) === null, isUtf8(four), `${first} ${second} 128 128`);
      }
    }
  });
});

describe('decodeUtf8 and encodeUtf8', () => {
  for (const [title, hex, text] of VALID) {
    test(`are each other's inverse for ${title}`, () => {
      assert.equal(decodeUtf8(bytesOf(hex)), text);
      assert.deepEqual(encodeUtf8(text), bytesOf(hex));
    });
  }

  test('decodeUtf8 keeps to its range', () => {
    assert.equal(decodeUtf8(bytesOf('ff c3 a9 61 ff'), 1, 4), 'éa');
  });

  test('encodeUtf8 writes U+FFFD for half a surrogate pair', () => {
    assert.deepEqual(encodeUtf8('a\ud83d'), bytesOf('61 ef bf bd'));
    assert.deepEqual(encodeUtf8('\ude00b'), bytesOf('ef bf bd 62'));
    assert.deepEqual(encodeUtf8('\ude00\ud83d'), bytesOf('ef bf bd ef bf bd'));
  });

  test('encodeUtf8 writes what TextEncoder writes, and decodeUtf8 reads it back', () => {
    const encoder = new TextEncoder();
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: halfSurrogates }), (whole, broken) => {
        const bytes = encodeUtf8(whole);
        assert.deepEqual(bytes, encoder.encode(whole));
        assert.equal(decodeUtf8(bytes), whole);
        assert.deepEqual(encodeUtf8(broken), encoder.encode(broken));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('decodeUtf8Lossy', () => {
  test('puts one U+FFFD for each longest part that might have become a character', () => {
    assert.equal(decodeUtf8Lossy(bytesOf('61 ff 62')), 'a\ufffdb');
    assert.equal(decodeUtf8Lossy(bytesOf('e2 82 28')), '\ufffd(');
    assert.equal(decodeUtf8Lossy(bytesOf('ed a0 80')), '\ufffd\ufffd\ufffd');
    assert.equal(decodeUtf8Lossy(bytesOf('61 f0 9f 98')), 'a\ufffd');
  });

  test('keeps to its range', () => {
    assert.equal(decodeUtf8Lossy(bytesOf('61 e2 82 ac 62'), 1, 3), '\ufffd');
  });

  test('reads what TextDecoder reads', () => {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    fc.assert(
      fc.property(nearlyUtf8, (bytes) => assert.equal(decodeUtf8Lossy(bytes), decoder.decode(bytes))),
      { numRuns: 3000 },
    );
  });
});

describe('Utf8Validator', () => {
  for (const [title, hex] of VALID) {
    test(`accepts ${title} in two parts, wherever it is cut, and byte by byte`, () => {
      const bytes = bytesOf(hex);
      for (let cut = 0; cut <= bytes.length; cut++) {
        assert.deepEqual(pushAll([bytes.subarray(0, cut), bytes.subarray(cut)]), [null, 2]);
      }
      assert.equal(pushAll(eachByte(bytes))[0], null);
    });
  }

  for (const [title, hex, reason, position] of INVALID) {
    test(`refuses ${title} with the same words wherever it is cut`, () => {
      const bytes = bytesOf(hex);
      for (let cut = 0; cut <= bytes.length; cut++) {
        const [problem] = pushAll([bytes.subarray(0, cut), bytes.subarray(cut)]);
        assert.deepEqual(problem, { reason, position }, `cut at ${cut}`);
      }
      assert.deepEqual(pushAll(eachByte(bytes))[0], { reason, position });
    });
  }

  test('refuses an invalid sequence with the byte that makes it so, not later', () => {
    const parts = [...eachByte(bytesOf('61 f0 9f 28')), bytesOf('80'), bytesOf('')];
    assert.deepEqual(pushAll(parts), [{ reason: CONTINUATION, position: 1 }, 3]);
    assert.deepEqual(pushAll([bytesOf('ed'), bytesOf('a0'), bytesOf('')]), [{ reason: CONTINUATION, position: 0 }, 1]);
    assert.deepEqual(pushAll([bytesOf('61 ff'), bytesOf('62')]), [{ reason: START, position: 1 }, 0]);
  });

  test('waits for the rest of a character only until the last part', () => {
    assert.deepEqual(pushAll([bytesOf('61 e2 82'), bytesOf('')]), [{ reason: END, position: 1 }, 1]);
    assert.deepEqual(pushAll([bytesOf('61 e2'), bytesOf('82'), bytesOf('ac')]), [null, 3]);
  });

  test('keeps to its range', () => {
    const validator = new Utf8Validator(isUtf8);
    assert.equal(validator.push(bytesOf('ff e2 82 ff'), 1, 3, false), null);
    assert.equal(validator.push(bytesOf('ff ac ff'), 1, 2, true), null);
  });

  test('does not let native code decide about a character that is cut at the end of a long part', () => {
    const long = new Uint8Array(500).fill(0x61);
    for (const [hex, rest] of [
      ['c3', 'a9'],
      ['e2 82', 'ac'],
      ['f0 9f 98', '80'],
      ['f0', '9f 98 80'],
    ] as const) {
      const first = Uint8Array.of(...long, ...bytesOf(hex));
      assert.deepEqual(pushAll([first, bytesOf(rest)]), [null, 2], hex);
      assert.deepEqual(pushAll([first, bytesOf('')]), [{ reason: END, position: 500 }, 1], hex);
    }
    assert.deepEqual(pushAll([Uint8Array.of(...long, 0xed, 0xa0), bytesOf('80')]), [
      { reason: CONTINUATION, position: 500 },
      0,
    ]);
    assert.deepEqual(pushAll([Uint8Array.of(...long, 0x80, 0x80, 0x80, 0x80), bytesOf('')]), [
      { reason: START, position: 500 },
      0,
    ]);
  });

  test('asks native code about the long parts and nothing about the short ones', () => {
    const asked: number[] = [];
    const validator = new Utf8Validator((bytes) => asked.push(bytes.length) > 0 && isUtf8(bytes));
    const long = encodeUtf8('é'.repeat(500));
    assert.equal(validator.push(long, 0, 10, false), null);
    assert.deepEqual(asked, []);
    assert.equal(validator.push(long, 10, long.length, true), null);
    assert.equal(asked.length, 1);
    assert.ok(asked[0]! >= long.length - 10 - 3);
  });

  test('counts positions from the start of the text, over long and short parts', () => {
    const long = encodeUtf8('é'.repeat(100));
    const parts = [long, long.subarray(0, 1), long.subarray(1), bytesOf('61 ff')];
    assert.deepEqual(pushAll(parts), [{ reason: START, position: 401 }, 3]);
    assert.deepEqual(pushAll([long, Uint8Array.of(...long, 0xff, ...long)]), [{ reason: START, position: 400 }, 1]);
  });

  test('begins anew after reset', () => {
    const validator = new Utf8Validator(isUtf8);
    assert.deepEqual(pushAll([bytesOf('61 62 e2 82'), bytesOf('ff')], validator)[0], {
      reason: CONTINUATION,
      position: 2,
    });
    validator.reset();
    assert.deepEqual(pushAll([bytesOf('61'), bytesOf('80')], validator)[0], { reason: START, position: 1 });
  });

  test('says of any text in any parts what utf8Problem says of the whole', () => {
    const cuts = fc.array(fc.nat({ max: 300 }), { maxLength: 6 });
    const long = fc.array(nearlyUtf8, { maxLength: 12 }).map((parts) => Uint8Array.from(Buffer.concat(parts)));
    fc.assert(
      fc.property(fc.oneof(nearlyUtf8, long), cuts, (bytes, where) => {
        const edges = [0, ...where.map((at) => Math.min(at, bytes.length)).sort((a, b) => a - b), bytes.length];
        const parts = edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge));
        assert.deepEqual(pushAll(parts)[0], utf8Problem(bytes));
      }),
      { numRuns: 2000 },
    );
  });
});

const halfSurrogates = fc.constantFrom('\ud83d', '\ude00', 'a', 'é', '€');

/** Valid text, mostly, with a byte here and there that spoils it: random bytes alone hardly ever get past the first one. */
const nearlyUtf8: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.array(fc.tuple(fc.nat({ max: 200 }), fc.nat({ max: 255 })), { maxLength: 2 }),
    fc.nat({ max: 3 }),
  )
  .map(([text, spoilers, cut]) => {
    const bytes = new TextEncoder().encode(text);
    for (const [at, byte] of spoilers) if (at < bytes.length) bytes[at] = byte;
    return bytes.subarray(0, Math.max(0, bytes.length - cut));
  });
