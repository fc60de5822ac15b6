// readable and writable: a connection as web streams, with backpressure, errors and the ways of ending.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Connection, ConnectionClosed, type Data, prepare } from 'websockets-ts';
import { BINARY, CONTINUATION, TEXT } from '../conformance/wire.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import { driver, echo, isPending, meet, pair, rejection, rejectionText, SIDES, serving } from './meet.ts';

const quiet = { compression: null, pingIntervalMs: null, maxSize: null } as const;

/** A stream of these chunks. */
const streamOf = <T>(...chunks: readonly T[]): ReadableStream<T> =>
  new ReadableStream({
    pull(controller) {
      const chunk = chunks[0];
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
      chunks = chunks.slice(1);
    },
  });

/** All that a stream gives. */
async function collect<T>(stream: ReadableStream<T>): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

for (const side of SIDES) {
  describe(`the readable stream of a ${side}`, () => {
    test('gives messages as recv does, and ends when the connection was closed without a problem', async () => {
      await using m = await meet(side);
      const { readable } = m.connection;
      assert.equal(m.connection.readable, readable, 'the same each time');
      m.peer.send({ opcode: TEXT, payload: 'a' }, { opcode: BINARY, payload: 'b' });
      m.peer.send({ opcode: TEXT, payload: 'c', fin: false }, { opcode: CONTINUATION, payload: 'd', fin: true });
      m.peer.sendClose(1000);
      const all = collect(readable);
      await m.peer.finishClosing();
      assert.deepEqual(await all, ['a', Uint8Array.of(98), 'cd']);
    });

    test('fails with ConnectionClosedError otherwise, behind the messages', async () => {
      await using m = await meet(side);
      const reader = m.connection.readable.getReader();
      m.peer.send({ opcode: TEXT, payload: 'a' });
      m.peer.sendClose(1011, 'broken');
      assert.deepEqual(await reader.read(), { done: false, value: 'a' });
      await m.peer.finishClosing();
      assert.match(await rejectionText(reader.read()), /^ConnectionClosedError: received 1011/);
      assert.match(await rejectionText(reader.closed), /^ConnectionClosedError/);
    });

    test('tells who does not read of the end, behind what there is to read', async () => {
      for (const code of [1000, 1011]) {
        for (const count of [0, 1, 2]) {
          await using m = await meet(side);
          const reader = m.connection.readable.getReader();
          for (let i = 0; i < count; i++) m.peer.send({ opcode: TEXT, payload: String(i) });
          m.peer.sendClose(code);
          await m.peer.finishClosing();
          await m.connection.closed;
          for (let i = 0; i < count; i++) {
            assert.equal(await isPending(reader.closed), true);
            assert.equal((await reader.read()).value, String(i));
          }
          if (code === 1000) await reader.closed;
          else assert.match(await rejectionText(reader.closed), /^ConnectionClosedError: received 1011/);
        }
      }
    });

    test('keeps a message for the next reader when a read was given up, also when the connection fails behind it', async () => {
      await using m = await meet(side);
      const first = m.connection.readable.getReader();
      const read = rejectionText(first.read());
      await new Promise((resolve) => setImmediate(resolve));
      first.releaseLock();
      assert.match(await read, /^TypeError/);
      m.peer.send({ opcode: TEXT, payload: 'a' });
      m.peer.sendClose(1011);
      await m.peer.finishClosing();
      await m.connection.closed;
      const second = m.connection.readable.getReader();
      assert.equal((await second.read()).value, 'a');
      assert.match(await rejectionText(second.read()), /^ConnectionClosedError/);
    });

    test('gives what had arrived before it was asked for, and after the end', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: 'a' });
      m.peer.sendClose(1000);
      await m.peer.finishClosing();
      await m.connection.closed;
      assert.deepEqual(await collect(m.connection.readable), ['a']);
    });

    test('keeps nothing back: who does not read stops the peer', async () => {
      await using m = await meet(side, { maxQueue: [2, 0] });
      const reader = m.connection.readable.getReader();
      for (let i = 0; i < 10; i++) m.peer.send({ opcode: TEXT, payload: String(i) });
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(m.connection.stats.queuedFrames, 3);
      for (let i = 0; i < 10; i++) assert.equal((await reader.read()).value, String(i));
    });

    test('waits while the connection is paused', async () => {
      await using m = await meet(side);
      const reader = m.connection.readable.getReader();
      m.connection.pause();
      m.peer.send({ opcode: TEXT, payload: 'a' });
      const read = reader.read();
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(await isPending(read), true);
      m.connection.resume();
      assert.equal((await read).value, 'a');
    });

    test('locks recv, recvStreaming and iteration out, and is refused while one of them waits', async () => {
      await using m = await meet(side);
      const waiting = m.connection.recv();
      assert.throws(() => m.connection.readable, /^ConcurrencyError: cannot call readable while another call/);
      m.peer.send({ opcode: TEXT, payload: 'a' });
      assert.equal(await waiting, 'a');
      void m.connection.readable;
      const text = 'on a connection whose readable stream is in use';
      assert.equal(await rejectionText(m.connection.recv()), `ConcurrencyError: cannot call recv ${text}`);
      assert.equal(
        await rejectionText(m.connection.recvStreaming()[Symbol.asyncIterator]().next()),
        `ConcurrencyError: cannot call recvStreaming ${text}`,
      );
      assert.match(await rejectionText(m.connection[Symbol.asyncIterator]().next()), /^ConcurrencyError/);
    });

    for (const [what, cancel, code] of [
      ['cancel()', (stream: ReadableStream<Data>) => stream.cancel(), 1000],
      ['cancel(reason) that is no error', (stream: ReadableStream<Data>) => stream.cancel('enough'), 1000],
      ['cancel(error)', (stream: ReadableStream<Data>) => stream.cancel(new Error('secret')), 1011],
      [
        'leaving its iteration',
        async (stream: ReadableStream<Data>) => {
          for await (const _ of stream) break;
        },
        1000,
      ],
    ] as const) {
      test(`closes the connection with ${code} after ${what}`, async () => {
        await using m = await meet(side);
        m.peer.send({ opcode: TEXT, payload: 'a' }, { opcode: TEXT, payload: 'b' });
        const cancelled = cancel(m.connection.readable);
        assert.equal(await m.peer.closeFrame(), String(code));
        m.peer.sendClose(code);
        await m.peer.finishClosing();
        await cancelled;
        await m.connection.closed;
      });
    }

    test('can be cancelled while a read waits', async () => {
      const logger = new LogRecorder('error');
      await using m = await meet(side, { logger });
      const reader = m.connection.readable.getReader();
      const read = reader.read();
      await new Promise((resolve) => setImmediate(resolve)); // now the connection is asked
      const cancelled = reader.cancel();
      assert.equal((await read).done, true);
      assert.equal(await m.peer.closeFrame(), '1000');
      m.peer.send({ opcode: TEXT, payload: 'too late' });
      m.peer.sendClose(1000);
      await m.peer.finishClosing();
      await cancelled;
      assert.deepEqual(
        logger.lines.map(({ message }) => message),
        [],
      );
    });
  });

  describe(`the writable stream of a ${side}`, () => {
    test('sends each chunk as a message, and closes the connection with 1000', async () => {
      await using m = await meet(side);
      assert.equal(m.connection.writable, m.connection.writable, 'the same each time');
      const writer = m.connection.writable.getWriter();
      await writer.write('é');
      await writer.write(Uint8Array.of(98));
      await writer.write(Uint8Array.of(99).buffer);
      await writer.write(prepare('d'));
      for (const [opcode, payload] of [
        [TEXT, 'é'],
        [BINARY, 'b'],
        [BINARY, 'c'],
        [TEXT, 'd'],
      ] as const) {
        const frame = await m.peer.frame();
        assert.deepEqual([frame?.opcode, String(frame?.payload)], [opcode, payload]);
      }
      const closed = writer.close();
      assert.equal(await m.peer.closeFrame(), '1000');
      m.peer.sendClose(1000);
      await m.peer.finishClosing();
      await closed;
      assert.equal(m.connection.state, 'CLOSED');
      await writer.closed;
    });

    test('closes it with 1011 and without a word when it is aborted', async () => {
      await using m = await meet(side);
      void m.connection.writable.abort(new Error('secret'));
      assert.equal(await m.peer.closeFrame(), '1011');
    });

    test('fails when the peer closes, also when nobody writes', async () => {
      await using m = await meet(side);
      const writer = m.connection.writable.getWriter();
      m.peer.sendClose(1000);
      await m.peer.finishClosing();
      assert.match(await rejectionText(writer.closed), /^ConnectionClosedOK/);
      assert.ok((await rejection(writer.write('x'))) instanceof ConnectionClosed);
    });

    test('fails, and closes with 1011, when a chunk cannot be sent', async () => {
      await using m = await meet(side);
      const writer = m.connection.writable.getWriter();
      assert.match(await rejectionText(writer.write(42 as unknown as string)), /^TypeError: data must be/);
      assert.equal(await m.peer.closeFrame(), '1011');
      assert.match(await rejectionText(writer.closed), /^TypeError/);
    });

    test('locks send and trySend out; pings go on', async () => {
      await using m = await meet(side);
      void m.connection.writable;
      const text = 'on a connection whose writable stream is in use';
      assert.equal(await rejectionText(m.connection.send('x')), `ConcurrencyError: cannot call send ${text}`);
      assert.throws(() => m.connection.trySend('x'), /^ConcurrencyError: cannot call trySend/);
      await m.connection.ping();
    });

    test('makes the writer wait while the peer does not read', async () => {
      await using m = await meet(side, quiet);
      m.peer.socket.pause();
      const writer = m.connection.writable.getWriter();
      const chunk = new Uint8Array(256 * 1024);
      let written = 0;
      for (; written < 200; written++) {
        const write = writer.write(chunk);
        const waits = await Promise.race([
          write.then(() => false),
          new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 100)),
        ]);
        if (waits) break;
      }
      assert.ok(written < 200, 'no write ever waited');
      assert.equal(writer.desiredSize, 0);
      assert.ok(m.connection.bufferedAmount <= 2 * chunk.length, `${m.connection.bufferedAmount} bytes wait`);
      m.peer.socket.on('data', () => {}).resume();
      await writer.ready;
    });
  });

  test(`a ${side} pipes a stream to the peer, and the echo back`, async () => {
    const options = { ...quiet };
    await using p = await pair({ client: options, server: options });
    const [one, other] = side === 'client' ? [p.client, p.peer] : [p.peer, p.client];
    const messages = Array.from({ length: 300 }, (_, i) => `${i}`.repeat(1 + (i % 50)));
    const back = other.readable.pipeTo(other.writable);
    const there = streamOf<string>(...messages).pipeTo(one.writable, { preventClose: true });
    const reader = one.readable.getReader();
    for (const message of messages) assert.equal((await reader.read()).value, message);
    await there;
    assert.equal(one.state, 'OPEN', 'preventClose');
    const end = reader.read();
    await one.writable.close();
    assert.equal((await end).done, true);
    await back;
  });
}

describe('pipes', () => {
  test('go through transforms', async () => {
    await using s = await serving(echo);
    const client = await driver.connect(s.url);
    const upper = new TransformStream<Data, string>({
      transform: (message, controller) => controller.enqueue(String(message).toUpperCase()),
    });
    const writer = client.writable.getWriter();
    await writer.write('a');
    const reader = client.readable.pipeThrough(upper).getReader();
    assert.equal((await reader.read()).value, 'A');
    await writer.close();
    assert.equal((await reader.read()).done, true);
  });

  test('close the connection with 1011 when their source fails, and with preventAbort not', async () => {
    await using m = await meet('client');
    const failing = (): ReadableStream<string> =>
      new ReadableStream({
        pull() {
          throw new Error('mine');
        },
      });
    assert.match(await rejectionText(failing().pipeTo(m.connection.writable, { preventAbort: true })), /mine/);
    assert.equal(m.connection.state, 'OPEN');
    const piped = rejectionText(failing().pipeTo(m.connection.writable));
    assert.equal(await m.peer.closeFrame(), '1011');
    m.peer.sendClose(1011);
    await m.peer.finishClosing();
    assert.match(await piped, /mine/);
  });

  test('close the connection with 1011 when their destination fails, and with preventCancel not', async () => {
    await using m = await meet('client');
    const failing = (): WritableStream<Data> =>
      new WritableStream({
        write() {
          throw new Error('mine');
        },
      });
    m.peer.send({ opcode: TEXT, payload: 'a' });
    assert.match(await rejectionText(m.connection.readable.pipeTo(failing(), { preventCancel: true })), /mine/);
    assert.equal(m.connection.state, 'OPEN');
    m.peer.send({ opcode: TEXT, payload: 'b' });
    const piped = rejectionText(m.connection.readable.pipeTo(failing()));
    assert.equal(await m.peer.closeFrame(), '1011');
    m.peer.sendClose(1011);
    await m.peer.finishClosing();
    assert.match(await piped, /mine/);
  });

  test('end with their signal', async () => {
    await using m = await meet('client');
    const controller = new AbortController();
    const piped = rejectionText(m.connection.readable.pipeTo(new WritableStream(), { signal: controller.signal }));
    controller.abort(new Error('enough'));
    assert.equal(await m.peer.closeFrame(), '1011');
    m.peer.sendClose(1011);
    await m.peer.finishClosing();
    assert.match(await piped, /enough/);
  });
});

test('a connection with direct handlers has a writable stream and no readable one', async () => {
  const got: Data[] = [];
  await using s = await serving({ message: (connection: Connection, data: Data) => connection.send(data) });
  const client = await driver.connect(s.url, { handlers: { message: (_, data) => got.push(data) } });
  assert.throws(() => client.readable, /^ConcurrencyError: cannot call readable on a connection with direct handlers/);
  const writer = client.writable.getWriter();
  await writer.write('x');
  while (got.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(got, ['x']);
  await writer.close();
});

describe('send of a web stream', () => {
  for (const [what, make] of [
    ['that can be iterated over', () => streamOf('a', 'b')],
    [
      'of a runtime whose streams cannot be',
      () => {
        const stream = streamOf('a', 'b');
        return { getReader: () => stream.getReader() } as unknown as ReadableStream<string>;
      },
    ],
  ] as const) {
    test(`sends its chunks as the fragments of one message, ${what}`, async () => {
      await using m = await meet('server');
      await m.connection.send(make());
      const frames = [await m.peer.frame(), await m.peer.frame(), await m.peer.frame()];
      assert.deepEqual(
        frames.map((frame) => [frame?.opcode, String(frame?.payload), frame?.fin]),
        [
          [TEXT, 'a', false],
          [CONTINUATION, 'b', false],
          [CONTINUATION, '', true],
        ],
      );
    });
  }

  test('cancels it when the connection ends first', async () => {
    await using m = await meet('server');
    let reason: unknown = 'not cancelled';
    const stream = new ReadableStream<string>({
      start: (controller) => controller.enqueue('a'),
      cancel: (given) => {
        reason = given;
      },
    });
    const sent = m.connection.send({ getReader: () => stream.getReader() } as unknown as ReadableStream<string>);
    assert.equal((await m.peer.frame())?.opcode, TEXT);
    m.connection.abort();
    assert.match(await rejectionText(sent), /^ConnectionClosedError/);
    assert.equal(reason, undefined);
    assert.equal((await m.peer.frame())?.opcode, undefined);
  });
});
