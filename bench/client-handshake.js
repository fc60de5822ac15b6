// What a client spends on opening and closing a connection, without sockets: a transport in memory answers the request, then
// echoes the close frame and ends. `npm run build && node --expose-gc bench/client-handshake.js [DIST]`; DIST is another
// build to measure, `dist` unless given.
import { pathToFileURL } from 'node:url';

const dist = pathToFileURL(`${process.argv[2] ?? 'dist'}/`);
const load = (path) => import(new URL(path, dist));
const { Connecting } = await load('connection/client/connecting.js');
const { acceptKey } = await load('core/handshake-key.js');
const { nodeRuntime } = await load('node/runtime.js');

const KEY = 'Sec-WebSocket-Key: ';
const HEAD = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ';
const CLOSE = Uint8Array.of(0x88, 2, 0x03, 0xe8);

/** A server in a few lines. */
class Transport {
  localAddress = null;
  remoteAddress = null;
  bufferedBytes = 0;
  canHalfClose = true;
  sink = null;
  isOpen = false;
  start(sink) {
    this.sink = sink;
  }
  write(bytes) {
    // Not at once: no peer answers within the call.
    if (this.isOpen) queueMicrotask(() => this.close());
    else queueMicrotask(() => this.accept(Buffer.prototype.latin1Slice.call(bytes)));
    this.isOpen = true;
  }
  accept(request) {
    const at = request.indexOf(KEY) + KEY.length;
    this.sink.onData(new Uint8Array(Buffer.from(`${HEAD}${acceptKey(request.slice(at, at + 24))}\r\n\r\n`, 'latin1')));
  }
  close() {
    this.sink.onData(CLOSE.slice());
    this.sink.onEnd();
    this.sink.onClose(null);
  }
  end() {}
  abort() {
    this.sink.onClose(null);
  }
  pause() {}
  resume() {}
}

const OPTIONS = {
  'with compression': {},
  'without compression': { compression: null },
  'without compression, time limits and pings': {
    compression: null,
    openTimeoutMs: null,
    closeTimeoutMs: null,
    pingIntervalMs: null,
  },
};

const dialer = { fixed: null, open: async () => new Transport(), addressOf: () => '' };

const open = (options) =>
  new Connecting(nodeRuntime, 'ws://example.com:8765/chat', { handlers: {}, ...options }, dialer);

const turn = () => new Promise((resolve) => setImmediate(resolve));
const ROUNDS = 7;
const ROUND_MS = 200;

/** Processor time of opening and closing one connection after the other, in µs. */
async function cost(options) {
  const start = process.cpuUsage();
  let calls = 0;
  for (let end = performance.now() + ROUND_MS; performance.now() < end; calls += 1) {
    const connection = await open(options);
    await connection.close();
  }
  const { user, system } = process.cpuUsage(start);
  return (user + system) / calls;
}

/** Bytes that an open connection keeps. */
async function kept(options) {
  const bytes = async () => {
    for (let i = 0; i < 3; i += 1) {
      await turn();
      gc();
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const connections = new Array(5_000).fill(null);
  const before = await bytes();
  for (let i = 0; i < connections.length; i++) connections[i] = await open(options);
  const perConnection = Math.round(((await bytes()) - before) / connections.length);
  for (const connection of connections) connection.abort();
  return perConnection;
}

const micros = Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, []]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, options] of Object.entries(OPTIONS)) micros[name].push(await cost(options));
}
const rows = {};
for (const [name, options] of Object.entries(OPTIONS)) {
  // The first round warms up.
  const sorted = micros[name].slice(1).sort((a, b) => a - b);
  rows[name] = { 'CPU µs': Number(sorted[ROUNDS >> 1].toFixed(1)), 'bytes kept': await kept(options) };
}
console.table(rows);
process.exit();
