// Tells everybody the time, once a second: one message to all, without waiting for anybody.
import { broadcast, serve } from 'websockets-ts';

const server = await serve(
  // Nothing to read here: stay until the connection is gone.
  (connection) => connection.closed,
  { host: 'localhost', port: Number(process.env['PORT'] ?? 8765) },
);
console.log('listening on', server.addresses);

const clock = setInterval(() => broadcast(server.connections, new Date().toISOString()), 1_000);

process.once('SIGINT', () => {
  clearInterval(clock);
  server.close();
});
