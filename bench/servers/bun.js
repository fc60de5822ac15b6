// Bun's own server. Broadcasts go through its topics, which is its fast road.
import { HOST, isCompressed, listening, mode, tlsFiles } from './common.js';

let count = 0;
const MESSAGE = {
  echo: (socket, data) => socket.send(data, isCompressed),
  broadcast: (_socket, data) => server.publish('all', data, isCompressed),
  receive(socket, data) {
    if (typeof data === 'string') socket.send(String(count));
    else count += 1;
  },
};
const server = Bun.serve({
  hostname: HOST,
  port: 0,
  ...(tlsFiles && { tls: tlsFiles }),
  fetch: (request, self) => (self.upgrade(request) ? undefined : new Response('not a WebSocket', { status: 426 })),
  websocket: {
    perMessageDeflate: isCompressed,
    open(socket) {
      if (mode === 'broadcast') socket.subscribe('all');
    },
    message: MESSAGE[mode],
  },
});
listening(server.port, () => Bun.gc(true));
