// Cases of RFC 6455 §5.4 and §5.5: fragments and control frames. Data only.
import {
  binary,
  binaryMessage,
  type Case,
  type Chapter,
  closePayload,
  continuation,
  fails,
  fragments,
  ping,
  pong,
  replies,
  text,
  textMessage,
} from '../script.ts';
import { BINARY, CLOSE, type Frame, PING, PONG, TEXT } from '../wire.ts';

const filled = (size: number): Buffer => Buffer.alloc(size, 'p');
const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index},`);

const fragmentation: Chapter = {
  section: 'RFC 6455 §5.4',
  title: 'fragments make one message',
  cases({ full }) {
    const cases: Case[] = [];
    for (const count of [2, 3, 10, 100, 1000]) {
      const parts = numbered(count);
      const whole = parts.join('');
      for (const cut of ['whole', { piecesUpTo: 50, seed: count }] as const) {
        const how = cut === 'whole' ? 'in one write' : 'in random pieces';
        cases.push(
          replies(`text in ${count} fragments ${how}`, fragments(TEXT, parts), { messages: [textMessage(whole)], cut }),
          replies(`binary in ${count} fragments ${how}`, fragments(BINARY, parts), {
            messages: [binaryMessage(whole)],
            cut,
          }),
        );
      }
    }
    for (const [title, parts] of [
      ['the first empty', ['', 'ab']],
      ['the last empty', ['ab', '']],
      ['one in the middle empty', ['a', '', 'b']],
      ['two empty', ['', '']],
      ['three empty', ['', '', '']],
      ['all but the middle empty', ['', 'ab', '']],
    ] as const) {
      cases.push(
        replies(`text, ${title}`, fragments(TEXT, parts), { messages: [textMessage(parts.join(''))] }),
        replies(`binary, ${title}`, fragments(BINARY, parts), { messages: [binaryMessage(parts.join(''))] }),
      );
    }
    cases.push(
      replies('byte by byte', fragments(TEXT, ['one ', 'two ', 'three']), {
        messages: [textMessage('one two three')],
        cut: 'bytes',
      }),
      replies('fragments of all three length forms', fragments(BINARY, [filled(5), filled(200), filled(70_000)]), {
        messages: [binaryMessage(filled(70_205))],
      }),
      replies(
        'two fragmented messages and a whole one',
        [...fragments(TEXT, ['a', 'b']), ...fragments(BINARY, ['c', 'd']), text('e')],
        { messages: [textMessage('ab'), binaryMessage('cd'), textMessage('e')] },
      ),
      replies('a mebibyte in fragments of 1 KiB', fragments(BINARY, Array<Buffer>(1024).fill(filled(1024))), {
        messages: [binaryMessage(filled(2 ** 20))],
      }),
    );
    if (full) {
      const small = Array<Buffer>(65_536).fill(filled(64));
      cases.push(
        replies('4 MiB in fragments of 64 bytes', fragments(BINARY, small), {
          messages: [binaryMessage(filled(2 ** 22))],
        }),
      );
    }
    return cases;
  },
};

const broken: Chapter = {
  section: 'RFC 6455 §5.4',
  title: 'fragments out of order are a protocol error',
  cases() {
    const cases: Case[] = [];
    for (const fin of [true, false]) {
      const kind = fin ? 'last' : 'middle';
      cases.push(
        fails(`a ${kind} fragment without a first one`, [continuation('a', { fin })], 1002),
        fails(`an empty ${kind} fragment without a first one`, [continuation('', { fin })], 1002),
        fails(`a ${kind} fragment after a whole message`, [text('a'), continuation('b', { fin })], 1002, {
          messages: [textMessage('a')],
        }),
        fails(
          `a ${kind} fragment after a finished message`,
          [...fragments(TEXT, ['a', 'b']), continuation('c', { fin })],
          1002,
          { messages: [textMessage('ab')] },
        ),
        fails(`a ${kind} fragment after a ping`, [ping('p'), continuation('c', { fin })], 1002, { pongs: ['p'] }),
      );
      for (const [first, start] of [
        ['text', text],
        ['binary', binary],
      ] as const) {
        for (const [second, next] of [
          ['text', text],
          ['binary', binary],
        ] as const) {
          const what = `${fin ? 'a whole' : 'the start of a'} ${second} message`;
          cases.push(
            fails(`${what} inside a ${first} message`, [start('a', { fin: false }), next('b', { fin })], 1002),
          );
        }
      }
    }
    const later = [...fragments(TEXT, ['a', 'b', 'c']).slice(0, 2), text('d')];
    cases.push(fails('a new message after the second fragment', later, 1002));
    return cases;
  },
};

const pings: Chapter = {
  section: 'RFC 6455 §5.5.2',
  title: 'every ping is answered with its payload',
  cases() {
    const cases: Case[] = [];
    for (const size of [0, 1, 4, 124, 125]) {
      for (const cut of ['whole', 'bytes'] as const) {
        const how = cut === 'whole' ? 'in one write' : 'byte by byte';
        cases.push(replies(`ping of ${size} bytes ${how}`, [ping(filled(size))], { pongs: [filled(size)], cut }));
      }
    }
    const binaryPayload = Buffer.from([0, 255, 254, 128, 10, 13, 192]);
    const ten = numbered(10);
    const hundred = numbered(100);
    cases.push(
      replies('a payload that is not UTF-8', [ping(binaryPayload)], { pongs: [binaryPayload] }),
      replies(
        'ten pings in one segment',
        ten.map((payload) => ping(payload)),
        { pongs: ten },
      ),
      replies(
        'ten pings byte by byte',
        ten.map((payload) => ping(payload)),
        { pongs: ten, cut: 'bytes' },
      ),
      replies(
        'a hundred pings in random pieces',
        hundred.map((payload) => ping(payload)),
        {
          pongs: hundred,
          cut: { piecesUpTo: 20, seed: 100 },
        },
      ),
      replies(
        'nine hundred pings in one write',
        numbered(900).map((payload) => ping(payload)),
        { pongs: numbered(900) },
      ),
      replies('pings and messages mixed', [ping('1'), text('a'), ping('2'), binary('b'), ping('3')], {
        messages: [textMessage('a'), binaryMessage('b')],
        pongs: ['1', '2', '3'],
      }),
      replies('a ping between fragments', [text('a', { fin: false }), ping('p'), continuation('b')], {
        messages: [textMessage('ab')],
        pongs: ['p'],
      }),
      replies('a ping between fragments, byte by byte', [text('a', { fin: false }), ping('p'), continuation('b')], {
        messages: [textMessage('ab')],
        pongs: ['p'],
        cut: 'bytes',
      }),
      replies(
        'pings between all of twenty fragments',
        fragments(BINARY, numbered(20)).flatMap((frame, index) => [frame, ping(`${index}`)]),
        {
          messages: [binaryMessage(numbered(20).join(''))],
          pongs: Array.from({ length: 20 }, (_, index) => `${index}`),
        },
      ),
      {
        title: 'a ping is answered before its message is finished',
        exchanges: [
          { send: [text('a', { fin: false }), ping('p')], expect: { pongs: [Buffer.from('p')] } },
          { send: [continuation('b')], expect: { messages: [textMessage('ab')] } },
        ],
      },
      replies(
        '125 bytes between fragments of a long message',
        [binary(filled(70_000), { fin: false }), ping(filled(125)), continuation(filled(70_000))],
        { messages: [binaryMessage(filled(140_000))], pongs: [filled(125)] },
      ),
    );
    return cases;
  },
};

const pongs: Chapter = {
  section: 'RFC 6455 §5.5.3',
  title: 'a pong that nobody asked for is ignored',
  cases() {
    return [
      replies('an empty pong', [pong()], {}),
      replies('a pong with a payload', [pong('hello')], {}),
      replies('a pong of 125 bytes that is not UTF-8', [pong(Buffer.alloc(125, 255))], {}),
      replies('ten pongs', Array<Frame>(10).fill(pong('hello')), {}),
      replies('a pong, then a ping', [pong('a'), ping('b')], { pongs: ['b'] }),
      replies('pongs and messages mixed', [pong('1'), text('a'), pong('2'), text('b')], {
        messages: [textMessage('a'), textMessage('b')],
      }),
      replies('a pong between fragments', [text('a', { fin: false }), pong('x'), continuation('b')], {
        messages: [textMessage('ab')],
      }),
    ];
  },
};

const illegalControl: Chapter = {
  section: 'RFC 6455 §5.5',
  title: 'long and fragmented control frames are a protocol error',
  cases() {
    const cases: Case[] = [];
    for (const [name, opcode] of [
      ['close', CLOSE],
      ['ping', PING],
      ['pong', PONG],
    ] as const) {
      const payload = (size: number): Buffer =>
        opcode === CLOSE ? closePayload(1000, filled(size - 2)) : filled(size);
      for (const size of [126, 127, 200, 65_535, 65_536]) {
        cases.push(fails(`${name} of ${size} bytes`, [{ opcode, payload: payload(size) }], 1002));
      }
      cases.push(
        fails(`${name} of 126 bytes, byte by byte`, [{ opcode, payload: payload(126) }], 1002, { cut: 'bytes' }),
        fails(`${name} that is not final`, [{ opcode, payload: payload(5), fin: false }], 1002),
        fails(`empty ${name} that is not final`, [{ opcode, fin: false }], 1002),
        fails(`${name} in two fragments`, [{ opcode, payload: payload(5), fin: false }, continuation('rest')], 1002),
        fails(
          `${name} of 126 bytes inside a message`,
          [text('a', { fin: false }), { opcode, payload: payload(126) }, continuation('b')],
          1002,
        ),
        fails(
          `${name} that is not final, inside a message`,
          [text('a', { fin: false }), { opcode, payload: payload(5), fin: false }, continuation('b')],
          1002,
        ),
        fails(
          `${name} that announces more than any message may have`,
          [{ opcode, announced: 2n ** 40n }],
          [1002, 1009],
        ),
      );
    }
    return cases;
  },
};

const apart: Chapter = {
  section: 'RFC 6455 §5.5.1',
  title: 'control frames leave no trace in the next message',
  cases() {
    return [
      replies('a ping before the message', [ping('noise'), text('signal')], {
        messages: [textMessage('signal')],
        pongs: ['noise'],
      }),
      replies('an empty message after an empty ping', [ping(), text('')], { messages: [textMessage('')], pongs: [''] }),
      replies('a ping that looks like frames', [ping(Buffer.of(0x81, 0x05, 0x68, 0x88, 0x00)), text('a')], {
        messages: [textMessage('a')],
        pongs: [Buffer.of(0x81, 0x05, 0x68, 0x88, 0x00)],
      }),
    ];
  },
};

const floods: Chapter = {
  section: 'RFC 6455 §10.4',
  title: 'a flood of frames that carry nothing is refused',
  cases: () => [
    replies('1,024 empty fragments in a row', fragments(TEXT, ['a', ...Array<string>(1024).fill(''), 'b']), {
      messages: [textMessage('ab')],
    }),
    fails(
      '1,025 empty fragments in a row',
      [text('a', { fin: false }), ...Array<Frame>(1025).fill(continuation('', { fin: false }))],
      1008,
    ),
    fails(
      'five thousand pings in one write',
      numbered(5000).map((payload) => ping(payload)),
      1008,
      {
        pongs: numbered(5000),
      },
    ),
    fails('five thousand pongs in one write', Array<Frame>(5000).fill(pong('hello')), 1008),
  ],
};

export const messages: readonly Chapter[] = [fragmentation, broken, pings, pongs, illegalControl, apart, floods];
