// Heads that are complete and flawless, and all others. What the fields then are is the matter of http-parser.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headLength, splitFields } from '#dist/core/http-head.js';

const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\nX:\t\xe9 \r\n\r\n';

test('a head is as long as it is, whatever follows', () => {
  assert.equal(headLength(HEAD), HEAD.length);
  assert.equal(headLength(`${HEAD}\0\n\r\n\r\n`), HEAD.length);
  assert.equal(headLength('GET / HTTP/1.1\r\n\r\n'), 18);
});

test('no part of a head is one', () => {
  for (let length = 0; length < HEAD.length; length++) assert.equal(headLength(HEAD.slice(0, length)), 0);
});

for (const [title, head] of [
  ['a bare LF', 'GET / HTTP/1.1\r\nA: 1\n\r\n'],
  ['a bare CR', 'GET / HTTP/1.1\r\nA: 1\r2\r\n\r\n'],
  ['a control character in the first line', 'GET /\x01 HTTP/1.1\r\n\r\n'],
  ['a control character in a value', 'GET / HTTP/1.1\r\nA: \x7f\r\n\r\n'],
  ['a character beyond ISO-8859-1', 'GET / HTTP/1.1\r\nA: €\r\n\r\n'],
  ['a line without a colon', 'GET / HTTP/1.1\r\nA\r\n\r\n'],
  ['a space before the colon', 'GET / HTTP/1.1\r\nA : 1\r\n\r\n'],
  ['a folded line', 'GET / HTTP/1.1\r\nA: 1\r\n 2\r\n\r\n'],
  ['a field without a name', 'GET / HTTP/1.1\r\n: 1\r\n\r\n'],
] as const) {
  test(`a head with ${title} is left to the parser`, () => assert.equal(headLength(head), 0));
}

test('fields are split at the first colon and trimmed', () => {
  assert.deepEqual(splitFields('GET / HTTP/1.1\r\nHost: a:80\r\nX:\t\xe9 f \r\nY:\r\nZ: \t\r\n\r\n'), [
    ...['Host', 'a:80'],
    ...['X', '\xe9 f'],
    ...['Y', ''],
    ...['Z', ''],
  ]);
  assert.deepEqual(splitFields('GET / HTTP/1.1\r\n\r\n'), []);
});
