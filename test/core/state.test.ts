// The life of a connection: every state with everything that can happen in it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cause, nextState, State } from '#dist/core/state.js';

const { CONNECTING, OPEN, CLOSING, CLOSED } = State;

const TABLE: readonly (readonly [from: State, cause: Cause, to: State])[] = [
  [CONNECTING, 'handshakeDone', OPEN],
  [CONNECTING, 'closeSent', CONNECTING],
  [CONNECTING, 'streamEnded', CLOSED],
  [OPEN, 'handshakeDone', OPEN],
  [OPEN, 'closeSent', CLOSING],
  [OPEN, 'streamEnded', CLOSED],
  [CLOSING, 'handshakeDone', CLOSING],
  [CLOSING, 'closeSent', CLOSING],
  [CLOSING, 'streamEnded', CLOSED],
  [CLOSED, 'handshakeDone', CLOSED],
  [CLOSED, 'closeSent', CLOSED],
  [CLOSED, 'streamEnded', CLOSED],
];

for (const [from, cause, to] of TABLE) {
  test(`from ${from}, ${cause} leads to ${to}`, () => assert.equal(nextState(from, cause), to));
}
