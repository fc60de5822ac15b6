// `serve` on Node: listens on TCP, Unix and TLS sockets for the connection layer.
import { createServer, type ListenOptions, type Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createServer as createTlsServer, type TlsOptions, Server as TlsServer } from 'node:tls';
import { mustBeOptions } from '../connection/check-options.ts';
import { reportLimit } from '../connection/diagnostics.ts';
import {
  begun,
  DEFAULT_MAX_PENDING,
  type Listen,
  type ListenSink,
  type SelectsSubprotocol,
  Server,
  type ServerHandler,
  type ServerOptions,
  type ServerSubprotocol,
} from '../connection/server/server.ts';
import type { ServerConnection } from '../connection/server/server-connection.ts';
import { listeningAddress } from './address.ts';
import { HandleTransport } from './handle-transport.ts';
import { nodeRuntime } from './runtime.ts';
import { acceptHandles } from './tcp-handle.ts';
import { NodeTransport } from './transport.ts';

/** TLS settings of a server: those of `tls.createServer`, such as `cert`, `key`, `ca`, `requestCert`. */
export type ServerTlsOptions = TlsOptions;

/** Options of `serve`. */
export interface ServeOptions<P extends string = string, C extends ServerConnection = ServerConnection, D = C['data']>
  extends ServerOptions<P, C, D> {
  /** Address to listen on. Default: all addresses. */
  readonly host?: string | undefined;
  /** Port to listen on. Default 0: the system chooses one, see `Server.addresses`. */
  readonly port?: number | undefined;
  /** Unix socket to listen on, instead of TCP. */
  readonly path?: string | undefined;
  /** A server of node:net or node:tls to use, made with `allowHalfOpen`; it may be listening already. */
  readonly socket?: NetServer | undefined;
  /** How many connections may wait to be accepted. Default: the system's. */
  readonly backlog?: number | undefined;
  /** Speak TLS, with these settings. */
  readonly tls?: ServerTlsOptions | undefined;
  /**
   * Whether TCP connections may do without a net.Socket, on the handle of libuv under it: faster and smaller, by way of
   * what Node has not documented. Taken only where Node's handles look as they should, and not with `socket` and `tls`.
   * Default true; the environment variable `WEBSOCKETS_SOCKET_HANDLES=0` switches it off for the whole process.
   */
  readonly socketHandles?: boolean | undefined;
}

/**
 * Starts a WebSocket server.
 *
 * ```ts
 * const server = await serve(async (connection) => {
 *   for await (const message of connection) await connection.send(message);
 * }, { host: 'localhost', port: 8765 });
 * ```
 *
 * The handler owns its connection: when it returns, the connection is closed with 1000; when it throws, with 1011. Direct
 * handlers instead of a function are the fast road: see `DirectHandlers`.
 *
 * @throws {RangeError} an option has a value that isn't allowed.
 * @throws {TypeError} an option has a value of the wrong type, or does not go with another.
 * @throws {Error} the runtime's own, when it can't listen.
 */
export function serve<
  const P extends string,
  D = undefined,
  C extends ServerConnection = ServerConnection<P | null, D>,
>(handler: ServerHandler<NoInfer<C>>, options: ServeOptions<P, C, D> & SelectsSubprotocol<P, C>): Promise<Server<C>>;
export function serve<
  const P extends string = never,
  D = undefined,
  C extends ServerConnection = ServerConnection<ServerSubprotocol<P>, D>,
>(handler: ServerHandler<NoInfer<C>>, options?: ServeOptions<P, C, D>): Promise<Server<C>>;
export async function serve<C extends ServerConnection>(
  handler: ServerHandler<C>,
  options: ServeOptions<string, C> = {},
): Promise<Server<C>> {
  mustBeOptions(options);
  refuse(options, 'socket', ['host', 'port', 'path', 'backlog', 'tls']);
  refuse(options, 'path', ['host', 'port']);
  // Whatever the class of its connections, the server treats them alike: C comes from `createConnection` in the options.
  const server = new Server<C>(nodeRuntime, handler as ServerHandler, options as unknown as ServerOptions, (sink) =>
    listen(options as unknown as ListenSettings, sink),
  );
  return begun(server, options.startServing);
}

/** Starts a WebSocket server on a Unix socket. */
export function unixServe<
  const P extends string,
  D = undefined,
  C extends ServerConnection = ServerConnection<P | null, D>,
>(
  handler: ServerHandler<NoInfer<C>>,
  path: string,
  options: ServeOptions<P, C, D> & SelectsSubprotocol<P, C>,
): Promise<Server<C>>;
export function unixServe<
  const P extends string = never,
  D = undefined,
  C extends ServerConnection = ServerConnection<ServerSubprotocol<P>, D>,
>(handler: ServerHandler<NoInfer<C>>, path: string, options?: ServeOptions<P, C, D>): Promise<Server<C>>;
export function unixServe<C extends ServerConnection>(
  handler: ServerHandler<C>,
  path: string,
  options: ServeOptions<string, C> = {},
): Promise<Server<C>> {
  return serve(handler, { ...options, path });
}

/** Options that say the same thing twice. */
function refuse(options: object, name: string, others: readonly string[]): void {
  const given = (option: string): boolean => (options as Readonly<Record<string, unknown>>)[option] !== undefined;
  const other = others.find(given);
  if (given(name) && other !== undefined) throw new TypeError(`${name} is incompatible with ${other}`);
}

/** As much of the options as listening needs, whatever the class of the connections. */
type ListenSettings = Pick<
  ServeOptions,
  'host' | 'port' | 'path' | 'socket' | 'backlog' | 'tls' | 'openTimeoutMs' | 'maxPending' | 'socketHandles'
>;

async function listen(options: ListenSettings, { onTransport, onError, onListening }: ListenSink): ReturnType<Listen> {
  const server = options.socket ?? createListening(options);
  const isTls = server instanceof TlsServer;
  const path = options.path ?? null;
  const onSocket = (socket: Socket): void => onTransport(new NodeTransport(socket, path));
  const tlsHandshakes = isTls ? trackTlsHandshakes(server, options.maxPending) : null;
  server.on(isTls ? 'secureConnection' : 'connection', onSocket);
  if (!server.listening) await startListening(server, options);
  onListening(listeningAddress(server.address()));
  if (options.socket === undefined && !isTls && options.socketHandles !== false) {
    acceptHandles(server, 1, (handle) => onTransport(new HandleTransport(handle)));
  }
  // Without a listener a failed accept (no file descriptors left, say) would end the process.
  server.on('error', onError);
  return {
    addresses: listeningAddress(server.address()),
    sockets: [server],
    close: async () => {
      // Whoever waits in the system's queue would be reset: two turns, since this one may be past its reads, accept them all.
      await nextTurn();
      await nextTurn();
      await new Promise((resolve) => {
        server.close(resolve);
        for (const socket of tlsHandshakes?.values() ?? []) socket.destroy();
      });
    },
  };
}

/**
 * The sockets that are in the middle of a TLS handshake, oldest first: nobody else would end them when the server closes,
 * or count them. A TLS socket does not tell whose it is: they are told apart by their peers' addresses. Peers on a Unix
 * socket have none, and are left to the deadline of the handshake.
 */
function trackTlsHandshakes(
  server: TlsServer,
  maxPending: number | null = DEFAULT_MAX_PENDING,
): ReadonlyMap<string, Socket> {
  const inProgress = new Map<string, Socket>();
  const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
  server.on('connection', (socket) => {
    if (socket.remotePort === undefined) return;
    const name = nameOf(socket);
    inProgress.set(name, socket);
    socket.on('close', () => {
      if (inProgress.get(name) === socket) inProgress.delete(name);
    });
    const [oldest] = inProgress;
    if (oldest !== undefined && inProgress.size > (maxPending ?? Number.POSITIVE_INFINITY)) {
      inProgress.delete(oldest[0]);
      reportLimit(nodeRuntime, null, 'maxPending');
      oldest[1].destroy();
    }
  });
  server.on('secureConnection', (socket) => inProgress.delete(nameOf(socket)));
  return inProgress;
}

function createListening({ tls, openTimeoutMs }: ListenSettings): NetServer {
  if (tls === undefined) return createServer({ allowHalfOpen: true, noDelay: true });
  const handshakeTimeout = openTimeoutMs === null ? 2 ** 31 - 1 : (openTimeoutMs ?? 10_000);
  return createTlsServer({ handshakeTimeout, ...tls, allowHalfOpen: true, noDelay: true });
}

function startListening(server: NetServer, { host, port = 0, path, backlog }: ListenSettings): Promise<void> {
  const where: ListenOptions = path === undefined ? { port, ...(host !== undefined && { host }) } : { path };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...where, ...(backlog !== undefined && { backlog }) }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
