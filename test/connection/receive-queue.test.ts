// The queue of received pieces, and the buffer that joins them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MessageBuffer, ownBytes, type Piece, weightOf } from '#dist/connection/message-buffer.js';
import { ReceiveQueue } from '#dist/connection/receive-queue.js';
import { isCollected } from '../support/collected.ts';

const piece = (text: string, fin = true, isText = true): Piece => {
  const bytes = Uint8Array.from(Buffer.from(`<${text}>`));
  return { isOwned: false, isText, fin, bytes, start: 1, end: bytes.length - 1 };
};

const textOf = ({ bytes, start, end }: Piece): string => Buffer.from(bytes.subarray(start, end)).toString();

describe('ReceiveQueue', () => {
  test('gives pieces in their order, and counts them and what they cost', () => {
    const queue = new ReceiveQueue();
    const [first, second] = [piece('ab', false), piece('c')];
    queue.push(first);
    queue.push(second);
    assert.ok(weightOf(first) > 2, 'a small piece costs more than its payload');
    assert.deepEqual([queue.length, queue.byteLength], [2, weightOf(first) + weightOf(second)]);
    assert.equal(textOf(queue.takePiece()), 'ab');
    assert.deepEqual([queue.length, queue.byteLength], [1, weightOf(second)]);
    assert.equal(textOf(queue.takePiece()), 'c');
    assert.deepEqual([queue.length, queue.byteLength], [0, 0]);
  });

  test('knows whether a whole message is there', () => {
    const queue = new ReceiveQueue();
    assert.equal(queue.hasMessage, false);
    queue.push(piece('a', false));
    assert.equal(queue.hasMessage, false);
    queue.push(piece('b'));
    assert.equal(queue.hasMessage, true);
    queue.takeMessage();
    assert.equal(queue.hasMessage, false);
  });

  test('joins the fragments of a message, and leaves the next alone', () => {
    const queue = new ReceiveQueue();
    for (const each of [piece('a', false, false), piece('', false), piece('b'), piece('next')]) queue.push(each);
    const message = queue.takeMessage();
    assert.equal(textOf(message), 'ab');
    assert.equal(message.isText, false);
    assert.equal(message.fin, true);
    assert.equal(textOf(queue.takeMessage()), 'next');
  });

  test('keeps the order through thousands of pieces', () => {
    const queue = new ReceiveQueue();
    let pushed = 0;
    let taken = 0;
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < 7 + (round % 5); i++) queue.push(piece(String(pushed++)));
      for (let i = 0; i < 6 + (round % 7) && queue.length > 0; i++) {
        assert.equal(textOf(queue.takePiece()), String(taken++));
      }
    }
    assert.equal(queue.length, pushed - taken);
  });
});

describe('what was taken from a ReceiveQueue', () => {
  /** Fills a queue and takes all but the last; nothing on the stack of the test holds a piece. */
  const takeMost = (queue: ReceiveQueue, take: () => Piece): WeakRef<object>[] => {
    for (let i = 0; i < 10; i++) queue.push(piece(String(i)));
    return Array.from({ length: 9 }, () => new WeakRef(take().bytes));
  };

  for (const name of ['takePiece', 'takeMessage'] as const) {
    test(`is let go by ${name}, also when a slow reader never empties it`, async () => {
      const queue = new ReceiveQueue();
      const taken = takeMost(queue, () => queue[name]());
      for (const reference of taken) assert.equal(await isCollected(reference), true);
      assert.equal(textOf(queue.takePiece()), '9');
    });
  }
});

describe('MessageBuffer', () => {
  test('is as it was after a message was taken', () => {
    const buffer = new MessageBuffer();
    buffer.append(piece('a', false));
    assert.equal(buffer.isStarted, true);
    assert.equal(textOf(buffer.take(true)), 'a');
    assert.equal(buffer.isStarted, false);
    buffer.append(piece('b', true, false));
    const second = buffer.take(true);
    assert.equal(textOf(second), 'b');
    assert.equal(second.isText, false);
  });

  test('is started by an empty fragment', () => {
    const buffer = new MessageBuffer();
    buffer.append(piece('', false));
    assert.equal(buffer.isStarted, true);
    assert.equal(textOf(buffer.take(true)), '');
  });

  test('uses at most twice the size of the message', () => {
    const buffer = new MessageBuffer();
    for (let i = 0; i < 10_000; i++) buffer.append(piece('x'.repeat(10), false));
    const { bytes, end } = buffer.take(true);
    assert.equal(end, 100_000);
    assert.ok(bytes.length <= 200_000, String(bytes.length));
  });
});

describe('ownBytes', () => {
  test('copies a part of a buffer, so that it can be transferred, and shows a whole one', () => {
    const bytes = new Uint8Array(1000);
    const part = ownBytes({ isOwned: false, bytes, start: 10, end: 900 });
    assert.equal(part.buffer.byteLength, 890);
    assert.equal(ownBytes({ isOwned: false, bytes, start: 0, end: 1000 }).buffer, bytes.buffer);
    assert.equal(ownBytes({ isOwned: true, bytes, start: 0, end: 1000 }), bytes);
  });

  test('gives a Uint8Array for a Buffer, with the right bytes', () => {
    const bytes = Buffer.from('abcdef');
    for (const own of [
      ownBytes({ isOwned: false, bytes, start: 1, end: 3 }),
      ownBytes({ isOwned: false, bytes, start: 0, end: 6 }),
    ]) {
      assert.equal(Object.getPrototypeOf(own), Uint8Array.prototype);
    }
    assert.deepEqual(ownBytes({ isOwned: false, bytes, start: 1, end: 3 }), Uint8Array.of(98, 99));
  });
});
