// pause and resume: nothing is delivered meanwhile, nothing is lost, and the end comes through. No socket, no real time.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settled } from 'websockets-ts/testing';
import type { Data } from '#dist/connection/message-source.js';
import { CLOSE, CONTINUATION, PING, TEXT } from '../conformance/wire.ts';
import { OpenConnection, type OpenOptions } from '../support/open-connection.ts';

const open = (options: OpenOptions = {}): OpenConnection => OpenConnection.make({ pingIntervalMs: null, ...options });
const text = (payload: string, fin = true) => ({ opcode: TEXT, payload, fin });

async function outcome(promise: Promise<unknown>): Promise<string> {
  let result = 'pending';
  promise.then(
    (value) => {
      result = String(value);
    },
    (error: unknown) => {
      result = String(error);
    },
  );
  await settled();
  return result;
}

describe('a paused connection', () => {
  test('keeps messages from recv, those that had arrived too, and gives them afterwards in order', async () => {
    const connection = open();
    connection.receive(text('1'), text('2'));
    connection.pause();
    assert.equal(connection.isPaused, true);
    connection.receive(text('3'));
    const first = connection.recv();
    assert.equal(await outcome(first), 'pending');
    connection.resume();
    assert.equal(connection.isPaused, false);
    assert.equal(await outcome(first), '1');
    assert.equal(await connection.recv(), '2');
    assert.equal(await connection.recv(), '3');
  });

  test('keeps them from a recv that waited before, from iterators and from recvStreaming', async () => {
    const waits: ((connection: OpenConnection) => Promise<Data>)[] = [
      (connection) => connection.recv(),
      async (connection) => (await connection[Symbol.asyncIterator]().next()).value ?? 'end',
      async (connection) => (await connection.recvStreaming()[Symbol.asyncIterator]().next()).value,
    ];
    for (const wait of waits) {
      for (const isFirst of [true, false]) {
        const connection = open();
        const early = isFirst ? wait(connection) : null;
        connection.pause();
        connection.receive(text('x'));
        const message = early ?? wait(connection);
        assert.equal(await outcome(message), 'pending');
        connection.resume();
        assert.equal(await outcome(message), 'x');
      }
    }
  });

  test('gives what came first to a recv that waits, also when the queue was full and more had arrived behind it', async () => {
    const connection = open({ maxQueue: 0 });
    connection.receive(text('1'), text('2'), text('3'));
    connection.pause();
    const first = connection.recv();
    connection.resume();
    assert.equal(await outcome(first), '1');
    assert.equal(await connection.recv(), '2');
    assert.equal(await connection.recv(), '3');
  });

  test('and so to recvStreaming', async () => {
    const connection = open({ maxQueue: 0 });
    connection.receive(text('1'), text('2'));
    connection.pause();
    const first = connection.recvStreaming().next();
    connection.resume();
    assert.equal((await first).value, '1');
  });

  test('joins the fragments that had arrived with those that come later', async () => {
    const connection = open({ maxQueue: 2 });
    connection.receive(text('a', false), { opcode: CONTINUATION, payload: 'b', fin: false });
    connection.pause();
    const message = connection.recv();
    assert.equal(await outcome(message), 'pending');
    connection.resume();
    connection.receive({ opcode: CONTINUATION, payload: 'c', fin: true });
    assert.equal(await outcome(message), 'abc');
  });

  test('calls no handler, and the rest of a read waits too', () => {
    const heard: Data[] = [];
    const connection = open({
      handlers: {
        message: (it, data) => {
          heard.push(data);
          if (data === '2') it.pause();
        },
      },
    });
    connection.receive(text('1'), text('2'), text('3'));
    connection.receive(text('4'));
    assert.deepEqual(heard, ['1', '2']);
    connection.resume();
    assert.deepEqual(heard, ['1', '2', '3', '4']);
  });

  test('stops the socket as soon as more arrives, and answers no ping', () => {
    const connection = open();
    connection.pause();
    connection.receive({ opcode: PING, payload: 'x' });
    assert.equal(connection.transport.isPaused, true);
    assert.deepEqual(connection.transport.writes, []);
    connection.resume();
    assert.equal(connection.transport.isPaused, false);
  });

  test('answers the pings when it goes on', async () => {
    const connection = open();
    connection.pause();
    connection.receive({ opcode: PING, payload: 'x' });
    connection.resume();
    await settled();
    assert.deepEqual(connection.transport.writes, ['\x8a\x01x']);
  });

  test('is not resumed by a queue that becomes empty, nor a full queue by resume', async () => {
    const connection = open({ maxQueue: [1, 0] });
    connection.receive(text('1'), text('2'), text('3'));
    connection.pause();
    connection.resume();
    connection.receive(text('4'));
    assert.equal(connection.transport.isPaused, true);
    assert.equal(connection.stats.queuedFrames, 2);
    connection.pause();
    assert.equal(await outcome(connection.recv({ timeoutMs: 0 })), 'TimeoutError: no message is there');
    connection.resume();
    for (const message of ['1', '2', '3', '4']) assert.equal(await connection.recv(), message);
  });

  test('still sends', async () => {
    const connection = open();
    connection.pause();
    await connection.send('x');
    await settled();
    assert.deepEqual(connection.transport.writes, ['\x81\x01x']);
  });

  test('does not see the close of the peer before resume', async () => {
    const connection = open();
    connection.pause();
    connection.receive({ opcode: CLOSE, payload: Uint8Array.of(3, 232) });
    assert.equal(connection.state, 'OPEN');
    connection.resume();
    assert.equal(connection.state, 'CLOSING');
  });

  test('is failed by keepalive: it does not see the pongs', async () => {
    const connection = OpenConnection.make({ pingIntervalMs: 100, pingTimeoutMs: 50 });
    connection.pause();
    await connection.clock.advance(151);
    assert.equal(connection.protocol.closeSent?.code, 1011);
  });

  test('goes on when it is closed, so that the peer’s close frame comes through', async () => {
    const connection = open();
    connection.pause();
    connection.receive(text('x'));
    const closed = connection.close();
    assert.equal(connection.isPaused, false);
    connection.receive({ opcode: CLOSE, payload: Uint8Array.of(3, 232) });
    connection.transport.abort();
    await closed;
    assert.equal(connection.closeCode, 1000);
    assert.equal(await connection.recv(), 'x');
  });

  test('hands over all that had arrived when it is lost', async () => {
    const connection = open();
    connection.receive(text('1'));
    connection.pause();
    connection.receive(text('2'));
    const first = connection.recv();
    connection.transport.abort();
    assert.equal(await first, '1');
    assert.equal(await connection.recv(), '2');
    assert.match(await outcome(connection.recv()), /^ConnectionClosedError/);
  });

  test('hands it to handlers too, before close', () => {
    const heard: unknown[] = [];
    const connection = open({
      handlers: { message: (_, data) => heard.push(data), close: (_, code) => heard.push(code) },
    });
    connection.pause();
    connection.receive(text('1'));
    connection.transport.abort();
    assert.deepEqual(heard, ['1', 1006]);
  });

  test('hands it to handlers that pause after each message, too', () => {
    const heard: unknown[] = [];
    const connection = open({
      handlers: {
        message: (it, data) => {
          heard.push(data);
          it.pause();
        },
        close: (it) => heard.push(it.state),
      },
    });
    connection.receive(text('1'), text('2'), text('3'));
    connection.transport.abort();
    assert.deepEqual(heard, ['1', '2', '3', 'CLOSED']);
  });

  test('leaves no timer behind when it was paused as it began to close', () => {
    const connection = open();
    connection.pause();
    void connection.close();
    connection.transport.abort();
    assert.equal(connection.clock.pending, 0);
  });

  test('cannot be paused once it is closing', () => {
    const connection = open();
    void connection.close();
    connection.pause();
    assert.equal(connection.isPaused, false);
  });
});
