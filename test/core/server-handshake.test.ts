// Checks which requests a server accepts, what it negotiates, and why it refuses the others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  InvalidHandshake,
  InvalidHeader,
  InvalidHeaderFormat,
  InvalidHeaderValue,
  InvalidMethod,
  InvalidOrigin,
  InvalidProtocol,
  InvalidUpgrade,
  NegotiationError,
} from '#dist/core/exceptions/handshake-errors.js';
import type { Extension, ExtensionParameter, ServerExtensionFactory } from '#dist/core/extension.js';
import { rejectionFor } from '#dist/core/handshake-answers.js';
import type { HeaderPair } from '#dist/core/headers.js';
import { isLoopbackName } from '#dist/core/host-header.js';
import { Request } from '#dist/core/http-message.js';
import { checkHandshakeRequest, type HandshakeRequestPolicy } from '#dist/core/server-handshake.js';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

const GOOD: readonly HeaderPair[] = [
  ['Host', 'example.com'],
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Key', KEY],
  ['Sec-WebSocket-Version', '13'],
];

type Changes = readonly (readonly [name: string, value: string | null])[];

/** A request with {@link GOOD} but for the headers that are given: these replace all of the same name, null removes. */
function ask(changes: Changes = [], { method = 'GET', protocol = 'HTTP/1.1' } = {}): Request {
  const changed = new Set(changes.map(([name]) => name));
  const added = changes.filter((pair): pair is readonly [string, string] => pair[1] !== null);
  return new Request('/', [...GOOD.filter(([name]) => !changed.has(name)), ...added], method, protocol);
}

const check = (changes: Changes = [], policy: HandshakeRequestPolicy = {}) =>
  checkHandshakeRequest(ask(changes), policy);

test('a plain request is accepted and agrees on nothing more', () => {
  const accepted = { origin: null, extensions: [], extensionHeader: null, subprotocol: null, acceptValue: ACCEPT };
  assert.deepEqual(check(), accepted);
  const nothing = {
    origins: null,
    allowedHosts: null,
    subprotocols: null,
    extensions: null,
    selectSubprotocol: undefined,
  };
  assert.deepEqual(check([], nothing), accepted);
});

test('the path and the order of headers do not matter', () => {
  const request = new Request('*', [...GOOD].reverse());
  assert.equal(checkHandshakeRequest(request, {}).acceptValue, ACCEPT);
});

const ACCEPTED: Readonly<Record<string, Changes>> = {
  'Connection and Upgrade in another case': [
    ['Connection', 'uPgRaDe'],
    ['Upgrade', 'WebSocket'],
  ],
  'other options in Connection': [['Connection', 'keep-alive, Upgrade']],
  'Connection twice': [
    ['Connection', 'keep-alive'],
    ['Connection', 'Upgrade'],
  ],
  'a key with unused bits set': [['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZR==']],
  'a version between spaces': [['Sec-WebSocket-Version', '\t13 ']],
  'a Host with a port': [['Host', 'example.com:8080']],
  'a Host that is an IPv6 address': [['Host', '[::1]:8080']],
  'a malformed list of extensions, which nobody reads': [['Sec-WebSocket-Extensions', ';;;']],
  'subprotocols that we do not have': [['Sec-WebSocket-Protocol', 'chat']],
};

for (const [what, changes] of Object.entries(ACCEPTED)) {
  test(`a request with ${what} is accepted`, () => assert.doesNotThrow(() => check(changes)));
}

type ErrorClass = new (...args: never) => InvalidHandshake;

const HOST = 'Host';
const KEY_HEADER = 'Sec-WebSocket-Key';
const VERSION = 'Sec-WebSocket-Version';

const REFUSED: readonly (readonly [what: string, Changes, status: number, ErrorClass, message: string])[] = [
  ['no Host', [[HOST, null]], 400, InvalidHeader, 'missing Host header'],
  [
    'Host twice',
    [
      [HOST, 'a'],
      [HOST, 'a'],
    ],
    400,
    InvalidHeader,
    'invalid Host header: multiple values',
  ],
  ['an empty Host', [[HOST, '']], 400, InvalidHeader, 'empty Host header'],
  ['a malformed Host', [[HOST, 'u@h']], 400, InvalidHeader, 'invalid Host header: u@h'],
  ['a malformed port in Host', [[HOST, 'h:x']], 400, InvalidHeader, 'invalid Host header: h:x'],

  ['no Connection', [['Connection', null]], 426, InvalidUpgrade, 'missing Connection header'],
  ['another Connection', [['Connection', 'close']], 426, InvalidUpgrade, 'invalid Connection header: close'],
  [
    'a malformed Connection',
    [['Connection', ';']],
    400,
    InvalidHeaderFormat,
    'invalid Connection header: expected token at 0 in ;',
  ],
  ['no Upgrade', [['Upgrade', null]], 426, InvalidUpgrade, 'missing Upgrade header'],
  ['another Upgrade', [['Upgrade', 'h2c']], 426, InvalidUpgrade, 'invalid Upgrade header: h2c'],
  [
    'two protocols in Upgrade',
    [['Upgrade', 'h2c, websocket']],
    426,
    InvalidUpgrade,
    'invalid Upgrade header: h2c, websocket',
  ],
  [
    'Upgrade twice',
    [
      ['Upgrade', 'websocket'],
      ['Upgrade', 'websocket'],
    ],
    426,
    InvalidUpgrade,
    'invalid Upgrade header: websocket, websocket',
  ],
  [
    'a malformed Upgrade',
    [['Upgrade', '']],
    400,
    InvalidHeaderFormat,
    'invalid Upgrade header: expected protocol at 0 in ',
  ],

  ['no key', [[KEY_HEADER, null]], 400, InvalidHeader, 'missing Sec-WebSocket-Key header'],
  [
    'the key twice',
    [
      [KEY_HEADER, KEY],
      [KEY_HEADER, KEY],
    ],
    400,
    InvalidHeader,
    'invalid Sec-WebSocket-Key header: multiple values',
  ],
  ['an empty key', [[KEY_HEADER, '']], 400, InvalidHeaderValue, 'empty Sec-WebSocket-Key header'],
  [
    'a key that is not base64',
    [[KEY_HEADER, 'not base64']],
    400,
    InvalidHeaderValue,
    'invalid Sec-WebSocket-Key header: not base64',
  ],
  [
    'a key without padding',
    [[KEY_HEADER, KEY.slice(0, 22)]],
    400,
    InvalidHeaderValue,
    `invalid Sec-WebSocket-Key header: ${KEY.slice(0, 22)}`,
  ],
  [
    'a key of 15 bytes',
    [[KEY_HEADER, 'AAAAAAAAAAAAAAAAAAAA']],
    400,
    InvalidHeaderValue,
    'invalid Sec-WebSocket-Key header: AAAAAAAAAAAAAAAAAAAA',
  ],
  [
    'a key of 17 bytes',
    [[KEY_HEADER, 'AAAAAAAAAAAAAAAAAAAAAAA=']],
    400,
    InvalidHeaderValue,
    'invalid Sec-WebSocket-Key header: AAAAAAAAAAAAAAAAAAAAAAA=',
  ],

  ['no version', [[VERSION, null]], 400, InvalidHeader, 'missing Sec-WebSocket-Version header'],
  [
    'the version twice',
    [
      [VERSION, '13'],
      [VERSION, '13'],
    ],
    400,
    InvalidHeader,
    'invalid Sec-WebSocket-Version header: multiple values',
  ],
  ['an older version', [[VERSION, '8']], 426, InvalidHeaderValue, 'invalid Sec-WebSocket-Version header: 8'],
  ['an empty version', [[VERSION, '']], 426, InvalidHeaderValue, 'empty Sec-WebSocket-Version header'],
  [
    'two versions in one header',
    [[VERSION, '13, 8']],
    426,
    InvalidHeaderValue,
    'invalid Sec-WebSocket-Version header: 13, 8',
  ],
  [
    'a version with a leading zero',
    [[VERSION, '013']],
    426,
    InvalidHeaderValue,
    'invalid Sec-WebSocket-Version header: 013',
  ],
  [
    'a no-break space in the version',
    [[VERSION, '13\u00a0']],
    426,
    InvalidHeaderValue,
    'invalid Sec-WebSocket-Version header: 13\u00a0',
  ],

  [
    'Origin twice',
    [
      ['Origin', 'a'],
      ['Origin', 'a'],
    ],
    400,
    InvalidHeader,
    'invalid Origin header: multiple values',
  ],
  [
    'a malformed list of subprotocols',
    [['Sec-WebSocket-Protocol', ';']],
    400,
    InvalidHeaderFormat,
    'invalid Sec-WebSocket-Protocol header: expected token at 0 in ;',
  ],
];

for (const [what, changes, status, errorClass, message] of REFUSED) {
  test(`a request with ${what} is refused with ${status}: ${message}`, () => {
    assert.throws(
      () => check(changes),
      (error) => {
        assert.ok(error instanceof InvalidHandshake);
        assert.equal(error.constructor, errorClass);
        assert.equal(error.message, message);
        assert.equal(rejectionFor(error, 0).statusCode, status);
        return true;
      },
    );
  });
}

for (const method of ['POST', 'HEAD', 'get', '']) {
  test(`the method "${method}" is refused with 405`, () => {
    assert.throws(() => checkHandshakeRequest(ask([], { method }), {}), {
      constructor: InvalidMethod,
      message: `unsupported HTTP method: ${method}`,
    });
  });
}

test('a request of HTTP/1.0 is refused with 505', () => {
  assert.throws(() => checkHandshakeRequest(ask([], { protocol: 'HTTP/1.0' }), {}), {
    constructor: InvalidProtocol,
    message: 'unsupported HTTP version: HTTP/1.0',
  });
});

/** A factory that lists each extension it has made. */
function factory(name: string, answer: (parameters: readonly ExtensionParameter[]) => readonly ExtensionParameter[]) {
  const made: (Extension & { readonly place: number; isClosed: boolean })[] = [];
  const result: ServerExtensionFactory & { readonly made: typeof made } = {
    name,
    made,
    processRequestParams(parameters, accepted) {
      const answered = answer(parameters);
      const extension = {
        name,
        place: accepted.length,
        isClosed: false,
        decode: <T>(frame: T) => frame,
        encode: <T>(frame: T) => frame,
        close() {
          extension.isClosed = true;
        },
      };
      made.push(extension);
      return [answered, extension];
    },
  };
  return result;
}

const echo = (parameters: readonly ExtensionParameter[]) => parameters;
const declineAll = (): never => {
  throw new NegotiationError('declined');
};
const offer = (...values: readonly string[]): Changes => values.map((value) => ['Sec-WebSocket-Extensions', value]);

test('checks come in the order of the specification', () => {
  const steps: readonly (readonly [mend: (worst: Worst) => void, message: string])[] = [
    [() => {}, 'unsupported HTTP method: POST'],
    [
      (worst) => {
        worst.line.method = 'GET';
      },
      'unsupported HTTP version: HTTP/1.0',
    ],
    [
      (worst) => {
        worst.line.protocol = 'HTTP/1.1';
      },
      'invalid Host header: a b',
    ],
    [(worst) => worst.headers.set(HOST, 'other.test'), 'invalid Host header: other.test'],
    [(worst) => worst.headers.set(HOST, 'example.com'), 'missing Connection header'],
    [(worst) => worst.headers.set('Connection', 'Upgrade'), 'missing Upgrade header'],
    [(worst) => worst.headers.set('Upgrade', 'websocket'), 'missing Sec-WebSocket-Key header'],
    [(worst) => worst.headers.set(KEY_HEADER, KEY), 'missing Sec-WebSocket-Version header'],
    [(worst) => worst.headers.set(VERSION, '13'), 'invalid Origin header: http://evil.test'],
    [(worst) => worst.headers.delete('Origin'), 'invalid Sec-WebSocket-Extensions header: expected token at 0 in ;'],
    [(worst) => worst.headers.delete('Sec-WebSocket-Extensions'), 'missing subprotocol'],
  ];
  interface Worst {
    readonly line: { method: string; protocol: string };
    readonly headers: Map<string, string>;
  }
  const worst: Worst = {
    line: { method: 'POST', protocol: 'HTTP/1.0' },
    headers: new Map([
      [HOST, 'a b'],
      ['Origin', 'http://evil.test'],
      ['Sec-WebSocket-Extensions', ';'],
    ]),
  };
  const policy: HandshakeRequestPolicy = {
    allowedHosts: ['example.com'],
    origins: 'same-host',
    extensions: [factory('x-ext', echo)],
    subprotocols: ['chat'],
  };
  for (const [mend, message] of steps) {
    mend(worst);
    const request = new Request('/', worst.headers, worst.line.method, worst.line.protocol);
    assert.throws(() => checkHandshakeRequest(request, policy), { message });
  }
});

test('a host that is not allowed is refused with 403, one that is allowed is not', () => {
  const policy = { allowedHosts: [isLoopbackName, 'dev.test'] };
  for (const host of ['localhost:8080', '127.0.0.1', '[::1]:1', 'DEV.test']) {
    assert.doesNotThrow(() => check([[HOST, host]], policy));
  }
  assert.throws(
    () => check([[HOST, 'rebound.evil.test']], policy),
    (error) => error instanceof InvalidHeaderValue && rejectionFor(error, 0).statusCode === 403,
  );
});

test('the origin is told even when nobody checks it', () => {
  assert.equal(check([['Origin', 'http://evil.test']]).origin, 'http://evil.test');
});

test('an origin that the rules admit is accepted, another is refused with 403', () => {
  const policy: HandshakeRequestPolicy = { origins: ['same-host', /https:\/\/.*\.test/] };
  for (const origin of ['https://a.test', 'http://example.com:3000']) {
    assert.equal(check([['Origin', origin]], policy).origin, origin);
  }
  assert.equal(check([], policy).origin, null);
  assert.throws(
    () => check([['Origin', 'null']], policy),
    (error) => error instanceof InvalidOrigin && rejectionFor(error, 0).statusCode === 403,
  );
});

test('a missing Origin that the rules do not admit is refused as missing', () => {
  assert.throws(() => check([], { origins: ['https://a.test'] }), {
    constructor: InvalidOrigin,
    message: 'missing Origin header',
  });
});

test('offers are accepted in the order of the client, over all occurrences of the header', () => {
  const one = factory('x-one', () => [
    ['a', '1'],
    ['b', null],
  ]);
  const two = factory('x-two', () => []);
  const accepted = check(offer('x-two, x-unknown', 'x-one'), { extensions: [one, two] });
  assert.deepEqual(accepted.extensions, [two.made[0], one.made[0]]);
  assert.deepEqual([two.made[0]?.place, one.made[0]?.place], [0, 1]);
  assert.equal(accepted.extensionHeader, 'x-two, x-one; a=1; b');
});

test('for one offer the first extension of that name that does not decline wins', () => {
  const first = factory('x-ext', declineAll);
  const second = factory('x-ext', echo);
  const third = factory('x-ext', echo);
  const accepted = check(offer('x-ext; a'), { extensions: [first, second, third] });
  assert.deepEqual(accepted.extensions, [second.made[0]]);
  assert.equal(accepted.extensionHeader, 'x-ext; a');
  assert.equal(third.made.length, 0);
});

for (const [what, values] of [
  ['declined', ['x-none']],
  ['of a name in another case', ['X-EXT']],
  ['absent', []],
] as const) {
  test(`offers that are ${what} leave no extension and no header`, () => {
    const extensions = [factory('x-ext', echo), factory('x-none', declineAll)];
    const { extensions: accepted, extensionHeader } = check(offer(...values), { extensions });
    assert.deepEqual(accepted, []);
    assert.equal(extensionHeader, null);
  });
}

test('a malformed list of extensions is refused when the server has some', () => {
  assert.throws(() => check(offer('a;'), { extensions: [factory('x-ext', echo)] }), {
    constructor: InvalidHeaderFormat,
  });
});

test('an error of an extension that is not about negotiation is passed on', () => {
  const broken = factory('x-ext', () => {
    throw new RangeError('broken');
  });
  assert.throws(() => check(offer('x-ext'), { extensions: [broken] }), { name: 'RangeError', message: 'broken' });
});

for (const [what, answer] of [
  ['name', [['a b', null]]],
  ['value', [['a', '1\r\nX: 1']]],
] as const) {
  test(`an extension that answers with a parameter whose ${what} is no token is a TypeError`, () => {
    const extensions = [factory('x-ext', () => answer)];
    assert.throws(() => check(offer('x-ext'), { extensions }), TypeError);
  });
}

test('extensions that were accepted before the request turns out bad are closed', () => {
  const good = factory('x-ext', echo);
  assert.throws(() => check(offer('x-ext'), { extensions: [good], subprotocols: ['chat'] }), NegotiationError);
  const broken = factory('x-broken', () => {
    throw new RangeError('broken');
  });
  assert.throws(() => check(offer('x-ext, x-broken'), { extensions: [good, broken] }), RangeError);
  assert.deepEqual(
    good.made.map(({ isClosed }) => isClosed),
    [true, true],
  );
});

const SUBPROTOCOLS = ['superchat', 'chat'];
const offered = (...values: readonly string[]): Changes => values.map((value) => ['Sec-WebSocket-Protocol', value]);

test('the first subprotocol of the server that the client offers is chosen', () => {
  const policy = { subprotocols: SUBPROTOCOLS };
  assert.equal(check(offered('chat, superchat'), policy).subprotocol, 'superchat');
  assert.equal(check(offered('other', 'chat'), policy).subprotocol, 'chat');
});

test('a server without subprotocols chooses none', () => {
  assert.equal(check(offered('chat'), { subprotocols: [] }).subprotocol, null);
});

for (const [values, message] of [
  [[], 'missing subprotocol'],
  [['other'], 'invalid subprotocol; expected one of {superchat, chat}'],
  [['Chat'], 'invalid subprotocol; expected one of {superchat, chat}'],
] as const) {
  test(`an offer of ${JSON.stringify(values)} is refused: ${message}`, () => {
    assert.throws(() => check(offered(...values), { subprotocols: SUBPROTOCOLS }), {
      constructor: NegotiationError,
      message,
    });
  });
}

test('a selector of its own sees what is offered and replaces the rule', () => {
  const seen: (readonly string[])[] = [];
  const selectSubprotocol = (names: readonly string[]) => {
    seen.push(names);
    return 'mine';
  };
  assert.equal(check(offered('a, b', 'c'), { subprotocols: SUBPROTOCOLS, selectSubprotocol }).subprotocol, 'mine');
  assert.equal(check([], { subprotocols: SUBPROTOCOLS, selectSubprotocol }).subprotocol, 'mine');
  assert.deepEqual(seen, [['a', 'b', 'c'], []]);
});

for (const nothing of [null, undefined]) {
  test(`a selector that returns ${nothing} chooses no subprotocol`, () => {
    assert.equal(check(offered('a'), { selectSubprotocol: () => nothing }).subprotocol, null);
  });
}

for (const selected of ['', 'a b', 'a\r\nX: 1', 'a,b', Promise.resolve('a')]) {
  test(`a selector that returns ${JSON.stringify(selected)} is a TypeError and a 500`, () => {
    assert.throws(
      () => check(offered('a'), { selectSubprotocol: () => selected as string }),
      (error) => error instanceof TypeError && rejectionFor(error, 0).statusCode === 500,
    );
  });
}

for (const error of [new NegotiationError('not today'), new RangeError('a mistake')]) {
  test(`a selector's ${error.name} is passed on as it is`, () => {
    const selectSubprotocol = () => {
      throw error;
    };
    assert.throws(
      () => check(offered('a'), { selectSubprotocol }),
      (thrown) => thrown === error,
    );
  });
}
