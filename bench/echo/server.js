// One echo server in a process of its own: tells its port to its parent, and on request what it has cost so far.
// Arguments: the server's name, and whether it compresses.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { usage } from './usage.js';

const [name, compresses] = process.argv.slice(2);
const isCompressed = compresses === 'true';

/** Our server, as both roads to it start. Its defaults are the terms of compression for everybody. */
async function serveOurs(handler) {
  const { serve } = await import('../../dist/index.js');
  const server = await serve(handler, {
    host: '127.0.0.1',
    pingIntervalMs: null,
    compression: isCompressed ? 'deflate' : null,
    // The load ends without a close frame. That is no news here.
    logger: { debug() {}, info() {}, warn() {}, error() {}, isEnabled: () => false },
  });
  return server.addresses[0][1];
}

const SERVERS = {
  'websockets-ts': () => serveOurs({ message: (connection, data) => connection.send(data) }),

  'websockets-ts, for await': () =>
    serveOurs(async (connection) => {
      for await (const message of connection) await connection.send(message);
    }),

  async ws() {
    const { WebSocketServer } = await import('ws');
    const server = new WebSocketServer({
      host: '127.0.0.1',
      port: 0,
      perMessageDeflate: isCompressed && {
        threshold: 0,
        serverMaxWindowBits: 12,
        clientMaxWindowBits: 12,
        zlibDeflateOptions: { memLevel: 5 },
      },
    });
    server.on('connection', (socket) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
      socket.on('error', () => {});
    });
    await once(server, 'listening');
    return server.address().port;
  },

  /** Answers the handshake with a fixed 101, and gives back what comes after it, mask and all. */
  async TCP() {
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
        socket.on('data', (bytes) => socket.write(bytes));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server.address().port;
  },
};

const port = await SERVERS[name]();
process.on('message', () => process.send(usage()));
process.on('disconnect', () => process.exit());
process.send({ port });
