// A server of ours under attack. What it does with a connection the path says.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  attach,
  broadcast,
  ConnectionClosed,
  type ServeOptions,
  type ServerConnection,
  serve,
  version,
} from 'websockets-ts';
import { CERT, KEY } from '../../support/certificate.ts';
import { LATE_MS, type ServerSettings } from '../attack.ts';
import { answer, say } from './gauge.ts';
import { pages } from './pages.ts';

const { handlers, tls, attached, compression: _, ...options } = JSON.parse(process.argv[2]!) as ServerSettings;

async function echo(connection: ServerConnection): Promise<void> {
  for await (const message of connection) await connection.send(message);
}

const group = new Set<ServerConnection>();

/** By path; all others echo. */
const HANDLERS: Readonly<Record<string, (connection: ServerConnection) => Promise<void>>> = {
  '/throw': () => {
    throw new Error('thrown on purpose');
  },
  '/reject': async () => {
    await null;
    throw new Error('rejected on purpose');
  },
  '/never': () => new Promise(() => {}),
  '/return': async () => {},
  /** Each message says for how many milliseconds the event loop is to be blocked. */
  '/block': async (connection) => {
    for await (const message of connection) {
      const end = performance.now() + Number(message);
      while (performance.now() < end);
      await connection.send('done');
    }
  },
  '/broadcast': async (connection) => {
    group.add(connection);
    try {
      for await (const message of connection) broadcast(group, message);
    } finally {
      group.delete(connection);
    }
  },
};

const settings: ServeOptions = {
  host: '127.0.0.1',
  // The failures that attacks provoke on purpose would fill the terminal.
  logger: { debug() {}, info() {}, warn() {}, error() {}, isEnabled: () => false },
  ...options,
  ...(tls && { tls: { cert: CERT, key: KEY } }),
  async processRequest(_connection, { path }) {
    if (path === '/late') await new Promise((resolve) => setTimeout(resolve, LATE_MS));
  },
};

async function handler(connection: ServerConnection): Promise<void> {
  try {
    await (HANDLERS[connection.request!.path] ?? echo)(connection);
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) throw error;
  }
}

/** On an HTTP server, or by itself. Comes to the port. */
async function listen(): Promise<number> {
  if (attached) {
    const http = createServer(pages((_request, response) => response.writeHead(404).end())).listen(0, '127.0.0.1');
    await once(http, 'listening');
    await attach(http, handler, { ...settings, path: (path) => !path.startsWith('/page') });
    return (http.address() as AddressInfo).port;
  }
  const direct = { message: (connection: ServerConnection, data: string | Uint8Array) => connection.send(data) };
  const server = await serve(handlers === 'direct' ? direct : handler, settings);
  return server.addresses[0]![1] as number;
}

const port = await listen();
answer();
say({ port, version });
