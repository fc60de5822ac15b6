// References against a base: the examples of RFC 3986 §5.4, and what Location fields of WebSocket servers look like.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resolveReference } from '#dist/core/uri-reference.js';

const BASE = 'http://a/b/c/d;p?q';

/** §5.4.1 */
const NORMAL = [
  ['g:h', 'g:h'],
  ['g', 'http://a/b/c/g'],
  ['./g', 'http://a/b/c/g'],
  ['g/', 'http://a/b/c/g/'],
  ['/g', 'http://a/g'],
  ['//g', 'http://g'],
  ['?y', 'http://a/b/c/d;p?y'],
  ['g?y', 'http://a/b/c/g?y'],
  ['#s', 'http://a/b/c/d;p?q#s'],
  ['g#s', 'http://a/b/c/g#s'],
  ['g?y#s', 'http://a/b/c/g?y#s'],
  [';x', 'http://a/b/c/;x'],
  ['g;x', 'http://a/b/c/g;x'],
  ['g;x?y#s', 'http://a/b/c/g;x?y#s'],
  ['', 'http://a/b/c/d;p?q'],
  ['.', 'http://a/b/c/'],
  ['./', 'http://a/b/c/'],
  ['..', 'http://a/b/'],
  ['../', 'http://a/b/'],
  ['../g', 'http://a/b/g'],
  ['../..', 'http://a/'],
  ['../../', 'http://a/'],
  ['../../g', 'http://a/g'],
] as const;

/** §5.4.2 */
const ABNORMAL = [
  ['../../../g', 'http://a/g'],
  ['../../../../g', 'http://a/g'],
  ['/./g', 'http://a/g'],
  ['/../g', 'http://a/g'],
  ['g.', 'http://a/b/c/g.'],
  ['.g', 'http://a/b/c/.g'],
  ['g..', 'http://a/b/c/g..'],
  ['..g', 'http://a/b/c/..g'],
  ['./../g', 'http://a/b/g'],
  ['./g/.', 'http://a/b/c/g/'],
  ['g/./h', 'http://a/b/c/g/h'],
  ['g/../h', 'http://a/b/c/h'],
  ['g;x=1/./y', 'http://a/b/c/g;x=1/y'],
  ['g;x=1/../y', 'http://a/b/c/y'],
  ['g?y/./x', 'http://a/b/c/g?y/./x'],
  ['g?y/../x', 'http://a/b/c/g?y/../x'],
  ['g#s/./x', 'http://a/b/c/g#s/./x'],
  ['g#s/../x', 'http://a/b/c/g#s/../x'],
  ['http:g', 'http:g'],
] as const;

describe('the examples of RFC 3986', () => {
  for (const [reference, uri] of [...NORMAL, ...ABNORMAL]) {
    test(`${JSON.stringify(reference)} is ${uri}`, () => assert.equal(resolveReference(BASE, reference), uri));
  }
});

describe('a reference against a WebSocket URI', () => {
  for (const [base, reference, uri] of [
    ['ws://h', 'g', 'ws://h/g'],
    ['ws://h', '', 'ws://h'],
    ['ws://h', '?y', 'ws://h?y'],
    ['ws://h?x', 'g', 'ws://h/g'],
    ['ws://h/a?x', '', 'ws://h/a?x'],
    ['ws://h/a?x', '?', 'ws://h/a?'],
    ['ws://u:p@h:81/a/b', '../c', 'ws://u:p@h:81/c'],
    ['ws://u:p@h/a', '//h/b', 'ws://h/b'],
    ['ws://u:p@h/a', 'ws://h/b', 'ws://h/b'],
    ['ws://u:p@h/a', 'wss://u:p@h/../b', 'wss://u:p@h/b'],
    ['ws://[::1]:8765/a', '/b', 'ws://[::1]:8765/b'],
    ['ws://h/a%2Fb//c', 'd', 'ws://h/a%2Fb//d'],
    ['ws://h/a//b', '..', 'ws://h/a/'],
    ['ws://H/ø', 'Å?é', 'ws://H/Å?é'],
    ['ws://h/a', '/x/y/../../..', 'ws://h/'],
    ['ws://h/a', 'b c', 'ws://h/b c'],
  ] as const) {
    test(`${JSON.stringify(reference)} at ${base} is ${uri}`, () =>
      assert.equal(resolveReference(base, reference), uri));
  }
});
