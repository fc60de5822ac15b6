// Cases of RFC 6455 §5.2 and §5.3: lengths, masks, reserved bits, reserved opcodes. Data only.
import type { Cut } from '../link.ts';
import {
  binary,
  type Case,
  type Chapter,
  close,
  continuation,
  echoes,
  fails,
  fragments,
  generate,
  ping,
  pong,
  replies,
  text,
  textMessage,
} from '../script.ts';
import { BINARY, CLOSE, CONTINUATION, type Frame, PING, PONG, RSV1, TEXT } from '../wire.ts';

const MIB = 1024 * 1024;

/** The longest message that the program under test takes: the convention says 64 MiB. */
export const MAX_MESSAGE_BYTES = 64 * MIB;

const letters = (size: number): string => 'abcdefghijklmnopqrstuvwxyz'.repeat(Math.ceil(size / 26)).slice(0, size);
const bytes = (size: number): Buffer => generate(size, (index) => index * 167 + (index >>> 8));

const DATA_OPCODES = [
  ['text', TEXT],
  ['binary', BINARY],
] as const;

const CONTROL_OPCODES = [
  ['close', CLOSE],
  ['ping', PING],
  ['pong', PONG],
] as const;

const lengths: Chapter = {
  section: 'RFC 6455 §5.2',
  title: 'every length comes back, however the bytes are cut',
  cases({ full }) {
    const cases: Case[] = [];
    for (const size of [0, 1, 2, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537, MIB - 1, MIB, MIB + 1]) {
      const cuts: [string, Cut][] = [
        ['in one write', 'whole'],
        ['in random pieces', { piecesUpTo: Math.max(3, size / 16), seed: size }],
      ];
      if (size < 1000 || (full && size < 100_000)) cuts.push(['byte by byte', 'bytes']);
      for (const [how, cut] of cuts) {
        cases.push(echoes(`text of ${size} bytes ${how}`, text(letters(size)), { cut }));
        cases.push(echoes(`binary of ${size} bytes ${how}`, binary(bytes(size)), { cut }));
      }
    }
    for (const [name, cut] of [
      ['in one write', 'whole'],
      ['in pieces of up to 7 bytes', { piecesUpTo: 7, seed: 7 }],
      ['byte by byte', 'bytes'],
    ] as const) {
      const several = [0, 1, 125, 126, 300, 2].map(letters);
      cases.push(
        replies(
          `six messages ${name}`,
          several.map((payload) => text(payload)),
          { messages: several.map(textMessage), cut },
        ),
      );
    }
    const thousand = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
    cases.push(
      replies(
        'a thousand messages in one write, in order',
        thousand.map((payload) => text(payload)),
        { messages: thousand.map(textMessage) },
      ),
    );
    return cases;
  },
};

const cutHeaders: Chapter = {
  section: 'RFC 6455 §5.2',
  title: 'a header may be cut at every byte',
  cases() {
    const cases: Case[] = [];
    for (const size of [5, 200, 66_000]) {
      for (let at = 1; at <= 15; at++) {
        cases.push(echoes(`text of ${size} bytes, cut after byte ${at}`, text(letters(size)), { cut: { at: [at] } }));
      }
    }
    return cases;
  },
};

const minimalLengths: Chapter = {
  section: 'RFC 6455 §5.2',
  title: 'a length in more bytes than it needs is a protocol error',
  cases() {
    const cases: Case[] = [];
    for (const [name, opcode] of [...DATA_OPCODES, ['ping', PING], ['pong', PONG]] as const) {
      for (const [size, lengthBits] of [
        [0, 16],
        [5, 16],
        [125, 16],
        [0, 64],
        [125, 64],
      ] as const) {
        const frame: Frame = { opcode, payload: letters(size), lengthBits };
        cases.push(fails(`${name} of ${size} bytes, length in ${lengthBits} bits`, [frame], 1002));
      }
    }
    for (const size of [126, 65_535]) {
      cases.push(fails(`text of ${size} bytes, length in 64 bits`, [text(letters(size), { lengthBits: 64 })], 1002));
    }
    const inMessage = [text('a', { fin: false }), continuation('b', { lengthBits: 16 })];
    cases.push(fails('continuation of 1 byte, length in 16 bits', inMessage, 1002));
    const headerOnly: Frame = { opcode: TEXT, announced: 65_535n, lengthBits: 64 };
    cases.push(fails('found before the payload comes', [headerOnly], 1002));
    return cases;
  },
};

const hugeLengths: Chapter = {
  section: 'RFC 6455 §10.4',
  title: 'a message over the limit is refused by its announced length',
  cases({ full }) {
    const cases: Case[] = [];
    const limit = BigInt(MAX_MESSAGE_BYTES);
    for (const [name, opcode] of DATA_OPCODES) {
      for (const [title, announced] of [
        ['one byte over 64 MiB', limit + 1n],
        ['2³¹ − 1 bytes', 2n ** 31n - 1n],
        ['2³¹ bytes', 2n ** 31n],
        ['2³² − 1 bytes', 2n ** 32n - 1n],
        ['2³² bytes', 2n ** 32n],
        ['2³² + 1 bytes', 2n ** 32n + 1n],
        ['2⁵³ − 1 bytes', 2n ** 53n - 1n],
        ['2⁵³ bytes', 2n ** 53n],
        ['2⁵³ + 1 bytes', 2n ** 53n + 1n],
        ['2⁶³ − 1 bytes', 2n ** 63n - 1n],
      ] as const) {
        cases.push(fails(`${name} of ${title}`, [{ opcode, announced }], 1009));
      }
      for (const [title, announced] of [
        ['top bit alone', 2n ** 63n],
        ['top bit and a small number', 2n ** 63n + 5n],
        ['all bits', 2n ** 64n - 1n],
      ] as const) {
        cases.push(fails(`${name} with a 64-bit length, ${title}`, [{ opcode, announced }], 1002));
      }
    }
    const later = [text('a', { fin: false }), continuation('', { announced: limit })];
    cases.push(fails('a fragment that takes the message over the limit', later, 1009));
    cases.push(
      fails('one more byte of header is not needed', [{ opcode: BINARY, announced: limit + 1n, writeOnly: 10 }], 1009),
    );
    cases.push({
      title: 'exactly 64 MiB may be announced',
      exchanges: [{ send: [{ opcode: BINARY, announced: limit }], hangUp: 'fin', expect: { end: { how: 'drops' } } }],
    });
    if (full) {
      const most = Buffer.alloc(MAX_MESSAGE_BYTES, 'x');
      cases.push(echoes('64 MiB in one frame', binary(most)));
      const quarter = most.subarray(0, MAX_MESSAGE_BYTES / 4);
      const parts = fragments(TEXT, [quarter, quarter, quarter, quarter]);
      cases.push(replies('64 MiB in four fragments', parts, { messages: [textMessage(most)] }));
      cases.push(echoes('64 MiB in random pieces', text(most), { cut: { piecesUpTo: MIB, seed: 64 } }));
    }
    return cases;
  },
};

const masks: Chapter = {
  section: 'RFC 6455 §5.1',
  title: 'clients mask, servers do not',
  cases() {
    const cases: Case[] = [];
    const frames: [string, Frame][] = [
      ['text', text('hello')],
      ['empty text', text('')],
      ['binary', binary(bytes(200))],
      ['unfinished text', text('hello', { fin: false })],
      ['ping', ping('hello')],
      ['empty ping', ping()],
      ['pong', pong('hello')],
      ['close', close(1000)],
    ];
    for (const [name, frame] of frames) {
      cases.push(fails(`${name} with the masking of the other side`, [{ ...frame, mask: 'wrong' }], 1002));
    }
    const inMessage = [text('a', { fin: false }), continuation('b', { mask: 'wrong' })];
    cases.push(fails('continuation with the masking of the other side', inMessage, 1002));
    cases.push(fails('found in two bytes', [text(letters(70_000), { mask: 'wrong', writeOnly: 2 })], 1002));
    for (const size of [0, 1, 2, 3, 4, 5, 126, 70_000]) {
      const frame = text(letters(size), { mask: 'zero' });
      cases.push(echoes(`a key of zeros over ${size} bytes`, frame, { only: 'server' }));
    }
    for (let size = 0; size <= 40; size++)
      cases.push(echoes(`binary of ${size} bytes is unmasked`, binary(bytes(size))));
    const many = Array.from({ length: 50 }, (_, index) => `${index % 7}`);
    cases.push(
      replies(
        'fifty short messages, a fresh key for each reply',
        many.map((payload) => text(payload)),
        { messages: many.map(textMessage) },
      ),
    );
    return cases;
  },
};

function reservedBits(withDeflate: boolean): Case[] {
  const cases: Case[] = [];
  const extras = withDeflate ? { deflate: {} } : {};
  for (let rsv = 1; rsv <= 7; rsv++) {
    const bits = rsv.toString(2).padStart(3, '0');
    for (const [name, opcode] of DATA_OPCODES) {
      // RSV1 alone on the first frame is compression once that is negotiated.
      if (withDeflate && rsv === RSV1) continue;
      const deflated = withDeflate && (rsv & RSV1) !== 0;
      for (const payload of ['', 'hello']) {
        const frame: Frame = { opcode, rsv, payload, deflated };
        cases.push(fails(`${payload === '' ? 'empty ' : ''}${name} with RSV ${bits}`, [frame], 1002, extras));
      }
      cases.push(fails(`unfinished ${name} with RSV ${bits}`, [{ opcode, rsv, fin: false, deflated }], 1002, extras));
    }
    for (const [name, opcode] of CONTROL_OPCODES) {
      const payload = opcode === CLOSE ? Buffer.of(3, 232) : 'hello';
      cases.push(fails(`${name} with RSV ${bits}`, [{ opcode, rsv, payload }], 1002, extras));
      cases.push(fails(`empty ${name} with RSV ${bits}`, [{ opcode, rsv }], 1002, extras));
    }
    for (const fin of [true, false]) {
      const frames: Frame[] = [text('a', { fin: false }), { opcode: CONTINUATION, rsv, payload: 'b', fin }];
      cases.push(fails(`${fin ? 'last' : 'middle'} continuation with RSV ${bits}`, frames, 1002, extras));
    }
    const between: Frame[] = [text('a', { fin: false }), { opcode: PING, rsv }, continuation('b')];
    cases.push(fails(`ping inside a message with RSV ${bits}`, between, 1002, extras));
  }
  return cases;
}

const bitsWithoutExtension: Chapter = {
  section: 'RFC 6455 §5.2',
  title: 'reserved bits must be 0 when no extension is negotiated',
  cases() {
    const goodFirst: Case = {
      title: 'the message before is answered',
      exchanges: [
        { send: [text('first')], expect: { messages: [textMessage('first')] } },
        { send: [text('second', { rsv: 2 }), ping()], expect: { end: { how: 'fails', codes: [1002] } } },
      ],
    };
    return [...reservedBits(false), goodFirst];
  },
};

const bitsWithDeflate: Chapter = {
  section: 'RFC 7692 §6',
  title: 'reserved bits other than RSV1 on a first frame must be 0 with permessage-deflate',
  cases: () => reservedBits(true),
};

const opcodes: Chapter = {
  section: 'RFC 6455 §5.2',
  title: 'reserved opcodes are a protocol error',
  cases() {
    const cases: Case[] = [];
    for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
      cases.push(fails(`opcode ${opcode}, empty`, [{ opcode }], 1002));
      cases.push(fails(`opcode ${opcode} with a payload`, [{ opcode, payload: 'hello' }], 1002));
      cases.push(fails(`opcode ${opcode} unfinished`, [{ opcode, payload: 'hello', fin: false }], 1002));
      cases.push(fails(`opcode ${opcode} with 200 bytes`, [{ opcode, payload: letters(200) }], 1002));
      cases.push(fails(`opcode ${opcode} in two bytes`, [{ opcode, payload: 'hello', writeOnly: 2 }], 1002));
      const inMessage: Frame[] = [text('a', { fin: false }), { opcode }, continuation('b')];
      cases.push(fails(`opcode ${opcode} inside a message`, inMessage, 1002));
      cases.push(fails(`opcode ${opcode} with deflate`, [{ opcode, payload: 'x' }], 1002, { deflate: {} }));
      cases.push({
        title: `opcode ${opcode} after a message that was answered`,
        exchanges: [
          { send: [text('first')], expect: { messages: [textMessage('first')] } },
          { send: [{ opcode }, ping()], expect: { end: { how: 'fails', codes: [1002] } } },
        ],
      });
    }
    return cases;
  },
};

export const framing: readonly Chapter[] = [
  lengths,
  cutHeaders,
  minimalLengths,
  hugeLengths,
  masks,
  bitsWithoutExtension,
  bitsWithDeflate,
  opcodes,
];
