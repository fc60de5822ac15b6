// What the pull form keeps until it is asked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Frame } from '#dist/core/frame.js';
import { Request } from '#dist/core/http-message.js';
import { Opcode } from '#dist/core/opcode.js';
import { Recorder, SEND_EOF } from '#dist/core/recorder.js';

test('events come out in order, once', () => {
  const recorder = new Recorder();
  const request = new Request('/');
  recorder.onHandshake(request);
  recorder.onFrame(Opcode.TEXT, false, Uint8Array.of(1, 2, 3, 4), 1, 3);
  assert.deepEqual(recorder.takeEvents(), [
    request,
    new Frame({ opcode: Opcode.TEXT, fin: false, data: Uint8Array.of(2, 3) }),
  ]);
  assert.deepEqual(recorder.takeEvents(), []);
});

test('each reservation is a chunk of its own, and the end is the marker', () => {
  const recorder = new Recorder();
  for (const bytes of [[1, 2], [3]]) {
    const at = recorder.reserve(bytes.length);
    recorder.bytes.set(bytes, at);
  }
  const appended = Uint8Array.of(4);
  recorder.append(appended);
  recorder.end();
  const chunks = recorder.takeChunks();
  assert.deepEqual(chunks, [Uint8Array.of(1, 2), Uint8Array.of(3), appended, SEND_EOF]);
  assert.equal(chunks[2], appended);
  assert.equal(chunks[3], SEND_EOF);
  assert.deepEqual(recorder.takeChunks(), []);
});

test('no payload is too long to be copied: the caller may use its buffer again', () => {
  assert.equal(new Recorder().appendFromBytes, Number.POSITIVE_INFINITY);
});
