// `attach` and `upgrade` on Node: WebSocket connections on HTTP servers of the user. Knows no handshake: the request takes the
// road of every other.
import type { IncomingMessage } from 'node:http';
import { type Server as NetServer, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { mustBeOptions } from '../connection/check-options.ts';
import {
  begun,
  hostsAt,
  type Listener,
  type ListenSink,
  type SelectsSubprotocol,
  Server,
  type ServerHandler,
  type ServerOptions,
  type ServerSubprotocol,
} from '../connection/server/server.ts';
import type { ServerConnection } from '../connection/server/server-connection.ts';
import type { Transport } from '../connection/transport.ts';
import { matchesWhole } from '../core/whole-match.ts';
import { listeningAddress } from './address.ts';
import { afterEarlierAnswers } from './earlier-answers.ts';
import { requestBytes } from './http-request.ts';
import { nodeRuntime } from './runtime.ts';
import { detachShell } from './shell-transport.ts';
import { NodeTransport } from './transport.ts';
import { addAttachment, type UpgradableServer } from './upgrades.ts';

interface SocketOptions {
  /**
   * Whether TCP connections may do without their net.Socket, on the handle of libuv under it: see `ServeOptions`. The socket
   * stays as a shell that the HTTP server goes on counting. Default true.
   */
  readonly socketHandles?: boolean | undefined;
}

/** Options of `attach`. */
export interface AttachOptions<P extends string = string, C extends ServerConnection = ServerConnection, D = C['data']>
  extends ServerOptions<P, C, D>,
    SocketOptions {
  /**
   * Which upgrade requests are for us, by their path without the query: one path, a regular expression that matches the
   * whole path, or a function. Default: all.
   */
  readonly path?: string | RegExp | ((path: string) => boolean) | undefined;
}

/** Options of `upgrade`. */
export interface UpgradeOptions<P extends string = string, C extends ServerConnection = ServerConnection, D = C['data']>
  extends Omit<ServerOptions<P, C, D>, 'startServing' | 'signal' | 'maxPending'>,
    SocketOptions {}

/**
 * Starts a WebSocket server on an HTTP server of node:http or node:https, for the upgrade requests of a path. All other
 * requests are left alone, and so are other upgrades when somebody else listens for them; when nobody does, the HTTP server
 * answers them as requests like any other. The first of several that are attached whose `path` fits takes a request.
 *
 * ```ts
 * const server = await attach(httpServer, async (connection) => {
 *   for await (const message of connection) await connection.send(message);
 * }, { path: '/chat' });
 * ```
 *
 * It may be called before or after the HTTP server listens. Closing the WebSocket server detaches it, and leaves the HTTP
 * server as it is; to close the HTTP server leaves connections alone, and is done when they are closed.
 *
 * @throws {RangeError} an option has a value that isn't allowed.
 * @throws {TypeError} an option has a value of the wrong type.
 */
export function attach<
  const P extends string,
  D = undefined,
  C extends ServerConnection = ServerConnection<P | null, D>,
>(
  httpServer: UpgradableServer,
  handler: ServerHandler<NoInfer<C>>,
  options: AttachOptions<P, C, D> & SelectsSubprotocol<P, C>,
): Promise<Server<C>>;
export function attach<
  const P extends string = never,
  D = undefined,
  C extends ServerConnection = ServerConnection<ServerSubprotocol<P>, D>,
>(
  httpServer: UpgradableServer,
  handler: ServerHandler<NoInfer<C>>,
  options?: AttachOptions<P, C, D>,
): Promise<Server<C>>;
export async function attach<C extends ServerConnection>(
  httpServer: UpgradableServer,
  handler: ServerHandler<C>,
  options: AttachOptions<string, C> = {},
): Promise<Server<C>> {
  mustBeOptions(options);
  mustBeServer(httpServer);
  const { path, socketHandles, startServing } = options;
  const matches = pathFilter(path);
  const server = new Server<C>(
    nodeRuntime,
    handler as ServerHandler,
    options as unknown as ServerOptions,
    async (sink) => listenForUpgrades(httpServer, { matches, socketHandles }, sink),
  );
  return begun(server, startServing);
}

/**
 * Answers one upgrade request, and settles with the open connection: for frameworks, and for HTTP servers that decide
 * themselves. The connection belongs to the caller, who closes it.
 *
 * ```ts
 * httpServer.on('upgrade', async (request, socket, head) => {
 *   const connection = await upgrade(request, socket, head, options);
 *   for await (const message of connection) await connection.send(message);
 * });
 * ```
 *
 * Give the same object of options each time: its connections then have one server, `connection.server`, which knows them and
 * closes them in order.
 *
 * @throws {InvalidHandshake} the request was refused, and the client has been told: its kind says why; InvalidStatus holds the
 *   response of a hook.
 * @throws {RangeError} an option has a value that isn't allowed; the socket is left alone.
 * @throws {TypeError} an option has a value of the wrong type; the socket is left alone.
 */
export function upgrade<
  const P extends string,
  D = undefined,
  C extends ServerConnection = ServerConnection<P | null, D>,
>(
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  options: UpgradeOptions<P, C, D> & SelectsSubprotocol<P, C>,
): Promise<C>;
export function upgrade<
  const P extends string = never,
  D = undefined,
  C extends ServerConnection = ServerConnection<ServerSubprotocol<P>, D>,
>(request: IncomingMessage, socket: Duplex, head: Uint8Array, options?: UpgradeOptions<P, C, D>): Promise<C>;
export async function upgrade<C extends ServerConnection>(
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  options: UpgradeOptions<string, C> = NO_OPTIONS,
): Promise<C> {
  // node:http does not listen any more, the transport not yet: an error of an earlier answer would end the process.
  socket.on('error', () => {});
  // node:http tells a socket whose it is.
  const { server = null } = request.socket as { readonly server?: NetServer };
  const { onTransport } = await sinkOf(server, options as unknown as UpgradeOptions);
  await new Promise<void>((resolve) => afterEarlierAnswers(request, socket, resolve));
  const transport = transportOf(request, socket, head, options.socketHandles);
  return new Promise<ServerConnection>((onOpen, onRefused) => {
    onTransport(transport, { onOpen, onRefused });
  }) as Promise<C>;
}

const NO_OPTIONS = {};
const NO_SERVER = {};

/** Servers of `upgrade`, by HTTP server and options. */
const sinks: WeakMap<object, WeakMap<object, Promise<ListenSink>>> = new WeakMap();

/** What takes the transports for these options. Rejects when they are wrong. */
function sinkOf(httpServer: NetServer | null, options: UpgradeOptions): Promise<ListenSink> {
  const key = httpServer ?? NO_SERVER;
  const known = sinks.get(key) ?? new WeakMap<object, Promise<ListenSink>>();
  sinks.set(key, known);
  const sink = known.get(options) ?? startSink(httpServer, options);
  known.set(options, sink);
  return sink;
}

function startSink(httpServer: NetServer | null, options: UpgradeOptions): Promise<ListenSink> {
  const listener = {
    get addresses() {
      return listeningAddress(httpServer?.address() ?? null);
    },
    sockets: httpServer === null ? [] : [httpServer],
    close: async () => {},
  };
  const { allowedHosts = httpServer === null ? null : hostsAt(listener.addresses) } = options;
  return new Promise((resolve) => {
    const listen = async (sink: ListenSink): Promise<Listener> => {
      resolve(sink);
      return listener;
    };
    const server = new Server(nodeRuntime, null, { ...options, allowedHosts }, listen);
    void server.startServing();
  });
}

interface UpgradeSettings {
  readonly matches: (path: string) => boolean;
  readonly socketHandles: boolean | undefined;
}

function listenForUpgrades(
  httpServer: UpgradableServer,
  { matches, socketHandles }: UpgradeSettings,
  { onTransport, onError, onListening }: ListenSink,
): Listener {
  const detach = addAttachment(httpServer, {
    matches,
    take: (request, socket, head) => onTransport(transportOf(request, socket, head, socketHandles)),
    onError,
  });
  const addresses = (): ReturnType<typeof listeningAddress> => listeningAddress(httpServer.address());
  const onListen = (): void => onListening(addresses());
  httpServer.on('listening', onListen);
  if (httpServer.listening) onListen();
  return {
    get addresses() {
      return addresses();
    },
    sockets: [httpServer],
    close: async (drained) => {
      // The HTTP server goes on accepting: until the end, who comes late is told so.
      await drained;
      detach();
      httpServer.off('listening', onListen);
    },
  };
}

/** An application of a framework takes listeners, too, and would never call them. */
function mustBeServer(httpServer: UpgradableServer): void {
  if (typeof httpServer?.address === 'function') return;
  throw new TypeError('attach needs an HTTP server, such as createServer(app) of node:http, not the application');
}

function pathFilter(path: AttachOptions['path']): (path: string) => boolean {
  if (path === undefined) return () => true;
  if (typeof path === 'function') return path;
  if (typeof path === 'string') return (other) => other === path;
  if (path instanceof RegExp) return (other) => matchesWhole(path, other);
  throw new TypeError('path must be a string, a regular expression or a function');
}

/** A transport on the socket of a request. It delivers the request, what came with it, and all that follows. */
function transportOf(
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  socketHandles: boolean | undefined,
): Transport {
  const received = requestBytes(request, head);
  // A time of idleness that was set for HTTP is over; and a shell is idle, whatever the connection does.
  if (socket instanceof Socket) socket.setTimeout(0);
  const shell = socketHandles === false ? null : detachShell(socket, received);
  if (shell !== null) return shell;
  socket.allowHalfOpen = true;
  socket.unshift(received);
  if (socket instanceof Socket) socket.setNoDelay(true);
  // Of a Unix socket only its server knows the path. A stream that is no socket has no addresses, and all else that we use.
  const { server = null } = request.socket as { readonly server?: NetServer };
  const address = server?.address() ?? null;
  return new NodeTransport(socket as Socket, typeof address === 'string' ? address : null);
}
