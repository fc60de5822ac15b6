// trySend, drained, pause and broadcast on real sockets, for a peer that does not read; and the signal of every waiting call.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { broadcast, type ServerConnection } from 'websockets-ts';
import { encodeFrame, PING, PONG, TEXT } from '../conformance/wire.ts';
import { driver, isPending, meet, pair, rejectionText, SIDES, serving } from './meet.ts';

const MIB = 1024 * 1024;
const quiet = { compression: null, pingIntervalMs: null, maxSize: null } as const;
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

for (const side of SIDES) {
  describe(`a peer that does not read, of a ${side}`, () => {
    test('makes trySend say sent, queued, and dropped at last; drained tells when it reads', async () => {
      await using m = await meet(side, quiet);
      m.peer.socket.pause();
      const outcomes = new Set<string>();
      const chunk = new Uint8Array(64 * 1024);
      let sent = 0;
      for (let i = 0; i < 2000 && !outcomes.has('dropped'); i++) {
        const outcome = m.connection.trySend(chunk);
        if (outcome !== 'dropped') sent++;
        outcomes.add(outcome);
        await soon();
        if (sent > 200) break;
      }
      assert.deepEqual([...outcomes], ['sent', 'queued', 'dropped']);
      assert.ok(m.connection.bufferedAmount <= MIB + chunk.length + 14, `${m.connection.bufferedAmount}`);
      assert.equal(m.connection.stats.droppedMessages, 1);
      const { drained } = m.connection;
      assert.equal(await isPending(drained), true);
      m.peer.socket.resume();
      for (let i = 0; i < sent; i++) assert.equal((await m.peer.frame())?.payload.length, chunk.length);
      await drained;
      assert.equal(m.connection.trySend('x'), 'sent');
    });

    test('costs a broadcast no more than maxBuffered and a message, and is cut off after slowTimeoutMs', async () => {
      await using m = await meet(side, { ...quiet, slowTimeoutMs: 100, closeTimeoutMs: 100 });
      m.peer.socket.pause();
      const message = new Uint8Array(256 * 1024);
      let most = 0;
      while (m.connection.state === 'OPEN') {
        broadcast([m.connection], message);
        most = Math.max(most, m.connection.bufferedAmount);
        await soon();
      }
      assert.ok(most <= MIB + message.length + 14, `${most} bytes waited`);
      assert.ok(m.connection.stats.droppedMessages > 0);
      assert.match(await rejectionText(m.connection.recv()), /sent 1013 \(try again later\) too slow; no close frame/);
    });

    test('stops the one that sends when it pauses, until it resumes', async () => {
      await using p = await pair({ client: quiet, server: quiet });
      const [sender, reader] = side === 'client' ? [p.client, p.peer] : [p.peer, p.client];
      reader.pause();
      const got: number[] = [];
      void (async () => {
        for await (const message of reader) got.push(message.length);
      })().catch(() => {});
      const chunk = new Uint8Array(MIB);
      let sends = 0;
      for (let isBlocked = false; !isBlocked && sends < 64; sends++) {
        const sent = sender.send(chunk).then(() => true);
        isBlocked = !(await Promise.race([sent, new Promise((resolve) => setTimeout(() => resolve(false), 100))]));
      }
      assert.ok(sends < 64, 'send never waited');
      assert.deepEqual(got, []);
      reader.resume();
      while (got.length < sends) await soon();
    });

    test('which pings all the time gets one pong for many pings when it reads again', async () => {
      await using m = await meet(side, { ...quiet, controlFrameLimit: null });
      m.peer.socket.pause();
      void m.connection.send(new Uint8Array(32 * MIB)).catch(() => {});
      await soon();
      const before = m.connection.bufferedAmount;
      for (let i = 0; i < 100; i++) {
        m.peer.send(...Array.from({ length: 100 }, (_, j) => ({ opcode: PING, payload: `${i} ${j}`.padEnd(125) })));
        if (i % 10 === 0) await soon();
      }
      m.peer.send({ opcode: TEXT, payload: 'behind' });
      assert.equal(await m.connection.recv(), 'behind');
      assert.ok(m.connection.bufferedAmount <= before, 'no pong was added');
      m.peer.socket.resume();
      await m.peer.frame();
      const pong = await m.peer.frame();
      assert.equal(pong?.opcode, PONG);
      assert.equal(String(pong.payload).trim(), '99 99');
    });
  });

  describe(`a signal ends the waiting of a ${side}`, () => {
    test('in send, ping, pong and waitDrained while the peer does not read, and the connection goes on', async () => {
      await using m = await meet(side, quiet);
      m.peer.socket.pause();
      void m.connection.send(new Uint8Array(32 * MIB)).catch(() => {});
      await soon();
      const controller = new AbortController();
      const { signal } = controller;
      const waiting = [
        m.connection.send('x', { signal }),
        m.connection.ping('a', { signal }),
        m.connection.pong('b', { signal }),
        m.connection.waitDrained({ signal }),
      ];
      assert.equal(await isPending(Promise.race(waiting)), true);
      const reasons = waiting.map((call) => rejectionText(call));
      controller.abort(new Error('enough'));
      assert.deepEqual(await Promise.all(reasons), Array(4).fill('Error: enough'));
      for (const call of [
        m.connection.send('x', { signal }),
        m.connection.ping('c', { signal }),
        m.connection.pong('d', { signal }),
        m.connection.waitDrained({ signal }),
        m.connection.recv({ signal }),
        m.connection.waitClosed({ signal }),
      ]) {
        assert.equal(await rejectionText(call), 'Error: enough', 'aborted before');
      }
      assert.equal(m.connection.state, 'OPEN');
    });

    test('for a pong that does not come, and the ping stays sent', async () => {
      await using m = await meet(side);
      const controller = new AbortController();
      const { pong } = await m.connection.ping('a', { signal: controller.signal });
      const reason = rejectionText(pong);
      controller.abort(new Error('enough'));
      assert.equal(await reason, 'Error: enough');
      assert.equal((await m.peer.frame())?.opcode, PING);
      m.peer.send({ opcode: PONG, payload: 'a' });
      while (m.connection.latency === 0) await soon();
    });

    test('in close, and the connection goes on closing', async () => {
      await using m = await meet(side);
      const controller = new AbortController();
      const closing = rejectionText(m.connection.close({ signal: controller.signal }));
      controller.abort(new Error('enough'));
      assert.equal(await closing, 'Error: enough');
      assert.equal(await m.peer.closeFrame(), '1000');
      m.peer.sendClose(1000);
      await m.peer.finishClosing();
      await m.connection.closed;
      assert.equal(m.connection.closeCode, 1000);
    });
  });
}

test('a pause in the open of a client holds messages back', async () => {
  const got: unknown[] = [];
  await using p = await pair({
    server: {},
    client: {
      handlers: {
        open: (connection) => connection.pause(),
        message: (_, data) => got.push(data),
      },
    },
  });
  await p.peer.send('x');
  await soon();
  assert.deepEqual(got, []);
  p.client.resume();
  while (got.length === 0) await soon();
  assert.deepEqual(got, ['x']);
});

test('a pause in the open of a server holds back what came with the request', async () => {
  const got: unknown[] = [];
  await using s = await serving({
    open: (connection: ServerConnection) => connection.pause(),
    message: (_: ServerConnection, data: unknown) => got.push(data),
  });
  const peer = await driver.dial(s.port);
  peer.socket.write(
    Buffer.concat([Buffer.from(peer.request()), encodeFrame({ opcode: TEXT, payload: 'x' }, 'client')]),
  );
  assert.match(await peer.head(), /^HTTP\/1.1 101 /);
  await soon();
  assert.deepEqual(got, []);
  for (const connection of s.server.connections) connection.resume();
  while (got.length === 0) await soon();
  assert.deepEqual(got, ['x']);
  peer.destroy();
});

describe('answers that nobody waits for', () => {
  test('wait up to maxBuffered and two messages; what the peer sends further is not read until it reads', async () => {
    let most = 0;
    let received = 0;
    const message = (connection: ServerConnection, data: string | Uint8Array): void => {
      received += 1;
      void connection.send(data);
      most = Math.max(most, connection.bufferedAmount);
    };
    await using s = await serving({ message }, { ...quiet, maxBuffered: MIB });
    const peer = await driver.dial(s.port);
    await peer.open();
    const count = 400;
    const length = 64 * 1024;
    peer.socket.pause();
    let written = 0;
    const writing = (async () => {
      for (; written < count; written++) {
        const frame = encodeFrame({ opcode: TEXT, payload: Buffer.alloc(length, (written % 26) | 0x40) }, 'client');
        if (!peer.socket.write(frame)) await new Promise((resolve) => peer.socket.once('drain', resolve));
      }
    })();
    // Long enough to take all of it, if nothing kept the server from it.
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.ok(written < count, `the server has read ${received} of ${count} messages`);
    assert.ok(most <= MIB + 2 * (length + 14), `${most} bytes waited`);
    peer.socket.resume();
    for (let i = 0; i < count; i++) {
      const frame = await peer.frame();
      assert.deepEqual([frame?.payload.length, frame?.payload[0]], [length, (i % 26) | 0x40], `message ${i}`);
    }
    await writing;
    peer.destroy();
  });

  test('are not what a client sends in bulk: it goes on reading, whatever waits', async () => {
    await using s = await serving({ message: (connection, data) => void connection.send(data) }, quiet);
    const count = 64;
    let got = 0;
    const done = new Promise<void>((resolve) => {
      const message = (): void => {
        if (++got === count) resolve();
      };
      void driver.connect(s.url, { ...quiet, handlers: { message } }).then((connection) => {
        for (let i = 0; i < count; i++) void connection.send(new Uint8Array(256 * 1024));
      });
    });
    await done;
    assert.equal(got, count);
  });
});
