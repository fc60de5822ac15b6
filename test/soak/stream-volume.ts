// Pipes a stream to a server and its echo back, both as web streams on real sockets, and watches what waits on the way.
import assert from 'node:assert/strict';
import { connect, type Data, type ServerConnection, serve } from 'websockets-ts';

/** What to send, and for how long. */
export interface StreamVolumeOptions {
  readonly chunkBytes: number;
  /** Ends after so many bytes each way, or after so many seconds, whatever comes first. */
  readonly bytes: number;
  readonly seconds: number;
  readonly compression: 'deflate' | null;
  /** Milliseconds that the reader takes for each chunk. Default 0. */
  readonly readerMs?: number;
  /** Called about ten times a second. */
  readonly onSample?: (sample: StreamSample) => void;
}

export interface StreamSample {
  /** Bytes that came back. */
  readonly bytes: number;
  readonly rssBytes: number;
}

/** What was seen. */
export interface StreamVolume {
  /** Bytes that went there and came back. */
  readonly bytes: number;
  readonly seconds: number;
  /** The most that was sent and had not come back: on both sides, in the system and in between. */
  readonly mostOnTheWay: number;
  /** The most that waited in one connection, to be sent and to be read. */
  readonly mostInConnection: number;
}

/** Runs it; fails when a chunk does not come back as it was. */
export async function streamVolume(options: StreamVolumeOptions): Promise<StreamVolume> {
  const { chunkBytes, bytes: goal, seconds, compression, readerMs = 0, onSample } = options;
  const settings = { compression, maxSize: null, pingIntervalMs: null } as const;
  let peer: ServerConnection | null = null;
  const server = await serve(
    (connection) => {
      peer = connection;
      return connection.readable.pipeTo(connection.writable);
    },
    { host: '127.0.0.1', ...settings },
  );
  try {
    const client = await connect(`ws://127.0.0.1:${server.addresses[0]![1]}`, settings);
    const start = performance.now();
    const end = start + seconds * 1000;
    const elapsedMs = (): number => performance.now() - start;
    let sent = 0;
    let received = 0;
    let mostOnTheWay = 0;
    let mostInConnection = 0;
    let sampledAt = 0;

    const look = (): void => {
      mostOnTheWay = Math.max(mostOnTheWay, sent - received);
      for (const connection of [client, peer]) {
        if (connection === null) continue;
        const { bufferedBytes, queuedBytes } = connection.stats;
        mostInConnection = Math.max(mostInConnection, bufferedBytes + queuedBytes);
      }
      if (elapsedMs() - sampledAt < 100) return;
      sampledAt = elapsedMs();
      onSample?.({ bytes: received, rssBytes: process.memoryUsage.rss() });
    };

    const source = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          if (sent >= goal || performance.now() >= end) {
            controller.close();
            return;
          }
          const chunk = new Uint8Array(chunkBytes).fill(sent / chunkBytes);
          new DataView(chunk.buffer).setFloat64(0, sent);
          sent += chunkBytes;
          controller.enqueue(chunk);
        },
      },
      { highWaterMark: 0 },
    );
    let isComplete: () => void = () => {};
    const complete = new Promise<void>((resolve) => {
      isComplete = resolve;
    });
    let isSourceDone = false;
    const sink = new WritableStream<Data>({
      write: async (chunk) => {
        assert.ok(chunk instanceof Uint8Array);
        assert.equal(chunk.length, chunkBytes);
        assert.equal(new DataView(chunk.buffer, chunk.byteOffset).getFloat64(0), received);
        assert.equal(chunk[chunkBytes - 1], (received / chunkBytes) & 255);
        look();
        received += chunkBytes;
        if (isSourceDone && received === sent) isComplete();
        if (readerMs > 0) await new Promise((resolve) => setTimeout(resolve, readerMs));
      },
    });

    const back = client.readable.pipeTo(sink);
    await Promise.race([source.pipeTo(client.writable, { preventClose: true }), back]);
    isSourceDone = true;
    if (received === sent) isComplete();
    await Promise.race([complete, back]);
    await client.writable.close();
    await back;
    assert.equal(received, sent);
    return { bytes: received, seconds: elapsedMs() / 1000, mostOnTheWay, mostInConnection };
  } finally {
    for (const connection of server.connections) connection.abort();
    server.close();
    await server.waitClosed();
  }
}
