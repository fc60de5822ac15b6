// `connect` on Node: opens TCP, Unix and TLS sockets for the connection layer.
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions as NodeTlsOptions } from 'node:tls';
import type { ClientConnection } from '../connection/client-connection.ts';
import { type ClientOptions, Connecting } from '../connection/connecting.ts';
import type { Transport } from '../connection/transport.ts';
import { parseUri, type WebSocketURI } from '../core/uri.ts';
import { HandleTransport } from './handle-transport.ts';
import { nodeRuntime } from './runtime.ts';
import { detachHandle } from './tcp-handle.ts';
import { NodeTransport } from './transport.ts';

/** TLS settings of a client: those of `tls.connect`, such as `ca`, `cert`, `key`, `rejectUnauthorized`. */
export type ClientTlsOptions = NodeTlsOptions;

/** Options of `connect`. */
export interface ConnectOptions<P extends string = string, C extends ClientConnection = ClientConnection>
  extends ClientOptions<P, C> {
  /** TCP host to connect to, instead of the URI's. The URI's stays in the request and in the check of certificates. */
  readonly host?: string | undefined;
  /** TCP port to connect to, instead of the URI's. */
  readonly port?: number | undefined;
  /** Local address to connect from. */
  readonly localAddress?: string | undefined;
  /** Unix socket to connect to, instead of TCP. */
  readonly path?: string | undefined;
  /** A socket that is connected already, made with `allowHalfOpen`. TLS, if any, is done by the caller. */
  readonly socket?: Socket | undefined;
  /** TLS settings for `wss`. */
  readonly tls?: ClientTlsOptions | null | undefined;
  /** Name for SNI and for the check of the certificate. Default: the URI's host. */
  readonly serverName?: string | undefined;
  /**
   * Whether a TCP connection may do without a net.Socket, on the handle of libuv under it: faster and smaller, by way of
   * what Node has not documented. Taken only where Node's handles look as they should, and not with `socket` and TLS.
   * Default true; the environment variable `WEBSOCKETS_SOCKET_HANDLES=0` switches it off for the whole process.
   */
  readonly socketHandles?: boolean | undefined;
}

/** What a client may get of the subprotocols that it offers. */
type Subprotocol<P extends string> = [P] extends [never] ? null : P | null;

/**
 * Opens a WebSocket connection.
 *
 * ```ts
 * await using connection = await connect('wss://example.com/feed');
 * for await (const message of connection) console.log(message);
 * ```
 *
 * @throws {InvalidURI} at once: `uri` isn't a `ws:` or `wss:` URI.
 * @throws {RangeError} at once: an option has a value that isn't allowed.
 * @throws {InvalidHandshake} when awaited: the server's answer isn't acceptable; InvalidStatus holds what it said instead.
 * @throws {TimeoutError} when awaited: it took longer than `openTimeoutMs`.
 */
export function connect<const P extends string = never, C extends ClientConnection = ClientConnection<Subprotocol<P>>>(
  uri: string,
  options: ConnectOptions<P, C> = {},
): Connecting<C> {
  const { secure } = parseUri(uri);
  if (!secure && options.tls != null) throw new RangeError('ssl argument is incompatible with a ws:// URI');
  if (secure && options.tls === null) throw new RangeError('ssl=None is incompatible with a wss:// URI');
  return new Connecting(nodeRuntime, uri, options, (target, signal) => openTransport(target, options, signal));
}

/**
 * Opens a WebSocket connection over a Unix socket.
 * @param uri what the request names. Default `ws://localhost/`, or `wss://localhost/` with `tls`.
 */
export function unixConnect<
  const P extends string = never,
  C extends ClientConnection = ClientConnection<Subprotocol<P>>,
>(path: string, uri?: string, options: ConnectOptions<P, C> = {}): Connecting<C> {
  return connect(uri ?? (options.tls == null ? 'ws://localhost/' : 'wss://localhost/'), { ...options, path });
}

/** As much of the options as opening a transport needs, whatever the class of the connection. */
type OpenSettings = Pick<
  ConnectOptions,
  'host' | 'port' | 'path' | 'localAddress' | 'socket' | 'tls' | 'serverName' | 'socketHandles'
>;

async function openTransport(uri: WebSocketURI, options: OpenSettings, signal: AbortSignal): Promise<Transport> {
  const { path, localAddress } = options;
  if (options.socket !== undefined) {
    if (signal.aborted) options.socket.destroy();
    signal.throwIfAborted();
    return new NodeTransport(options.socket);
  }
  const tcp = connectTcp({
    ...(path === undefined
      ? { host: options.host ?? uri.host, port: options.port ?? uri.port, ...(localAddress && { localAddress }) }
      : { path }),
    allowHalfOpen: true,
    noDelay: true,
  });
  if (!uri.secure) {
    const socket = await ready(tcp, 'connect', signal);
    const handle = options.socketHandles === false ? null : detachHandle(socket);
    return handle === null ? new NodeTransport(socket, path) : new HandleTransport(handle);
  }
  const servername = options.serverName ?? uri.host;
  await ready(tcp, 'connect', signal);
  const tls = connectTls({
    // An address can't be an SNI name (RFC 6066 §3); the certificate is checked against it all the same.
    ...(/^[\d.]+$|:/.test(servername) ? {} : { servername }),
    host: servername,
    ...options.tls,
    socket: tcp,
  });
  return new NodeTransport(await ready(tls, 'secureConnect', signal), path);
}

/** The socket once the event has come; on failure or abort the socket is destroyed. */
function ready<S extends Socket>(socket: S, event: string, signal: AbortSignal): Promise<S> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      socket.off(event, onReady);
      socket.off('error', onError);
      signal.removeEventListener('abort', onAbort);
    };
    const onReady = (): void => {
      stop();
      resolve(socket);
    };
    const onError = (error: Error): void => {
      stop();
      reject(error);
    };
    const onAbort = (): void => {
      stop();
      socket.on('error', () => {});
      socket.destroy();
      reject(signal.reason);
    };
    socket.on(event, onReady);
    socket.on('error', onError);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
}
