// How frames read in logs, by example; and that a long payload costs no more than a short one.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { frameText } from '#dist/core/frame-text.js';
import { Opcode } from '#dist/core/opcode.js';

const { CONT, TEXT, BINARY, CLOSE, PING, PONG } = Opcode;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i & 0xff);

const LINES: readonly (readonly [line: string, opcode: Opcode, data: Uint8Array, fin?: boolean])[] = [
  ["TEXT 'hello' [5 bytes]", TEXT, utf8('hello')],
  ["TEXT 'a' [1 byte, continued]", TEXT, utf8('a'), false],
  ["TEXT '' [0 bytes]", TEXT, bytes()],
  ["TEXT 'café €' [9 bytes]", TEXT, utf8('café €')],
  ["TEXT 'a\\tb\\r\\nc' [6 bytes]", TEXT, utf8('a\tb\r\nc')],
  ["TEXT 'it\\'s C:\\\\' [8 bytes]", TEXT, utf8("it's C:\\")],
  ['TEXT \'{"a":1}\' [7 bytes]', TEXT, utf8('{"a":1}')],
  ['TEXT ff fe [binary, 2 bytes]', TEXT, bytes(0xff, 0xfe)],
  ['TEXT 61 00 [binary, 2 bytes]', TEXT, utf8('a\0')],
  ['TEXT c2 85 [binary, 2 bytes]', TEXT, utf8('\u0085')],
  ['BINARY 00 01 02 03 [4 bytes]', BINARY, counting(4)],
  ["BINARY 'hello' [text, 5 bytes]", BINARY, utf8('hello')],
  ["BINARY '' [0 bytes]", BINARY, bytes()],
  ['BINARY ff [1 byte, continued]', BINARY, bytes(0xff), false],
  ["CONT 'hello' [text, 5 bytes]", CONT, utf8('hello')],
  ['CONT 00 ff [binary, 2 bytes]', CONT, bytes(0, 0xff)],
  ["CONT '' [0 bytes, continued]", CONT, bytes(), false],
  ["PING '' [0 bytes]", PING, bytes()],
  ["PING 'ping' [text, 4 bytes]", PING, utf8('ping')],
  ['PING 00 ff [binary, 2 bytes]', PING, bytes(0, 0xff)],
  ["PONG 'ping' [text, 4 bytes]", PONG, utf8('ping')],
  ['CLOSE 1000 (OK) [2 bytes]', CLOSE, bytes(0x03, 0xe8)],
  ['CLOSE 1001 (going away) Bye! [6 bytes]', CLOSE, bytes(0x03, 0xe9, ...utf8('Bye!'))],
  ["CLOSE 1000 (OK) it's C:\\ [10 bytes]", CLOSE, bytes(0x03, 0xe8, ...utf8("it's C:\\"))],
  ["CLOSE '' [0 bytes]", CLOSE, bytes()],
  ['CLOSE 03 [binary, 1 byte]', CLOSE, bytes(0x03)],
  ['CLOSE 03 ed [binary, 2 bytes]', CLOSE, bytes(0x03, 0xed)],
  ['CLOSE 03 e8 ff [binary, 3 bytes]', CLOSE, bytes(0x03, 0xe8, 0xff)],
];

describe('frameText', () => {
  for (const [line, opcode, data, fin = true] of LINES) {
    test(`shows ${line}`, () => assert.equal(frameText(opcode, data, fin), line));
  }

  test('marks a character that fragmentation cut, at the end of what is continued and at the start of what continues', () => {
    const euro = utf8('a€b'); // 61 e2 82 ac 62
    assert.equal(frameText(TEXT, euro.subarray(0, 3), false), "TEXT 'a\ufffd' [3 bytes, continued]");
    assert.equal(frameText(CONT, euro.subarray(3), true), "CONT '\ufffdb' [text, 2 bytes]");
    assert.equal(frameText(CONT, euro.subarray(2, 4), false), "CONT '\ufffd' [text, 2 bytes, continued]");
  });

  test('takes a cut character for binary data where fragmentation cannot be the reason', () => {
    const euro = utf8('a€b');
    assert.equal(frameText(TEXT, euro.subarray(0, 3), true), 'TEXT 61 e2 82 [binary, 3 bytes]');
    assert.equal(frameText(TEXT, euro.subarray(3), true), 'TEXT ac 62 [binary, 2 bytes]');
    assert.equal(frameText(CONT, bytes(0x80, 0x80, 0x80, 0x80), true), 'CONT 80 80 80 80 [binary, 4 bytes]');
  });

  test('keeps a close reason from breaking the line', () => {
    const data = bytes(0x03, 0xe8, ...utf8('a\n= connection is OPEN\u001b[2J'));
    assert.equal(frameText(CLOSE, data, true), 'CLOSE 1000 (OK) a\\n= connection is OPEN\\u{1b}[2J [28 bytes]');
  });

  test('shows characters that would reorder the line, or end it, by number', () => {
    assert.equal(frameText(TEXT, utf8('a\u202eb\u2028c'), true), "TEXT 'a\\u{202e}b\\u{2028}c' [9 bytes]");
  });

  test('shows all of a payload up to 75 characters, quotes included', () => {
    assert.equal(frameText(TEXT, utf8('x'.repeat(73)), true), `TEXT '${'x'.repeat(73)}' [73 bytes]`);
    assert.equal(frameText(TEXT, utf8('é'.repeat(73)), true), `TEXT '${'é'.repeat(73)}' [146 bytes]`);
  });

  test('keeps 48 characters from the beginning and 24 from the end of a longer one', () => {
    const elided = (character: string) => `'${character.repeat(47)}...${character.repeat(23)}'`;
    assert.equal(frameText(TEXT, utf8('x'.repeat(74)), true), `TEXT ${elided('x')} [74 bytes]`);
    for (const character of ['x', 'é', '€', '😀']) {
      for (const count of [74, 75, 76, 100, 149, 150, 151, 300, 301, 1000]) {
        const data = utf8(character.repeat(count));
        assert.equal(frameText(TEXT, data, true), `TEXT ${elided(character)} [${data.length} bytes]`);
      }
    }
  });

  test('shows the real beginning and the real end of a long text', () => {
    const data = utf8(`begin${'-'.repeat(10_000)}end`);
    assert.equal(frameText(TEXT, data, true), `TEXT 'begin${'-'.repeat(42)}...${'-'.repeat(20)}end' [10008 bytes]`);
  });

  test('shows up to 25 bytes of binary data, of more the first 16 and the last 8', () => {
    const hex = (data: Uint8Array) => Buffer.from(data).toString('hex').replace(/..\B/g, '$& ');
    assert.equal(frameText(BINARY, counting(25), true), `BINARY ${hex(counting(25))} [25 bytes]`);
    for (const size of [26, 27, 300, 5000]) {
      const data = counting(size);
      const line = `BINARY ${hex(data.subarray(0, 16))} ... ${hex(data.subarray(-8))} [${size} bytes]`;
      assert.equal(frameText(BINARY, data, true), line);
    }
  });

  test('shortens the text of a close too', () => {
    const data = bytes(0x03, 0xe8, ...utf8('r'.repeat(100)));
    assert.equal(frameText(CLOSE, data, true), `CLOSE 1000 (OK) ${'r'.repeat(38)}...${'r'.repeat(24)} [102 bytes]`);
  });

  test('shows a close that is longer than a control frame may be like any other payload', () => {
    const data = bytes(0x03, 0xe8, ...utf8('r'.repeat(124)));
    assert.match(frameText(CLOSE, data, true), /^CLOSE 03 e8 72 .* \.\.\. 72 .* \[binary, 126 bytes\]$/);
  });

  test('obeys another limit, down to none at all', () => {
    assert.equal(frameText(TEXT, utf8('0123456789abcdef'), true, 12), "TEXT '01234...ef' [16 bytes]");
    assert.equal(frameText(BINARY, counting(8), true, 12), 'BINARY 00 01 ... 07 [8 bytes]');
    assert.equal(frameText(TEXT, utf8('hello'), true, 0), 'TEXT ... [5 bytes]');
    assert.equal(frameText(BINARY, counting(8), true, 3), 'BINARY ... [8 bytes]');
    assert.equal(frameText(TEXT, utf8('x'.repeat(500)), true, 1000), `TEXT '${'x'.repeat(500)}' [500 bytes]`);
  });

  test('looks at a few hundred bytes of a payload, however long it is', () => {
    let reads = 0;
    const counted = (data: Uint8Array): Uint8Array =>
      new Proxy(data, {
        get(target, key) {
          if (typeof key === 'string' && /^\d+$/.test(key)) reads += 1;
          const value: unknown = Reflect.get(target, key, target);
          if (key === 'subarray') return (start: number, end: number) => counted(target.subarray(start, end));
          return value;
        },
      });
    const line = frameText(TEXT, counted(utf8('x'.repeat(1_000_000))), true);
    assert.equal(line, `TEXT '${'x'.repeat(47)}...${'x'.repeat(23)}' [1000000 bytes]`);
    assert.ok(reads > 0 && reads < 2000, `${reads} reads`);
  });
});
