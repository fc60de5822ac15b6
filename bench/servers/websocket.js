// The package `websocket` (WebSocket-Node).
import { once } from 'node:events';
import { createServer } from 'node:http';
import { server as WebSocketServer } from 'websocket';
import { HOST, listening, mode } from './common.js';

let count = 0;
const MESSAGE = {
  echo: (connection, data) => connection.send(data),
  broadcast: (_connection, data) => server.broadcast(data),
  receive(connection, data) {
    if (typeof data === 'string') connection.send(String(count));
    else count += 1;
  },
};
const onMessage = MESSAGE[mode];
const httpServer = createServer();
const server = new WebSocketServer({ httpServer, maxReceivedFrameSize: 2 ** 20, maxReceivedMessageSize: 2 ** 20 });
server.on('request', (request) => {
  const connection = request.accept(null, request.origin);
  connection.on('message', ({ type, utf8Data, binaryData }) =>
    onMessage(connection, type === 'utf8' ? utf8Data : binaryData),
  );
  connection.on('error', () => {});
});
httpServer.listen(0, HOST);
await once(httpServer, 'listening');
listening(httpServer.address().port);
