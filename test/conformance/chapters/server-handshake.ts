// Cases of RFC 6455 §4.2 for a server: requests and what must be answered. Data only.
import type { Cut } from '../link.ts';
import { close, closePayload, type Exchange, ping, text, textMessage } from '../script.ts';

/** What must happen to a request. */
export type Answer =
  | {
      /** Any of these, with a complete plain-text response and the end of TCP behind it. */
      readonly status: readonly number[];
      /** Header fields that the response must carry besides. */
      readonly fields?: Readonly<Record<string, string>>;
      readonly body?: RegExp;
      /** The seconds within which it must come, when that is long. */
      readonly withinSeconds?: number;
    }
  | { readonly status: 'drop' }
  | {
      readonly status: 101;
      /** The answer about extensions: null for none. Default null. */
      readonly extensions?: string | null;
      /** What is done on the open connection. Default: one message comes back. */
      readonly then?: readonly Exchange[];
    };

export interface RequestCase {
  readonly title: string;
  /** `{host}` stands for host and port of the server, `{name}` for the host alone. One character is one byte. */
  readonly request: string;
  /** Frames that leave in the same write as the request. */
  readonly behind?: Exchange['send'];
  readonly cut?: Cut;
  /** Leave this many milliseconds between the bytes of the request. */
  readonly dripMs?: number;
  readonly hangUp?: 'fin';
  readonly answer: Answer;
}

export interface RequestChapter {
  readonly section: string;
  readonly title: string;
  cases(): readonly RequestCase[];
}

type Fields = readonly (readonly [name: string, value: string])[];

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

const FIELDS: Fields = [
  ['Host', '{host}'],
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Key', KEY],
  ['Sec-WebSocket-Version', '13'],
];

const lines = (fields: Fields): string => fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');

interface RequestParts {
  readonly line?: string;
  /** Fields to be written instead of the usual one of that name; null leaves it out. */
  readonly set?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly add?: Fields;
}

function request({ line = 'GET / HTTP/1.1', set = {}, add = [] }: RequestParts = {}): string {
  const fields = FIELDS.flatMap(([name, value]): Fields => {
    const instead = name in set ? set[name] : value;
    if (instead === null || instead === undefined) return [];
    return (typeof instead === 'string' ? [instead] : instead).map((one) => [name, one] as const);
  });
  return `${line}\r\n${lines([...fields, ...add])}\r\n`;
}

const opens = (title: string, parts: RequestParts = {}, rest: Partial<RequestCase> = {}): RequestCase => ({
  title,
  request: request(parts),
  answer: { status: 101 },
  ...rest,
});

const refuses = (
  title: string,
  status: number | readonly number[],
  parts: RequestParts,
  answer: { fields?: Record<string, string>; body?: RegExp } = {},
): RequestCase => ({
  title,
  request: request(parts),
  answer: { status: typeof status === 'number' ? [status] : status, ...answer },
});

const legal: RequestChapter = {
  section: 'RFC 6455 §4.2.1',
  title: 'a legal request opens the connection',
  cases() {
    const reversed = `GET / HTTP/1.1\r\n${lines([...FIELDS].reverse())}\r\n`;
    const shouting = `GET / HTTP/1.1\r\n${lines(FIELDS.map(([name, value]) => [name.toUpperCase(), value]))}\r\n`;
    const whispering = `GET / HTTP/1.1\r\n${lines(FIELDS.map(([name, value]) => [name.toLowerCase(), value]))}\r\n`;
    return [
      opens('the plainest request'),
      opens('byte by byte', {}, { cut: 'bytes' }),
      opens('in random pieces', {}, { cut: { piecesUpTo: 20, seed: 4 } }),
      ...Array.from({ length: 12 }, (_, index) => {
        const at = 1 + index * 13;
        return opens(`cut after byte ${at}`, {}, { cut: { at: [at] } });
      }),
      opens('cut inside the last line end', {}, { cut: { at: [-3, -2, -1] } }),
      { title: 'fields in reverse order', request: reversed, answer: { status: 101 } },
      { title: 'names in upper case', request: shouting, answer: { status: 101 } },
      { title: 'names in lower case', request: whispering, answer: { status: 101 } },
      opens('values in other case', { set: { Upgrade: 'WebSocket', Connection: 'uPGRADE' } }),
      opens('keep-alive and upgrade', { set: { Connection: 'keep-alive, Upgrade' } }),
      opens('upgrade and keep-alive, empty items between', { set: { Connection: 'Upgrade,, ,keep-alive,' } }),
      opens('Connection in two fields', { set: { Connection: ['keep-alive', 'Upgrade'] } }),
      opens('white space around values', { set: { Upgrade: ' \t websocket \t ', Connection: '\tUpgrade  ' } }),
      { title: 'no white space after the colon', request: request().replaceAll(': ', ':'), answer: { status: 101 } },
      opens('a path with a query', { line: 'GET /a/b%20c?d=e&f HTTP/1.1' }),
      opens('an absolute target', { line: 'GET http://{host}/path HTTP/1.1' }),
      opens('unknown fields', {
        add: [
          ['X-Other', 'value'],
          ['X-Empty', ''],
          ['X-Latin-1', '\xe9\xff'],
        ],
      }),
      opens('a body of no bytes', { add: [['Content-Length', '0']] }),
      opens('many cookies', { add: Array.from({ length: 50 }, (_, index) => ['Cookie', `a${index}=b`] as const) }),
      opens('another key', { set: { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' } }),
      opens('a key with plus and slash', { set: { 'Sec-WebSocket-Key': '++++////++++////++++/w==' } }),
    ];
  },
};

const requestLine: RequestChapter = {
  section: 'RFC 6455 §4.2.1',
  title: 'only GET over HTTP/1.1 opens a connection',
  cases() {
    const allow = { fields: { allow: 'GET' } };
    return [
      ...['POST', 'PUT', 'OPTIONS', 'DELETE', 'get', 'Get', 'GETS', 'FOO'].map((method) =>
        refuses(`method ${method}`, 405, { line: `${method} / HTTP/1.1` }, allow),
      ),
      refuses('HTTP/1.0', 505, { line: 'GET / HTTP/1.0' }),
      refuses('HTTP/2.0', [400, 505], { line: 'GET / HTTP/2.0' }),
      refuses('HTTP/0.9', 400, { line: 'GET /' }),
      refuses('POST over HTTP/1.0: the method is looked at first', 405, { line: 'POST / HTTP/1.0' }),
      refuses('two spaces', 400, { line: 'GET  / HTTP/1.1' }),
      refuses('a space at the end', 400, { line: 'GET / HTTP/1.1 ' }),
      refuses('a space at the start', 400, { line: ' GET / HTTP/1.1' }),
      refuses('a tab', 400, { line: 'GET\t/\tHTTP/1.1' }),
      refuses('a space in the target', 400, { line: 'GET /a b HTTP/1.1' }),
      refuses('a version in lower case', 400, { line: 'GET / http/1.1' }),
      refuses('no version number', 400, { line: 'GET / HTTP' }),
      refuses('a byte above 7f in the target', 400, { line: 'GET /\xe9 HTTP/1.1' }),
      refuses('an empty request line', 400, { line: '' }),
      refuses('nonsense', 400, { line: 'nonsense' }),
    ];
  },
};

const required: RequestChapter = {
  section: 'RFC 6455 §4.2.1',
  title: 'every field that the handshake needs is checked',
  cases() {
    const upgrade = { fields: { upgrade: 'websocket' } };
    const version = { fields: { 'sec-websocket-version': '13' } };
    const key = (title: string, value: string | readonly string[] | null) =>
      refuses(title, 400, { set: { 'Sec-WebSocket-Key': value } });
    return [
      refuses('no Upgrade', 426, { set: { Upgrade: null } }, upgrade),
      refuses('no Connection', 426, { set: { Connection: null } }, upgrade),
      refuses('neither', 426, { set: { Upgrade: null, Connection: null } }, upgrade),
      refuses('Connection without upgrade', 426, { set: { Connection: 'keep-alive' } }, upgrade),
      refuses('Connection with a longer word', 426, { set: { Connection: 'Upgraded' } }, upgrade),
      refuses('Upgrade to something else', 426, { set: { Upgrade: 'h2c' } }, upgrade),
      refuses('Upgrade with a version', 426, { set: { Upgrade: 'websocket/13' } }, upgrade),
      refuses('Upgrade to two protocols', 426, { set: { Upgrade: 'websocket, h2c' } }, upgrade),
      refuses('Upgrade twice', 426, { set: { Upgrade: ['websocket', 'websocket'] } }, upgrade),
      refuses('an empty Connection', 400, { set: { Connection: '' } }),
      refuses('a Connection that is no list', 400, { set: { Connection: 'keep-alive Upgrade' } }),
      refuses('an Upgrade that is no list', 400, { set: { Upgrade: 'websocket;' } }),
      key('no key', null),
      key('an empty key', ''),
      key('two keys', [KEY, KEY]),
      key('two different keys', [KEY, 'AAAAAAAAAAAAAAAAAAAAAA==']),
      key('a key of 15 bytes', Buffer.alloc(15, 7).toString('base64')),
      key('a key of 17 bytes', Buffer.alloc(17, 7).toString('base64')),
      key('a key without padding', KEY.slice(0, -2)),
      key('a key with half its padding', KEY.slice(0, -1)),
      key('a key with too much padding', `${KEY}=`),
      key('a key in the other alphabet', '-___-___-___-___-___-w=='),
      key('a key with a space inside', 'dGhlIHNhbXBs ZSBub25jZQ=='),
      key('a key with a character that is not base64', 'dGhlIHNhbXBsZSBub25j!Q=='),
      key('two keys in one field', `${KEY}, ${KEY}`),
      refuses('no version', 400, { set: { 'Sec-WebSocket-Version': null } }),
      refuses('version twice', 400, { set: { 'Sec-WebSocket-Version': ['13', '13'] } }),
      ...['0', '7', '8', '12', '14', '130', '255', '013'].map((value) =>
        refuses(`version ${value}`, 426, { set: { 'Sec-WebSocket-Version': value } }, version),
      ),
      refuses('an empty version', [400, 426], { set: { 'Sec-WebSocket-Version': '' } }),
      refuses('a version that is no number', [400, 426], { set: { 'Sec-WebSocket-Version': 'new' } }),
      refuses('two versions in one field', [400, 426], { set: { 'Sec-WebSocket-Version': '13, 8' } }),
      refuses(
        'nothing but Host: a browser that was pointed here',
        426,
        {
          set: { Upgrade: null, Connection: null, 'Sec-WebSocket-Key': null, 'Sec-WebSocket-Version': null },
        },
        { ...upgrade, body: /WebSocket/ },
      ),
    ];
  },
};

const host: RequestChapter = {
  section: 'RFC 9112 §3.2',
  title: 'the Host header stands once and names this server',
  cases() {
    const named = (value: string | readonly string[] | null) => ({ set: { Host: value } });
    return [
      opens('the host without a port', named('{name}')),
      opens('localhost', named('localhost')),
      opens('localhost in other case', named('LocalHost:1234')),
      opens('the loopback address of IPv6', named('[::1]:80')),
      refuses('no Host', 400, named(null)),
      refuses('an empty Host', 400, named('')),
      refuses('Host twice', 400, named(['{host}', '{host}'])),
      refuses('a Host with a space', 400, named('local host')),
      refuses('a Host with a path', 400, named('localhost/x')),
      refuses('a Host with user info', 400, named('user@localhost')),
      refuses('a Host with a port that is no number', 400, named('localhost:http')),
      refuses('a Host with an open bracket', 400, named('[::1')),
      refuses('two hosts in one field', 400, named('localhost, localhost')),
      refuses('another name on a loopback server', 403, named('evil.example')),
      refuses('a name that only begins like ours', 403, named('localhost.evil.example')),
      refuses('another address on a loopback server', 403, named('192.0.2.1')),
    ];
  },
};

const origin: RequestChapter = {
  section: 'RFC 6455 §10.2',
  title: 'a browser may only come from the same host',
  cases() {
    const from = (...values: string[]) => ({ add: values.map((value) => ['Origin', value] as const) });
    return [
      opens('the same host and port', from('http://{host}')),
      opens('the same host with another port', from('http://{name}:1')),
      opens('the same host over TLS', from('https://{name}')),
      refuses('another host', 403, from('http://evil.example'), { body: /origin/i }),
      refuses('a host that only ends like ours', 403, from('http://evil{name}')),
      refuses('a host that only begins like ours', 403, from('http://{name}.evil.example')),
      refuses('our host as user info', 403, from('http://{name}@evil.example')),
      refuses('the origin null', 403, from('null')),
      refuses('Origin twice', 400, from('http://{host}', 'http://{host}')),
    ];
  },
};

const syntax: RequestChapter = {
  section: 'RFC 9112 §5',
  title: 'a request that is not well formed is refused',
  cases() {
    const raw = (title: string, text: string, status: number | readonly number[] = 400): RequestCase => ({
      title,
      request: text,
      answer: { status: typeof status === 'number' ? [status] : status },
    });
    const field = (title: string, line: string): RequestCase =>
      raw(title, request().replace('\r\nUpgrade', `\r\n${line}\r\nUpgrade`));
    return [
      raw('lines that end in a bare LF', request().replaceAll('\r\n', '\n')),
      raw('one line that ends in a bare LF', request().replace('Upgrade: websocket\r\n', 'Upgrade: websocket\n')),
      raw('a request line that ends in a bare LF', request().replace('HTTP/1.1\r\n', 'HTTP/1.1\n')),
      field('a folded line', 'X-Folded: a\r\n b'),
      field('a folded line with a tab', 'X-Folded: a\r\n\tb'),
      field('a line without a colon', 'nonsense'),
      field('an empty name', ': value'),
      field('a space before the colon', 'X-Space : value'),
      field('a space in a name', 'X Space: value'),
      field('a byte above 7f in a name', 'X-\xe9: value'),
      field('NUL in a value', 'X-Nul: a\0b'),
      field('NUL in a name', 'X-\0: value'),
      field('CR in a value', 'X-Cr: a\rb'),
      field('DEL in a value', 'X-Del: a\x7fb'),
      field('an escape in a value', 'X-Escape: \x1b[31m'),
      field('a body', 'Content-Length: 5'),
      field('a body of many bytes', 'Content-Length: 99999999999999999999'),
      field('a length that is no number', 'Content-Length: five'),
      field('a negative length', 'Content-Length: -1'),
      field('a chunked body', 'Transfer-Encoding: chunked'),
      field('a body in an unknown coding', 'Transfer-Encoding: gzip'),
      raw('the start of TLS', '\x16\x03\x01\x00\x0a\x01\x00\x00\x06\x03\x03\r\n\r\n'),
      raw('frames without a request', '\x81\x85\0\0\0\0hello\r\n\r\n'),
      raw('bytes of ff', `${'\xff'.repeat(100)}\r\n\r\n`),
      {
        title: 'a body, and its bytes are no frames',
        request: request({ add: [['Content-Length', '11']] }),
        behind: [text('hello')],
        answer: { status: [400] },
      },
    ];
  },
};

/** A field line of exactly `size` bytes with its line end. */
const longField = (size: number): Fields => [['X-Long', 'x'.repeat(size - 'X-Long: \r\n'.length)]];
const longTarget = (size: number): string => `GET /${'x'.repeat(size - 'GET / HTTP/1.1\r\n'.length)} HTTP/1.1`;
const fieldsUpTo = (count: number): Fields =>
  Array.from({ length: count - FIELDS.length }, (_, index) => [`X-${index}`, 'y'] as const);

const limits: RequestChapter = {
  section: 'RFC 6455 §10.4',
  title: 'lines and fields have limits',
  cases: () => [
    opens('a request line of 8,192 bytes', { line: longTarget(8192) }),
    refuses('a request line of 8,193 bytes', 414, { line: longTarget(8193) }),
    refuses('a request line of a mebibyte', 414, { line: longTarget(2 ** 20) }),
    { title: 'a request line that never ends', request: `GET /${'x'.repeat(9000)}`, answer: { status: [414] } },
    opens('a field line of 8,192 bytes', { add: longField(8192) }),
    refuses('a field line of 8,193 bytes', 431, { add: longField(8193) }),
    refuses('a field line of a mebibyte', 431, { add: longField(2 ** 20) }),
    {
      title: 'a field line that never ends',
      request: `GET / HTTP/1.1\r\nHost: {host}\r\nX-Long: ${'x'.repeat(9000)}`,
      answer: { status: [431] },
    },
    opens('128 fields', { add: fieldsUpTo(128) }),
    refuses('129 fields', 431, { add: fieldsUpTo(129) }),
    refuses('10,000 fields', 431, { add: fieldsUpTo(10_000) }),
    {
      title: 'fields that never end',
      request: `GET / HTTP/1.1\r\nHost: {host}\r\n${lines(fieldsUpTo(140))}`,
      answer: { status: [431] },
    },
    opens('a request line of 8,192 bytes, byte by byte', { line: longTarget(8192) }, { cut: 'bytes' }),
  ],
};

const timing: RequestChapter = {
  section: 'RFC 6455 §4.2',
  title: 'a request has to come within the time for it',
  cases: () => [
    { title: 'silence', request: '', answer: { status: [408], withinSeconds: 15 } },
    { title: 'half a request line', request: 'GET / HT', answer: { status: [408], withinSeconds: 15 } },
    {
      title: 'everything but the last byte',
      request: request().slice(0, -1),
      answer: { status: [408], withinSeconds: 15 },
    },
    {
      title: 'a byte every quarter of a second does not buy more time',
      request: request(),
      dripMs: 250,
      answer: { status: [408], withinSeconds: 15 },
    },
    { title: 'the client ends at once', request: '', hangUp: 'fin', answer: { status: 'drop' } },
    {
      title: 'the client ends inside its request',
      request: 'GET / HTTP/1.1\r\nHo',
      hangUp: 'fin',
      answer: { status: 'drop' },
    },
  ],
};

const together: RequestChapter = {
  section: 'RFC 6455 §4.1',
  title: 'frames behind the request wait for the 101',
  cases() {
    const long = 'x'.repeat(60_000);
    const hello = [{ send: [], expect: { messages: [textMessage('early')] } }];
    const bye = closePayload(1001, 'early');
    return [
      opens('a message', {}, { behind: [text('early')], answer: { status: 101, then: hello } }),
      opens(
        'a message, byte by byte',
        {},
        { behind: [text('early')], cut: 'bytes', answer: { status: 101, then: hello } },
      ),
      opens(
        'half a frame in the same write',
        {},
        {
          behind: [text('early')],
          cut: { at: [-4] },
          answer: { status: 101, then: hello },
        },
      ),
      opens(
        'a message of 60,000 bytes',
        {},
        {
          behind: [text(long)],
          answer: { status: 101, then: [{ send: [], expect: { messages: [textMessage(long)] } }] },
        },
      ),
      opens(
        'a ping',
        {},
        {
          behind: [ping('early')],
          answer: { status: 101, then: [{ send: [], expect: { pongs: [Buffer.from('early')] } }] },
        },
      ),
      opens(
        'a close',
        {},
        {
          behind: [close(1001, 'early')],
          answer: { status: 101, then: [{ send: [], expect: { end: { how: 'answers', payload: bye } } }] },
        },
      ),
      opens(
        'a frame without a mask',
        {},
        {
          behind: [text('early', { mask: 'wrong' })],
          answer: { status: 101, then: [{ send: [], expect: { end: { how: 'fails', codes: [1002] } } }] },
        },
      ),
      { ...refuses('nothing of it counts after a refusal', 426, { set: { Upgrade: null } }), behind: [text('early')] },
      {
        title: 'a second request is no frame',
        request: request() + request(),
        answer: { status: 101, then: [{ send: [], expect: { end: { how: 'fails', codes: [1002] } } }] },
      },
    ];
  },
};

const subprotocols: RequestChapter = {
  section: 'RFC 6455 §4.2.2',
  title: 'a server without subprotocols answers without one',
  cases() {
    const offer = (...values: string[]) => ({ add: values.map((value) => ['Sec-WebSocket-Protocol', value] as const) });
    return [
      opens('one offered', offer('chat')),
      opens('two offered', offer('chat, superchat')),
      opens('two offered in two fields', offer('chat', 'superchat')),
      refuses('an offer that is no list', 400, offer('chat superchat')),
      refuses('an empty offer', 400, offer('')),
      refuses('an offer of a comma', 400, offer(',')),
      refuses('an offer with a name that is no token', 400, offer('chat, b@d')),
    ];
  },
};

const roundTrip: readonly Exchange[] = [
  ...['the same again, ', 'the same again, ', ''].map((part) => ({
    send: [text(part.repeat(300), { deflated: true })],
    expect: { messages: [textMessage(part.repeat(300))] },
  })),
  { send: [text('plain')], expect: { messages: [textMessage('plain')] } },
];

/** Offers, and what a server answers that wants 12 bits both ways. */
const OFFERS: readonly (readonly [offer: string, answer: string | null])[] = [
  ['permessage-deflate', 'server_max_window_bits=12'],
  ['permessage-deflate; client_max_window_bits', 'server_max_window_bits=12; client_max_window_bits=12'],
  ...[9, 10, 11, 12].map(
    (bits) => [`permessage-deflate; server_max_window_bits=${bits}`, `server_max_window_bits=${bits}`] as const,
  ),
  ...[13, 14, 15].map(
    (bits) => [`permessage-deflate; server_max_window_bits=${bits}`, 'server_max_window_bits=12'] as const,
  ),
  ...[8, 9, 10, 11, 12].map(
    (bits) =>
      [
        `permessage-deflate; client_max_window_bits=${bits}`,
        `server_max_window_bits=12; client_max_window_bits=${bits}`,
      ] as const,
  ),
  ...[13, 14, 15].map(
    (bits) =>
      [
        `permessage-deflate; client_max_window_bits=${bits}`,
        'server_max_window_bits=12; client_max_window_bits=12',
      ] as const,
  ),
  [
    'permessage-deflate; client_max_window_bits=9; server_max_window_bits=10',
    'server_max_window_bits=10; client_max_window_bits=9',
  ],
  ['permessage-deflate; server_no_context_takeover', 'server_no_context_takeover; server_max_window_bits=12'],
  ['permessage-deflate; client_no_context_takeover', 'client_no_context_takeover; server_max_window_bits=12'],
  [
    'permessage-deflate; client_no_context_takeover; server_no_context_takeover; client_max_window_bits',
    'server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; client_max_window_bits=12',
  ],
  ['permessage-deflate; server_max_window_bits="10"', 'server_max_window_bits=10'],
  ['permessage-deflate;server_max_window_bits = 10', 'server_max_window_bits=10'],
  ['permessage-deflate; foo, permessage-deflate', 'server_max_window_bits=12'],
  [
    'permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=9',
    'server_max_window_bits=9',
  ],
  ['permessage-deflate; server_max_window_bits=10, permessage-deflate', 'server_max_window_bits=10'],
  ['x-webkit-deflate-frame, permessage-deflate', 'server_max_window_bits=12'],
  [
    'permessage-bzip2; a=b; c="d", permessage-deflate; client_max_window_bits',
    'server_max_window_bits=12; client_max_window_bits=12',
  ],
  ['permessage-deflate; server_max_window_bits=8', null],
  ['permessage-deflate; server_max_window_bits=7', null],
  ['permessage-deflate; server_max_window_bits=16', null],
  ['permessage-deflate; server_max_window_bits=010', null],
  ['permessage-deflate; server_max_window_bits=+9', null],
  ['permessage-deflate; server_max_window_bits=ten', null],
  ['permessage-deflate; server_max_window_bits', null],
  ['permessage-deflate; client_max_window_bits=7', null],
  ['permessage-deflate; client_max_window_bits=16', null],
  ['permessage-deflate; client_max_window_bits=08', null],
  ['permessage-deflate; server_no_context_takeover=1', null],
  ['permessage-deflate; client_no_context_takeover=true', null],
  ['permessage-deflate; server_no_context_takeover; server_no_context_takeover', null],
  ['permessage-deflate; client_no_context_takeover; client_no_context_takeover', null],
  ['permessage-deflate; server_max_window_bits=9; server_max_window_bits=9', null],
  ['permessage-deflate; client_max_window_bits; client_max_window_bits', null],
  ['permessage-deflate; unknown', null],
  ['permessage-deflate; unknown=1', null],
  ['permessage-deflate; Server_no_context_takeover', null],
  ['Permessage-Deflate', null],
  ['permessage-deflatee', null],
  ['x-webkit-deflate-frame', null],
];

const extensions: RequestChapter = {
  section: 'RFC 7692 §7.1',
  title: 'an offer of compression gets the answer that fits',
  cases() {
    const offered = (values: readonly string[]) => ({
      add: values.map((value) => ['Sec-WebSocket-Extensions', value] as const),
    });
    const accepted = (title: string, values: readonly string[], parameters: string | null): RequestCase =>
      opens(title, offered(values), {
        answer:
          parameters === null
            ? { status: 101 }
            : { status: 101, extensions: `permessage-deflate; ${parameters}`, then: roundTrip },
      });
    return [
      ...OFFERS.map(([offer, parameters]) => accepted(offer, [offer], parameters)),
      accepted('an offer in the second field', ['other', 'permessage-deflate'], 'server_max_window_bits=12'),
      accepted('offers in two fields', ['permessage-deflate; foo', 'permessage-deflate'], 'server_max_window_bits=12'),
      ...[
        '',
        ',',
        ';',
        'permessage-deflate;',
        'permessage-deflate; =',
        'permessage-deflate; a=',
        'a b',
        'permessage-deflate; a="',
        'a; b=""',
        'permessage-deflate; a="b c"',
      ].map((value) => refuses(`malformed: ${JSON.stringify(value)}`, 400, offered([value]))),
    ];
  },
};

export const serverHandshake: readonly RequestChapter[] = [
  legal,
  requestLine,
  required,
  host,
  origin,
  syntax,
  limits,
  timing,
  together,
  subprotocols,
  extensions,
];
