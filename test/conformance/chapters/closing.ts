// Cases of RFC 6455 §5.5.1 and §7: the closing handshake and other ends. Data only.
import {
  answersClose,
  type Case,
  type Chapter,
  close,
  closePayload,
  continuation,
  fails,
  ping,
  pong,
  text,
  textMessage,
} from '../script.ts';
import { CLOSE, type Frame } from '../wire.ts';

const LEGAL = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const ILLEGAL = [0, 1, 255, 999, 1004, 1005, 1006, 1015, 1016, 1099, 1100, 2000, 2999, 5000, 5001, 32_768, 65_535];

const rawClose = (payload: Uint8Array | string): Frame => ({ opcode: CLOSE, payload });

const legal: Chapter = {
  section: 'RFC 6455 §7.4',
  title: 'a legal close is answered with the same payload',
  cases() {
    const cases: Case[] = [];
    for (const code of LEGAL) {
      cases.push(
        answersClose(`code ${code}`, [close(code)], closePayload(code)),
        answersClose(`code ${code} with a reason`, [close(code, 'why ✓')], closePayload(code, 'why ✓')),
        answersClose(`code ${code} byte by byte`, [close(code, 'why')], closePayload(code, 'why'), { cut: 'bytes' }),
      );
    }
    const longest = 'r'.repeat(123);
    const manyBytes = '€'.repeat(41);
    cases.push(
      answersClose('no payload at all', [rawClose('')], Buffer.alloc(0)),
      answersClose('a reason of 123 bytes', [close(1000, longest)], closePayload(1000, longest)),
      answersClose('a reason of 123 bytes in 41 characters', [close(4000, manyBytes)], closePayload(4000, manyBytes)),
      answersClose(
        'a reason with NUL and a byte order mark',
        [close(1000, '\u{feff}a\0b')],
        closePayload(1000, '\u{feff}a\0b'),
      ),
    );
    return cases;
  },
};

const illegal: Chapter = {
  section: 'RFC 6455 §7.4',
  title: 'an illegal close is a protocol error',
  cases() {
    const cases: Case[] = [];
    for (const code of ILLEGAL) {
      cases.push(
        fails(`code ${code}`, [close(code)], 1002),
        fails(`code ${code} with a reason`, [close(code, 'why')], 1002),
      );
    }
    cases.push(
      fails('a payload of one byte', [rawClose(Buffer.of(3))], 1002),
      fails('a reason of 124 bytes', [close(1000, 'r'.repeat(124))], 1002),
      fails('a reason of 1,000 bytes', [close(1000, 'r'.repeat(1000))], 1002),
    );
    for (const [title, reason] of [
      ['a lone continuation byte', [0x80]],
      ['an overlong form', [0xc0, 0xaf]],
      ['a surrogate', [0xed, 0xa0, 0x80]],
      ['a character cut off', [0x61, 0xe2, 0x82]],
      ['a code point after U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
      ['byte ff at the end', [0x61, 0x62, 0xff]],
    ] as const) {
      cases.push(fails(`a reason with ${title}`, [close(1000, Buffer.from(reason))], 1007));
    }
    cases.push(fails('a reason that is not UTF-8 and an illegal code', [close(1005, Buffer.of(0xff))], 1007));
    return cases;
  },
};

const afterClose: Chapter = {
  section: 'RFC 6455 §5.5.1',
  title: 'nothing counts after a close',
  cases() {
    const answer = closePayload(1000, 'bye');
    const bye = close(1000, 'bye');
    const cases: Case[] = [];
    for (const [title, frames] of [
      ['a text', [text('late')]],
      ['a ping', [ping('late')]],
      ['a pong', [pong('late')]],
      ['a second close', [close(1001)]],
      ['an illegal close', [close(1005)]],
      ['a reserved opcode', [{ opcode: 3 }]],
      ['a frame with the masking of the other side', [text('late', { mask: 'wrong' })]],
      ['invalid text', [text(Buffer.of(0xff))]],
      ['a mebibyte', [text('x'.repeat(2 ** 20))]],
      ['half a frame', [text('late', { announced: 1000n })]],
    ] as const) {
      cases.push(answersClose(`${title} in the same write`, [bye, ...frames], answer));
      cases.push(
        answersClose(`${title} in random pieces`, [bye, ...frames], answer, { cut: { piecesUpTo: 9000, seed: 1 } }),
      );
    }
    cases.push(
      answersClose('a message before it may still be answered', [text('first'), bye], answer, {
        messages: [textMessage('first')],
      }),
      answersClose('a ping before it may still be answered', [ping('first'), bye], answer, { pongs: ['first'] }),
      {
        title: 'what came before it was answered is not answered again',
        exchanges: [
          {
            send: [text('first'), ping('first')],
            expect: { messages: [textMessage('first')], pongs: [Buffer.from('first')] },
          },
          { send: [bye], expect: { end: { how: 'answers', payload: answer } } },
        ],
      },
    );
    return cases;
  },
};

const crossing: Chapter = {
  section: 'RFC 6455 §7.1.7',
  title: 'a failed connection closes once',
  cases() {
    const wrong: Frame = { opcode: 3 };
    return [
      fails('our close crosses the failure', [wrong, close(1000)], 1002),
      fails('messages after the failure', [wrong, text('late'), ping('late')], 1002),
      fails('a second failure of another kind', [text(Buffer.of(0xff)), wrong], 1007),
      fails('invalid text, then a close', [text(Buffer.of(0xff)), close(1000)], 1007),
      fails('a close inside a message', [text('a', { fin: false }), close(1000)], 1002),
      fails(
        'a close inside a message, then its end',
        [text('a', { fin: false }), close(1000), continuation('b')],
        1002,
      ),
      fails('a close inside an empty message', [text('', { fin: false }), close(1001, 'away')], 1002),
    ];
  },
};

const ends: Chapter = {
  section: 'RFC 6455 §7.1.1',
  title: 'TCP may end without a closing handshake',
  cases() {
    const drops = (title: string, send: readonly Frame[]): Case => ({
      title,
      exchanges: [{ send, hangUp: 'fin', expect: { end: { how: 'drops' } } }],
    });
    const resets = (title: string, send: readonly Frame[]): Case => ({
      title,
      exchanges: [{ send, hangUp: 'reset', expect: { end: { how: 'unwatched' } } }],
    });
    return [
      drops('at once', []),
      drops('inside a header', [text('hello', { writeOnly: 1 })]),
      drops('inside a payload', [text('hel', { announced: 5n })]),
      drops('inside a message', [text('hello', { fin: false })]),
      drops('inside a control frame', [ping('hel', { announced: 5n })]),
      {
        title: 'after a message was answered',
        exchanges: [
          { send: [text('first')], expect: { messages: [textMessage('first')] } },
          { send: [], hangUp: 'fin', expect: { end: { how: 'drops' } } },
        ],
      },
      resets('with a reset at once', []),
      resets('with a reset inside a frame', [text('hel', { announced: 5n })]),
      resets('with a reset while a long reply is on its way', [text('x'.repeat(2 ** 20))]),
      answersClose('our half closes with the close frame', [close(1000)], closePayload(1000), { hangUp: 'fin' }),
    ];
  },
};

export const closing: readonly Chapter[] = [legal, illegal, afterClose, crossing, ends];
