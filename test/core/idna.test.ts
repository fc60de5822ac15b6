// Checks Punycode against RFC 3492 §7.1 and the ASCII form of host names against node:url.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { domainToASCII } from 'node:url';
import fc from 'fast-check';
import { encodePunycode, hostNameToAscii } from '#dist/core/idna.js';

const codePoints = (text: string) => Array.from(text, (character) => character.codePointAt(0)!);

/** RFC 3492 §7.1 and what lies at the edges. */
const PUNYCODE = [
  ['ليهمابتكلموشعربي؟', 'egbpdaj6bu4bxfgehfvwxn'],
  ['他们为什么不说中文', 'ihqwcrb4cv8a8dqg056pqjye'],
  ['他們爲什麽不說中文', 'ihqwctvzc91f659drss3x8bo0yb'],
  ['למההםפשוטלאמדבריםעברית', '4dbcagdahymbxekheh6e0a7fei0b'],
  ['почемужеонинеговорятпорусски', 'b1abfaaepdrnnbgefbadotcwatmq2g4l'],
  ['3年b組金八先生', '3b-ww4c5e180e575a65lsy2b'],
  ['安室奈美恵-with-super-monkeys', '-with-super-monkeys-pc58ag80a8qai00g7n9n'],
  ['hello-another-way-それぞれの場所', 'hello-another-way--fc4qua05auwb3674vfr0b'],
  ['ひとつ屋根の下2', '2-u9tlzr9756bt3uc0v'],
  ['そのスピードで', 'd9juau41awczczp'],
  ['ü', 'tda'],
  ['\u0080', 'a'],
  ['\u{10ffff}', 'dn32g'],
  ['', ''],
] as const;

for (const [text, encoded] of PUNYCODE) {
  test(`"${text}" is ${encoded} in Punycode`, () => assert.equal(encodePunycode(codePoints(text)), encoded));
}

const NAMES = [
  ['example.com', 'example.com', 'an ASCII name stays'],
  ['Example.COM', 'example.com', 'letters become small'],
  ['example.com.', 'example.com.', 'the dot of a rooted name stays'],
  ['høst', 'xn--hst-0na', 'a label is written in Punycode'],
  ['BÜCHER.example', 'xn--bcher-kva.example', 'capital letters with accents become small'],
  ['bu\u0308cher.example', 'xn--bcher-kva.example', 'accents are composed'],
  ['straße.de', 'xn--strae-oqa.de', 'ß is a letter of its own'],
  ['ΒΌΛΟΣ.com', 'xn--nxasmq6b.com', 'a capital sigma is σ at the end of a word too'],
  ['ｅｘａｍｐｌｅ．ｃｏｍ', 'example.com', 'full-width forms are folded'],
  ['例。jp', 'xn--fsq.jp', 'an ideographic full stop separates labels'],
  ['❤️.ws', 'xn--qei.ws', 'a variation selector does not count'],
  ['xn--hst-0na.ü', 'xn--hst-0na.xn--tda', 'a label that is in Punycode already stays'],
  [`${'a'.repeat(63)}.x`, `${'a'.repeat(63)}.x`, 'a label may have 63 characters'],
] as const;

for (const [name, ascii, why] of NAMES) {
  test(`${name.slice(0, 20)} becomes ${ascii.slice(0, 24)}: ${why}`, () => assert.equal(hostNameToAscii(name), ascii));
}

const REFUSED = {
  'an empty name': '',
  'nothing but the root': '.',
  'an empty label': 'a..b',
  'an empty first label': '.ü',
  'two dots at the end': 'ü..',
  'a label of 64 characters': 'a'.repeat(64),
  'a label that is too long in Punycode': 'ü'.repeat(60),
  'a label of more letters than a label has characters': 'ü'.repeat(100_000),
  'a name of more than 253 characters': `${'a.'.repeat(127)}b`,
  'a space of another script': 'ü\u1680ü',
  'a soft hyphen': 'ü\u00adü',
  'an invisible joiner': 'ü\u200dü',
  'a private character': '\ue000',
  'half of a surrogate pair': 'a\ud800',
  'a combining mark at the beginning': 'a.\u0301b',
} as const;

for (const [what, name] of Object.entries(REFUSED)) {
  test(`${what} has no ASCII form`, () => assert.equal(hostNameToAscii(name), null));
}

test('a name of exactly 253 characters is accepted, rooted or not', () => {
  const name = `${'a.'.repeat(126)}b`;
  assert.equal(hostNameToAscii(name), name);
  assert.equal(hostNameToAscii(`${name}.`), `${name}.`);
});

test('any name of common scripts has the ASCII form that node:url gives it', () => {
  const letter = fc.constantFrom(
    ...'abzAZ019-_äöüßÄÖÜéèñøØåœŒ',
    ...'αβγσΑΒΓΣ',
    ...'абвгАБВГё',
    ...'例中文日本語',
    ...'ひらカナ',
    ...'한국어',
    '😀',
    '🚀',
  );
  const label = fc.string({ unit: letter, minLength: 1, maxLength: 20 }).map((text) => `q${text}q`);
  fc.assert(
    fc.property(fc.array(label, { minLength: 1, maxLength: 3 }), (labels) => {
      const name = labels.join('.');
      assert.equal(hostNameToAscii(name) ?? '', domainToASCII(name), name);
    }),
  );
});

test('any text at all has an ASCII form or none', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      const ascii = hostNameToAscii(text);
      if (ascii !== null) assert.match(ascii, /^[\0-\x7f]+$/);
    }),
  );
});
