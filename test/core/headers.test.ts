// The headers container.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvalidHeaderValue } from '#dist/core/exceptions/handshake-errors.js';
import {
  compactHeaders,
  fieldLines,
  Headers,
  type HeadersLike,
  headersOf,
  MultipleValuesError,
} from '#dist/core/headers.js';

/** Fields with a repeated name, written in different ways. */
const someHeaders = (): Headers =>
  new Headers([
    ['Set-Cookie', 'a=1'],
    ['Server', 'x'],
    ['set-cookie', 'b=2'],
  ]);

test('a value is found by its name in any case', () => {
  const headers = someHeaders();
  assert.equal(headers.get('server'), 'x');
  assert.equal(headers.get('SERVER'), 'x');
  assert.equal(headers.has('sErVeR'), true);
});

test('a missing field is undefined, and its values are none', () => {
  const headers = someHeaders();
  assert.equal(headers.get('Date'), undefined);
  assert.deepEqual(headers.getAll('Date'), []);
  assert.equal(headers.has('Date'), false);
});

test('a field that is there more than once is not one value', () => {
  const headers = someHeaders();
  assert.throws(
    () => headers.get('Set-Cookie'),
    (error) => {
      assert.ok(error instanceof MultipleValuesError && error instanceof Error);
      assert.equal(error.name, 'MultipleValuesError');
      assert.equal(error.code, 'MULTIPLE_VALUES');
      assert.equal(error.header, 'Set-Cookie');
      assert.equal(error.message, 'multiple values for header Set-Cookie');
      assert.deepEqual(Object.keys(error).sort(), ['code', 'header']);
      return true;
    },
  );
  assert.deepEqual(headers.getAll('SET-COOKIE'), ['a=1', 'b=2']);
});

test('two fields of one name side by side are seen as two', () => {
  const headers = new Headers([
    ['A', '1'],
    ['a', '2'],
  ]);
  assert.throws(() => headers.get('A'), MultipleValuesError);
});

test('a cause is passed on', () => {
  assert.equal(new MultipleValuesError('X', { cause: 1 }).cause, 1);
});

test('the list of values is a copy', () => {
  const headers = someHeaders();
  headers.getAll('Set-Cookie').pop();
  assert.deepEqual(headers.getAll('Set-Cookie'), ['a=1', 'b=2']);
});

test('the size counts distinct names', () => {
  assert.equal(new Headers().size, 0);
  assert.equal(someHeaders().size, 2);
});

test('keys are distinct and in lower case, raw items are all and as written', () => {
  const headers = someHeaders();
  const items = [
    ['Set-Cookie', 'a=1'],
    ['Server', 'x'],
    ['set-cookie', 'b=2'],
  ];
  assert.deepEqual([...headers.keys()], ['set-cookie', 'server']);
  assert.deepEqual([...headers.rawItems()], items);
  assert.deepEqual([...headers.entries()], items);
  assert.deepEqual([...headers], items);
  assert.deepEqual(JSON.parse(JSON.stringify(headers)), items);
});

test('fields can be made from whatever looks like them', () => {
  const likes: Record<string, HeadersLike> = {
    record: { A: '1', B: '2' },
    pairs: [
      ['A', '1'],
      ['B', '2'],
    ],
    map: new Map([
      ['A', '1'],
      ['B', '2'],
    ]),
    'our headers': new Headers({ A: '1', B: '2' }),
    'anything with entries': { entries: () => Object.entries({ A: '1', B: '2' }) },
  };
  for (const [what, like] of Object.entries(likes)) {
    assert.equal(new Headers(like).toString(), 'A: 1\r\nB: 2\r\n\r\n', what);
  }
  const ofTheWeb = new Headers(new globalThis.Headers({ A: '1', B: '2' }));
  assert.equal(ofTheWeb.toString(), 'a: 1\r\nb: 2\r\n\r\n');
  assert.equal(new Headers({ entries: 'a field of that name' }).get('Entries'), 'a field of that name');
  assert.equal(new Headers().toString(), '\r\n');
});

test('the headers of the web take ours', () => {
  assert.equal(new globalThis.Headers([...someHeaders()]).get('server'), 'x');
});

test('what is no headers is refused', () => {
  for (const bad of ['A: 1', 7, null]) {
    assert.throws(() => new Headers(bad as unknown as HeadersLike), {
      name: 'TypeError',
      message: `not headers: ${bad}`,
    });
  }
  const bad = { Accept: ['a', 'b'] } as unknown as HeadersLike;
  assert.throws(() => new Headers(bad), TypeError);
  assert.throws(() => new Headers().append(7 as unknown as string, 'x'), TypeError);
});

test('appending adds, also to a name that is there', () => {
  const headers = new Headers({ A: '1' });
  headers.append('a', '2');
  assert.deepEqual(headers.getAll('A'), ['1', '2']);
});

test('a value may have tabs, spaces, visible ASCII and bytes above', () => {
  const value = '\t !~\x80\xff';
  assert.equal(new Headers({ A: value }).get('A'), value);
});

test('a value that would break the message is refused', () => {
  for (const value of ['a\rb', 'a\nb', 'a\0b', '\x1f', '\x7f', 'Ā', 'x\r\nEvil: 1']) {
    assert.throws(
      () => new Headers().append('A', value),
      (error) => error instanceof InvalidHeaderValue && error.headerName === 'A' && error.value === value,
      JSON.stringify(value),
    );
  }
});

test('the parser makes them without a check', () => {
  const headers = headersOf(['A', '\x01']);
  assert.equal(headers.get('a'), '\x01');
});

test('updating appends all pairs, repeated ones too', () => {
  const headers = new Headers({ A: '1' });
  headers.update([
    ['A', '2'],
    ['B', '3'],
  ]);
  headers.update(headers);
  assert.deepEqual(headers.getAll('A'), ['1', '2', '1', '2']);
  assert.deepEqual(headers.getAll('B'), ['3', '3']);
});

test('a default is added only where there is none', () => {
  const headers = new Headers({ A: '1' });
  assert.equal(headers.setDefault('a', '2'), '1');
  assert.equal(headers.setDefault('B', '3'), '3');
  assert.equal(headers.toString(), 'A: 1\r\nB: 3\r\n\r\n');
  assert.throws(() => someHeaders().setDefault('Set-Cookie', 'c=3'), MultipleValuesError);
});

test('deleting removes all fields of the name and tells whether there were some', () => {
  const headers = someHeaders();
  assert.equal(headers.delete('SET-cookie'), true);
  assert.equal(headers.delete('Set-Cookie'), false);
  assert.equal(headers.toString(), 'Server: x\r\n\r\n');
  assert.equal(headers.get('Server'), 'x');
});

test('clearing removes everything', () => {
  const headers = someHeaders();
  headers.clear();
  assert.equal(headers.size, 0);
  assert.equal(headers.toString(), '\r\n');
});

test('a copy goes its own way', () => {
  const headers = someHeaders();
  const copy = headers.copy();
  copy.append('C', '1');
  headers.delete('Server');
  assert.equal(copy.get('Server'), 'x');
  assert.equal(headers.has('C'), false);
});

test('equality looks at values in order, not at the case or the order of names', () => {
  const headers = someHeaders();
  assert.equal(headers.equals(headers.copy()), true);
  const others: [boolean, HeadersLike][] = [
    [
      true,
      [
        ['SERVER', 'x'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ],
    ],
    [
      false,
      [
        ['SERVER', 'x'],
        ['Set-Cookie', 'b=2'],
        ['Set-Cookie', 'a=1'],
      ],
    ],
    [
      false,
      [
        ['Server', 'X'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ],
    ],
    [
      false,
      [
        ['Server', 'x'],
        ['Server', 'x'],
        ['Set-Cookie', 'a=1'],
      ],
    ],
    [
      false,
      [
        ['Server', 'x'],
        ['Set-Cookie', 'a=1'],
      ],
    ],
    [false, {}],
  ];
  for (const [expected, other] of others) assert.equal(headers.equals(other), expected, JSON.stringify(other));
});

test('the text is the block of a message with its empty line', () => {
  assert.equal(someHeaders().toString(), 'Set-Cookie: a=1\r\nServer: x\r\nset-cookie: b=2\r\n\r\n');
});

test('the container behaves as a plain list of pairs does, whatever is done to it', () => {
  const name = fc.constantFrom('a', 'A', 'b', 'B', 'c');
  const step = fc.oneof(
    fc.tuple(fc.constant('append' as const), name, fc.constantFrom('1', '2')),
    fc.tuple(fc.constant('delete' as const), name, fc.constant('')),
    fc.tuple(fc.constant('setDefault' as const), name, fc.constantFrom('1', '2')),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const headers = new Headers();
      let model: [string, string][] = [];
      const valuesOf = (key: string): string[] =>
        model.filter(([other]) => other.toLowerCase() === key.toLowerCase()).map(([, value]) => value);
      for (const [what, key, value] of steps) {
        if (what === 'delete') {
          assert.equal(headers.delete(key), valuesOf(key).length > 0);
          model = model.filter(([other]) => other.toLowerCase() !== key.toLowerCase());
        } else if (what === 'append' || valuesOf(key).length === 0) {
          headers[what](key, value);
          model.push([key, value]);
        }
      }
      assert.deepEqual([...headers], model);
      assert.equal(headers.size, new Set(model.map(([key]) => key.toLowerCase())).size);
      for (const key of ['a', 'b', 'c']) assert.deepEqual(headers.getAll(key), valuesOf(key));
    }),
  );
});

test('headers that were made small say what they said', () => {
  const head = 'GET / HTTP/1.1\r\nA: 1\r\nb: 2\r\n\r\n';
  for (const headers of [headersOf(['A', '1', 'b', '2'], head), new Headers({ A: '1', b: '2' })]) {
    compactHeaders(headers);
    assert.equal(headers.get('a'), '1');
    assert.deepEqual([...headers.copy()], [...headers]);
    compactHeaders(headers);
    assert.equal(headers.toString(), 'A: 1\r\nb: 2\r\n\r\n');
  }
});

test('headers that changed after they were parsed keep the change when they are made small', () => {
  const changes: readonly ((headers: Headers) => void)[] = [
    (headers) => headers.append('B', '2'),
    (headers) => headers.setDefault('B', '2'),
    (headers) => headers.update({ B: '2' }),
    (headers) => headers.delete('A'),
    (headers) => headers.clear(),
  ];
  for (const change of changes) {
    const [small, plain] = [headersOf(['A', '1'], 'GET / HTTP/1.1\r\nA: 1\r\n\r\n'), new Headers({ A: '1' })];
    compactHeaders(small);
    change(small);
    compactHeaders(small);
    change(plain);
    assert.deepEqual(small.toJSON(), plain.toJSON());
  }
});

test('a name that is no token is not written', () => {
  for (const name of ['', 'a b', 'a:', 'a\r\nb'])
    assert.throws(() => fieldLines(new Headers([[name, '1']])), TypeError);
});
