// Patterns in the pathname syntax of URLPattern: what they match, and, where the runtime has URLPattern, that it says the same.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { urlPattern } from 'websockets-ts/router';
import { PathProgram } from '#dist/router/path-program.js';

type Groups = Record<string, string | undefined> | null;

interface NativePattern {
  exec(input: { readonly pathname: string }): { readonly pathname: { readonly groups: Groups } } | null;
}
const Native = (globalThis as { URLPattern?: new (init: { readonly pathname: string }) => NativePattern }).URLPattern;
const skip = Native === undefined ? 'this Node has no URLPattern to compare with (24 has)' : false;

/** The groups of a path that matches, by our reading of the pattern. */
function groupsOf(pathname: string, path: string): Groups {
  const { node, parameters } = urlPattern(pathname).pattern;
  const texts = new PathProgram(node, parameters.length).match(path);
  return texts && Object.fromEntries(parameters.map(({ name }, index) => [name, texts[index]]));
}

function nativeGroupsOf(pathname: string, path: string): Groups {
  const groups = new Native!({ pathname }).exec({ pathname: path })?.pathname.groups;
  return groups === undefined ? null : { ...groups };
}

const cases: readonly (readonly [pattern: string, path: string, groups: Groups])[] = [
  ['/users/:id', '/users/1', { id: '1' }],
  ['/users/:id', '/users/', null],
  ['/users/:id', '/users/1/2', null],
  ['/users/:id', '/USERS/1', null],
  ['/users/:id/', '/users/1', null],
  ['/users/:id(\\d+)', '/users/12', { id: '12' }],
  ['/users/:id(\\d+)', '/users/x', null],
  ['/:a(x|y)/:b', '/y/z', { a: 'y', b: 'z' }],
  ['/:a(.*)', '/x/y', { a: 'x/y' }],
  ['/:a(.*)', '/', { a: '' }],
  ['/:a([^\\/]+)', '/x/y', null],
  ['/:a([^\\/]+?)/b', '/x/b', { a: 'x' }],
  ['/static/*', '/static/a/b', { 0: 'a/b' }],
  ['/static/*', '/static/', { 0: '' }],
  ['/static/*', '/static', null],
  ['/*/x/*', '/a/b/x/c', { 0: 'a/b', 1: 'c' }],
  ['/(\\d+)-(\\w+)', '/1-a', { 0: '1', 1: 'a' }],
  ['{/:language}?/help', '/help', { language: undefined }],
  ['{/:language}?/help', '/de/help', { language: 'de' }],
  ['/:a?', '/', null],
  ['/x/:a?', '/x', { a: undefined }],
  ['/x/:a?', '/x/1', { a: '1' }],
  ['/x/:a+', '/x/1/2/3', { a: '1/2/3' }],
  ['/x/:a+', '/x', null],
  ['/x/:a*', '/x', { a: undefined }],
  ['/x/:a*', '/x/1/2', { a: '1/2' }],
  ['/x/*?', '/x', { 0: undefined }],
  ['/x{-:a}+', '/x-1-2', { a: '1-2' }],
  ['/x{-:a.}*', '/x-1.-2.', { a: '1.-2' }],
  ['/{ab}+', '/ababab', {}],
  ['/{ab}?', '/', {}],
  ['/{ab}*c', '/c', {}],
  ['/{ab}c', '/abc', {}],
  ['/{a:b}c', '/axc', { b: 'x' }],
  ['/:a-:b', '/x-y-z', { a: 'x', b: 'y-z' }],
  ['/:a.:b', '/x.y.z', { a: 'x', b: 'y.z' }],
  ['/\\:a', '/:a', {}],
  ['/\\{\\}', '/%7B%7D', {}],
  ['/a b', '/a%20b', {}],
  ['/café', '/caf%C3%A9', {}],
  ['/a.b', '/axb', null],
  ['/:ä', '/x', { ä: 'x' }],
];

describe('a pattern in the syntax of URLPattern', () => {
  for (const [pattern, path, groups] of cases) {
    test(`${pattern} ${groups === null ? 'does not match' : 'matches'} ${path}`, () => {
      assert.deepEqual(groupsOf(pattern, path), groups);
    });
  }
});

const wrong: readonly (readonly [pattern: string, message: RegExp])[] = [
  ['/:', /no name stands behind the : at 1$/],
  ['/:1', /no name stands behind the : at 1$/],
  ['/:a/:a', /:a stands there twice$/],
  ['/(', /the \( at 1 is not closed$/],
  ['/()', /the expression at 1 is empty$/],
  ['/(?:a)', /may not begin with \?$/],
  ['/((a))', /a group in an expression begins with \?: at 2$/],
  ['/(ä)', /ASCII characters only/],
  ['/:a([^/]+)', /Invalid character in character class/i],
  ['/:a([)', /invalid pattern .*regular expression/i],
  ['/{a', /a \{ is not closed/],
  ['/{:a:b}', /holds more than one parameter$/],
  ['/a}', /unexpected \} at 2$/],
  ['/a?', /unexpected \? at 2$/],
  ['+', /unexpected \+ at 0$/],
  ['/\\', /nothing stands behind the last \\$/],
];

describe('a pattern that does not follow the syntax is refused', () => {
  for (const [pattern, message] of wrong) {
    test(pattern, () => assert.throws(() => urlPattern(pattern), { name: 'TypeError', message }));
  }
});

describe('the URLPattern of the runtime', { skip }, () => {
  test('agrees with every case of the table', () => {
    for (const [pattern, path, groups] of cases) {
      assert.deepEqual(nativeGroupsOf(pattern, path), groups, `${pattern} ${path}`);
    }
  });

  test('refuses what we refuse', () => {
    for (const [pattern] of wrong) assert.throws(() => new Native!({ pathname: pattern }), TypeError, pattern);
  });

  test('agrees on patterns and paths of all kinds', () => {
    const name = fc.constantFrom(':a', ':b', ':c', '');
    // Expressions that want the longest text, as we always do.
    const matcher = fc.constantFrom('', '', '', '(\\d+)', '(.*)', '(ab|a)', '*');
    const modifier = fc.constantFrom('', '', '', '?', '*', '+');
    const word = fc.constantFrom('', 'a', 'ab', '-', '/', '/a', '/1', '~');
    const piece = fc.oneof(
      word,
      fc.tuple(fc.constantFrom('', '/'), name, matcher, modifier).map((parts) => parts.join('')),
      fc.tuple(word, name, matcher, word, modifier).map(([a, b, c, d, e]) => `{${a}${b}${c}${d}}${e}`),
    );
    const pattern = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => `/x${pieces.join('')}`);
    const path = fc
      .array(fc.constantFrom('a', 'ab', '1', '-', '/', '/', '~a', 'b'), { maxLength: 8 })
      .map((pieces) => `/x${pieces.join('')}`);
    fc.assert(
      fc.property(pattern, fc.array(path, { minLength: 1, maxLength: 6 }), (source, paths) => {
        const accepted = attempt(() => new Native!({ pathname: source })) !== null;
        assert.equal(attempt(() => urlPattern(source)) !== null, accepted, source);
        for (const one of accepted ? paths : []) {
          assert.deepEqual(groupsOf(source, one), nativeGroupsOf(source, one), `${source} ${one}`);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

function attempt<T>(make: () => T): T | null {
  try {
    return make();
  } catch {
    return null;
  }
}
