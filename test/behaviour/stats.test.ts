// connection.stats: what a connection counts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { broadcast, prepare } from 'websockets-ts';
import { BINARY, CONTINUATION, PING, TEXT } from '../conformance/wire.ts';
import { meet, pair, SIDES } from './meet.ts';

for (const side of SIDES) {
  describe(`the stats of a ${side}`, () => {
    /** What a head has more than the smallest: a client masks. */
    const mask = side === 'client' ? 4 : 0;

    test('are all 0 at the beginning: the handshake does not count', async () => {
      await using m = await meet(side);
      assert.deepEqual(m.connection.stats, {
        messagesSent: 0,
        messagesReceived: 0,
        payloadBytesSent: 0,
        payloadBytesReceived: 0,
        bytesSent: 0,
        bytesReceived: 0,
        compressionRatioSent: null,
        compressionRatioReceived: null,
        queuedFrames: 0,
        queuedBytes: 0,
        bufferedBytes: 0,
        droppedMessages: 0,
      });
    });

    test('count messages that were sent by every road, and their bytes on the wire', async () => {
      await using m = await meet(side);
      await m.connection.send('é');
      m.connection.trySend('ab');
      broadcast([m.connection], prepare('abc'));
      await m.connection.send(['a', 'bc', 'def']);
      await m.connection.send(new Uint8Array(100_000));
      const { stats } = m.connection;
      assert.equal(stats.messagesSent, 5);
      assert.equal(stats.payloadBytesSent, 2 + 2 + 3 + 6 + 100_000);
      assert.equal(stats.bytesSent, stats.payloadBytesSent + 7 * (2 + mask) + 10 + mask);
      await m.connection.ping('1234');
      assert.equal(m.connection.stats.bytesSent, stats.bytesSent + 2 + mask + 4);
      assert.equal(m.connection.stats.messagesSent, 5);
    });

    test('count messages that arrived, read or not, and what waits of them', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: 'é' }, { opcode: BINARY, payload: 'abc' });
      m.peer.send({ opcode: TEXT, payload: 'a', fin: false }, { opcode: CONTINUATION, payload: 'b', fin: false });
      m.peer.send({ opcode: PING, payload: '' });
      await m.peer.frame();
      const { stats } = m.connection;
      assert.equal(stats.messagesReceived, 2);
      assert.equal(stats.payloadBytesReceived, 2 + 3 + 1 + 1);
      assert.equal(stats.bytesReceived, stats.payloadBytesReceived + 5 * (2 + (4 - mask)));
      assert.equal(stats.queuedFrames, 4);
      assert.ok(stats.queuedBytes > stats.payloadBytesReceived);
      await m.connection.recv();
      assert.equal(m.connection.stats.queuedFrames, 3);
      assert.equal(stats.queuedFrames, 4, 'a snapshot stays as it was');
    });

    test('tell what waits to be sent', async () => {
      await using m = await meet(side);
      m.peer.socket.pause();
      void m.connection.send(new Uint8Array(32 * 1024 * 1024)).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 20));
      const { bufferedBytes } = m.connection.stats;
      assert.ok(bufferedBytes > 0);
      assert.equal(bufferedBytes, m.connection.bufferedAmount);
    });
  });
}

test('stats tell what compression saves, both ways', async () => {
  await using p = await pair({ client: { pingIntervalMs: null }, server: { pingIntervalMs: null } });
  const text = 'the same words again and again, '.repeat(1000);
  for (let i = 0; i < 10; i++) {
    await p.client.send(text);
    await p.peer.recv();
    await p.peer.send(text, { compress: false });
    await p.client.recv();
  }
  const { client, peer } = { client: p.client.stats, peer: p.peer.stats };
  assert.equal(client.payloadBytesSent, 10 * text.length);
  assert.equal(peer.payloadBytesReceived, client.payloadBytesSent);
  assert.equal(peer.bytesReceived, client.bytesSent);
  assert.ok(client.compressionRatioSent! > 20, `${client.compressionRatioSent}`);
  assert.equal(peer.compressionRatioReceived, client.compressionRatioSent);
  assert.ok(peer.compressionRatioSent! > 0.99 && peer.compressionRatioSent! < 1);
  assert.equal(p.client.trySend(text, { compress: false }), 'sent');
  assert.ok(p.client.stats.bytesSent - client.bytesSent > text.length);
});
