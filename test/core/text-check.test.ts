// Text as it arrives, against the check of the whole: cut into frames, and frames into pieces.
import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { suite, test } from 'node:test';
import { InvalidUtf8Error } from '#dist/core/exceptions/protocol-errors.js';
import { TextCheck } from '#dist/core/text-check.js';

const TEXT = Uint8Array.from(Buffer.from(`naïve — 漢字 — 🦊${'x'.repeat(80)}ü`));

suite('TextCheck', () => {
  test('accepts a text in two frames, wherever it is cut, the second in two pieces, wherever', () => {
    const check = new TextCheck(isUtf8);
    for (let cut = 0; cut <= TEXT.length; cut++) {
      const second = TEXT.subarray(cut);
      for (let piece = 0; piece <= second.length; piece += 7) {
        assert.equal(check.frame(true, false, TEXT, 0, cut), null);
        assert.equal(check.incompleteFrame(second, piece), null);
        assert.equal(check.incompleteFrame(second, piece), null);
        assert.equal(check.frame(false, true, second, 0, second.length), null);
      }
    }
  });

  test('accepts a whole message after a part of it was seen, and looks at each byte once', () => {
    const check = new TextCheck(isUtf8);
    assert.equal(check.incompleteFrame(TEXT, 10), null);
    // What was seen may stand elsewhere by now: only what is new is looked at.
    const moved = Uint8Array.of(0xff, 0xff, ...TEXT);
    moved.fill(0xff, 0, 12);
    assert.equal(check.frame(true, true, moved, 2, moved.length), null);
  });

  test('keeps to the range of a frame', () => {
    const bytes = Uint8Array.of(0xff, ...TEXT, 0xff);
    assert.equal(new TextCheck(isUtf8).frame(true, true, bytes, 1, bytes.length - 1), null);
  });

  test('says where a message is wrong, counting from its start over all its frames', () => {
    const check = new TextCheck(isUtf8);
    assert.equal(check.frame(true, false, TEXT, 0, 4), null);
    assert.equal(check.incompleteFrame(Uint8Array.of(0x61, 0x62, 0x63), 2), null);
    const error = check.frame(false, true, Uint8Array.of(0x61, 0x62, 0xff), 0, 3);
    assert.deepEqual(error, new InvalidUtf8Error('invalid start byte', 6));
  });

  test('finds it in a frame that is not complete, and in a whole message', () => {
    const bad = Uint8Array.of(0x61, 0xc3, 0x28);
    assert.deepEqual(
      new TextCheck(isUtf8).incompleteFrame(bad, 3),
      new InvalidUtf8Error('invalid continuation byte', 1),
    );
    assert.equal(new TextCheck(isUtf8).incompleteFrame(bad, 2), null);
    assert.deepEqual(
      new TextCheck(isUtf8).frame(true, true, bad, 0, 2),
      new InvalidUtf8Error('unexpected end of data', 1),
    );
  });

  test('begins anew with each message', () => {
    const check = new TextCheck(isUtf8);
    for (let message = 0; message < 3; message++) {
      assert.equal(check.frame(true, false, TEXT, 0, 3), null);
      assert.equal(check.frame(false, true, TEXT, 3, TEXT.length), null);
      assert.equal(check.frame(true, true, TEXT, 0, TEXT.length), null);
    }
  });
});
