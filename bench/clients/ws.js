// The client of ws.
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { openAll } from './common.js';

await openAll(async (uri) => {
  const socket = new WebSocket(uri, { perMessageDeflate: false });
  socket.on('message', (data, isBinary) => socket.send(isBinary ? data : data.toString()));
  await once(socket, 'open');
});
