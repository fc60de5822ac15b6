// Cases of RFC 6455 §8.1: text is UTF-8, and the first wrong byte is enough. Data only.
import { randomFrom } from '../link.ts';
import {
  binary,
  type Case,
  type Chapter,
  continuation,
  echoes,
  fails,
  fragments,
  generate,
  ping,
  replies,
  text,
  textMessage,
} from '../script.ts';
import { BINARY, TEXT } from '../wire.ts';

const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(' ', ''), 'hex');

const VALID: readonly (readonly [title: string, bytes: Buffer])[] = [
  ['ASCII', Buffer.from('Hello, world')],
  ['NUL and DEL', hex('00 7f')],
  ['two bytes each', Buffer.from('ÄÖÜß')],
  ['three bytes each', Buffer.from('€→語')],
  ['four bytes each', Buffer.from('😀𝄞')],
  ['all lengths mixed', Buffer.from('aé€😀z')],
  ['the first and last of two bytes', hex('c2 80 df bf')],
  ['the first and last of three bytes', hex('e0 a0 80 ef bf bf')],
  ['the first and last of four bytes', hex('f0 90 80 80 f4 8f bf bf')],
  ['the neighbours of the surrogates', hex('ed 9f bf ee 80 80')],
  ['a byte order mark', hex('ef bb bf 61')],
  ['a byte order mark in the middle', hex('61 ef bb bf 61')],
  ['noncharacters', hex('ef b7 90 ef bf be f0 9f bf be f3 bf bf bf')],
  ['the replacement character', hex('ef bf bd')],
];

/** `at`: the first byte after which no continuation could be valid any more. */
const INVALID: readonly (readonly [title: string, bytes: Buffer, at: number])[] = [
  ['a continuation byte at the start of a character', hex('80'), 0],
  ['the highest continuation byte at the start of a character', hex('bf'), 0],
  ['two continuation bytes after a whole character', hex('c3 a9 80 80'), 2],
  ['byte fe', hex('fe'), 0],
  ['byte ff', hex('ff'), 0],
  ['overlong slash in two bytes', hex('c0 af'), 0],
  ['overlong NUL in two bytes', hex('c0 80'), 0],
  ['the last overlong of two bytes', hex('c1 bf'), 0],
  ['overlong NUL in three bytes', hex('e0 80 80'), 1],
  ['the last overlong of three bytes', hex('e0 9f bf'), 1],
  ['overlong NUL in four bytes', hex('f0 80 80 80'), 1],
  ['the last overlong of four bytes', hex('f0 8f bf bf'), 1],
  ['five bytes', hex('f8 88 80 80 80'), 0],
  ['six bytes', hex('fc 84 80 80 80 80'), 0],
  ['the first surrogate', hex('ed a0 80'), 1],
  ['the last surrogate', hex('ed bf bf'), 1],
  ['a pair of surrogates', hex('ed a0 bd ed b8 80'), 1],
  ['the first code point after U+10FFFF', hex('f4 90 80 80'), 1],
  ['lead byte f5', hex('f5 80 80 80'), 0],
  ['ASCII after a lead of two', hex('c3 28'), 1],
  ['ASCII as the second of three', hex('e2 28 a1'), 1],
  ['ASCII as the third of three', hex('e2 82 28'), 2],
  ['ASCII as the second of four', hex('f0 28 8c bc'), 1],
  ['ASCII as the third of four', hex('f0 90 28 bc'), 2],
  ['ASCII as the fourth of four', hex('f0 9f 98 28'), 3],
  ['a lead byte as the second of two', hex('c3 c3'), 1],
  ['a lead byte as the third of three', hex('e2 82 e2'), 2],
];

const CUT_OFF: readonly (readonly [title: string, bytes: Buffer])[] = [
  ['one of two', hex('c3')],
  ['one of three', hex('e2')],
  ['two of three', hex('e2 82')],
  ['one of four', hex('f0')],
  ['two of four', hex('f0 9f')],
  ['three of four', hex('f0 9f 98')],
];

const valid: Chapter = {
  section: 'RFC 6455 §8.1',
  title: 'valid text comes back, wherever fragments and segments are cut',
  cases() {
    const cases: Case[] = [];
    for (const [title, bytes] of VALID) {
      cases.push(echoes(title, text(bytes)));
      for (let at = 1; at < bytes.length; at++) {
        const parts = fragments(TEXT, [bytes.subarray(0, at), bytes.subarray(at)]);
        cases.push(replies(`${title}, fragments cut at ${at}`, parts, { messages: [textMessage(bytes)] }));
        cases.push(echoes(`${title}, segments cut at ${at}`, text(bytes), { cut: { at: [at - bytes.length] } }));
      }
      const single = fragments(
        TEXT,
        Array.from(bytes, (byte) => Buffer.of(byte)),
      );
      cases.push(replies(`${title}, a fragment for each byte`, single, { messages: [textMessage(bytes)] }));
      const withPings = single.flatMap((frame) => [frame, ping(hex('ff c3'))]);
      cases.push(
        replies(`${title}, a ping after each byte`, withPings, {
          messages: [textMessage(bytes)],
          pongs: single.map(() => hex('ff c3')),
        }),
      );
    }
    const long = Buffer.from('€uro 😀 '.repeat(20_000));
    cases.push(
      echoes('a long text in random pieces', text(long), { cut: { piecesUpTo: 4001, seed: 81 } }),
      replies(
        'a long text in fragments that end inside characters',
        fragments(TEXT, [long.subarray(0, 65_537), long.subarray(65_537, 131_073), long.subarray(131_073)]),
        { messages: [textMessage(long)] },
      ),
    );
    return cases;
  },
};

const randomText: Chapter = {
  section: 'RFC 6455 §8.1',
  title: 'random text with one damaged byte is refused, and only then',
  cases() {
    const random = randomFrom(6455);
    return Array.from({ length: 60 }, (_, round): Case => {
      const points = Array.from({ length: 40 }, () => {
        const point = Math.floor(random() * [0x80, 0x800, 0x10000, 0x110000][Math.floor(random() * 4)]!);
        return String.fromCodePoint(point >= 0xd800 && point < 0xe000 ? 0xe000 : point);
      });
      const bytes = Buffer.from(points.join(''));
      const cut = { piecesUpTo: 9, seed: round };
      if (round % 2 === 0) return echoes(`text ${round}`, text(bytes), { cut });
      bytes[Math.floor(random() * bytes.length)] = 0xf8 + (round % 8);
      return fails(`text ${round}, damaged`, [text(bytes)], 1007, { cut });
    });
  },
};

const invalid: Chapter = {
  section: 'RFC 6455 §8.1',
  title: 'invalid text fails with 1007, wherever fragments and segments are cut',
  cases() {
    const cases: Case[] = [];
    for (const [title, wrong] of INVALID) {
      const bytes = Buffer.concat([Buffer.from('aé'), wrong, Buffer.from('z')]);
      cases.push(fails(title, [text(bytes)], 1007));
      cases.push(fails(`${title}, alone`, [text(wrong)], 1007));
      cases.push(fails(`${title}, compressed`, [text(bytes, { deflated: true })], 1007, { deflate: {} }));
      for (let at = 1; at < bytes.length; at++) {
        const parts = fragments(TEXT, [bytes.subarray(0, at), bytes.subarray(at)]);
        cases.push(fails(`${title}, fragments cut at ${at}`, parts, 1007));
        cases.push(fails(`${title}, segments cut at ${at}`, [text(bytes)], 1007, { cut: { at: [at - bytes.length] } }));
      }
    }
    for (const [title, start] of CUT_OFF) {
      const bytes = Buffer.concat([Buffer.from('aé'), start]);
      cases.push(
        fails(`text ends after ${title}`, [text(bytes)], 1007),
        fails(`text ends after ${title}, compressed`, [text(bytes, { deflated: true })], 1007, { deflate: {} }),
        fails(`text ends after ${title}, in an empty last fragment`, fragments(TEXT, [bytes, '']), 1007),
        fails(`text ends after ${title}, byte by byte`, [text(bytes)], 1007, { cut: 'bytes' }),
        fails(`the next fragment does not go on after ${title}`, fragments(TEXT, [bytes, 'z']), 1007),
      );
    }
    const long = Buffer.concat([Buffer.alloc(100_000, 'x'), hex('ff')]);
    cases.push(fails('the last of 100,001 bytes', [text(long)], 1007));
    return cases;
  },
};

const failFast: Chapter = {
  section: 'RFC 6455 §8.1',
  title: 'the first wrong byte fails, with the rest of frame and message still to come',
  cases() {
    const cases: Case[] = [];
    for (const [title, wrong, at] of INVALID) {
      const bytes = Buffer.concat([Buffer.from('aé'), wrong.subarray(0, at + 1)]);
      const first = bytes.subarray(0, -1);
      const last = bytes.subarray(-1);
      cases.push(
        fails(`${title}, in an unfinished message`, [text(bytes, { fin: false })], 1007),
        fails(`${title}, in an unfinished frame`, [text(bytes, { announced: 100n })], 1007),
        fails(`${title}, in a long unfinished frame`, [text(bytes, { announced: 100_000n })], 1007),
        fails(`${title}, in an unfinished frame byte by byte`, [text(bytes, { announced: 100n })], 1007, {
          cut: 'bytes',
        }),
        fails(
          `${title}, in an unfinished continuation`,
          [text(first, { fin: false }), continuation(last, { fin: false, announced: 50n })],
          1007,
        ),
        fails(`${title}, in an unfinished compressed message`, [text(bytes, { fin: false, deflated: true })], 1007, {
          deflate: {},
        }),
        {
          title: `${title}, after everything before it was accepted`,
          exchanges: [
            { send: [text(first, { fin: false }), ping('still open')], expect: { pongs: [Buffer.from('still open')] } },
            { send: [continuation(last, { fin: false })], expect: { end: { how: 'fails', codes: [1007] } } },
          ],
        },
      );
    }
    for (const [title, start] of CUT_OFF) {
      cases.push({
        title: `${title} byte(s) of a character may still become valid`,
        exchanges: [
          { send: [text(start, { fin: false }), ping('wait')], expect: { pongs: [Buffer.from('wait')] } },
          { send: [continuation('z')], expect: { end: { how: 'fails', codes: [1007] } } },
        ],
      });
    }
    return cases;
  },
};

const binaryIsFree: Chapter = {
  section: 'RFC 6455 §5.6',
  title: 'binary messages are not text',
  cases() {
    const cases: Case[] = [];
    const everyByte = generate(256, (index) => index);
    for (const [title, wrong] of [...INVALID, ...CUT_OFF]) {
      cases.push(echoes(`${title}, in a binary message`, binary(wrong)));
    }
    cases.push(
      replies('invalid text in binary fragments', fragments(BINARY, [hex('c3'), hex('28 ff')]), {
        messages: [{ opcode: BINARY, payload: hex('c3 28 ff') }],
      }),
      replies('a cut character in binary, then text', [binary(hex('e2 82')), text('a')], {
        messages: [{ opcode: BINARY, payload: hex('e2 82') }, textMessage('a')],
      }),
      replies('every byte', [binary(everyByte)], {
        messages: [{ opcode: BINARY, payload: everyByte }],
      }),
    );
    return cases;
  },
};

export const utf8: readonly Chapter[] = [valid, randomText, invalid, failFast, binaryIsFree];
