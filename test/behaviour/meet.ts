// How the tests of behaviour bring two ends together, and see to it that nothing stays behind.
import type {
  ClientConnection,
  Connection,
  ConnectOptions,
  ServeOptions,
  Server,
  ServerConnection,
} from 'websockets-ts';
import { ConnectionClosed } from 'websockets-ts';
import type { RawPeer } from '../support/raw-peer.ts';
import type { Driver } from './driver.ts';
import { node } from './node.ts';

/** The runtime that this process is. A further runtime is chosen here. */
export const driver: Driver = node;

/** Options that both sides understand. */
export type EitherOptions = Omit<ConnectOptions, 'handlers' | 'createConnection' | 'extensions' | 'socket' | 'tls'>;

/** Both sides: most of what a connection does must not depend on which one it is. */
export const SIDES = ['client', 'server'] as const;
export type Side = (typeof SIDES)[number];

/** A server on a port of its own, closed with the scope. */
export interface Serving extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
}

type Handler = Parameters<typeof driver.serve>[0];

export async function serving(handler: Handler, options: ServeOptions = {}): Promise<Serving> {
  const server = await driver.serve(handler, { host: '127.0.0.1', ...options });
  const port = Number(server.addresses[0]![1]);
  return { server, port, url: `ws://127.0.0.1:${port}/`, [Symbol.asyncDispose]: () => stop(server) };
}

/** Ends a server whatever its connections are doing. */
async function stop(server: Server): Promise<void> {
  for (const connection of server.connections) connection.abort();
  server.close();
  await server.waitClosed();
}

/** Keeps a connection until it is closed. */
export const untilClosed = (connection: Connection): Promise<void> => connection.closed;

/** Sends everything back, and minds no way of ending. */
export async function echo(connection: Connection): Promise<void> {
  try {
    for await (const message of connection) await connection.send(message);
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) throw error;
  }
}

/** A client and a server of the library, connected. */
export interface Pair extends AsyncDisposable {
  readonly server: Server;
  readonly client: ClientConnection;
  readonly peer: ServerConnection;
}

export async function pair(
  options: { readonly client?: ConnectOptions; readonly server?: ServeOptions } = {},
): Promise<Pair> {
  const arrived = deferred<ServerConnection>();
  const {
    server,
    url,
    [Symbol.asyncDispose]: dispose,
  } = await serving((connection: ServerConnection) => {
    arrived.resolve(connection);
    return connection.closed;
  }, options.server);
  let client: ClientConnection;
  try {
    client = await driver.connect(url, options.client);
  } catch (error) {
    await dispose();
    throw error;
  }
  const peer = await arrived.promise;
  return {
    server,
    client,
    peer,
    [Symbol.asyncDispose]: async () => {
      client.abort();
      await dispose();
      await client.closed;
    },
  };
}

/** A connection of the library whose peer is moved by hand. */
export interface Meeting extends AsyncDisposable {
  readonly connection: Connection;
  readonly peer: RawPeer;
}

export async function meet(side: Side, options: EitherOptions = {}): Promise<Meeting> {
  const all = { compression: null, pingIntervalMs: null, ...options };
  return side === 'client' ? meetClient(all) : meetServer(all);
}

async function meetClient(options: ConnectOptions): Promise<Meeting> {
  const server = await driver.listen();
  const connecting = driver.connect(server.url, options).then((connection) => connection);
  const peer = await server.peer();
  await peer.accept();
  const connection: ClientConnection = await connecting;
  return {
    connection,
    peer,
    [Symbol.asyncDispose]: async () => {
      connection.abort();
      await server[Symbol.asyncDispose]();
      await connection.closed;
    },
  };
}

async function meetServer(options: ServeOptions): Promise<Meeting> {
  const arrived = deferred<ServerConnection>();
  const { port, [Symbol.asyncDispose]: dispose } = await serving((connection: ServerConnection) => {
    arrived.resolve(connection);
    return connection.closed;
  }, options);
  const peer = await driver.dial(port);
  await peer.open();
  return {
    connection: await arrived.promise,
    peer,
    [Symbol.asyncDispose]: async () => {
      peer.destroy();
      await dispose();
    },
  };
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((onResolve) => {
    resolve = onResolve;
  });
  return { promise, resolve };
}

/** What a promise rejects with, as an Error; fails when it resolves. */
export function rejection(promise: PromiseLike<unknown>): Promise<Error> {
  return Promise.resolve(
    promise.then(
      (value) => {
        throw new Error(`resolved with ${String(value)}`);
      },
      (error: Error) => error,
    ),
  );
}

/** `Name: message` of what a promise rejects with. */
export const rejectionText = async (promise: PromiseLike<unknown>): Promise<string> => String(await rejection(promise));

/** Whether the promise is still pending after everything that can happen without I/O has happened. */
export async function isPending(promise: PromiseLike<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  const turn = new Promise((resolve) => setImmediate(() => setImmediate(() => resolve(pending))));
  return (await Promise.race([promise.then(noop, noop), turn])) === pending;
}

const noop = (): void => {};
