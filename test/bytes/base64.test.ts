// Checks base64 against the vectors of RFC 4648 §10 and against Node's Buffer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64, encodeBase64 } from '#dist/bytes/base64.js';

const VECTORS = [
  ['', ''],
  ['f', 'Zg=='],
  ['fo', 'Zm8='],
  ['foo', 'Zm9v'],
  ['foob', 'Zm9vYg=='],
  ['fooba', 'Zm9vYmE='],
  ['foobar', 'Zm9vYmFy'],
] as const;

const bytesOf = (...values: number[]) => new Uint8Array(values);

for (const [plain, coded] of VECTORS) {
  test(`"${plain}" is written as "${coded}" and read back`, () => {
    const bytes = new Uint8Array(Buffer.from(plain));
    assert.equal(encodeBase64(bytes), coded);
    assert.deepEqual(decodeBase64(coded), bytes);
  });
}

test('the last two characters of the alphabet are + and /', () => {
  assert.equal(encodeBase64(bytesOf(0xfb, 0xff, 0xbf)), '+/+/');
  assert.deepEqual(decodeBase64('+/+/'), bytesOf(0xfb, 0xff, 0xbf));
});

test('a view that starts in the middle of its buffer is written alone', () => {
  assert.equal(encodeBase64(new Uint8Array(Buffer.from('xfoox')).subarray(1, 4)), 'Zm9v');
});

for (const coded of ['ZR==', 'Zf==', 'Zm9=']) {
  test(`bits that no byte needs are ignored in ${coded}`, () => {
    assert.deepEqual(decodeBase64(coded), new Uint8Array(Buffer.from(coded, 'base64')));
  });
}

const REFUSED = {
  'no padding': 'Zg',
  'half of the padding': 'Zg=',
  'too much padding': 'Zg===',
  'padding alone': '====',
  'padding and nothing before it': '==',
  'padding where the text goes on': 'Zg==Zm9v',
  'three characters of padding': 'Z===',
  'the url alphabet': '-_-_',
  'white space inside': 'Zm 9',
  'a line break behind': 'Zm9v\n',
  'a character above ASCII': 'Zm9\u00e9',
  'a character above one byte': 'Zm9\u{1F600}',
} as const;

for (const [what, coded] of Object.entries(REFUSED)) {
  test(`text with ${what} is not base64`, () => assert.equal(decodeBase64(coded), null));
}

test('any bytes are written as Buffer writes them, and read back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const coded = encodeBase64(bytes);
      assert.equal(coded, Buffer.from(bytes).toString('base64'));
      assert.deepEqual(decodeBase64(coded), bytes);
    }),
  );
});

test('any text is either refused or read as Buffer reads it', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'AZaz09+/=-_ é') }), (text) => {
      const strict = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text);
      const expected = strict ? new Uint8Array(Buffer.from(text, 'base64')) : null;
      assert.deepEqual(decodeBase64(text), expected);
    }),
  );
});
