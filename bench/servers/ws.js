// ws. With bufferutil when it may load it: see WITHOUT_ADDONS in harness/runtimes.js. Text reaches the user as a string, as with
// everybody else: ws itself hands over its bytes.
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { WebSocketServer } from 'ws';
import { HOST, isCompressed, listening, mode, tlsFiles } from './common.js';

let count = 0;
const MESSAGE = {
  echo: (socket, data, isBinary) => socket.send(isBinary ? data : data.toString()),
  broadcast(_socket, data, isBinary) {
    const message = isBinary ? data : data.toString();
    for (const client of wss.clients) client.send(message);
  },
  receive(socket, _data, isBinary) {
    if (isBinary) count += 1;
    else socket.send(String(count));
  },
};
const server = tlsFiles ? createHttpsServer(tlsFiles) : createHttpServer();
const wss = new WebSocketServer({ server, perMessageDeflate: isCompressed });
const onMessage = MESSAGE[mode];
wss.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => onMessage(socket, data, isBinary));
  socket.on('error', () => {});
});
server.listen(0, HOST);
await once(server, 'listening');
listening(server.address().port);
