// Streams through real sockets, in both directions at once: what is slow stops what is fast, and memory stays flat.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connect, type ServerConnection, serve } from 'websockets-ts';
import { type StreamSample, streamVolume } from '../soak/stream-volume.ts';

const MIB = 1024 * 1024;
/** What the kernel keeps for two loopback connections, both ways, with a good deal to spare. */
const KERNEL_BYTES = 24 * MIB;
const quiet = { compression: null, pingIntervalMs: null, maxSize: null } as const;

/** The difference between the largest of the second half and the largest of the first. */
function growth(samples: readonly StreamSample[]): number {
  const rss = samples.map(({ rssBytes }) => rssBytes);
  const half = rss.length >> 1;
  return Math.max(...rss.slice(half)) - Math.max(...rss.slice(0, half));
}

describe('a stream that is piped to a server and back', () => {
  for (const [title, chunkBytes, compression] of [
    ['in large chunks', 65_536, null],
    ['in small ones', 1000, null],
    ['compressed', 16_384, 'deflate'],
  ] as const) {
    test(`comes back whole, and leaves memory flat, ${title}`, async () => {
      const samples: StreamSample[] = [];
      const { bytes, mostInConnection } = await streamVolume({
        chunkBytes,
        compression,
        bytes: 2 ** 40,
        seconds: 2,
        onSample: (sample) => samples.push(sample),
      });
      assert.ok(bytes > 0);
      assert.ok(mostInConnection < 4 * MIB, `${mostInConnection} bytes waited in a connection`);
      assert.ok(growth(samples) < 64 * MIB, `memory grew by ${growth(samples)} bytes`);
    });
  }

  test('is stopped by a slow reader at its end', async () => {
    const samples: StreamSample[] = [];
    const { bytes, mostOnTheWay, mostInConnection } = await streamVolume({
      chunkBytes: 65_536,
      compression: null,
      bytes: 2 ** 40,
      seconds: 2,
      readerMs: 2,
      onSample: (sample) => samples.push(sample),
    });
    assert.ok(bytes > 0);
    assert.ok(mostOnTheWay < KERNEL_BYTES, `${mostOnTheWay} bytes were on the way`);
    assert.ok(mostInConnection < 4 * MIB, `${mostInConnection} bytes waited in a connection`);
    assert.ok(growth(samples) < 64 * MIB, `memory grew by ${growth(samples)} bytes`);
  });
});

test('a peer that does not read stops the source of a pipe, until it reads', async () => {
  let peer!: ServerConnection;
  const server = await serve(
    (connection) => {
      peer = connection;
      connection.pause();
      return connection.closed;
    },
    { host: '127.0.0.1', ...quiet },
  );
  const client = await connect(`ws://127.0.0.1:${server.addresses[0]![1]}`, quiet);
  try {
    let pulled = 0;
    const source = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          pulled++;
          controller.enqueue(new Uint8Array(65_536));
        },
      },
      { highWaterMark: 0 },
    );
    const piped = source.pipeTo(client.writable).catch(() => {});
    const stands = async (): Promise<number> => {
      for (let before = -1; before !== pulled; ) {
        before = pulled;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      return pulled;
    };
    const first = await stands();
    assert.ok(first * 65_536 < KERNEL_BYTES, `${first} chunks were taken`);
    assert.ok(client.bufferedAmount < MIB, `${client.bufferedAmount} bytes wait to be sent`);
    // A reader that reads a little lets a little through.
    peer.resume();
    const reader = peer.readable.getReader();
    for (let i = 0; i < first; i++) await reader.read();
    const second = await stands();
    assert.ok(second > first && second < 2 * first + KERNEL_BYTES / 65_536, `${first}, then ${second} chunks`);
    void reader.cancel();
    await piped;
  } finally {
    client.abort();
    server.close();
    await server.waitClosed();
  }
});
