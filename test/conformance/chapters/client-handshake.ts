// Cases of RFC 6455 §4.1 for a client: answers to its request and what it must make of them. Data only.
import type { Cut } from '../link.ts';
import { close, closePayload, type Exchange, ping, text, textMessage } from '../script.ts';

export interface AnswerCase {
  readonly title: string;
  /** `{accept}` stands for the right `Sec-WebSocket-Accept`. One character is one byte. */
  readonly answer: string;
  /** Frames that leave in the same write as the answer. */
  readonly behind?: Exchange['send'];
  readonly cut?: Cut;
  /** End our side of TCP after the answer. */
  readonly hangUp?: 'fin' | 'reset';
  /** The client takes the answer, or ends TCP without another byte. */
  readonly outcome: 'open' | 'refused';
  /** The seconds within which it is refused, when that is long. */
  readonly withinSeconds?: number;
  /** What is done on the open connection. Default: one message comes back. */
  readonly then?: readonly Exchange[];
}

export interface AnswerChapter {
  readonly section: string;
  readonly title: string;
  cases(): readonly AnswerCase[];
}

const FIELDS: readonly (readonly [name: string, value: string])[] = [
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Accept', '{accept}'],
];

interface AnswerParts {
  readonly line?: string;
  readonly set?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly add?: readonly (readonly [name: string, value: string])[];
}

function answer({ line = 'HTTP/1.1 101 Switching Protocols', set = {}, add = [] }: AnswerParts = {}): string {
  const usual = FIELDS.flatMap(([name, value]) => {
    const instead = name in set ? set[name] : value;
    if (instead === null || instead === undefined) return [];
    return (typeof instead === 'string' ? [instead] : instead).map((one) => [name, one] as const);
  });
  return `${line}\r\n${[...usual, ...add].map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

const opens = (title: string, parts: AnswerParts = {}, rest: Partial<AnswerCase> = {}): AnswerCase => ({
  title,
  answer: answer(parts),
  outcome: 'open',
  ...rest,
});

/** A text behind the answer would be echoed by a client that takes it. */
const refuses = (title: string, parts: AnswerParts, rest: Partial<AnswerCase> = {}): AnswerCase => ({
  title,
  answer: answer(parts),
  behind: [text('you should not have opened')],
  outcome: 'refused',
  ...rest,
});

const legal: AnswerChapter = {
  section: 'RFC 6455 §4.1',
  title: 'a legal answer opens the connection',
  cases() {
    const shout = answer()
      .replace('Upgrade:', 'UPGRADE:')
      .replace('Connection:', 'CONNECTION:')
      .replace('Sec-WebSocket-Accept', 'SEC-WEBSOCKET-ACCEPT');
    return [
      opens('the plainest answer'),
      opens('byte by byte', {}, { cut: 'bytes' }),
      ...[1, 12, 34, 60, 100].map((at) => opens(`cut after byte ${at}`, {}, { cut: { at: [at] } })),
      opens('cut inside the last line end', {}, { cut: { at: [-3, -2, -1] } }),
      { title: 'names in upper case', answer: shout, outcome: 'open' },
      opens('values in other case', { set: { Upgrade: 'WebSocket', Connection: 'upgrade' } }),
      opens('Connection with more', { set: { Connection: 'keep-alive, Upgrade' } }),
      opens('Connection in two fields', { set: { Connection: ['keep-alive', 'Upgrade'] } }),
      opens('another reason phrase', { line: 'HTTP/1.1 101 Web Socket Protocol Handshake' }),
      opens('an empty reason phrase', { line: 'HTTP/1.1 101 ' }),
      opens('a reason phrase beyond ASCII', { line: 'HTTP/1.1 101 \xe9\xff' }),
      opens('unknown fields', {
        add: [
          ['Server', 'x'],
          ['Date', 'today'],
          ['X-Empty', ''],
          ['X-Latin-1', '\xe9'],
        ],
      }),
      opens('fields twice', {
        add: [
          ['Set-Cookie', 'a=b'],
          ['Set-Cookie', 'c=d'],
        ],
      }),
    ];
  },
};

const interim: AnswerChapter = {
  section: 'RFC 9110 §15.2',
  title: 'interim responses may come before the answer',
  cases() {
    const hints = answer({ line: 'HTTP/1.1 103 Early Hints' });
    return [
      opens('100 Continue', {}, { answer: `HTTP/1.1 100 Continue\r\n\r\n${answer()}` }),
      opens('one with all the fields of an answer, byte by byte', {}, { answer: hints + answer(), cut: 'bytes' }),
      opens('a few', {}, { answer: hints.repeat(5) + answer() }),
      refuses('before a refusal', {}, { answer: `${hints}HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n` }),
      refuses('and nothing behind them', {}, { answer: hints, behind: [], hangUp: 'fin' }),
      refuses('a thousand', {}, { answer: hints.repeat(1000) + answer() }),
    ];
  },
};

const statuses: AnswerChapter = {
  section: 'RFC 6455 §4.1',
  title: 'another status than 101 is refused',
  cases() {
    const empty = [['Content-Length', '0']] as const;
    return [
      ...[
        '200 OK',
        '201 Created',
        '400 Bad Request',
        '401 Unauthorized',
        '403 Forbidden',
        '404 Not Found',
        '426 Upgrade Required',
        '500 Internal Server Error',
        '503 Service Unavailable',
      ].map((status) => refuses(status, { line: `HTTP/1.1 ${status}`, add: empty })),
      ...['204 No Content', '304 Not Modified'].map((status) => refuses(status, { line: `HTTP/1.1 ${status}` })),
      refuses('302 without a place to go', { line: 'HTTP/1.1 302 Found', add: empty }),
      refuses('404 with a body', { line: 'HTTP/1.1 404 Not Found', add: [['Content-Length', '9']] }),
      refuses(
        '404 with a chunked body',
        { line: 'HTTP/1.1 404 Not Found', add: [['Transfer-Encoding', 'chunked']] },
        {
          answer: `${answer({ line: 'HTTP/1.1 404 Not Found', add: [['Transfer-Encoding', 'chunked']] })}3\r\nabc\r\n0\r\n\r\n`,
        },
      ),
      refuses('404 with a body until the end', { line: 'HTTP/1.1 404 Not Found' }, { hangUp: 'fin' }),
      refuses(
        '404 with a body that is cut off',
        { line: 'HTTP/1.1 404 Not Found', add: [['Content-Length', '99999']] },
        {
          hangUp: 'fin',
        },
      ),
      refuses('404 with a body that claims to be endless', {
        line: 'HTTP/1.1 404 Not Found',
        add: [['Content-Length', '99999999999999']],
      }),
      refuses(
        '404 with a chunk that claims to be endless',
        { line: 'HTTP/1.1 404 Not Found' },
        {
          answer: 'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n',
        },
      ),
    ];
  },
};

const fields: AnswerChapter = {
  section: 'RFC 6455 §4.1',
  title: 'an answer with wrong fields is refused',
  cases: () => [
    refuses('no Upgrade', { set: { Upgrade: null } }),
    refuses('Upgrade to something else', { set: { Upgrade: 'h2c' } }),
    refuses('Upgrade to two protocols', { set: { Upgrade: 'websocket, h2c' } }),
    refuses('Upgrade twice', { set: { Upgrade: ['websocket', 'websocket'] } }),
    refuses('an empty Upgrade', { set: { Upgrade: '' } }),
    refuses('no Connection', { set: { Connection: null } }),
    refuses('Connection without upgrade', { set: { Connection: 'keep-alive' } }),
    refuses('an empty Connection', { set: { Connection: '' } }),
    refuses('no Accept', { set: { 'Sec-WebSocket-Accept': null } }),
    refuses('an empty Accept', { set: { 'Sec-WebSocket-Accept': '' } }),
    refuses('the Accept of another key', { set: { 'Sec-WebSocket-Accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' } }),
    refuses('Accept in lower case', { set: { 'Sec-WebSocket-Accept': '{lower}' } }),
    refuses('Accept with more behind it', { set: { 'Sec-WebSocket-Accept': '{accept}x' } }),
    refuses('Accept twice', { set: { 'Sec-WebSocket-Accept': ['{accept}', '{accept}'] } }),
    refuses('a subprotocol that was not offered', { add: [['Sec-WebSocket-Protocol', 'chat']] }),
    refuses('an extension that was not offered', { add: [['Sec-WebSocket-Extensions', 'x-unknown']] }),
    refuses('an extension that was not offered beside one that was', {
      add: [['Sec-WebSocket-Extensions', 'permessage-deflate, x-unknown']],
    }),
    refuses('compression twice', { add: [['Sec-WebSocket-Extensions', 'permessage-deflate, permessage-deflate']] }),
    refuses('extensions that are no list', { add: [['Sec-WebSocket-Extensions', 'permessage-deflate;']] }),
    ...[
      'unknown',
      'server_no_context_takeover=1',
      'client_no_context_takeover; client_no_context_takeover',
      'server_max_window_bits',
      'server_max_window_bits=7',
      'server_max_window_bits=16',
      'server_max_window_bits=010',
      'client_max_window_bits',
      'client_max_window_bits=7',
      'client_max_window_bits=16',
      'client_max_window_bits=8',
    ].map((parameters) =>
      refuses(`compression with ${parameters}`, {
        add: [['Sec-WebSocket-Extensions', `permessage-deflate; ${parameters}`]],
      }),
    ),
  ],
};

const syntax: AnswerChapter = {
  section: 'RFC 9112 §4',
  title: 'an answer that is not well formed is refused',
  cases() {
    const raw = (title: string, text: string, rest: Partial<AnswerCase> = {}): AnswerCase => ({
      title,
      answer: text,
      outcome: 'refused',
      ...rest,
    });
    const field = (title: string, line: string): AnswerCase =>
      raw(title, answer().replace('\r\nUpgrade', `\r\n${line}\r\nUpgrade`));
    return [
      raw('HTTP/1.0', answer({ line: 'HTTP/1.0 101 Switching Protocols' })),
      raw('HTTP/2', answer({ line: 'HTTP/2 101 Switching Protocols' })),
      raw('no status', answer({ line: 'HTTP/1.1' })),
      raw('a status that is no number', answer({ line: 'HTTP/1.1 abc Switching Protocols' })),
      raw('a status of two digits', answer({ line: 'HTTP/1.1 10 Switching Protocols' })),
      raw('a status of four digits', answer({ line: 'HTTP/1.1 1010 Switching Protocols' })),
      raw('a control character in the phrase', answer({ line: 'HTTP/1.1 101 Switching\x01' })),
      raw('lines that end in a bare LF', answer().replaceAll('\r\n', '\n')),
      field('a folded line', 'X-Folded: a\r\n b'),
      field('a line without a colon', 'nonsense'),
      field('a space before the colon', 'X-Space : value'),
      field('NUL in a value', 'X-Nul: a\0b'),
      raw('frames without an answer', '\x81\x05hello\r\n'),
      raw('bytes of ff', `${'\xff'.repeat(100)}\r\n\r\n`),
      raw('the greeting of another protocol', '220 mail.example ESMTP\r\n'),
      raw('nothing, and the end', '', { hangUp: 'fin' }),
      raw('nothing, and a reset', '', { hangUp: 'reset' }),
      raw('half an answer, and the end', answer().slice(0, 40), { hangUp: 'fin' }),
      raw('everything but the last byte, and the end', answer().slice(0, -1), { hangUp: 'fin' }),
      raw('everything but the last byte', answer().slice(0, -1), { withinSeconds: 15 }),
    ];
  },
};

const limits: AnswerChapter = {
  section: 'RFC 6455 §10.4',
  title: 'lines and fields of the answer have limits',
  cases() {
    const long = (size: number) => [['X-Long', 'x'.repeat(size - 'X-Long: \r\n'.length)]] as const;
    const phrase = (size: number) => `HTTP/1.1 101 ${'x'.repeat(size - 'HTTP/1.1 101 \r\n'.length)}`;
    const many = (count: number) =>
      Array.from({ length: count - FIELDS.length }, (_, index) => [`X-${index}`, 'y'] as const);
    return [
      opens('a status line of 8,192 bytes', { line: phrase(8192) }),
      refuses('a status line of 8,193 bytes', { line: phrase(8193) }),
      { title: 'a status line that never ends', answer: `HTTP/1.1 101 ${'x'.repeat(9000)}`, outcome: 'refused' },
      opens('a field line of 8,192 bytes', { add: long(8192) }),
      refuses('a field line of 8,193 bytes', { add: long(8193) }),
      refuses('a field line of a mebibyte', { add: long(2 ** 20) }),
      opens('128 fields', { add: many(128) }),
      refuses('129 fields', { add: many(129) }),
      refuses('10,000 fields', { add: many(10_000) }),
    ];
  },
};

const together: AnswerChapter = {
  section: 'RFC 6455 §4.1',
  title: 'frames behind the answer are taken',
  cases() {
    const got = [{ send: [], expect: { messages: [textMessage('early')] } }];
    const away = closePayload(1001, 'early');
    return [
      opens('a message', {}, { behind: [text('early')], then: got }),
      opens('a message, byte by byte', {}, { behind: [text('early')], cut: 'bytes', then: got }),
      opens('half a frame in the same write', {}, { behind: [text('early')], cut: { at: [-3] }, then: got }),
      opens('a ping', {}, { behind: [ping('early')], then: [{ send: [], expect: { pongs: [Buffer.from('early')] } }] }),
      opens(
        'a close',
        {},
        {
          behind: [close(1001, 'early')],
          then: [{ send: [], expect: { end: { how: 'answers', payload: away } } }],
        },
      ),
      opens(
        'a masked frame',
        {},
        {
          behind: [text('early', { mask: 'wrong' })],
          then: [{ send: [], expect: { end: { how: 'fails', codes: [1002] } } }],
        },
      ),
      opens(
        'a long message',
        {},
        {
          behind: [text('x'.repeat(200_000))],
          then: [{ send: [], expect: { messages: [textMessage('x'.repeat(200_000))] } }],
        },
      ),
    ];
  },
};

export const clientHandshake: readonly AnswerChapter[] = [legal, interim, statuses, fields, syntax, limits, together];
