// A program: a server that does a little work for each message, confirms it, and stops on a signal in the way that its first
// argument says. In the end it prints how many messages it has confirmed. `--attach`: on an HTTP server, which ends last.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  attach,
  ConnectionClosed,
  closeOnSignals,
  type ServerConnection,
  type SignalOptions,
  serve,
} from 'websockets-ts';

const [json = '{}', ...flags] = process.argv.slice(2);
let confirmed = 0;

async function handler(connection: ServerConnection): Promise<void> {
  try {
    for await (const message of connection) {
      await sleep(1);
      await connection.send(message);
      confirmed++;
    }
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) throw error;
  }
}

const http = flags.includes('--attach') ? createServer((_, response) => void response.writeHead(404).end()) : null;
http?.listen(0, '127.0.0.1');
if (http !== null) await once(http, 'listening');
const server = http === null ? await serve(handler, { host: '127.0.0.1' }) : await attach(http, handler);
closeOnSignals(server, JSON.parse(json) as SignalOptions);
console.log(`port ${http === null ? server.addresses[0]![1] : (http.address() as AddressInfo).port} `);
await server.waitClosed();
http?.close();
console.log(`confirmed ${confirmed} `);
