// What the pipe itself costs for a message, without sockets and system calls: from a read to the write that answers it.
// `node bench/pipe.js [--for-await]`
import { Server } from '../dist/connection/server/server.js';
import { readBuffer } from '../dist/node/io-buffers.js';
import { nodeRuntime } from '../dist/node/runtime.js';

const isDirect = !process.argv.includes('--for-await');

/** A transport whose peer is this program. */
class FakeTransport {
  localAddress = null;
  remoteAddress = null;
  bufferedBytes = 0;
  canHalfClose = true;
  sink;
  written = 0;
  start(sink) {
    this.sink = sink;
  }
  write(bytes, more) {
    this.written += bytes.length + (more?.length ?? 0);
  }
  end() {}
  abort() {
    this.sink.onClose(null);
  }
  pause() {}
  resume() {}
}

const REQUEST = Buffer.from(
  'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
);

function frames(count, size, opcode) {
  const head = size < 126 ? [0x80 | opcode, 0x80 | size] : [0x80 | opcode, 0xfe, size >> 8, size & 255];
  const key = [1, 2, 3, 4];
  const payload = Array.from({ length: size }, (_, i) => (97 + (i % 16)) ^ key[i & 3]);
  const frame = [...head, ...key, ...payload];
  return Uint8Array.from({ length: frame.length * count }, (_, i) => frame[i % frame.length]);
}

async function open(handler) {
  let accept;
  const logger = { debug() {}, info() {}, warn() {}, error() {}, isEnabled: () => false };
  const server = new Server(
    nodeRuntime,
    handler,
    { compression: null, logger, pingIntervalMs: null, maxPending: null },
    async ({ onTransport }) => {
      accept = onTransport;
      return { addresses: [], sockets: [], close: async () => {} };
    },
  );
  await server.startServing();
  const transport = new FakeTransport();
  accept(transport);
  transport.sink.onData(new Uint8Array(REQUEST));
  return { server, transport };
}

const handlers = {
  echo: isDirect
    ? { message: (connection, data) => connection.send(data) }
    : async (connection) => {
        for await (const message of connection) await connection.send(message);
      },
  receive: isDirect
    ? { message() {} }
    : async (connection) => {
        for await (const _ of connection);
      },
};

for (const [name, handler] of Object.entries(handlers)) {
  for (const [kind, opcode] of [
    ['binary', 2],
    ['text', 1],
  ]) {
    for (const [count, size] of [
      [64, 64],
      [1, 64],
      [64, 64],
      [16, 1024],
      [4, 16_000],
    ]) {
      const { server, transport } = await open(handler);
      const sent = frames(count, size, opcode);
      let best = Infinity;
      for (let run = 0; run < 12; run += 1) {
        const start = process.cpuUsage();
        const end = performance.now() + 40;
        let messages = 0;
        while (performance.now() < end) {
          for (let i = 0; i < 20; i += 1) {
            readBuffer.set(sent);
            transport.sink.onData(readBuffer, sent.length);
            messages += count;
            if (!isDirect) await new Promise((resolve) => setImmediate(resolve));
          }
        }
        const { user, system } = process.cpuUsage(start);
        best = Math.min(best, ((user + system) * 1000) / messages);
      }
      console.log(`${name} ${kind} ${count} × ${size} B: ${Math.round(best)} ns a message`);
      transport.abort();
      server.close();
      await server.waitClosed();
    }
  }
}
