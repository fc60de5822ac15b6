// `serve` on Node: listens on TCP, Unix and TLS sockets for the connection layer.
import { createServer, type ListenOptions, type Server as NetServer, Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions, Server as TlsServer } from 'node:tls';
import { mustBeOptions } from '../connection/check-options.ts';
import {
  type Arrival,
  begun,
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
type ListenSettings = Pick<ServeOptions, 'host' | 'port' | 'path' | 'socket' | 'backlog' | 'tls' | 'socketHandles'>;

async function listen(options: ListenSettings, sink: ListenSink): ReturnType<Listen> {
  const { onTransport, onError, onListening } = sink;
  const server = options.socket ?? createListening(options);
  const isTls = server instanceof TlsServer;
  const path = options.path ?? null;
  if (isTls) acceptTls(server, path, sink);
  else server.on('connection', (socket) => onTransport(new NodeTransport(socket, path)));
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
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Clients of a TLS server count from the moment on that they connect, not from the end of their TLS handshake. */
function acceptTls(server: TlsServer, path: string | null, { onTransport, onArrival }: ListenSink): void {
  const arrivals = new Map<Socket, Arrival>();
  /** The same for all: it stays as long as they do. */
  function onClose(this: Socket): void {
    arrivals.get(this)?.onGone();
    arrivals.delete(this);
  }
  server.on('connection', (socket) => {
    // A stream that the user hands over has more between itself and TLS.
    if (!(socket instanceof Socket)) return;
    const arrival = onArrival(() => socket.destroy());
    arrivals.set(socket, arrival);
    socket.on('close', onClose);
  });
  server.on('secureConnection', (socket) => {
    // By somebody who was told before us: what is below it cannot be asked for any more, and tells of its end itself.
    if (socket.destroyed) return;
    const transport = new NodeTransport(socket, path);
    const carrier = carrierOf(socket);
    if (carrier === undefined) {
      // A Node that does not tell: rather nobody is counted than a client that is let in.
      for (const { onGone } of arrivals.values()) onGone();
      onTransport(transport);
      return;
    }
    const arrival = arrivals.get(carrier);
    arrivals.delete(carrier);
    // It may have come before us, with a server that was listening.
    if (arrival === undefined) onTransport(transport);
    else arrival.onTransport(transport);
  });
}

/**
 * The socket below a TLS socket, which Node 20 to 26 keep in its handle, undocumented. Who comes by a Unix socket has nothing else
 * to be known by.
 */
function carrierOf(socket: TLSSocket): Socket | undefined {
  const { _handle: handle } = socket as { readonly _handle?: { readonly _parentWrap?: Socket } };
  return handle?._parentWrap;
}

function createListening({ tls }: ListenSettings): NetServer {
  if (tls === undefined) return createServer({ allowHalfOpen: true, noDelay: true });
  // The deadline is ours, and goes on after TLS.
  return createTlsServer({ handshakeTimeout: 2 ** 31 - 1, ...tls, allowHalfOpen: true, noDelay: true });
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
