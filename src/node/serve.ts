// `serve` on Node: listens on TCP, Unix and TLS sockets for the connection layer.
import { createServer, type ListenOptions, type Server as NetServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions, Server as TlsServer } from 'node:tls';
import { type Listen, Server, type ServerHandler, type ServerOptions } from '../connection/server.ts';
import { nodeRuntime } from './runtime.ts';
import { listeningAddress, NodeTransport } from './transport.ts';

/** TLS settings of a server: those of `tls.createServer`, such as `cert`, `key`, `ca`, `requestCert`. */
export type ServerTlsOptions = TlsOptions;

/** Options of `serve`. */
export interface ServeOptions<P extends string = string> extends ServerOptions<P> {
  /** Address to listen on. Default: all addresses. */
  readonly host?: string;
  /** Port to listen on. Default 0: the system chooses one, see `Server.addresses`. */
  readonly port?: number;
  /** Unix socket to listen on, instead of TCP. */
  readonly path?: string;
  /** A server of node:net or node:tls to use, made with `allowHalfOpen`; it may be listening already. */
  readonly socket?: NetServer;
  /** How many connections may wait to be accepted. Default: the system's. */
  readonly backlog?: number;
  /** Speak TLS, with these settings. */
  readonly tls?: ServerTlsOptions;
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
 * @throws {Error} the runtime's own, when it can't listen.
 */
export async function serve<const P extends string = string>(
  handler: ServerHandler,
  options: ServeOptions<P> = {},
): Promise<Server> {
  const { host, port, path, socket } = options;
  if (socket !== undefined && (host !== undefined || port !== undefined || path !== undefined)) {
    throw new TypeError('socket is incompatible with host, port and path');
  }
  if (path !== undefined && (host !== undefined || port !== undefined)) {
    throw new TypeError('path is incompatible with host and port');
  }
  const server = new Server(nodeRuntime, handler, options as ServerOptions, (sink) => listen(options, sink));
  if (options.startServing !== false) await server.startServing();
  return server;
}

/** Starts a WebSocket server on a Unix socket. */
export const unixServe = <const P extends string = string>(
  handler: ServerHandler,
  path: string,
  options: ServeOptions<P> = {},
): Promise<Server> => serve(handler, { ...options, path });

async function listen(options: ServeOptions, { onTransport, onError }: Parameters<Listen>[0]): ReturnType<Listen> {
  const server = options.socket ?? createListening(options);
  const isTls = server instanceof TlsServer;
  const path = options.path ?? null;
  const onSocket = (socket: Socket): void => onTransport(new NodeTransport(socket, path));
  const tlsHandshakes = isTls ? trackTlsHandshakes(server) : null;
  server.on(isTls ? 'secureConnection' : 'connection', onSocket);
  if (!server.listening) await startListening(server, options);
  // Without a listener a failed accept (no file descriptors left, say) would end the process.
  server.on('error', onError);
  return {
    addresses: listeningAddress(server.address()),
    sockets: [server],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of tlsHandshakes ?? []) socket.destroy();
      }),
  };
}

/** The sockets that are in the middle of a TLS handshake: nobody else would end them when the server closes. */
function trackTlsHandshakes(server: TlsServer): ReadonlySet<Socket> {
  const sockets = new Map<string, Socket>();
  const inProgress = new Set<Socket>();
  const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
  server.on('connection', (socket) => {
    const name = nameOf(socket);
    inProgress.add(socket);
    sockets.set(name, socket);
    socket.on('close', () => {
      inProgress.delete(socket);
      if (sockets.get(name) === socket) sockets.delete(name);
    });
  });
  server.on('secureConnection', (socket) => {
    const raw = sockets.get(nameOf(socket));
    if (raw !== undefined) inProgress.delete(raw);
  });
  return inProgress;
}

function createListening({ tls, openTimeoutMs }: ServeOptions): NetServer {
  if (tls === undefined) return createServer({ allowHalfOpen: true, noDelay: true });
  const handshakeTimeout = openTimeoutMs === null ? 2 ** 31 - 1 : (openTimeoutMs ?? 10_000);
  return createTlsServer({ handshakeTimeout, ...tls, allowHalfOpen: true, noDelay: true });
}

function startListening(server: NetServer, { host, port = 0, path, backlog }: ServeOptions): Promise<void> {
  const where: ListenOptions = path === undefined ? { port, ...(host !== undefined && { host }) } : { path };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...where, ...(backlog !== undefined && { backlog }) }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
