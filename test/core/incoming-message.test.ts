// The order of data frames and the limits on them, without any bytes.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { IncomingMessage, type MessageLimits } from '#dist/core/incoming-message.js';
import { Opcode } from '#dist/core/opcode.js';

const { BINARY, CONT, TEXT } = Opcode;
const UNLIMITED: MessageLimits = { messageBytes: Infinity, fragmentBytes: Infinity, emptyFragments: Infinity };

function create(limits: Partial<MessageLimits> = {}): IncomingMessage {
  return new IncomingMessage({ ...UNLIMITED, ...limits });
}

function receive(message: IncomingMessage, opcode: Opcode, byteLength: number, fin: boolean): void {
  message.enter(opcode);
  message.add(byteLength, fin);
}

suite('IncomingMessage', () => {
  test('knows how much of a fragmented message has come, and nothing between messages', () => {
    const message = create();
    const seen = [message.bytes];
    for (const [opcode, byteLength, fin] of [
      [TEXT, 3, false],
      [CONT, 0, false],
      [CONT, 4, false],
      [CONT, 5, true],
      [BINARY, 6, true],
    ] as const) {
      receive(message, opcode, byteLength, fin);
      seen.push(message.bytes);
    }
    assert.deepEqual(seen, [null, 3, 3, 7, null, null]);
  });

  test('says of each message whether it is text, up to the next', () => {
    const message = create();
    receive(message, TEXT, 1, false);
    receive(message, CONT, 1, true);
    assert.equal(message.isText, true);
    receive(message, BINARY, 1, true);
    assert.equal(message.isText, false);
  });

  test('refuses a continuation of nothing, and a message within another', () => {
    const message = create();
    assert.throws(() => message.enter(CONT), { code: 'UNEXPECTED_CONTINUATION' });
    receive(message, TEXT, 1, false);
    assert.throws(() => message.enter(TEXT), { code: 'EXPECTED_CONTINUATION' });
    assert.throws(() => message.enter(BINARY), { code: 'EXPECTED_CONTINUATION' });
    receive(message, CONT, 1, true);
    assert.throws(() => message.enter(CONT), { code: 'UNEXPECTED_CONTINUATION' });
  });

  test('leaves for the next frame what the message has left, and no more than a fragment may have', () => {
    const message = create({ messageBytes: 10, fragmentBytes: 8 });
    assert.equal(message.nextFrameBytes, 8);
    receive(message, BINARY, 1, false);
    assert.equal(message.nextFrameBytes, 8);
    receive(message, CONT, 8, false);
    assert.equal(message.nextFrameBytes, 1);
    receive(message, CONT, 1, true);
    assert.equal(message.nextFrameBytes, 8);
    assert.equal(create().nextFrameBytes, Infinity);
  });

  test('counts fragments that carry nothing as long as they follow each other within a message', () => {
    const message = create({ emptyFragments: 2 });
    for (let round = 0; round < 3; round++) {
      receive(message, TEXT, 0, false);
      receive(message, CONT, 0, false);
      receive(message, CONT, 1, false);
      receive(message, CONT, 0, false);
      receive(message, CONT, 0, true);
      receive(message, TEXT, 0, true);
    }
    receive(message, TEXT, 0, false);
    receive(message, CONT, 0, false);
    message.enter(CONT);
    assert.throws(() => message.add(0, false), { code: 'TOO_MANY_EMPTY_FRAGMENTS' });
  });
});
