// faye-websocket, as its manual says. Its compression is a package of its own.
import { once } from 'node:events';
import { createServer } from 'node:http';
import FayeWebSocket from 'faye-websocket';
import { HOST, listening, mode } from './common.js';

let count = 0;
const sockets = new Set();
const MESSAGE = {
  echo: (socket, data) => socket.send(data),
  broadcast(_socket, data) {
    for (const socket of sockets) socket.send(data);
  },
  receive(socket, data) {
    if (typeof data === 'string') socket.send(String(count));
    else count += 1;
  },
};
const onMessage = MESSAGE[mode];
const server = createServer().on('upgrade', (request, netSocket, head) => {
  netSocket.setNoDelay(true);
  const socket = new FayeWebSocket(request, netSocket, head);
  socket.on('message', ({ data }) => onMessage(socket, data));
  socket.on('error', () => {});
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
});
server.listen(0, HOST);
await once(server, 'listening');
listening(server.address().port);
