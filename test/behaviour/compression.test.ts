// What is compressed, and how well, when the options of a server say so. The peer looks at the frames.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { broadcast, type Connection, type ServeOptions } from 'websockets-ts';
import type { RawPeer } from '../support/raw-peer.ts';
import { deferred, driver, serving } from './meet.ts';

/** Compresses to half of its size by itself, and to nearly nothing behind itself. */
const text = (length: number): string => randomBytes(length / 2).toString('hex');

interface Compressing extends AsyncDisposable {
  readonly peers: readonly RawPeer[];
  readonly connections: readonly Connection[];
}

/** Connections of one server to peers that have agreed on permessage-deflate. */
async function compressing(count: number, options: ServeOptions): Promise<Compressing> {
  const connections: Connection[] = [];
  let arrived = deferred();
  const server = await serving((connection: Connection) => {
    connections.push(connection);
    arrived.resolve();
    return connection.closed;
  }, options);
  const peers: RawPeer[] = [];
  for (let i = 0; i < count; i++) {
    const peer = await driver.dial(server.port);
    assert.match(await peer.open({ 'Sec-WebSocket-Extensions': 'permessage-deflate' }), /permessage-deflate/);
    await arrived.promise;
    arrived = deferred();
    peers.push(peer);
  }
  return {
    peers,
    connections,
    [Symbol.asyncDispose]: async () => {
      for (const peer of peers) peer.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe('compressionThreshold', () => {
  for (const [options, threshold] of [
    [{}, 256],
    [{ compressionThreshold: 0 }, 0],
    [{ compressionThreshold: 1000 }, 1000],
  ] as const) {
    test(`${JSON.stringify(options)} has messages compressed from ${threshold} bytes on`, async () => {
      await using c = await compressing(1, options);
      const [connection, peer] = [c.connections[0]!, c.peers[0]!];
      const isCompressed = async (): Promise<boolean> => {
        const frame = (await peer.frame())!;
        if (!frame.fin) assert.equal((await peer.frame())?.fin, true);
        return frame.rsv1;
      };
      for (const [length, expected] of [
        [threshold, true],
        ...(threshold > 0 ? [[threshold - 1, false] as const] : []),
      ] as const) {
        const message = 'a'.repeat(length);
        await connection.send(message);
        assert.equal(await isCompressed(), expected, 'sent');
        await connection.send([message]);
        assert.equal(await isCompressed(), expected, 'sent in fragments');
        broadcast([connection], message);
        assert.equal(await isCompressed(), expected, 'broadcast');
        await connection.send(message, { compress: !expected });
        assert.equal(await isCompressed(), !expected, 'sent as asked for');
      }
    });
  }
});

test('maxCompressionContexts says how many connections look back at what they have sent', async () => {
  for (const [maxCompressionContexts, expected] of [
    [0, [false, false, false]],
    [2, [true, true, false]],
    [null, [true, true, true]],
  ] as const) {
    await using c = await compressing(3, { maxCompressionContexts });
    const message = text(1000);
    for (const connection of c.connections) {
      await connection.send(message);
      await connection.send(message);
    }
    for (const [i, peer] of c.peers.entries()) {
      await peer.frame();
      const again = (await peer.frame())!;
      assert.equal(again.payload.length < 100, expected[i], `connection ${i} of ${maxCompressionContexts}`);
    }
  }
});

test('compressionIdleMs says when a connection forgets what it has sent', async () => {
  await using c = await compressing(1, { compressionIdleMs: 5 });
  const message = text(1000);
  const [connection, peer] = [c.connections[0]!, c.peers[0]!];
  // However slow the machine is: some message comes long enough behind the one before.
  for (let waitMs = 0; ; waitMs += 5) {
    await connection.send(message);
    const { payload } = (await peer.frame())!;
    if (waitMs > 0 && payload.length > 400) break;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
});
