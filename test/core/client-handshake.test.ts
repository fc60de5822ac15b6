// Checks the request that a client sends and every answer that it refuses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildHandshakeRequest,
  checkHandshakeResponse,
  type HandshakeRequestOptions,
  type HandshakeResponseOptions,
} from '#dist/core/client-handshake.js';
import {
  type InvalidHandshake,
  InvalidHeader,
  InvalidHeaderFormat,
  InvalidHeaderValue,
  InvalidUpgrade,
  NegotiationError,
} from '#dist/core/exceptions/handshake-errors.js';
import { InvalidStatus } from '#dist/core/exceptions/status-errors.js';
import type { ClientExtensionFactory, Extension, ExtensionParameter } from '#dist/core/extension.js';
import type { HeaderPair } from '#dist/core/headers.js';
import { Response } from '#dist/core/http-message.js';
import { parseUri } from '#dist/core/uri.js';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

/** An extension that only remembers how it came about and whether it was closed. */
interface NamedExtension extends Extension {
  readonly parameters: readonly ExtensionParameter[];
  readonly place: number;
  isClosed: boolean;
}

interface FactoryInit {
  readonly name?: string;
  readonly request?: readonly ExtensionParameter[];
  readonly accept?: (parameters: readonly ExtensionParameter[]) => boolean;
}

/** A factory that lists each extension it has made. */
function factory({ name = 'x-ext', request = [], accept = () => true }: FactoryInit = {}) {
  const made: NamedExtension[] = [];
  const result: ClientExtensionFactory & { readonly made: NamedExtension[] } = {
    name,
    made,
    getRequestParams: () => request,
    processResponseParams(parameters, accepted) {
      if (!accept(parameters)) throw new NegotiationError('declined');
      const extension: NamedExtension = {
        name,
        parameters,
        place: accepted.length,
        isClosed: false,
        decode: (frame) => frame,
        encode: (frame) => frame,
        close() {
          extension.isClosed = true;
        },
      };
      made.push(extension);
      return extension;
    },
  };
  return result;
}

const build = (options: Partial<HandshakeRequestOptions> & { readonly url?: string } = {}) =>
  buildHandshakeRequest({ uri: parseUri(options.url ?? 'ws://example.com/chat'), key: KEY, ...options });

const UPGRADE: readonly HeaderPair[] = [
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Key', KEY],
  ['Sec-WebSocket-Version', '13'],
];

test('a plain request has the headers of RFC 6455 and no others', () => {
  const request = build();
  assert.equal(request.method, 'GET');
  assert.equal(request.protocol, 'HTTP/1.1');
  assert.equal(request.path, '/chat');
  assert.deepEqual([...request.headers.rawItems()], [['Host', 'example.com'], ...UPGRADE]);
});

test('a request with everything has its headers in a fixed order', () => {
  const request = build({
    url: 'wss://Aladdin:open%20sesame@[::1]:8765/a/../b?q=1',
    origin: 'https://example.com',
    extensions: [
      factory({
        name: 'x-one',
        request: [
          ['a', '1'],
          ['b', null],
        ],
      }),
      factory({ name: 'x-two' }),
    ],
    subprotocols: ['chat', 'superchat'],
    additionalHeaders: { 'X-Extra': '1', Host: 'again' },
    userAgent: 'tester/1.0',
  });
  assert.equal(request.path, '/a/../b?q=1');
  assert.deepEqual(
    [...request.headers.rawItems()],
    [
      ['Host', '[::1]:8765'],
      ['Authorization', `Basic ${Buffer.from('Aladdin:open%20sesame').toString('base64')}`],
      ['Origin', 'https://example.com'],
      ...UPGRADE,
      ['Sec-WebSocket-Extensions', 'x-one; a=1; b, x-two'],
      ['Sec-WebSocket-Protocol', 'chat, superchat'],
      ['X-Extra', '1'],
      ['Host', 'again'],
      ['User-Agent', 'tester/1.0'],
    ],
  );
});

test('Authorization is what the options say, whatever the URI says', () => {
  const authorizationOf = (authorization: string | null | undefined): readonly string[] =>
    build({ url: 'ws://Aladdin:secret@example.com', authorization }).headers.getAll('Authorization');
  assert.deepEqual(authorizationOf('Bearer x'), ['Bearer x']);
  assert.deepEqual(authorizationOf(null), []);
  assert.deepEqual(authorizationOf(undefined), ['Basic QWxhZGRpbjpzZWNyZXQ=']);
  assert.throws(() => authorizationOf('a\r\nb'), TypeError);
});

test('empty lists and null leave their headers out', () => {
  const nothing = { origin: null, extensions: [], subprotocols: [], additionalHeaders: null, userAgent: null };
  assert.deepEqual([...build(nothing).headers.rawItems()], [['Host', 'example.com'], ...UPGRADE]);
  assert.deepEqual([...build({ extensions: null, subprotocols: null }).headers.keys()].length, 5);
});

test('a user agent among the additional headers, in any case, stands instead of ours', () => {
  const request = build({ additionalHeaders: [['user-agent', 'mine']], userAgent: 'ours' });
  assert.deepEqual(request.headers.getAll('User-Agent'), ['mine']);
});

test('repeated additional headers are all sent', () => {
  const request = build({
    additionalHeaders: [
      ['X', '1'],
      ['X', '2'],
    ],
  });
  assert.deepEqual(request.headers.getAll('X'), ['1', '2']);
});

const UNSENDABLE: Readonly<Record<string, Partial<HandshakeRequestOptions> & { readonly url?: string }>> = {
  'a line break in the origin': { origin: 'https://h\r\nX: 1' },
  'a line feed in the user agent': { userAgent: 'a\nb' },
  'NUL in an additional header': { additionalHeaders: { X: 'a\0b' } },
  'a letter beyond ISO-8859-1 in an additional header': { additionalHeaders: { X: 'π' } },
  'a line break in the name of an additional header': { additionalHeaders: { 'X: 1\r\nY': '1' } },
  'an additional header without a name': { additionalHeaders: { '': '1' } },
  'additional headers that are none': { additionalHeaders: 'X: 1' as never },
  'a space in the path': { url: 'ws://h/a b' },
  'a control character in the query': { url: 'ws://h/?a\x00b' },
  'a subprotocol that is no token': { subprotocols: ['chat', 'a b'] },
  'a subprotocol that is no string': { subprotocols: [1 as never] },
  'an empty subprotocol': { subprotocols: [''] },
  'an extension whose name is no token': { extensions: [factory({ name: 'a,b' })] },
  'an extension parameter that is no token': { extensions: [factory({ request: [['a b', null]] })] },
  'an extension parameter whose value is no token': { extensions: [factory({ request: [['a', '"1"']] })] },
};

for (const [what, options] of Object.entries(UNSENDABLE)) {
  test(`a request with ${what} is refused before it is sent`, () => {
    assert.throws(() => build(options), TypeError);
  });
}

const GOOD: readonly HeaderPair[] = [
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Accept', ACCEPT],
];

/** A 101 whose headers are {@link GOOD} but for those that are given: these replace all of the same name, null removes. */
function answer(changes: readonly (readonly [name: string, value: string | null])[] = []): Response {
  const changed = new Set(changes.map(([name]) => name));
  const added = changes.filter((pair): pair is readonly [string, string] => pair[1] !== null);
  return new Response(101, 'Switching Protocols', [...GOOD.filter(([name]) => !changed.has(name)), ...added]);
}

const check = (response: Response, options: Partial<HandshakeResponseOptions> = {}) =>
  checkHandshakeResponse(response, { key: KEY, ...options });

test('a good answer to a plain request agrees on nothing more', () => {
  assert.deepEqual(check(answer()), { extensions: [], subprotocol: null });
  assert.deepEqual(check(answer(), { extensions: null, subprotocols: null }), { extensions: [], subprotocol: null });
});

const ACCEPTED = {
  'case does not matter in Connection and Upgrade': [
    ['Connection', 'uPgRaDe'],
    ['Upgrade', 'WebSocket'],
  ],
  'Connection may have other options': [['Connection', 'keep-alive, Upgrade']],
  'Connection may be repeated': [
    ['Connection', 'close'],
    ['Connection', 'upgrade'],
  ],
} as const;

for (const [what, headers] of Object.entries(ACCEPTED)) {
  test(`an answer is good: ${what}`, () => assert.doesNotThrow(() => check(answer(headers))));
}

type ErrorClass = new (...args: never) => InvalidHandshake;
type Changes = Parameters<typeof answer>[0];

const REFUSED: readonly (readonly [what: string, Changes: NonNullable<Changes>, error: ErrorClass, message: string])[] =
  [
    ['no Connection', [['Connection', null]], InvalidUpgrade, 'missing Connection header'],
    [
      'another Connection',
      [['Connection', 'close, keep-alive']],
      InvalidUpgrade,
      'invalid Connection header: close, keep-alive',
    ],
    [
      'a malformed Connection',
      [['Connection', '']],
      InvalidHeaderFormat,
      'invalid Connection header: expected token at 0 in ',
    ],
    ['no Upgrade', [['Upgrade', null]], InvalidUpgrade, 'missing Upgrade header'],
    ['another Upgrade', [['Upgrade', 'h2c']], InvalidUpgrade, 'invalid Upgrade header: h2c'],
    [
      'two protocols in Upgrade',
      [['Upgrade', 'websocket, h2c']],
      InvalidUpgrade,
      'invalid Upgrade header: websocket, h2c',
    ],
    [
      'Upgrade twice',
      [
        ['Upgrade', 'websocket'],
        ['Upgrade', 'websocket'],
      ],
      InvalidUpgrade,
      'invalid Upgrade header: websocket, websocket',
    ],
    [
      'a malformed Upgrade',
      [['Upgrade', 'HTTP/']],
      InvalidHeaderFormat,
      'invalid Upgrade header: expected comma at 4 in HTTP/',
    ],
    ['no Accept', [['Sec-WebSocket-Accept', null]], InvalidHeader, 'missing Sec-WebSocket-Accept header'],
    [
      'Accept twice',
      [
        ['Sec-WebSocket-Accept', ACCEPT],
        ['Sec-WebSocket-Accept', ACCEPT],
      ],
      InvalidHeader,
      'invalid Sec-WebSocket-Accept header: multiple values',
    ],
    [
      'another Accept',
      [['Sec-WebSocket-Accept', 'AAAA']],
      InvalidHeaderValue,
      'invalid Sec-WebSocket-Accept header: AAAA',
    ],
    ['an empty Accept', [['Sec-WebSocket-Accept', '']], InvalidHeaderValue, 'empty Sec-WebSocket-Accept header'],
    [
      'an Accept in another case',
      [['Sec-WebSocket-Accept', ACCEPT.toLowerCase()]],
      InvalidHeaderValue,
      `invalid Sec-WebSocket-Accept header: ${ACCEPT.toLowerCase()}`,
    ],
    [
      'an extension that nobody offered',
      [['Sec-WebSocket-Extensions', ';;;']],
      NegotiationError,
      'no extensions supported',
    ],
    [
      'a subprotocol that nobody offered',
      [['Sec-WebSocket-Protocol', ';;;']],
      NegotiationError,
      'no subprotocols supported',
    ],
  ];

for (const [what, changes, error, message] of REFUSED) {
  test(`an answer with ${what} is refused: ${message}`, () => {
    assert.throws(() => check(answer(changes)), { constructor: error, message });
  });
}

test('checks come in the order status, Connection, Upgrade, Accept, extensions, subprotocol', () => {
  const worst: Changes = [
    ['Connection', 'close'],
    ['Upgrade', 'h2c'],
    ['Sec-WebSocket-Accept', 'x'],
    ['Sec-WebSocket-Extensions', 'x'],
    ['Sec-WebSocket-Protocol', 'x'],
  ];
  const messages = [
    'invalid Connection header: close',
    'invalid Upgrade header: h2c',
    'invalid Sec-WebSocket-Accept header: x',
    'no extensions supported',
    'no subprotocols supported',
  ];
  const good = new Map<string, string>(GOOD);
  for (const [i, message] of messages.entries()) {
    const changes = worst.map(([name, value], at) => [name, at < i ? (good.get(name) ?? null) : value] as const);
    assert.throws(() => check(answer(changes)), { message });
  }
});

for (const status of [200, 100, 301, 401, 503]) {
  test(`status ${status} is refused with the whole response, whatever its headers say`, () => {
    const response = new Response(status, 'Whatever', [['Connection', ';']]);
    assert.throws(
      () => check(response),
      (error) =>
        error instanceof InvalidStatus &&
        error.response === response &&
        error.message === `server rejected WebSocket connection: HTTP ${status}`,
    );
  });
}

test('accepted extensions come in the order of the answer, over all occurrences of the header', () => {
  const one = factory({ name: 'x-one' });
  const two = factory({ name: 'x-two' });
  const response = answer([
    ['Sec-WebSocket-Extensions', 'x-two; a=1; b'],
    ['Sec-WebSocket-Extensions', 'x-one'],
  ]);
  const { extensions } = check(response, { extensions: [one, two] });
  assert.deepEqual(extensions, [two.made[0], one.made[0]]);
  assert.deepEqual(two.made[0]?.parameters, [
    ['a', '1'],
    ['b', null],
  ]);
  assert.deepEqual([two.made[0]?.place, one.made[0]?.place], [0, 1]);
});

test('of two offers with the same name the first that fits the answer is taken', () => {
  const strict = factory({ accept: (parameters) => parameters.length === 0 });
  const lenient = factory();
  const { extensions } = check(answer([['Sec-WebSocket-Extensions', 'x-ext; a']]), { extensions: [strict, lenient] });
  assert.deepEqual(extensions, [lenient.made[0]]);
});

for (const [header, message] of [
  ['x-other; a=1; b', 'Unsupported extension: name = x-other, params = [a=1, b]'],
  ['X-EXT', 'Unsupported extension: name = X-EXT, params = []'],
  ['x-ext; no', 'Unsupported extension: name = x-ext, params = [no]'],
] as const) {
  test(`an answer that accepts ${header} without an offer that fits is refused`, () => {
    const extensions = [factory({ accept: (parameters) => parameters.length === 0 })];
    const response = answer([['Sec-WebSocket-Extensions', header]]);
    assert.throws(() => check(response, { extensions }), { constructor: NegotiationError, message });
  });
}

test('a malformed list of extensions is refused when extensions were offered', () => {
  const response = answer([['Sec-WebSocket-Extensions', 'a;']]);
  assert.throws(() => check(response, { extensions: [factory()] }), { constructor: InvalidHeaderFormat });
});

test('an error of an extension that is not about negotiation is passed on', () => {
  const broken = factory({
    accept() {
      throw new RangeError('broken');
    },
  });
  const response = answer([['Sec-WebSocket-Extensions', 'x-ext']]);
  assert.throws(() => check(response, { extensions: [broken] }), { name: 'RangeError', message: 'broken' });
});

test('extensions that were accepted before the answer turns out bad are closed', () => {
  const offered = factory();
  const badExtension = answer([['Sec-WebSocket-Extensions', 'x-ext, x-other']]);
  const badSubprotocol = answer([
    ['Sec-WebSocket-Extensions', 'x-ext'],
    ['Sec-WebSocket-Protocol', 'chat'],
  ]);
  assert.throws(() => check(badExtension, { extensions: [offered] }), NegotiationError);
  assert.throws(() => check(badSubprotocol, { extensions: [offered] }), NegotiationError);
  assert.deepEqual(
    offered.made.map(({ isClosed }) => isClosed),
    [true, true],
  );
});

test('a failed answer is no trouble for an extension that has nothing to close', () => {
  const plain: Extension = { name: 'x-ext', decode: (frame) => frame, encode: (frame) => frame };
  const bare: ClientExtensionFactory = {
    name: 'x-ext',
    getRequestParams: () => [],
    processResponseParams: () => plain,
  };
  const response = answer([
    ['Sec-WebSocket-Extensions', 'x-ext'],
    ['Sec-WebSocket-Protocol', 'chat'],
  ]);
  assert.throws(() => check(response, { extensions: [bare] }), { message: 'no subprotocols supported' });
});

const SUBPROTOCOLS = ['chat', 'superchat'];

test('the subprotocol of the answer is taken when it was offered', () => {
  const response = answer([['Sec-WebSocket-Protocol', 'superchat']]);
  assert.equal(check(response, { subprotocols: SUBPROTOCOLS }).subprotocol, 'superchat');
});

test('an answer may choose none of the subprotocols', () => {
  assert.equal(check(answer(), { subprotocols: SUBPROTOCOLS }).subprotocol, null);
});

for (const [values, error, message] of [
  [['other'], NegotiationError, 'unsupported subprotocol: other'],
  [['Chat'], NegotiationError, 'unsupported subprotocol: Chat'],
  [['chat, superchat'], InvalidHeader, 'invalid Sec-WebSocket-Protocol header: multiple values: chat, superchat'],
  [['chat', 'chat'], InvalidHeader, 'invalid Sec-WebSocket-Protocol header: multiple values: chat, chat'],
  [[''], InvalidHeaderFormat, 'invalid Sec-WebSocket-Protocol header: expected token at 0 in '],
] as const) {
  test(`an answer with the subprotocol ${JSON.stringify(values)} is refused: ${message}`, () => {
    const response = answer(values.map((value) => ['Sec-WebSocket-Protocol', value] as const));
    assert.throws(() => check(response, { subprotocols: SUBPROTOCOLS }), { constructor: error, message });
  });
}
