// What a connection does with a peer that takes nothing: trySend, drained, cork, pongs, the time that it gets. No socket, no
// real time.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settled } from 'websockets-ts/testing';
import { broadcast } from '#dist/connection/broadcast.js';
import { prepare } from '#dist/connection/prepare.js';
import type { Extension } from '#dist/core/extension.js';
import { CLOSE, PING, TEXT } from '../conformance/wire.ts';
import { Channels } from '../support/channels.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import { OpenConnection, type OpenOptions } from '../support/open-connection.ts';

const open = (options: OpenOptions = {}): OpenConnection => OpenConnection.make({ pingIntervalMs: null, ...options });

/** A connection for which so many bytes wait, in the system's hands. */
async function blocked(byteLength: number, options: OpenOptions = {}): Promise<OpenConnection> {
  const connection = open(options);
  connection.transport.isSlow = true;
  void connection.send(new Uint8Array(byteLength)).catch(() => {});
  await settled();
  connection.transport.writes.length = 0;
  return connection;
}

/** What was written and not looked at yet, as characters. */
const written = ({ transport }: OpenConnection): string => transport.writes.splice(0).join('');

/** What has become of a promise by now. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  let text = 'pending';
  promise.then(
    (value) => {
      text = String(value);
    },
    (error: unknown) => {
      text = String(error);
    },
  );
  await settled();
  return text;
}

describe('trySend', () => {
  test('sends text, bytes and what is prepared', async () => {
    const connection = open();
    assert.equal(connection.trySend('a'), 'sent');
    assert.equal(connection.trySend(Uint8Array.of(98)), 'sent');
    assert.equal(connection.trySend(Uint8Array.of(99), { text: true }), 'sent');
    assert.equal(connection.trySend(prepare('d')), 'sent');
    await settled();
    assert.equal(written(connection), '\x81\x01a\x82\x01b\x81\x01c\x81\x01d');
  });

  test('says queued above the high mark, and drained then tells of the low one', async () => {
    const connection = open({ writeLimit: [1000, 100] });
    connection.transport.isSlow = true;
    assert.equal(connection.trySend('x'.repeat(500)), 'sent');
    assert.equal(connection.trySend('x'.repeat(500)), 'queued');
    const { drained } = connection;
    assert.equal(await outcome(drained), 'pending');
    connection.transport.drain();
    assert.equal(await outcome(drained), 'undefined');
  });

  test('calls the handler of drain after queued', async () => {
    let drains = 0;
    const connection = open({ writeLimit: 0, handlers: { drain: () => drains++ } });
    connection.transport.isSlow = true;
    assert.equal(connection.trySend('x'), 'queued');
    connection.transport.drain();
    assert.equal(drains, 1);
  });

  test('drops while more than maxBuffered waits, and counts that; not for the size of the message', async () => {
    const connection = open({ maxBuffered: 1000 });
    connection.transport.isSlow = true;
    assert.equal(connection.trySend(new Uint8Array(50_000)), 'queued');
    assert.equal(connection.trySend('x'), 'dropped');
    assert.equal(connection.trySend('x', { maxBuffered: 60_000 }), 'queued');
    assert.equal(connection.trySend('x', { maxBuffered: null }), 'queued');
    assert.equal(connection.stats.droppedMessages, 1);
    connection.transport.drain();
    assert.equal(connection.trySend('x'), 'sent');
  });

  test('does not take for waiting what has only been gathered', () => {
    const connection = open({ maxBuffered: 0 });
    assert.equal(connection.trySend('a'), 'sent');
    assert.equal(connection.trySend('b'), 'sent');
  });

  test('drops what comes into the middle of a fragmented message', async () => {
    const connection = open();
    async function* source(): AsyncGenerator<string> {
      yield 'a';
      await new Promise(() => {});
    }
    void connection.send(source());
    await settled();
    assert.equal(connection.trySend('x'), 'dropped');
    connection.abort();
  });

  test('drops when the connection is closing, or closed, and throws nothing', () => {
    const connection = open();
    void connection.close();
    assert.equal(connection.trySend('x'), 'dropped');
    connection.abort();
    assert.equal(connection.trySend('x'), 'dropped');
    assert.equal(connection.stats.droppedMessages, 0);
  });

  test('drops what an extension cannot encode, and gives the connection up', () => {
    const failing: Extension = {
      name: 'failing',
      decode: (frame) => frame,
      encode: () => {
        throw new RangeError('mine');
      },
    };
    const connection = open({ logger: new LogRecorder() });
    connection.protocol.extensions = [failing];
    assert.equal(connection.trySend('x'), 'dropped');
    assert.equal(connection.state, 'CLOSED');
  });

  test('refuses what is neither text nor bytes, also on a closed connection', () => {
    const connection = open();
    assert.throws(() => connection.trySend(['a'] as unknown as string), /^TypeError: data must be str or bytes$/);
    assert.throws(() => connection.trySend('x', { maxBuffered: -1 }), RangeError);
    connection.abort();
    assert.throws(() => connection.trySend({} as unknown as string), TypeError);
  });

  test('leaves the bytes to the caller, large ones too', () => {
    const connection = open({ maxBuffered: null });
    const chunks: Uint8Array[] = [];
    connection.transport.write = (chunk, more) => {
      chunks.push(chunk, ...(more === undefined ? [] : [more]));
    };
    const bytes = new Uint8Array(100_000).fill(1);
    connection.trySend(bytes);
    bytes.fill(2);
    assert.ok(Buffer.concat(chunks).equals(Buffer.concat([Buffer.from('827f00000000000186a0', 'hex'), bytes.fill(1)])));
  });
});

describe('drained', () => {
  test('settles at once while little waits', async () => {
    const connection = open();
    connection.trySend('x');
    assert.equal(await outcome(connection.drained), 'undefined');
  });

  test('also when much was gathered that the system takes', async () => {
    const connection = open({ writeLimit: [60_000, 10] });
    connection.trySend('x'.repeat(20_000));
    assert.equal(await outcome(connection.drained), 'undefined');
  });

  test('rejects when the connection ends first, and when it has ended', async () => {
    const connection = await blocked(100_000);
    const { drained } = connection;
    connection.abort();
    assert.match(await outcome(drained), /^ConnectionClosedError: /);
    assert.match(await outcome(connection.drained), /^ConnectionClosedError: /);
  });

  test('gives up by time and by signal as waitDrained', async () => {
    const connection = await blocked(100_000);
    const controller = new AbortController();
    const bySignal = connection.waitDrained({ signal: controller.signal });
    controller.abort(new Error('enough'));
    assert.equal(await outcome(bySignal), 'Error: enough');
    assert.equal(await outcome(connection.waitDrained({ signal: controller.signal })), 'Error: enough');
    const byTime = connection.waitDrained({ timeoutMs: 10 });
    await connection.clock.advance(10);
    assert.equal(await outcome(byTime), 'TimeoutError: timed out after 10 ms');
    connection.transport.drain();
    assert.equal(await outcome(connection.waitDrained()), 'undefined');
  });
});

describe('cork', () => {
  test('writes once, when the function returns, and gives its result', () => {
    const connection = open();
    const result = connection.cork(() => {
      void connection.send('a');
      void connection.send('b');
      return 'result';
    });
    assert.equal(result, 'result');
    assert.deepEqual(connection.transport.writes, ['\x81\x01a\x81\x01b']);
  });

  test('may be nested: the outermost writes', () => {
    const connection = open();
    connection.cork(() => {
      connection.trySend('a');
      connection.cork(() => connection.trySend('b'));
      assert.deepEqual(connection.transport.writes, []);
      connection.trySend('c');
    });
    assert.deepEqual(connection.transport.writes, ['\x81\x01a\x81\x01b\x81\x01c']);
  });

  test('writes what was sent before the function threw', () => {
    const connection = open();
    assert.throws(
      () =>
        connection.cork(() => {
          connection.trySend('a');
          throw new Error('mine');
        }),
      /mine/,
    );
    assert.deepEqual(connection.transport.writes, ['\x81\x01a']);
    connection.cork(() => connection.trySend('b'));
    assert.deepEqual(connection.transport.writes, ['\x81\x01a', '\x81\x01b']);
  });

  test('goes with what answers the read in whose middle it is called', () => {
    const connection = open({
      handlers: {
        message: (it, data) => it.cork(() => it.trySend(data)),
      },
    });
    connection.receive({ opcode: TEXT, payload: 'a' }, { opcode: TEXT, payload: 'b' });
    assert.deepEqual(connection.transport.writes, ['\x81\x01a\x81\x01b']);
  });

  test('closes behind what was sent, and does no harm to a connection that is gone', () => {
    const connection = open();
    connection.cork(() => {
      connection.trySend('a');
      void connection.close();
    });
    assert.match(connection.transport.writes.join(''), /^\x81\x01a\x88\x02\x03\xe8$/);
    connection.abort();
    assert.equal(
      connection.cork(() => connection.trySend('b')),
      'dropped',
    );
  });
});

describe('a peer that pings', () => {
  const pings = (...payloads: string[]) => payloads.map((payload) => ({ opcode: PING, payload }));

  test('gets each pong in order while it reads', () => {
    const connection = open();
    connection.receive(...pings('1', '2', '3'));
    assert.equal(written(connection), '\x8a\x011\x8a\x012\x8a\x013');
  });

  test('and does not read gets the last pong only, once it does', async () => {
    const connection = await blocked(100_000);
    for (let i = 0; i < 1000; i++) connection.receive(...pings(String(i)));
    assert.equal(written(connection), '');
    assert.ok(connection.bufferedAmount < 101_000);
    connection.transport.isSlow = false;
    connection.transport.drain();
    await settled();
    assert.equal(written(connection), '\x8a\x03999');
    connection.receive(...pings('next'));
    assert.equal(written(connection), '\x8a\x04next');
  });

  test('gets one also when the buffer never becomes empty: whenever something goes out', async () => {
    const connection = await blocked(100_000);
    connection.receive(...pings('1', '2'));
    connection.transport.bufferedBytes -= 10_000;
    connection.transport.sink?.onWritten();
    await settled();
    assert.equal(written(connection), '\x8a\x012');
    connection.transport.bufferedBytes -= 10_000;
    connection.transport.sink?.onWritten();
    await settled();
    assert.equal(written(connection), '');
  });

  test('gets the pong before our close frame', async () => {
    const connection = await blocked(100_000);
    connection.receive(...pings('1', '2'));
    void connection.close();
    await settled();
    assert.equal(written(connection), '\x8a\x012\x88\x02\x03\xe8');
  });

  test('gets none when it has failed the connection or the connection is gone', async () => {
    const connection = await blocked(100_000, { closeTimeoutMs: null });
    connection.receive(...pings('1'), { opcode: CLOSE, payload: Uint8Array.of(3, 232) }, ...pings('late'));
    connection.transport.drain();
    await settled();
    assert.equal(written(connection), '\x8a\x011\x88\x02\x03\xe8');
    connection.abort();
    connection.transport.sink?.onWritten();
    await settled();
    assert.equal(written(connection), '');
  });

  test('and does not read is itself asked once, however long that lasts', async () => {
    const connection = OpenConnection.make({ pingIntervalMs: 100, pingTimeoutMs: 50 });
    connection.transport.isSlow = true;
    void connection.send(new Uint8Array(100_000)).catch(() => {});
    await connection.clock.advance(100);
    const bytes = connection.bufferedAmount;
    for (let i = 0; i < 100; i++) {
      connection.receiveBytes(Uint8Array.of(0x89, 0x80, 0, 0, 0, 0));
      await connection.clock.advance(50);
    }
    assert.equal(connection.state, 'OPEN');
    assert.equal(connection.bufferedAmount, bytes);
  });
});

describe('a connection for which more than maxBuffered waits', () => {
  test('is left out of a broadcast, and the others are not', async () => {
    const slow = await blocked(2000, { maxBuffered: 1000 });
    const fast = open({ maxBuffered: 1000 });
    const logger = new LogRecorder();
    broadcast([slow, fast], 'x');
    broadcast([slow, fast], 'y', { raiseExceptions: true });
    await settled();
    assert.equal(written(slow), '');
    assert.equal(written(fast), '\x81\x01x\x81\x01y');
    assert.equal(slow.stats.droppedMessages, 2);
    assert.equal(fast.stats.droppedMessages, 0);
    assert.deepEqual(logger.texts('warn'), []);
  });

  test('takes it again when there is room, and another maxBuffered of the broadcast at once', async () => {
    const connection = await blocked(2000, { maxBuffered: 1000 });
    broadcast([connection], 'x', { maxBuffered: 3000 });
    broadcast([connection], 'y', { maxBuffered: null });
    broadcast([connection], 'z');
    connection.transport.drain();
    broadcast([connection], 'again');
    await settled();
    assert.equal(written(connection), '\x81\x01x\x81\x01y\x81\x05again');
    assert.equal(connection.stats.droppedMessages, 1);
  });

  test('is closed with 1013 by a broadcast with slow: close', async () => {
    const connection = await blocked(2000, { maxBuffered: 1000 });
    broadcast([connection], 'x', { slow: 'close' });
    assert.equal(connection.state, 'CLOSING');
    assert.equal(written(connection), '\x88\n\x03\xf5too slow');
  });

  test('refuses other policies', () => {
    assert.throws(() => broadcast([], 'x', { slow: 'wait' as 'drop' }), /slow must be 'drop' or 'close'/);
    assert.throws(() => broadcast([], 'x', { maxBuffered: Number.NaN }), RangeError);
  });

  for (const [road, push] of [
    ['broadcast', (connection: OpenConnection) => broadcast([connection], 'x')],
    ['trySend', (connection: OpenConnection) => connection.trySend('x')],
    ['send that nobody awaits', (connection: OpenConnection) => void connection.send('x').catch(() => {})],
  ] as const) {
    test(`is closed with 1013 after slowTimeoutMs: ${road}`, async () => {
      const connection = await blocked(2000, { maxBuffered: 1000, slowTimeoutMs: 500, writeLimit: 100 });
      await connection.clock.advance(1000);
      assert.equal(connection.state, 'OPEN', 'one message alone may take its time');
      push(connection);
      await connection.clock.advance(300);
      push(connection);
      await connection.clock.advance(199);
      assert.equal(connection.state, 'OPEN');
      await connection.clock.advance(2);
      assert.equal(connection.protocol.closeSent?.code, 1013);
      await connection.clock.advance(10_001);
      assert.equal(connection.state, 'CLOSED');
      assert.equal(connection.clock.pending, 0);
    });
  }

  test('is not when it comes below the mark in time', async () => {
    const connection = await blocked(2000, { maxBuffered: 1000, slowTimeoutMs: 500 });
    connection.trySend('x');
    await connection.clock.advance(499);
    connection.transport.bufferedBytes = 1000;
    connection.transport.sink?.onWritten();
    await connection.clock.advance(10_000);
    assert.equal(connection.state, 'OPEN');
    assert.equal(connection.clock.pending, 0, 'no timer is left');
  });

  test('is never with slowTimeoutMs: null', async () => {
    const connection = await blocked(2000, { maxBuffered: 1000, slowTimeoutMs: null });
    connection.trySend('x');
    assert.equal(connection.clock.pending, 0);
    await connection.clock.advance(1e9);
    assert.equal(connection.state, 'OPEN');
  });

  test('is told of on the channel of limits', async () => {
    using channels = new Channels('limit');
    const connection = await blocked(2000, { maxBuffered: 1000, slowTimeoutMs: 500, closeTimeoutMs: 100 });
    connection.trySend('x');
    await connection.clock.advance(500);
    await connection.clock.advance(100);
    assert.deepEqual(channels.about(connection), [
      'limit limit=maxBuffered',
      'limit limit=slowTimeoutMs',
      'limit limit=closeTimeoutMs',
    ]);
  });
});

test('what comes beyond maxQueueBytes while the connection closes is dropped, which the channel of limits tells', async () => {
  using channels = new Channels('limit');
  const connection = open({ maxQueue: null, maxQueueBytes: 200 });
  void connection.close();
  connection.receive({ opcode: TEXT, payload: 'a' }, { opcode: TEXT, payload: 'b' }, { opcode: TEXT, payload: 'c' });
  connection.receive({ opcode: TEXT, payload: 'd' });
  assert.deepEqual(channels.about(connection), ['limit limit=maxQueueBytes']);
  assert.equal(await connection.recv(), 'a');
});

test('a violation is told once, also when closing may take any time', () => {
  using channels = new Channels('error');
  const connection = open({ closeTimeoutMs: null });
  connection.receive({ opcode: 3 });
  connection.receive({ opcode: TEXT, payload: 'a' });
  connection.transport.sink?.onEnd();
  assert.deepEqual(channels.about(connection), [
    'error message=the peer broke the protocol ProtocolError: invalid opcode',
  ]);
});
