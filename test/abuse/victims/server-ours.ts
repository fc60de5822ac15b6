// A server of ours under attack. What it does with a connection the path says.
import { broadcast, ConnectionClosed, type ServeOptions, type ServerConnection, serve, version } from 'websockets-ts';
import { CERT, KEY } from '../../support/certificate.ts';
import { LATE_MS, type ServerSettings } from '../attack.ts';
import { answer, say } from './gauge.ts';

const { handlers, tls, compression: _, ...options } = JSON.parse(process.argv[2]!) as ServerSettings;

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

const server = await serve(
  handlers === 'direct'
    ? { message: (connection, data) => connection.send(data) }
    : async (connection) => {
        try {
          await (HANDLERS[connection.request!.path] ?? echo)(connection);
        } catch (error) {
          if (!(error instanceof ConnectionClosed)) throw error;
        }
      },
  settings,
);
answer();
say({ port: server.addresses[0]![1], version });
