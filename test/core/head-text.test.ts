// The head of an HTTP message in a log.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headLines } from '#dist/core/head-text.js';
import { Request, Response } from '#dist/core/http-message.js';

test('a request is its first line and its headers', () => {
  const headers = [
    ['Host', 'example.com'],
    ['X', 'y'],
    ['X', 'z'],
  ] as const;
  assert.deepEqual(headLines(new Request('/chat', headers)), [
    'GET /chat HTTP/1.1',
    'Host: example.com',
    'X: y',
    'X: z',
  ]);
});

test('a response is its first line, its headers, and how long its body is when it has one', () => {
  assert.deepEqual(headLines(new Response(101, 'Switching Protocols')), ['HTTP/1.1 101 Switching Protocols']);
  assert.deepEqual(headLines(new Response(404, 'Not Found', [['X', 'y']], new Uint8Array(5))), [
    'HTTP/1.1 404 Not Found',
    'X: y',
    '[body] (5 bytes)',
  ]);
});

test('what would steer a terminal is escaped', () => {
  assert.deepEqual(headLines(new Response(200, '\x9b1m', [['X', 'caf\u00e9\x9d\ty']])), [
    'HTTP/1.1 200 \\u{9b}1m',
    'X: caf\u00e9\\u{9d}\\ty',
  ]);
});
