// Sends every message back: the shortest server with a handler of its own for each connection.
import { serve } from 'websockets-ts';

const server = await serve(
  async (connection) => {
    // Ends when the client closes; `send` waits while the client reads too slowly.
    for await (const message of connection) await connection.send(message);
  },
  { host: 'localhost', port: Number(process.env['PORT'] ?? 8765) },
);
console.log('listening on', server.addresses);

// Closes every connection with 1001, then the process ends by itself.
process.once('SIGINT', () => server.close());
