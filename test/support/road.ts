// A program: a server and a client of the library talk with each other, and it prints by which road. It ends by itself, unless
// something keeps it alive. `--no-handles` switches the handles off by the option.
import { Socket } from 'node:net';
import { connect, serve } from 'websockets-ts';
import { unmask } from '#dist/node/io-buffers.js';

const options = process.argv.includes('--no-handles') ? { socketHandles: false } : {};
const server = await serve({ message: (connection, data) => connection.send(data) }, { host: '127.0.0.1', ...options });
const client = await connect(`ws://127.0.0.1:${server.addresses[0]![1]}/`, options);
await client.send('hello');
const echoed = await client.recv();

// Not public, and the only way to see whether there are sockets at all: handles without one stand there themselves.
const { _getActiveHandles } = process as unknown as { _getActiveHandles(): readonly object[] };
const sockets = _getActiveHandles().filter((each) => each instanceof Socket && each.remotePort !== undefined).length;
console.log(JSON.stringify({ echoed, sockets, unmask: unmask === undefined ? 'plain' : 'WebAssembly' }));

await client.close();
server.close();
await server.waitClosed();
