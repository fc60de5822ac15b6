// Flow control from end to end: who does not read stops who sends, and memory stays bounded meanwhile.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Connection } from 'websockets-ts';
import { PING, PONG, TEXT } from '../conformance/wire.ts';
import { driver, isPending, meet, pair, SIDES } from './meet.ts';

const MIB = 1024 * 1024;
/** What the kernel keeps on both ends of a loopback connection, and one read beyond each mark, with a good deal to spare. */
const KERNEL_BYTES = 24 * MIB;

/** Sends chunks until `send` waits for longer than a turn; tells how many bytes it took. */
async function sendUntilBlocked(
  connection: Connection,
  chunkBytes: number,
): Promise<{ sent: number; blocked: Promise<void> }> {
  const chunk = new Uint8Array(chunkBytes);
  for (let sent = chunkBytes; sent < 2 * KERNEL_BYTES; sent += chunkBytes) {
    const blocked = connection.send(chunk);
    const waited = await Promise.race([
      blocked.then(() => false),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 100)),
    ]);
    if (waited) return { sent, blocked };
  }
  throw new Error('send never waited');
}

async function receive(connection: Connection, byteLength: number): Promise<void> {
  for (let got = 0; got < byteLength; ) got += (await connection.recv({ decode: false })).length;
}

describe('a reader that does not read', () => {
  for (const side of SIDES) {
    test(`stops the ${side} that sends, until it reads on`, async () => {
      const quiet = { compression: null, pingIntervalMs: null };
      await using p = await pair({ client: quiet, server: quiet });
      const [sender, reader] = side === 'client' ? [p.client, p.peer] : [p.peer, p.client];
      const { sent, blocked } = await sendUntilBlocked(sender, 64 * 1024);
      assert.ok(sent < KERNEL_BYTES, `${sent} bytes were taken`);
      assert.ok(sender.bufferedAmount < MIB, `${sender.bufferedAmount} bytes wait to be sent`);
      const received = receive(reader, sent);
      await blocked;
      await received;
    });

    test(`keeps the ${side} from reading beyond maxQueue, and pings wait as well`, async () => {
      await using m = await meet(side, { maxQueue: [4, 1] });
      for (let i = 0; i < 6; i++) m.peer.send({ opcode: TEXT, payload: String(i) });
      m.peer.send({ opcode: PING, payload: 'behind' });
      // What stands before the mark is delivered, what stands behind it is not even parsed.
      const pong = m.peer.frame();
      assert.equal(await isPending(pong), true);
      for (let i = 0; i < 6; i++) assert.equal(await m.connection.recv(), String(i));
      assert.equal((await pong)?.opcode, PONG);
    });

    test(`keeps the ${side} from reading beyond maxQueueBytes`, async () => {
      await using m = await meet(side, { maxQueue: null, maxQueueBytes: 1000 });
      m.peer.send({ opcode: TEXT, payload: 'x'.repeat(1001) }, { opcode: PING });
      const pong = m.peer.frame();
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(await isPending(pong), true);
      await m.connection.recv();
      assert.equal((await pong)?.opcode, PONG);
    });

    test(`does not keep the ${side} from reading with maxQueue: null and maxQueueBytes: null`, async () => {
      await using m = await meet(side, { maxQueue: null, maxQueueBytes: null });
      for (let i = 0; i < 1000; i++) m.peer.send({ opcode: TEXT, payload: String(i) });
      m.peer.send({ opcode: PING });
      assert.equal((await m.peer.frame())?.opcode, PONG);
      for (let i = 0; i < 1000; i++) assert.equal(await m.connection.recv(), String(i));
    });

    test(`can be forbidden to the ${side}: maxQueue 0 takes one frame at a time`, async () => {
      await using m = await meet(side, { maxQueue: 0 });
      for (let i = 0; i < 100; i++) m.peer.send({ opcode: TEXT, payload: String(i) });
      for (let i = 0; i < 100; i++) assert.equal(await m.connection.recv(), String(i));
    });

    test(`makes a peer that pings and never reads cost the ${side} a constant amount of memory`, async () => {
      await using m = await meet(side);
      m.peer.socket.pause();
      const burst = Array.from({ length: 64 }, () => ({ opcode: PING, payload: 'x'.repeat(125) }));
      let most = 0;
      for (let i = 0; i < 300 && m.connection.state === 'OPEN'; i++) {
        m.peer.send(...burst);
        await new Promise((resolve) => setImmediate(resolve));
        most = Math.max(most, m.connection.bufferedAmount);
      }
      assert.ok(most < MIB, `${most} bytes of pongs waited`);
    });
  }

  test('is cut off by keepalive when nobody reads its messages', async () => {
    await using p = await pair({
      client: { compression: null, pingIntervalMs: 20, pingTimeoutMs: 50, closeTimeoutMs: 50 },
      server: { compression: null, pingIntervalMs: null, maxQueue: 1 },
    });
    void sendUntilBlocked(p.client, 64 * 1024).catch(() => {});
    await p.client.closed;
    assert.equal(p.client.closeCode, 1006);
  });
});

describe('send that waited because the peer did not read', () => {
  for (const writeLimit of [0, 1, 1000, [1000, 0], 16_384, 32_768, [100_000, 1], 1_000_000] as const) {
    for (const chunkBytes of [8000, 1_000_000]) {
      test(`settles when it does, with writeLimit ${writeLimit} and messages of ${chunkBytes} bytes`, async () => {
        await using m = await meet('server', { writeLimit });
        m.peer.socket.pause();
        // Fills what the system takes, so that the next write is the one that has to wait.
        const large = m.connection.send(new Uint8Array(KERNEL_BYTES));
        assert.equal(await isPending(large), true);
        const chunk = new Uint8Array(chunkBytes);
        const few = Array.from({ length: 3 }, () => m.connection.send(chunk));
        m.peer.socket.on('data', () => {}).resume();
        await Promise.all([large, ...few]);
        // And once more with messages of one size alone.
        m.peer.socket.pause();
        const { blocked } = await sendUntilBlocked(m.connection, chunkBytes);
        m.peer.socket.resume();
        await blocked;
        await m.connection.send(chunk);
      });
    }
  }
});

describe('the options of flow control', () => {
  for (const [options, text] of [
    [{ maxQueue: [1, -1] }, 'RangeError: low must be positive or equal to zero'],
    [{ maxQueue: [1, 2] }, 'RangeError: high must be greater than or equal to low'],
    [{ writeLimit: [1, 2] }, 'RangeError: high must be greater than or equal to low'],
    [{ pingIntervalMs: -1 }, 'RangeError: pingIntervalMs must be positive or equal to zero'],
    [
      { closeTimeoutMs: '5' as unknown as number },
      'TypeError: closeTimeoutMs must be a number of milliseconds or null',
    ],
  ] as const) {
    test(`are checked at the call: ${JSON.stringify(options)}`, () => {
      assert.throws(
        () => driver.connect('ws://127.0.0.1:1/', options as object),
        (error) => String(error) === text,
      );
    });
  }
});
