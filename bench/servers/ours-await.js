// This library with an async handler: `for await` over messages, `await send`.
import { broadcast, serve } from '../../dist/index.js';
import { isCompressed, listening, mode, tlsFiles } from './common.js';
import { settings } from './ours-settings.js';

let count = 0;
const HANDLERS = {
  async echo(connection) {
    for await (const message of connection) await connection.send(message);
  },
  async broadcast(connection) {
    for await (const message of connection) broadcast(server.connections, message);
  },
  async receive(connection) {
    for await (const message of connection) {
      if (typeof message === 'string') await connection.send(String(count));
      else count += 1;
    }
  },
};
const server = await serve(HANDLERS[mode], settings({ isCompressed, tlsFiles }));
listening(server.addresses[0][1]);
