// No WebSocket at all: answers a handshake with a fixed 101 and gives back the bytes that come, mask and all. The floor:
// what Node's own sockets and the kernel cost.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { HOST, listening } from './common.js';

// The answer to the key of RFC 6455 1.3, which the load sends.
const RESPONSE =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';
const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {});
  socket.once('data', () => {
    socket.write(RESPONSE);
    socket.on('data', (bytes) => socket.write(bytes));
  });
});
server.listen(0, HOST);
await once(server, 'listening');
listening(server.address().port);
