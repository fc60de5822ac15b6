// What the connection closes with when receiving fails.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeForError } from '#dist/core/close-for-error.js';
import { InvalidUtf8Error, PayloadTooBig, ProtocolError, VIOLATIONS } from '#dist/core/exceptions/protocol-errors.js';

test('every rule of the protocol closes with 1002, but for bad data and limits of ours', () => {
  const others: Record<string, number> = {
    DECOMPRESSION_FAILED: 1007,
    TOO_MANY_CONTROL_FRAMES: 1008,
    TOO_MANY_EMPTY_FRAGMENTS: 1008,
  };
  for (const [rule, text] of Object.entries(VIOLATIONS)) {
    assert.deepEqual(closeForError(new ProtocolError(text)), { code: others[rule] ?? 1002, reason: text });
  }
  assert.deepEqual(closeForError(new ProtocolError('of an extension')), { code: 1002, reason: 'of an extension' });
});

test('what is too big closes with 1009, what is no text with 1007', () => {
  assert.deepEqual(closeForError(new PayloadTooBig(5, 4)), {
    code: 1009,
    reason: 'frame with 5 bytes exceeds limit of 4 bytes',
  });
  assert.deepEqual(closeForError(new InvalidUtf8Error('invalid start byte', 3)), {
    code: 1007,
    reason: 'invalid start byte at position 3',
  });
});

test('anything else is no fault of the peer', () => {
  for (const error of [new TypeError('secret'), 'secret', null, undefined]) assert.equal(closeForError(error), null);
});
