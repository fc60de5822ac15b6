// What a server spends on opening and closing a connection, without sockets: a transport in memory delivers the request, then
// a close frame and the end. Beside it the least that answers the same bytes.
// `npm run build && node --expose-gc bench/handshake.js`
import { createHash } from 'node:crypto';
import { Server } from '../dist/connection/server/server.js';
import { ClientProtocol } from '../dist/core/client-protocol.js';
import {
  enableClientPermessageDeflate,
  enableServerPermessageDeflate,
} from '../dist/core/extensions/permessage-deflate-negotiation.js';
import { acceptKey } from '../dist/core/handshake-key.js';
import { RequestParser, ResponseParser } from '../dist/core/http-parser.js';
import { ServerProtocol } from '../dist/core/server-protocol.js';
import { nodeRuntime } from '../dist/node/runtime.js';

const ours = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
const requests = {
  library: [
    'GET /chat HTTP/1.1',
    'Host: example.com:8765',
    ...ours,
    key,
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
  ],
  browser: [
    'GET /chat?room=12345 HTTP/1.1',
    'Host: example.com:8765',
    'Connection: Upgrade',
    'Pragma: no-cache',
    'Cache-Control: no-cache',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Upgrade: websocket',
    'Origin: http://example.com',
    'Sec-WebSocket-Version: 13',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: en-GB,en;q=0.9,de-DE;q=0.8,de;q=0.7',
    'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark',
    key,
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
  ],
};
const bytesOf = (lines) => Uint8Array.from(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
/** A masked close frame with 1000. */
const CLOSE = Uint8Array.of(0x88, 0x82, 1, 2, 3, 4, 0x03 ^ 1, 0xe8 ^ 2);

/** Counts what is written, and forgets it. */
class Transport {
  localAddress = null;
  remoteAddress = null;
  bufferedBytes = 0;
  canHalfClose = true;
  written = 0;
  sink = null;
  start(sink) {
    this.sink = sink;
  }
  write(bytes) {
    this.written += bytes.length;
  }
  end() {}
  abort() {
    this.sink.onClose(null);
  }
  pause() {}
  resume() {}
}

/** Our server. Returns the function that it is handed transports by. */
async function serverOf(options) {
  let accept;
  const listener = { addresses: [['0.0.0.0', 80]], sockets: [], close: async () => {} };
  const handlers = { message() {} };
  const logger = { debug() {}, info() {}, warn() {}, error() {}, isEnabled: () => false };
  const server = new Server(nodeRuntime, handlers, { logger, ...options }, async ({ onTransport }) => {
    accept = onTransport;
    return listener;
  });
  await server.startServing();
  return accept;
}

/** As little as can be: no rule is checked, no connection is kept. */
class Floor {
  onData(bytes) {
    if (this.isOpen) {
      this.transport.write(Uint8Array.of(0x88, 2, bytes[6] ^ bytes[2], bytes[7] ^ bytes[3]));
      this.transport.end();
      return;
    }
    this.head = Buffer.prototype.latin1Slice.call(bytes, 0, bytes.length);
    const headers = {};
    for (const line of this.head.split('\r\n')) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const accept = createHash('sha1')
      .update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    this.transport.write(
      Buffer.from(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`,
        'latin1',
      ),
    );
    this.isOpen = true;
  }
  onEnd() {}
  onClose() {}
}
function acceptFloor(transport) {
  const floor = new Floor();
  floor.transport = transport;
  transport.start(floor);
}

function open(accept, request) {
  const transport = new Transport();
  accept(transport);
  transport.sink.onData(request.slice());
  if (transport.written < 100) throw new Error('no answer');
  return transport;
}

function openAndClose(accept, request) {
  const { sink } = open(accept, request);
  sink.onData(CLOSE.slice());
  sink.onEnd();
  sink.onClose(null);
}

/** Reactions of promises hold what they are about until the turn ends. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

const ROUNDS = 5;
const ROUND_MS = 100;

/** Processor time of a call in ns, user and system, the garbage collector's threads too. */
async function cost(call) {
  const start = process.cpuUsage();
  let calls = 0;
  for (let end = performance.now() + ROUND_MS; performance.now() < end; calls += 100) {
    for (let i = 0; i < 100; i++) call();
    await turn();
  }
  const { user, system } = process.cpuUsage(start);
  return Math.round(((user + system) * 1000) / calls);
}

/** Bytes that a call leaves to the garbage collector. */
async function allocated(call) {
  const calls = 100;
  await turn();
  gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < calls; i++) call();
  return Math.round((process.memoryUsage().heapUsed - before) / calls);
}

/** Bytes that a connection keeps once it is open. */
async function kept(accept, request) {
  const connections = new Array(10_000).fill(null);
  const bytes = async () => {
    await turn();
    gc();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = await bytes();
  for (let i = 0; i < connections.length; i++) connections[i] = open(accept, request);
  const perConnection = Math.round(((await bytes()) - before) / connections.length);
  for (const { sink } of connections) sink.onClose(null);
  return perConnection;
}

const servers = {
  'least that answers': acceptFloor,
  ours: await serverOf({ pingIntervalMs: null }),
  'ours, without compression': await serverOf({ pingIntervalMs: null, compression: null }),
};

const tasks = [];
const { host, deflate: engine, userAgent } = nodeRuntime;
const extensions = enableServerPermessageDeflate(null, { engine });
const clientExtensions = enableClientPermessageDeflate(null, { engine });
for (const [name, lines] of Object.entries(requests)) {
  const request = bytesOf(lines);
  const add = (what, call, accept = null) => tasks.push({ name: `${name}: ${what}`, call, request, accept, ns: [] });
  for (const [server, accept] of Object.entries(servers)) {
    add(`open and close, ${server}`, () => openAndClose(accept, request), accept);
  }
  const parsed = new RequestParser().push(request);
  const protocol = new ServerProtocol({ host, extensions, origins: 'same-host' });
  const response = protocol.accept(parsed);
  response.headers.append('Server', nodeRuntime.serverHeader);
  add('parse it', () => new RequestParser({}, host.latin1).push(request));
  add('parse it by lines', () => {
    const parser = new RequestParser({}, host.latin1);
    // After a push that was not all, a parser does not try to read the head at once.
    parser.push(request.subarray(0, 0));
    parser.push(request);
  });
  add('check it and negotiate', () => protocol.processRequest(parsed));
  add('the same, and the answer', () => protocol.accept(parsed));
  add('bytes of the answer', () => response.serialize());
}
{
  const protocol = new ClientProtocol('ws://example.com:8765/chat', { host, extensions: clientExtensions, userAgent });
  const request = protocol.connect();
  const accepted = new ServerProtocol({ host, extensions }).accept(request).serialize();
  const add = (what, call) => tasks.push({ name: `client: ${what}`, call, ns: [] });
  add('make the request', () => protocol.connect());
  add('bytes of the request', () => request.serialize());
  add('parse the answer', () => new ResponseParser({ latin1: host.latin1 }).push(accepted));
  const response = new ResponseParser().push(accepted);
  add('check the answer', () => protocol.processResponse(response));
}
tasks.push({ name: 'the accept key', call: () => acceptKey('dGhlIHNhbXBsZSBub25jZQ=='), ns: [] });

for (let round = 0; round <= ROUNDS; round++) {
  for (const { call, ns } of tasks) ns.push(await cost(call));
}
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const rows = {};
for (const { name, call, request, accept, ns } of tasks) {
  rows[name] = {
    // The first round warms up.
    'CPU ns': median(ns.slice(1)),
    'bytes allocated': await allocated(call),
    ...(accept !== null && accept !== undefined && { 'bytes kept': await kept(accept, request) }),
  };
}
console.table(rows);
