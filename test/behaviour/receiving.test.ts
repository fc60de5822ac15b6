// Receiving: recv, recvStreaming, iteration. Each test runs on both sides, against a peer that is moved by hand.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ConcurrencyError,
  type Connection,
  ConnectionClosedError,
  ConnectionClosedOK,
  type Data,
  InvalidUtf8Error,
} from 'websockets-ts';
import { BINARY, CONTINUATION, PONG, TEXT } from '../conformance/wire.ts';
import type { RawPeer } from '../support/raw-peer.ts';
import { isPending, meet, rejection, rejectionText, SIDES } from './meet.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const BUSY = 'another call to recv or recvStreaming is in progress';

/** A ping that comes back tells that everything before it has arrived. */
async function arrived(connection: Connection, peer: RawPeer): Promise<void> {
  const { pong, data } = await connection.ping();
  for (;;) {
    const frame = await peer.frame();
    if (frame?.payload.equals(data)) break;
  }
  peer.send({ opcode: PONG, payload: data });
  await pong;
}

async function collect(messages: AsyncIterable<Data>): Promise<Data[]> {
  const all: Data[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

for (const side of SIDES) {
  describe(`recv of a ${side}`, () => {
    test('gives text as a string', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: '😀 text' });
      assert.equal(await m.connection.recv(), '😀 text');
    });

    test('keeps a byte order mark in text', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: '\ufeffx' });
      assert.equal(await m.connection.recv(), '\ufeffx');
    });

    test('gives binary as a Uint8Array, and not as a Buffer', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: BINARY, payload: bytes(1, 2, 254) });
      const message = await m.connection.recv();
      assert.deepEqual(message, bytes(1, 2, 254));
      assert.equal(Object.getPrototypeOf(message), Uint8Array.prototype);
    });

    test('gives text as bytes with decode: false', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: 'é' });
      assert.deepEqual(await m.connection.recv({ decode: false }), bytes(0xc3, 0xa9));
    });

    test('gives binary as a string with decode: true', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: BINARY, payload: 'é' });
      assert.equal(await m.connection.recv({ decode: true }), 'é');
    });

    test('gives empty messages of both kinds', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT }, { opcode: BINARY });
      assert.equal(await m.connection.recv(), '');
      assert.deepEqual(await m.connection.recv(), bytes());
    });

    test('joins fragments, also through a character', async () => {
      await using m = await meet(side);
      m.peer.send(
        { opcode: TEXT, payload: bytes(0x61, 0xe2, 0x82), fin: false },
        { opcode: CONTINUATION, payload: '', fin: false },
        { opcode: CONTINUATION, payload: bytes(0xac) },
        { opcode: BINARY, payload: bytes(1), fin: false },
        { opcode: CONTINUATION, payload: bytes(2) },
      );
      assert.equal(await m.connection.recv(), 'a€');
      assert.deepEqual(await m.connection.recv(), bytes(1, 2));
    });

    test('joins fragments that come while it waits', async () => {
      await using m = await meet(side);
      const message = m.connection.recv();
      m.peer.send({ opcode: TEXT, payload: 'o', fin: false });
      await arrived(m.connection, m.peer);
      assert.equal(await isPending(message), true);
      m.peer.send({ opcode: CONTINUATION, payload: 'ne' }, { opcode: TEXT, payload: 'two' });
      assert.equal(await message, 'one');
      assert.equal(await m.connection.recv(), 'two');
    });

    test('joins more fragments than the queue holds', async () => {
      await using m = await meet(side, { maxQueue: 4 });
      const letters = [...'abcdefghijklmnopqrstuvwxyz'];
      m.peer.send(
        ...letters.map((payload, i) => ({
          opcode: i === 0 ? TEXT : CONTINUATION,
          payload,
          fin: i === letters.length - 1,
        })),
      );
      assert.equal(await m.connection.recv(), letters.join(''));
    });

    test('gives what had arrived after a normal close, then ConnectionClosedOK, again and again', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: 'one' }, { opcode: TEXT, payload: 'two' });
      m.peer.sendClose(1000, 'bye');
      await m.peer.finishClosing();
      await m.connection.closed;
      assert.equal(await m.connection.recv(), 'one');
      assert.equal(await m.connection.recv(), 'two');
      for (let i = 0; i < 2; i++) {
        const error = await rejection(m.connection.recv());
        assert.ok(error instanceof ConnectionClosedOK);
        assert.equal(error.message, 'received 1000 (OK) bye; then sent 1000 (OK) bye');
      }
    });

    test('gives what had arrived before a reset, then ConnectionClosedError', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: 'one' }, { opcode: TEXT, payload: 'two', fin: false });
      await arrived(m.connection, m.peer);
      m.peer.socket.resetAndDestroy();
      await m.connection.closed;
      assert.equal(await m.connection.recv(), 'one');
      const error = await rejection(m.connection.recv());
      assert.ok(error instanceof ConnectionClosedError);
      assert.equal(error.message, 'no close frame received or sent');
    });

    test('rejects while it waits when the peer closes', async () => {
      await using m = await meet(side);
      const message = rejectionText(m.connection.recv());
      m.peer.sendClose(4000, 'own code');
      await m.peer.finishClosing();
      assert.equal(
        await message,
        'ConnectionClosedError: received 4000 (private use) own code; then sent 4000 (private use) own code',
      );
    });

    test('rejects only when the connection is gone for good', async () => {
      await using m = await meet(side);
      const message = m.connection.recv();
      message.catch(() => {});
      m.peer.sendClose(1000);
      assert.equal(await m.peer.closeFrame(), '1000');
      if (side === 'client') assert.equal(await isPending(message), true);
      await m.peer.finishClosing();
      assert.ok((await rejection(message)) instanceof ConnectionClosedOK);
      assert.equal(m.connection.state, 'CLOSED');
    });

    test('fails with 1007 when binary that is to be text is not UTF-8', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: BINARY, payload: bytes(0x61, 0xff) });
      const error = rejection(m.connection.recv({ decode: true }));
      assert.equal(await m.peer.closeFrame(), '1007 invalid start byte at position 1');
      m.peer.sendClose(1007);
      m.peer.socket.end();
      assert.ok((await error) instanceof ConnectionClosedError);
    });

    test('fails with 1007 when text is not UTF-8, read or not', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: bytes(0x61, 0x62, 0xff) });
      assert.equal(await m.peer.closeFrame(), '1007 invalid start byte at position 2');
      m.peer.socket.end();
      const error = await rejection(m.connection.recv());
      assert.ok(error instanceof ConnectionClosedError);
      assert.equal((error.cause as Error).name, 'InvalidUtf8Error');
    });

    test('fails with 1007 at text that is not UTF-8 when it is read, with validateUtf8: false', async () => {
      await using m = await meet(side, { validateUtf8: false });
      m.peer.send({ opcode: TEXT, payload: bytes(0x61, 0xff) }, { opcode: TEXT, payload: bytes(0x61, 0xff) });
      await arrived(m.connection, m.peer);
      assert.equal(m.connection.state, 'OPEN');
      assert.deepEqual(await m.connection.recv({ decode: false }), bytes(0x61, 0xff));
      const error = rejection(m.connection.recv());
      assert.equal(await m.peer.closeFrame(), '1007 invalid start byte at position 1');
      m.peer.sendClose(1007);
      await m.peer.finishClosing();
      assert.equal((await error).name, 'ConnectionClosedError');
      assert.ok((await error).cause instanceof InvalidUtf8Error);
    });

    test('may be forgotten, or awaited late: its rejection ends no process', async () => {
      const accidents: unknown[] = [];
      const note = (error: unknown): void => void accidents.push(error);
      process.on('unhandledRejection', note);
      try {
        await using m = await meet(side);
        const message = m.connection.recv();
        const next = m.connection[Symbol.asyncIterator]().next();
        next.catch(() => {});
        m.peer.socket.resetAndDestroy();
        await m.connection.closed;
        void m.connection.recv();
        await new Promise((resolve) => setImmediate(resolve));
        assert.ok((await rejection(message)) instanceof ConnectionClosedError);
      } finally {
        process.off('unhandledRejection', note);
      }
      assert.deepEqual(accidents, []);
    });

    test('refuses a second call, and leaves the first alone', async () => {
      await using m = await meet(side);
      const first = m.connection.recv();
      const error = await rejection(m.connection.recv());
      assert.ok(error instanceof ConcurrencyError);
      assert.equal(error.message, `cannot call recv while ${BUSY}`);
      assert.equal(
        (await rejection(m.connection.recvStreaming().next())).message,
        `cannot call recvStreaming while ${BUSY}`,
      );
      m.peer.send({ opcode: TEXT, payload: 'x' });
      assert.equal(await first, 'x');
    });

    test('gives up at the signal, and the next call gets the message', async () => {
      await using m = await meet(side);
      const controller = new AbortController();
      const message = rejection(m.connection.recv({ signal: controller.signal }));
      const reason = new Error('enough');
      controller.abort(reason);
      assert.equal(await message, reason);
      m.peer.send({ opcode: TEXT, payload: 'x' });
      assert.equal(await m.connection.recv(), 'x');
    });

    test('does not begin with a signal that was aborted before, and takes nothing', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: 'x' });
      await arrived(m.connection, m.peer);
      const error = await rejection(m.connection.recv({ signal: AbortSignal.abort() }));
      assert.equal(error.name, 'AbortError');
      assert.equal(await m.connection.recv(), 'x');
    });

    test('loses no fragment when it gives up in the middle of a message', async () => {
      await using m = await meet(side);
      for (const payload of ['a', 'b']) {
        const controller = new AbortController();
        const message = rejection(m.connection.recv({ signal: controller.signal }));
        m.peer.send({ opcode: payload === 'a' ? TEXT : CONTINUATION, payload, fin: false });
        await arrived(m.connection, m.peer);
        controller.abort();
        assert.equal((await message).name, 'AbortError');
      }
      m.peer.send({ opcode: CONTINUATION, payload: 'c' });
      assert.equal(await m.connection.recv(), 'abc');
    });

    test('times out, and loses nothing', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: 'a', fin: false });
      const error = await rejection(m.connection.recv({ timeoutMs: 20 }));
      assert.equal(String(error), 'TimeoutError: timed out after 20 ms');
      m.peer.send({ opcode: CONTINUATION, payload: 'b' });
      assert.equal(await m.connection.recv({ timeoutMs: 10_000 }), 'ab');
    });

    test('with timeoutMs: 0 gives what is complete, and waits for nothing', async () => {
      await using m = await meet(side);
      assert.equal((await rejection(m.connection.recv({ timeoutMs: 0 }))).name, 'TimeoutError');
      m.peer.send({ opcode: TEXT, payload: 'x' }, { opcode: TEXT, payload: 'half', fin: false });
      await arrived(m.connection, m.peer);
      assert.equal(await m.connection.recv({ timeoutMs: 0 }), 'x');
      assert.equal((await rejection(m.connection.recv({ timeoutMs: 0 }))).name, 'TimeoutError');
    });

    test('gives a message that the receiver may keep and change', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: BINARY, payload: bytes(1, 2, 3) }, { opcode: BINARY, payload: bytes(4, 5, 6) });
      const first = await m.connection.recv({ decode: false });
      const second = await m.connection.recv({ decode: false });
      first.fill(0);
      assert.deepEqual(second, bytes(4, 5, 6));
    });

    test('keeps a small message from holding on to the whole read that it came in', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: BINARY, payload: bytes(1, 2, 3) }, { opcode: BINARY, payload: Buffer.alloc(20_000) });
      const small = await m.connection.recv({ decode: false });
      assert.ok(small.buffer.byteLength <= 8 * small.byteLength, `${small.buffer.byteLength} bytes behind 3`);
    });
  });

  describe(`recvStreaming of a ${side}`, () => {
    test('gives a message without fragments as one piece', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: 'one' }, { opcode: BINARY, payload: bytes(1) });
      assert.deepEqual(await collect(m.connection.recvStreaming()), ['one']);
      assert.deepEqual(await collect(m.connection.recvStreaming()), [bytes(1)]);
    });

    test('gives fragments one by one, as they arrive', async () => {
      await using m = await meet(side);
      const pieces = m.connection.recvStreaming();
      m.peer.send({ opcode: TEXT, payload: 'a', fin: false });
      assert.deepEqual(await pieces.next(), { value: 'a', done: false });
      const next = pieces.next();
      assert.equal(await isPending(next), true);
      m.peer.send({ opcode: CONTINUATION, payload: 'b' });
      assert.deepEqual(await next, { value: 'b', done: false });
      assert.deepEqual(await pieces.next(), { value: undefined, done: true });
    });

    test('gives a cut character with its last byte, and an empty string until then', async () => {
      await using m = await meet(side);
      m.peer.send(
        { opcode: TEXT, payload: bytes(0xe2), fin: false },
        { opcode: CONTINUATION, payload: bytes(0x82), fin: false },
        { opcode: CONTINUATION, payload: bytes(0xac, 0x61) },
      );
      assert.deepEqual(await collect(m.connection.recvStreaming()), ['', '', '€a']);
    });

    test('converts as decode says', async () => {
      await using m = await meet(side);
      m.peer.send(
        { opcode: TEXT, payload: 'a', fin: false },
        { opcode: CONTINUATION, payload: 'b' },
        { opcode: BINARY, payload: bytes(0xc3), fin: false },
        { opcode: CONTINUATION, payload: bytes(0xa9) },
      );
      assert.deepEqual(await collect(m.connection.recvStreaming({ decode: false })), [bytes(0x61), bytes(0x62)]);
      assert.deepEqual(await collect(m.connection.recvStreaming({ decode: true })), ['', 'é']);
    });

    test('fails with 1007 at the fragment of binary that cannot be text', async () => {
      await using m = await meet(side);
      m.peer.send(
        { opcode: BINARY, payload: 'ok', fin: false },
        { opcode: CONTINUATION, payload: bytes(0x61, 0xff), fin: false },
      );
      const pieces = m.connection.recvStreaming({ decode: true });
      assert.deepEqual(await pieces.next(), { value: 'ok', done: false });
      const error = rejection(pieces.next());
      assert.equal(await m.peer.closeFrame(), '1007 invalid start byte at position 1');
      m.peer.socket.end();
      assert.ok((await error) instanceof ConnectionClosedError);
    });

    test('fails with 1007 at text that is not UTF-8 when it is read, with validateUtf8: false', async () => {
      await using m = await meet(side, { validateUtf8: false });
      m.peer.send(
        { opcode: TEXT, payload: 'good', fin: false },
        { opcode: CONTINUATION, payload: bytes(0x61, 0xff), fin: false },
      );
      await arrived(m.connection, m.peer);
      assert.equal(m.connection.state, 'OPEN');
      const pieces = m.connection.recvStreaming();
      assert.deepEqual(await pieces.next(), { value: 'good', done: false });
      const error = rejection(pieces.next());
      assert.equal(await m.peer.closeFrame(), '1007 invalid start byte at position 1');
      m.peer.sendClose(1007);
      await m.peer.finishClosing();
      assert.ok((await error).cause instanceof InvalidUtf8Error);
    });

    test('gives the fragments that had arrived when the connection was lost, then ConnectionClosedError', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: 'a', fin: false });
      await arrived(m.connection, m.peer);
      m.peer.socket.resetAndDestroy();
      await m.connection.closed;
      const pieces = m.connection.recvStreaming();
      assert.deepEqual(await pieces.next(), { value: 'a', done: false });
      assert.ok((await rejection(pieces.next())) instanceof ConnectionClosedError);
    });

    test('throws ConnectionClosedOK when nothing follows', async () => {
      await using m = await meet(side);
      m.peer.sendClose(1001);
      await m.peer.finishClosing();
      assert.ok((await rejection(m.connection.recvStreaming().next())) instanceof ConnectionClosedOK);
    });

    test('lets nobody else receive until the message is complete', async () => {
      await using m = await meet(side);
      const pieces = m.connection.recvStreaming();
      m.peer.send({ opcode: TEXT, payload: 'a', fin: false });
      await pieces.next();
      assert.equal((await rejection(m.connection.recv())).message, `cannot call recv while ${BUSY}`);
      m.peer.send({ opcode: CONTINUATION, payload: 'b' }, { opcode: TEXT, payload: 'next' });
      assert.deepEqual(await collect(pieces), ['b']);
      assert.equal(await m.connection.recv(), 'next');
    });

    test('leaves nothing to receive when it is left early, but the connection closes', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: 'a', fin: false }, { opcode: CONTINUATION, payload: 'b' });
      for await (const piece of m.connection.recvStreaming()) {
        assert.equal(piece, 'a');
        break;
      }
      assert.ok((await rejection(m.connection.recv())) instanceof ConcurrencyError);
      assert.ok((await rejection(m.connection.recvStreaming().next())) instanceof ConcurrencyError);
      await Promise.all([m.connection.close(), m.peer.finishClosing()]);
    });

    test('may be left after the last fragment', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: 'a' }, { opcode: TEXT, payload: 'b' });
      for await (const _ of m.connection.recvStreaming()) break;
      assert.equal(await m.connection.recv(), 'b');
    });

    test('gives up at the signal before the first fragment, and loses nothing', async () => {
      await using m = await meet(side);
      const controller = new AbortController();
      const piece = rejection(m.connection.recvStreaming({ signal: controller.signal }).next());
      controller.abort();
      assert.equal((await piece).name, 'AbortError');
      m.peer.send({ opcode: TEXT, payload: 'x' });
      assert.equal(await m.connection.recv(), 'x');
    });
  });

  describe(`iteration over a ${side}`, () => {
    test('gives the messages and ends with a normal close', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: 'one' }, { opcode: BINARY, payload: bytes(2) });
      m.peer.sendClose(1001);
      await m.peer.finishClosing();
      assert.deepEqual(await collect(m.connection), ['one', bytes(2)]);
    });

    test('throws ConnectionClosedError when the connection ended with a problem', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: 'one' });
      m.peer.sendClose(1011);
      await m.peer.finishClosing();
      const iterator = m.connection[Symbol.asyncIterator]();
      assert.deepEqual(await iterator.next(), { value: 'one', done: false });
      assert.ok((await rejection(iterator.next())) instanceof ConnectionClosedError);
    });

    test('can be left and taken up again', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: 'one' }, { opcode: TEXT, payload: 'two' });
      for await (const message of m.connection) {
        assert.equal(message, 'one');
        break;
      }
      for await (const message of m.connection) {
        assert.equal(message, 'two');
        break;
      }
      assert.equal(m.connection.state, 'OPEN');
    });
  });
}
