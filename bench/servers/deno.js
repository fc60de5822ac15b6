// Deno's own server. It has no compression.
import { HOST, listening, mode, tlsFiles } from './common.js';

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
const server = Deno.serve(
  {
    hostname: HOST,
    port: 0,
    onListen() {},
    ...(tlsFiles && { key: tlsFiles.key.toString(), cert: tlsFiles.cert.toString() }),
  },
  (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => onMessage(socket, data);
    socket.onerror = () => {};
    if (mode === 'broadcast') {
      socket.onopen = () => sockets.add(socket);
      socket.onclose = () => sockets.delete(socket);
    }
    return response;
  },
);
listening(server.addr.port);
