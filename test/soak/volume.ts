// Echoes many messages through a proxy that splits the TCP stream at random, and compares every byte. Used by a test in its
// short form and by echo.ts in its long one.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket, connect as tcpConnect } from 'node:net';
import { type ClientConnection, ConnectionClosed, connect, serve } from 'websockets-ts';
import { randomFrom } from '../conformance/link.ts';

/** What to run. */
export interface VolumeOptions {
  readonly messages: number;
  readonly seed: number;
  readonly compression: 'deflate' | null;
  /** Bytes of the largest messages. Default 1 MiB. */
  readonly maxBytes?: number;
  /** Is called with the number of messages that have come back. */
  readonly onProgress?: (done: number) => void;
}

/** What went through. */
export interface VolumeResult {
  readonly messages: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** Messages that are on their way at the same time, at most. */
const IN_FLIGHT = 32;
const MIB = 1024 * 1024;
/** Halves of a surrogate pair that a cut leaves at the ends of a text: they could not be sent as UTF-8. */
const CUT_PAIRS = /^[\udc00-\udfff]|[\ud800-\udbff]$/g;

/** Mostly small, now and then large: 0 B to `maxBytes`. */
function sizeOf(random: () => number, maxBytes: number): number {
  const kind = random();
  if (kind < 0.02) return 0;
  if (kind < 0.7) return Math.floor(random() * 126);
  if (kind < 0.97) return Math.floor(random() * 4096);
  if (kind < 0.9995) return Math.floor(random() * 70_000);
  return Math.floor(random() * (maxBytes + 1));
}

/** Takes messages out of fixed stores of bytes and text, so that making them costs nothing beside sending them. */
function messageMaker(seed: number, maxBytes: number): (random: () => number) => string | Uint8Array {
  const random = randomFrom(seed);
  const bytes = new Uint8Array(2 * maxBytes);
  // Half noise, half repetition: compression has to do both.
  for (let i = 0; i < bytes.length; i++) bytes[i] = i % 8192 < 4096 ? random() * 256 : i >> 7;
  const text = Array.from({ length: 65_536 }, () => ['a', 'b ', 'é', '€', '😀'][Math.floor(random() * 5)]).join('');
  return (next) => {
    const size = sizeOf(next, maxBytes);
    if (next() < 0.5) {
      const start = Math.floor(next() * (bytes.length - size));
      return bytes.subarray(start, start + size);
    }
    // At most 4 bytes a code point, so that the text is not longer than the largest message.
    const length = Math.min(size >> 2, text.length);
    const start = Math.floor(next() * (text.length - length));
    return text.slice(start, start + length).replace(CUT_PAIRS, '');
  };
}

/** A TCP proxy that passes on what it gets in pieces of its own choice, both ways. */
async function splittingProxy(target: number, seed: number) {
  const random = randomFrom(seed);
  const sockets = new Set<Socket>();
  const pass = (from: Socket, to: Socket): void => {
    from.on('data', (chunk: Buffer) => {
      let isWritable = true;
      for (let at = 0; at < chunk.length; ) {
        const size = random() < 0.3 ? 1 + Math.floor(random() * 16) : 1 + Math.floor(random() * 65_536);
        isWritable = to.write(chunk.subarray(at, at + size));
        at += size;
      }
      if (isWritable) return;
      from.pause();
      to.once('drain', () => from.resume());
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => sockets.delete(from));
    sockets.add(from);
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = tcpConnect({ host: '127.0.0.1', port: target, allowHalfOpen: true, noDelay: true });
    pass(near, far);
    pass(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

export async function volume(options: VolumeOptions): Promise<VolumeResult> {
  const { messages, seed, compression, maxBytes = MIB, onProgress } = options;
  const server = await serve(
    async (connection) => {
      try {
        for await (const message of connection) await connection.send(message);
      } catch (error) {
        if (!(error instanceof ConnectionClosed)) throw error;
      }
    },
    { host: '127.0.0.1', compression },
  );
  const proxy = await splittingProxy(Number(server.addresses[0]![1]), seed);
  const client: ClientConnection = await connect(`ws://127.0.0.1:${proxy.port}`, { compression });
  const make = messageMaker(seed, maxBytes);
  const begin = performance.now();
  let sent = 0;
  let received = 0;
  let bytes = 0;
  let wake: (() => void) | null = null;

  const sending = async (): Promise<void> => {
    const random = randomFrom(seed + 1);
    for (; sent < messages; sent++) {
      while (sent - received >= IN_FLIGHT) await new Promise<void>((resolve) => (wake = resolve));
      await client.send(make(random));
    }
  };

  const receiving = async (): Promise<void> => {
    // The same numbers again: what was sent is made a second time instead of being kept.
    const random = randomFrom(seed + 1);
    for (; received < messages; received++) {
      const message = await client.recv();
      compare(message, make(random), received);
      bytes += message.length;
      onProgress?.(received + 1);
      wake?.();
    }
  };

  try {
    await Promise.all([sending(), receiving()]);
    await client.close();
  } finally {
    client.abort();
    proxy.close();
    server.close();
    await server.waitClosed();
  }
  return { messages, bytes, seconds: (performance.now() - begin) / 1000 };
}

function compare(got: string | Uint8Array, wanted: string | Uint8Array, index: number): void {
  const isSame =
    typeof got === 'string' || typeof wanted === 'string' ? got === wanted : Buffer.compare(got, wanted) === 0;
  assert.ok(isSame, `message ${index} came back changed`);
}
