// A frame as a value.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Frame } from '#dist/core/frame.js';
import { Opcode } from '#dist/core/opcode.js';

const data = Uint8Array.from(Buffer.from('hello'));

test('a frame is final and has no reserved bits unless it is told', () => {
  assert.deepEqual(
    { ...new Frame({ opcode: Opcode.TEXT, data }) },
    {
      opcode: Opcode.TEXT,
      data,
      fin: true,
      rsv1: false,
      rsv2: false,
      rsv3: false,
    },
  );
});

test('a copy has what is changed, and everything else as before', () => {
  const frame = new Frame({ opcode: Opcode.BINARY, data, fin: false, rsv2: true });
  const changed = frame.with({ rsv1: true, rsv2: false });
  assert.deepEqual({ ...changed }, { opcode: Opcode.BINARY, data, fin: false, rsv1: true, rsv2: false, rsv3: false });
  assert.equal(frame.rsv1, false);
});

test('a frame reads as one line', () => {
  assert.equal(String(new Frame({ opcode: Opcode.TEXT, data, fin: false })), "TEXT 'hello' [5 bytes, continued]");
});
