// This library with direct handlers: the fast road.
import { broadcast, serve } from '../../dist/index.js';
import { isCompressed, listening, mode, tlsFiles } from './common.js';
import { settings } from './ours-settings.js';

let count = 0;
const HANDLERS = {
  echo: { message: (connection, data) => connection.send(data) },
  broadcast: { message: (_connection, data) => broadcast(server.connections, data) },
  receive: {
    message(connection, _data, isText) {
      if (isText) connection.send(String(count));
      else count += 1;
    },
  },
};
const server = await serve(HANDLERS[mode], settings({ isCompressed, tlsFiles }));
listening(server.addresses[0][1]);
