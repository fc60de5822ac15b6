// A program: serves until a signal, in the way that its arguments say, prints where and what becomes of it. It ends by itself.
// `--hang`: handlers never return. `--two`: two servers. `--unbind`: unbinds the signals again.
import { closeOnSignals, type Server, type ServerConnection, type SignalOptions, serve } from 'websockets-ts';

const [json = '{}', ...flags] = process.argv.slice(2);
const handler = async (connection: ServerConnection): Promise<void> => {
  await connection.closed;
  if (flags.includes('--hang')) await new Promise(() => {});
};
const servers: Server[] = [];
for (let i = flags.includes('--two') ? 2 : 1; i > 0; i--) servers.push(await serve(handler, { host: '127.0.0.1' }));
const binding = closeOnSignals(servers.length === 1 ? servers[0]! : servers, JSON.parse(json) as SignalOptions);
if (flags.includes('--unbind')) binding[Symbol.dispose]();
console.log(`ports ${servers.map(({ addresses }) => addresses[0]![1]).join(' ')} `);
await Promise.all(servers.map((server) => server.waitClosed()));
console.log('closed');
