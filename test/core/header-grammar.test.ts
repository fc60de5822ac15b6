// The grammars of the handshake's headers: what they accept, and where they say that they do not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeText } from '#dist/core/escape-text.js';
import { InvalidHeaderFormat } from '#dist/core/exceptions/handshake-errors.js';
import type { ExtensionHeader } from '#dist/core/extension.js';
import {
  buildExtension,
  buildSubprotocol,
  parseConnection,
  parseExtension,
  parseSubprotocol,
  parseUpgrade,
  validateSubprotocols,
} from '#dist/core/header-grammar.js';
import { isToken } from '#dist/core/http-characters.js';

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** For each header its parser and a table: a value, and what it is or what is wrong with it. */
interface Grammar {
  readonly header: string;
  readonly parse: (value: string) => unknown;
  readonly accepted: readonly (readonly [value: string, parsed: unknown])[];
  readonly refused: readonly (readonly [value: string, problem: string])[];
}

/** What holds for every list of tokens. */
const listOfTokens: Pick<Grammar, 'accepted' | 'refused'> = {
  accepted: [
    ['a', ['a']],
    ['Upgrade', ['Upgrade']],
    ['keep-alive, Upgrade', ['keep-alive', 'Upgrade']],
    ['a,b,a', ['a', 'b', 'a']],
    ['a \t,\t b', ['a', 'b']],
    [',a', ['a']],
    [', ,\t,a', ['a']],
    ['a,', ['a']],
    ['a , ,, b, , ', ['a', 'b']],
    ['a \t', ['a']],
    [TOKEN_CHARACTERS, [TOKEN_CHARACTERS]],
  ],
  refused: [
    ['a b', 'expected comma at 2'],
    ['a  b', 'expected comma at 3'],
    ['a;', 'expected comma at 1'],
    ['a, b c', 'expected comma at 5'],
    ['aé', 'expected comma at 1'],
    ['a\r', 'expected comma at 1'],
  ],
};

const wrongItems = (problem: string): [string, string][] =>
  [
    ['', 0],
    [',', 1],
    [', ,', 3],
    [' a', 0],
    ['\ta', 0],
    ['(a)', 0],
    ['"a"', 0],
    ['a, ?', 3],
    [',, /', 3],
  ].map(([value, position]) => [String(value), `${problem} at ${position}`]);

const GRAMMARS: readonly Grammar[] = [
  {
    header: 'Connection',
    parse: parseConnection,
    accepted: listOfTokens.accepted,
    refused: [...listOfTokens.refused, ...wrongItems('expected token')],
  },
  {
    header: 'Sec-WebSocket-Protocol',
    parse: parseSubprotocol,
    accepted: listOfTokens.accepted,
    refused: [...listOfTokens.refused, ...wrongItems('expected token')],
  },
  {
    header: 'Upgrade',
    parse: parseUpgrade,
    accepted: [
      ...listOfTokens.accepted,
      ['websocket', ['websocket']],
      ['HTTP/2.0, SHTTP/1.3, IRC/6.9', ['HTTP/2.0', 'SHTTP/1.3', 'IRC/6.9']],
    ],
    refused: [
      ...listOfTokens.refused,
      ...wrongItems('expected protocol'),
      ['HTTP/', 'expected comma at 4'],
      ['HTTP /2', 'expected comma at 5'],
      ['a/b/c', 'expected comma at 3'],
      ['/2', 'expected protocol at 0'],
    ],
  },
  {
    header: 'Sec-WebSocket-Extensions',
    parse: parseExtension,
    accepted: [
      ['foo', [['foo', []]]],
      [
        'foo, bar',
        [
          ['foo', []],
          ['bar', []],
        ],
      ],
      [
        'foo; name; token=token; quoted="quoted", bar; quux; quuux',
        [
          [
            'foo',
            [
              ['name', null],
              ['token', 'token'],
              ['quoted', 'quoted'],
            ],
          ],
          [
            'bar',
            [
              ['quux', null],
              ['quuux', null],
            ],
          ],
        ],
      ],
      [
        ',\t, ,  ,foo  ;bar = 42,,   baz,,',
        [
          ['foo', [['bar', '42']]],
          ['baz', []],
        ],
      ],
      ['a;b\t=\t"c\\d\\-"', [['a', [['b', 'cd-']]]]],
      [
        'a;B=1;b=2;B',
        [
          [
            'a',
            [
              ['B', '1'],
              ['b', '2'],
              ['B', null],
            ],
          ],
        ],
      ],
      ['permessage-deflate; client_max_window_bits', [['permessage-deflate', [['client_max_window_bits', null]]]]],
    ],
    refused: [
      ...wrongItems('expected token'),
      ['a b', 'expected comma at 2'],
      ['a=b', 'expected comma at 1'],
      ['a;', 'expected token at 2'],
      ['a; ', 'expected token at 3'],
      ['a;;b', 'expected token at 2'],
      ['a;b=', 'expected token at 4'],
      ['a;b= ?', 'expected token at 5'],
      ['a;b="c', 'expected quoted string at 4'],
      ['a;b= "c\\', 'expected quoted string at 5'],
      ['a;b="c\\"', 'expected quoted string at 4'],
      ['a;b="é"', 'expected quoted string at 4'],
      ['a;b="\0"', 'expected quoted string at 4'],
      ['a;b=""', 'invalid quoted header content at 4'],
      ['a;b="c d"', 'invalid quoted header content at 4'],
      ['a;b="\\é"', 'invalid quoted header content at 4'],
      ['a;b= "\\""', 'invalid quoted header content at 5'],
      ['a;b="c"d', 'expected comma at 7'],
      ['a;b=c d', 'expected comma at 6'],
    ],
  },
];

for (const { header, parse, accepted, refused } of GRAMMARS) {
  for (const [value, parsed] of accepted) {
    test(`${header} reads ${JSON.stringify(value)}`, () => assert.deepEqual(parse(value), parsed));
  }
  for (const [value, problem] of refused) {
    test(`${header} refuses ${JSON.stringify(value)}: ${problem}`, () =>
      assert.throws(
        () => parse(value),
        (error) => {
          assert.ok(error instanceof InvalidHeaderFormat);
          assert.equal(error.headerName, header);
          assert.equal(error.message, `invalid ${header} header: ${problem} in ${escapeText(value)}`);
          return true;
        },
      ));
  }
}

test('a token has at least one character, and only those of RFC 9110 §5.6.2', () => {
  assert.equal(isToken(''), false);
  for (let code = 0; code <= 0x100; code++) {
    const character = String.fromCharCode(code);
    assert.equal(isToken(character), TOKEN_CHARACTERS.includes(character), `U+${code.toString(16)}`);
    assert.equal(isToken(`a${character}b`), TOKEN_CHARACTERS.includes(character), `U+${code.toString(16)} inside`);
  }
  assert.equal(isToken('a\n'), false);
});

test('extensions are written with bare values', () => {
  const extensions: ExtensionHeader[] = [
    [
      'foo',
      [
        ['name', null],
        ['token', 'token'],
      ],
    ],
    ['bar', []],
  ];
  assert.equal(buildExtension(extensions), 'foo; name; token=token, bar');
  assert.equal(buildExtension([]), '');
});

test('subprotocols are written with commas', () => {
  assert.equal(buildSubprotocol(['a', 'b']), 'a, b');
  assert.equal(buildSubprotocol(['a']), 'a');
});

test('a list of tokens is a list of subprotocols', () => {
  validateSubprotocols([]);
  validateSubprotocols(['chat', 'soap+v1.2']);
});

test('what is no list of tokens is no list of subprotocols', () => {
  const validate = validateSubprotocols as (value: unknown) => void;
  for (const [value, name, message] of [
    ['chat', 'TypeError', 'subprotocols must be a list, not a str'],
    [null, 'TypeError', 'subprotocols must be a list'],
    [7, 'TypeError', 'subprotocols must be a list'],
    [{ length: 0 }, 'TypeError', 'subprotocols must be a list'],
    [['chat', 'a b'], 'RangeError', 'invalid subprotocol: a b'],
    [[''], 'RangeError', 'invalid subprotocol: '],
    [['chat', 7], 'RangeError', 'invalid subprotocol: 7'],
    [['chat\r\n'], 'RangeError', 'invalid subprotocol: chat\r\n'],
  ] as const) {
    assert.throws(() => validate(value), { name, message }, String(value));
  }
});

// --- Properties ---

const token = fc.string({ unit: fc.constantFrom(...TOKEN_CHARACTERS), minLength: 1, maxLength: 8 });
const parameter = fc.tuple(token, fc.option(token));
const extension = fc.tuple(token, fc.array(parameter, { maxLength: 4 }));

test('extensions that are written are read back', () => {
  fc.assert(
    fc.property(fc.array(extension, { minLength: 1, maxLength: 4 }), (extensions) => {
      assert.deepEqual(parseExtension(buildExtension(extensions)), extensions);
    }),
  );
});

test('subprotocols that are written are read back', () => {
  fc.assert(
    fc.property(fc.array(token, { minLength: 1 }), (names) => {
      assert.deepEqual(parseSubprotocol(buildSubprotocol(names)), names);
    }),
  );
});

test('spaces and commas between the items of a list change nothing', () => {
  const gap = fc.stringMatching(/^[\t ]*(,[\t ]*)+$/);
  const lead = fc.stringMatching(/^(,[\t ]*)*$/);
  const tail = fc.stringMatching(/^[\t ]*(,[\t ]*)*$/);
  fc.assert(
    fc.property(lead, fc.array(fc.tuple(token, gap)), token, tail, (before, items, last, after) => {
      const value = before + items.map((item) => item.join('')).join('') + last + after;
      assert.deepEqual(parseConnection(value), [...items.map(([item]) => item), last]);
    }),
  );
});

test('whatever a header says, it is read or refused with its own error', () => {
  const near = fc.string({ unit: fc.constantFrom(...'a,;="\\ \t/é\0') });
  fc.assert(
    fc.property(fc.oneof(near, fc.string()), (value) => {
      for (const { parse } of GRAMMARS) {
        try {
          parse(value);
        } catch (error) {
          assert.ok(error instanceof InvalidHeaderFormat, String(error));
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('a hostile value costs time in proportion to its length', () => {
  const start = process.cpuUsage();
  const n = 200_000;
  assert.throws(() => parseExtension(`a;b="${'c'.repeat(n)}`), /expected quoted string/);
  assert.throws(() => parseExtension(`a;b="${'\\"'.repeat(n)}`), /expected quoted string/);
  assert.throws(() => parseConnection(','.repeat(n)), /expected token/);
  assert.throws(() => parseConnection(`a${' '.repeat(n)}b`), /expected comma/);
  assert.throws(() => parseUpgrade(`${'a'.repeat(n)}/`), /expected comma/);
  const { user } = process.cpuUsage(start);
  assert.ok(user < 5_000_000, `${user} µs`);
});
