// Cases of RFC 7692 §7: what compressed messages may look like. Data only, made with zlib and by hand.
import { constants, deflateRawSync } from 'node:zlib';
import { BlockWriter } from '../deflate.ts';
import { randomFrom } from '../link.ts';
import {
  binary,
  binaryMessage,
  type Case,
  type Chapter,
  continuation,
  echoes,
  fails,
  generate,
  type Message,
  ping,
  replies,
  text,
  textMessage,
} from '../script.ts';
import { BINARY, type Frame, RSV1, TEXT } from '../wire.ts';
import { MAX_MESSAGE_BYTES } from './framing.ts';

const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(' ', ''), 'hex');
const deflate = {};

/** A message whose compressed payload is given, in fragments if there are several parts. */
function compressed(...parts: Buffer[]): Frame[] {
  return parts.map((payload, index) => ({
    opcode: index === 0 ? TEXT : 0,
    rsv: index === 0 ? RSV1 : 0,
    payload,
    fin: index === parts.length - 1,
  }));
}

function noise(size: number, seed: number): Buffer {
  const random = randomFrom(seed);
  return generate(size, () => random() * 256);
}

const HELLO = hex('f2 48 cd c9 c9 07 00');

const examples: Chapter = {
  section: 'RFC 7692 §7.2.3',
  title: 'the examples of the RFC decode',
  cases() {
    const hello = { messages: [textMessage('Hello')], deflate };
    return [
      replies('Hello', compressed(HELLO), hello),
      replies('Hello in two fragments', compressed(hex('f2 48 cd'), hex('c9 c9 07 00')), hello),
      replies('Hello twice, the second from the window', [...compressed(HELLO), ...compressed(hex('f2 00 11 00 00'))], {
        messages: [textMessage('Hello'), textMessage('Hello')],
        deflate,
      }),
      replies('Hello twice, each for itself', [...compressed(HELLO), ...compressed(HELLO)], {
        messages: [textMessage('Hello'), textMessage('Hello')],
        deflate,
      }),
      replies('a stored block', compressed(hex('00 05 00 fa ff 48 65 6c 6c 6f 00')), hello),
      replies('a final block', compressed(hex('f3 48 cd c9 c9 07 00 00')), hello),
      replies('two blocks', compressed(hex('f2 48 05 00 00 00 ff ff ca c9 c9 07 00')), hello),
    ];
  },
};

const splits: Chapter = {
  section: 'RFC 7692 §7.2.2',
  title: 'compressed messages may be cut at every byte',
  cases() {
    const cases: Case[] = [];
    const payload = Buffer.from('It was the best of times, it was the worst of times. '.repeat(3));
    const whole = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
    const expected = { messages: [textMessage(payload)], deflate };
    for (let at = 0; at <= whole.length; at++) {
      const parts = compressed(whole.subarray(0, at), whole.subarray(at));
      cases.push(replies(`fragments cut at ${at}`, parts, expected));
      if (at > 0 && at < whole.length) {
        cases.push(
          replies(`segments cut at ${at}`, compressed(whole), { ...expected, cut: { at: [at - whole.length] } }),
        );
      }
    }
    const bytes = Array.from(whole, (byte) => Buffer.of(byte));
    cases.push(
      replies('a fragment for each byte', compressed(...bytes), expected),
      replies(
        'a fragment for each byte, a ping after each',
        compressed(...bytes).flatMap((frame) => [frame, ping('p')]),
        {
          ...expected,
          pongs: bytes.map(() => 'p'),
        },
      ),
      replies('byte by byte on the wire', compressed(whole), { ...expected, cut: 'bytes' }),
      replies(
        'empty fragments before, between and behind',
        compressed(Buffer.alloc(0), whole.subarray(0, 9), Buffer.alloc(0), whole.subarray(9), Buffer.alloc(0)),
        expected,
      ),
    );
    return cases;
  },
};

const blocks: Chapter = {
  section: 'RFC 7692 §7.2.3',
  title: 'every kind of block decodes',
  cases() {
    const cases: Case[] = [];
    const prose = Buffer.from(Array.from({ length: 4000 }, (_, index) => `${index * index} `).join(''));
    for (const [title, options] of [
      ['stored blocks', { level: 0 }],
      ['fixed codes', { strategy: constants.Z_FIXED }],
      ['dynamic codes', { level: 9 }],
      ['dynamic codes without matches', { strategy: constants.Z_HUFFMAN_ONLY }],
      ['many small blocks', { memLevel: 1 }],
    ] as const) {
      const payload = deflateRawSync(prose, { ...options, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
      cases.push(replies(title, compressed(payload), { messages: [textMessage(prose)], deflate }));
      const final = Buffer.concat([deflateRawSync(prose, options), Buffer.of(0)]);
      cases.push(
        replies(`${title}, the last one final`, compressed(final), { messages: [textMessage(prose)], deflate }),
      );
      cases.push(
        replies(`${title}, in random pieces`, compressed(payload), {
          messages: [textMessage(prose)],
          deflate,
          cut: { piecesUpTo: 500, seed: 77 },
        }),
      );
    }
    const final = hex('f3 48 cd c9 c9 07 00 00');
    const fixed = new BlockWriter().fixedBlock().literals('one ').endBlock().fixedBlock().literals('two').endBlock();
    const repeated = new BlockWriter().fixedBlock().literals('abc').match(3).match(1).endBlock();
    cases.push(
      replies(
        'three messages that end in final blocks',
        [...compressed(final), ...compressed(final), ...compressed(final)],
        {
          messages: Array<Message>(3).fill(textMessage('Hello')),
          deflate,
        },
      ),
      replies('a final block, then a message for itself', [...compressed(final), ...compressed(HELLO)], {
        messages: [textMessage('Hello'), textMessage('Hello')],
        deflate,
      }),
      replies('two blocks without an empty one between', compressed(fixed.endMessage()), {
        messages: [textMessage('one two')],
        deflate,
      }),
      replies('matches into what was just written', compressed(repeated.endMessage()), {
        messages: [textMessage('abcabcccc')],
        deflate,
      }),
      replies('an empty message as one byte', compressed(hex('00')), { messages: [textMessage('')], deflate }),
      replies('an empty message as an empty fixed block', compressed(hex('02 00')), {
        messages: [textMessage('')],
        deflate,
      }),
      replies('an empty message as an empty payload', compressed(Buffer.alloc(0)), {
        messages: [textMessage('')],
        deflate,
      }),
      replies('a message after an empty payload', [...compressed(Buffer.alloc(0)), ...compressed(HELLO)], {
        messages: [textMessage(''), textMessage('Hello')],
        deflate,
      }),
      echoes('incompressible bytes', binary(noise(100_000, 1), { deflated: true }), { deflate }),
      echoes('a mebibyte of one byte', binary(Buffer.alloc(2 ** 20), { deflated: true }), { deflate }),
    );
    return cases;
  },
};

const mixed: Chapter = {
  section: 'RFC 7692 §6',
  title: 'compressed and plain messages mix',
  cases() {
    const parts = [HELLO.subarray(0, 3), HELLO.subarray(3, 5), HELLO.subarray(5)];
    return [
      replies('a plain message', [text('plain')], { messages: [textMessage('plain')], deflate }),
      replies(
        'plain between compressed, the window untouched',
        [...compressed(HELLO), text('plain'), ...compressed(hex('f2 00 11 00 00'))],
        { messages: [textMessage('Hello'), textMessage('plain'), textMessage('Hello')], deflate },
      ),
      replies(
        'a plain fragmented message between compressed ones',
        [...compressed(HELLO), text('pl', { fin: false }), continuation('ain'), ...compressed(HELLO)],
        { messages: [textMessage('Hello'), textMessage('plain'), textMessage('Hello')], deflate },
      ),
      replies(
        'control frames between compressed fragments',
        compressed(...parts).flatMap((frame) => [frame, ping('p')]),
        {
          messages: [textMessage('Hello')],
          pongs: ['p', 'p', 'p'],
          deflate,
        },
      ),
      replies('a payload that looks compressed but is not marked', [binary(HELLO)], {
        messages: [binaryMessage(HELLO)],
        deflate,
      }),
      fails(
        'RSV1 on a continuation of a compressed message',
        compressed(...parts).map((frame) => ({ ...frame, rsv: RSV1 })),
        1002,
        { deflate },
      ),
      fails(
        'RSV1 on a continuation of a plain message',
        [text('a', { fin: false }), continuation(HELLO, { rsv: RSV1 })],
        1002,
        { deflate },
      ),
      fails('a compressed message although nothing was negotiated', compressed(HELLO), 1002),
      fails(
        'a new compressed message inside another',
        [...compressed(...parts).slice(0, 1), ...compressed(HELLO)],
        1002,
        {
          deflate,
        },
      ),
    ];
  },
};

/** Messages that make use of a window: noise that comes again from as far back as the window allows. */
function windowed(title: string, reach: number, wish: NonNullable<Case['deflate']>): Case {
  const block = noise(reach, reach);
  const messages = [block, block, Buffer.concat([block.subarray(reach >>> 1), block]), Buffer.alloc(0), block];
  return {
    title,
    deflate: wish,
    exchanges: messages.map((payload) => ({
      send: [binary(payload, { deflated: true })],
      expect: { messages: [binaryMessage(payload)] },
    })),
  };
}

const windows: Chapter = {
  section: 'RFC 7692 §7.1.2',
  title: 'window sizes are kept in both directions',
  cases() {
    const cases: Case[] = [];
    for (let windowBits = 9; windowBits <= 15; windowBits++) {
      const inside = 2 ** windowBits - 300;
      const outside = 2 ** windowBits + 300;
      for (const [name, reach] of [
        ['inside', inside],
        ['outside', outside],
      ] as const) {
        cases.push(
          windowed(`the peer may use ${windowBits} bits, repeats ${name}`, reach, { theirs: { windowBits } }),
          windowed(`we use ${windowBits} bits, repeats ${name}`, reach, { ours: { windowBits } }),
          windowed(`both use ${windowBits} bits, repeats ${name}`, reach, {
            ours: { windowBits },
            theirs: { windowBits },
          }),
        );
      }
    }
    cases.push(
      windowed('we use 8 bits', 500, { ours: { windowBits: 8 } }),
      windowed('9 bits and no context, both ways', 600, {
        ours: { windowBits: 9, noContextTakeover: true },
        theirs: { windowBits: 9, noContextTakeover: true },
      }),
    );
    const filler = noise(32_765, 9);
    const opening = Buffer.concat([Buffer.from('abc'), filler]);
    cases.push({
      title: 'a match over the whole window of 15 bits, from the message before',
      deflate: {},
      exchanges: [
        { send: [binary(opening, { deflated: true })], expect: { messages: [binaryMessage(opening)] } },
        {
          send: compressed(new BlockWriter().fixedBlock().match(32_768).endBlock().endMessage()),
          expect: { messages: [textMessage('abc')] },
        },
      ],
    });
    return cases;
  },
};

const takeover: Chapter = {
  section: 'RFC 7692 §7.1.1',
  title: 'the context is kept or dropped as agreed',
  cases() {
    const cases: Case[] = [];
    const line = Buffer.from('{"name":"Ada","born":1815,"field":"mathematics"}');
    for (const ours of [false, true]) {
      for (const theirs of [false, true]) {
        const name = (isDropped: boolean): string => (isDropped ? 'drop it' : 'keep it');
        const wish = { ours: { noContextTakeover: ours }, theirs: { noContextTakeover: theirs } };
        const one = text(line, { deflated: true });
        cases.push(
          {
            title: `we ${name(ours)}, the peer may ${name(theirs)}: ten times the same`,
            deflate: wish,
            exchanges: Array.from({ length: 10 }, () => ({ send: [one], expect: { messages: [textMessage(line)] } })),
          },
          replies(`we ${name(ours)}, the peer may ${name(theirs)}: ten in one write`, Array<Frame>(10).fill(one), {
            messages: Array<Message>(10).fill(textMessage(line)),
            deflate: wish,
          }),
          windowed(`we ${name(ours)}, the peer may ${name(theirs)}: long messages`, 20_000, wish),
        );
      }
    }
    cases.push({
      title: 'a match into the message before, although we promised to drop the context',
      deflate: { ours: { noContextTakeover: true } },
      exchanges: [
        { send: compressed(HELLO), expect: { messages: [textMessage('Hello')] } },
        { send: compressed(hex('f2 00 11 00 00')), expect: { end: { how: 'fails', codes: [1007] } } },
      ],
    });
    return cases;
  },
};

const garbage: Chapter = {
  section: 'RFC 7692 §7.2.2',
  title: 'what does not inflate fails with 1007',
  cases() {
    const broken: [string, Buffer][] = [
      ['the reserved block type', hex('06')],
      ['the reserved block type, final', hex('07')],
      ['a stored block whose length does not match', hex('00 05 00 00 00 48 65 6c 6c 6f 00')],
      ['a match too far back', new BlockWriter().fixedBlock().literals('abc').match(40).endBlock().endMessage()],
      ['length code 286', new BlockWriter().fixedBlock().code(0xc6, 8).endBlock().endMessage()],
      ['distance code 30', new BlockWriter().fixedBlock().literals('a').code(1, 7).code(30, 5).endBlock().endMessage()],
      ['too many length codes', new BlockWriter().number(4, 3).number(31, 5).number(31, 5).number(0, 4).endMessage()],
      ['bytes of ff', Buffer.alloc(100, 0xff)],
      ['text that was never compressed', Buffer.from('never compressed, but marked as if')],
    ];
    const cases = broken.flatMap(([title, payload]): Case[] => [
      fails(title, compressed(payload), 1007, { deflate }),
      fails(`${title}, after a good message`, [...compressed(HELLO), ...compressed(payload)], 1007, {
        messages: [textMessage('Hello')],
        deflate,
      }),
      fails(`${title}, in two fragments`, compressed(payload.subarray(0, 1), payload.subarray(1)), 1007, { deflate }),
      fails(`${title}, without context`, compressed(payload), 1007, { deflate: { ours: { noContextTakeover: true } } }),
    ]);
    const atOnce = new BlockWriter().fixedBlock().match(1).endBlock().endMessage();
    cases.push(fails('a match before anything was written', compressed(atOnce), 1007, { deflate }));
    const prose = deflateRawSync(Buffer.from('the quick brown fox '.repeat(20)), { level: 9 });
    for (const [title, payload] of [
      ['cut in the middle of a block', prose.subarray(0, prose.length >>> 1)],
      ['a stored block that is too short', hex('00 ff ff 00 00 48')],
      ...Array.from({ length: 20 }, (_, seed) => [`random bytes ${seed}`, noise(200, seed)] as const),
    ] as const) {
      cases.push({
        title: `${title}: refused or decoded, but the peer stays of sound mind`,
        deflate,
        exchanges: [
          {
            send: compressed(payload).map((frame) => ({ ...frame, opcode: BINARY })),
            expect: { end: { how: 'fails or survives', codes: [1007] } },
          },
        ],
      });
    }
    return cases;
  },
};

/** `count` times 16 MiB of zeros, about 16 KiB each on the wire, none of which needs the one before. */
function zeros(count: number): Buffer[] {
  const one = deflateRawSync(Buffer.alloc(MAX_MESSAGE_BYTES / 4), { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  return Array<Buffer>(count).fill(one);
}

const bombs: Chapter = {
  section: 'RFC 7692 §8',
  title: 'inflating stops at the limit of a message',
  cases({ full }) {
    const piece = zeros(1)[0]!;
    const unfinished = (parts: Buffer[]): Frame[] => compressed(...parts).map((frame) => ({ ...frame, fin: false }));
    const cases = [
      fails('a gibibyte of zeros in a mebibyte', compressed(Buffer.concat([...zeros(64), Buffer.of(0)])), 1009, {
        deflate,
      }),
      fails('in fragments, the last of which never comes', unfinished(zeros(5)), 1009, { deflate }),
      fails('one byte over the limit', compressed(...zeros(4), hex('62 00 00')), 1009, { deflate }),
      fails(
        'an announced length over the limit',
        [{ opcode: BINARY, rsv: RSV1, announced: BigInt(MAX_MESSAGE_BYTES) + 1n }],
        1009,
        { deflate },
      ),
      fails('a second message, after a good one', [...compressed(HELLO), ...unfinished(zeros(5))], 1009, {
        messages: [textMessage('Hello')],
        deflate,
      }),
    ];
    if (full) {
      const most = Buffer.alloc(MAX_MESSAGE_BYTES);
      cases.push(
        replies('exactly the limit', compressed(...zeros(3), Buffer.concat([piece, Buffer.of(0)])), {
          messages: [textMessage(most)],
          deflate,
        }),
        echoes('exactly the limit in one frame', binary(most, { deflated: true }), { deflate }),
        replies(
          'a quarter of the limit, ten times',
          Array<Frame[]>(10)
            .fill(compressed(Buffer.concat([piece, Buffer.of(0)])))
            .flat(),
          {
            messages: Array<Message>(10).fill(textMessage(most.subarray(0, MAX_MESSAGE_BYTES / 4))),
            deflate,
          },
        ),
      );
    }
    return cases;
  },
};

export const compression: readonly Chapter[] = [examples, splits, blocks, mixed, windows, takeover, garbage, bombs];
