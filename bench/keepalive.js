// What keepalive costs with 10,000 connections, without sockets and system calls: processor time of a ping and its pong, how
// evenly the pings are spread, and what a connection at rest keeps before the first and after the last.
// `npm run build && node --expose-gc bench/keepalive.js`
import { Server } from '../dist/connection/server/server.js';
import { TimerWheel } from '../dist/connection/timer-wheel.js';
import { nodeRuntime } from '../dist/node/runtime.js';

const CONNECTIONS = 10_000;
const INTERVAL_MS = 20_000;
const TICK_MS = 50;
const ROUNDS = 6;

/** A clock that goes on when the bench says so; its one timer goes off each tick. */
class ManualClock {
  ms = 0;
  callback = () => {};
  now = () => this.ms;
  setTimer = (_, callback) => {
    this.callback = callback;
    return { cancel() {} };
  };
}

/** Answers pings as soon as it is asked to. */
class FakeTransport {
  localAddress = null;
  remoteAddress = null;
  bufferedBytes = 0;
  canHalfClose = true;
  sink;
  static pinged = [];
  start(sink) {
    this.sink = sink;
  }
  write(bytes) {
    if (bytes[0] !== 0x89) return;
    // A masked pong with a key of zero.
    this.pong = Uint8Array.of(0x8a, 0x84, 0, 0, 0, 0, ...bytes.subarray(2, 6));
    FakeTransport.pinged.push(this);
  }
  answer() {
    const { pong } = this;
    this.pong = undefined;
    this.sink.onData(pong);
  }
  end() {}
  abort() {}
  pause() {}
  resume() {}
}

const REQUEST = Buffer.from(
  'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
);

function heapBytes() {
  gc();
  return process.memoryUsage().heapUsed;
}

const clock = new ManualClock();
let accept;
const logger = { debug() {}, info() {}, warn() {}, error() {}, isEnabled: () => false };
const server = new Server(
  { ...nodeRuntime, clock: new TimerWheel(clock) },
  { message() {} },
  { compression: null, logger, maxPending: null, openTimeoutMs: null, pingIntervalMs: INTERVAL_MS },
  async ({ onTransport }) => {
    accept = onTransport;
    return { addresses: [], sockets: [], close: async () => {} };
  },
);
await server.startServing();

const before = heapBytes();
for (let i = 0; i < CONNECTIONS; i++) {
  const transport = new FakeTransport();
  accept(transport);
  transport.sink.onData(new Uint8Array(REQUEST));
}
const rows = [];
for (let round = 1; round <= ROUNDS; round++) {
  const atRest = Math.round((heapBytes() - before) / CONNECTIONS);
  const start = process.cpuUsage();
  let pings = 0;
  let most = 0;
  for (let ms = 0; ms < INTERVAL_MS; ms += TICK_MS) {
    clock.ms += TICK_MS;
    clock.callback();
    // The pings leave at the end of the turn.
    await new Promise((resolve) => setImmediate(resolve));
    const pinged = FakeTransport.pinged.splice(0);
    for (const transport of pinged) transport.answer();
    pings += pinged.length;
    most = Math.max(most, pinged.length);
  }
  const { user, system } = process.cpuUsage(start);
  rows.push({
    pings,
    'most in 50 ms': most,
    'µs a ping and pong': Math.round((user + system) / (pings / 10)) / 10,
    'bytes a connection before it': atRest,
  });
}
console.table(rows);
process.exit();
