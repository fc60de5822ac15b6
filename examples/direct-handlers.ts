// Passes each message on to everybody else, with plain functions instead of an async handler: the fastest way to serve.
import { broadcast, type ServerConnection, serve } from 'websockets-ts';

const everybody = new Set<ServerConnection>();

const server = await serve(
  {
    open(connection) {
      everybody.add(connection);
    },
    message(connection, data) {
      const others = [...everybody].filter((other) => other !== connection);
      broadcast(others, data);
    },
    close(connection, code, reason) {
      everybody.delete(connection);
      console.log(`closed with ${code} ${reason}`);
    },
  },
  { host: 'localhost', port: Number(process.env['PORT'] ?? 8765) },
);
console.log('listening on', server.addresses);

process.once('SIGINT', () => server.close());
