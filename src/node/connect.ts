// `connect` on Node: opens transports for the connection layer, by TCP, Unix sockets, TLS and proxies.
import type { Socket } from 'node:net';
import { mustBeOptions } from '../connection/check-options.ts';
import type { ClientConnection } from '../connection/client/client-connection.ts';
import type { ClientOptions, ClientSubprotocol } from '../connection/client/client-options.ts';
import { Connecting } from '../connection/client/connecting.ts';
import type { Dialer, FixedRoute } from '../connection/client/dialer.ts';
import { type HandshakeSizeOptions, httpLimits } from '../connection/common-options.ts';
import type { Transport } from '../connection/transport.ts';
import { parseUri, type WebSocketURI } from '../core/uri.ts';
import { checkProxyOptions, chooseProxy, type ProxyOptions } from './choose-proxy.ts';
import { HandleTransport } from './handle-transport.ts';
import { openHttpTunnel } from './http-tunnel.ts';
import { type ClientTlsOptions, openPlain, openTls } from './open-socket.ts';
import { nodeRuntime } from './runtime.ts';
import { openSocksTunnel } from './socks-tunnel.ts';
import { detachHandle } from './tcp-handle.ts';
import { NodeTransport } from './transport.ts';

/** Options of `connect`. */
export interface ConnectOptions<P extends string = string, C extends ClientConnection = ClientConnection>
  extends ClientOptions<P, C>,
    ProxyOptions {
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

/**
 * Opens a WebSocket connection.
 *
 * ```ts
 * await using connection = await connect('wss://example.com/feed');
 * for await (const message of connection) console.log(message);
 * ```
 *
 * @throws {InvalidURI} at once: `uri` isn't a `ws:` or `wss:` URI.
 * @throws {InvalidProxy} at once: `proxy` isn't the address of a proxy; when awaited: what the environment names isn't.
 * @throws {RangeError} at once: an option has a value that isn't allowed.
 * @throws {TypeError} at once: an option has a value of the wrong type, or that can't stand in a request.
 * @throws {ProxyError} when awaited: the proxy doesn't let us through.
 * @throws {InvalidHandshake} when awaited: the server's answer isn't acceptable; InvalidStatus holds what it said instead.
 * @throws {TimeoutError} when awaited: it took longer than `openTimeoutMs`.
 */
export function connect<
  const P extends string = never,
  C extends ClientConnection = ClientConnection<ClientSubprotocol<P>>,
>(uri: string, options: ConnectOptions<P, C> = {}): Connecting<C> {
  mustBeOptions(options);
  const { secure } = parseUri(uri);
  if (!secure && options.tls != null) throw new RangeError('ssl argument is incompatible with a ws:// URI');
  if (secure) mustHaveTls(options);
  if (options.path === undefined && options.socket === undefined) checkProxyOptions(options);
  return new Connecting(nodeRuntime, uri, options, dialer(options));
}

function mustHaveTls({ tls }: OpenSettings): void {
  if (tls === null) throw new RangeError('ssl=None is incompatible with a wss:// URI');
}

/**
 * Opens a WebSocket connection over a Unix socket.
 * @param uri what the request names. Default `ws://localhost/`, or `wss://localhost/` with `tls`.
 */
export function unixConnect<
  const P extends string = never,
  C extends ClientConnection = ClientConnection<ClientSubprotocol<P>>,
>(path: string, uri?: string, options: ConnectOptions<P, C> = {}): Connecting<C> {
  return connect(uri ?? (options.tls == null ? 'ws://localhost/' : 'wss://localhost/'), { ...options, path });
}

/** As much of the options as opening a transport needs, whatever the class of the connection. */
type OpenSettings = Pick<
  ConnectOptions,
  | 'host'
  | 'port'
  | 'path'
  | 'localAddress'
  | 'socket'
  | 'tls'
  | 'serverName'
  | 'socketHandles'
  | 'proxy'
  | 'proxyTls'
  | 'userAgentHeader'
  | 'openTimeoutMs'
> &
  HandshakeSizeOptions;

const dialer = (options: OpenSettings): Dialer => ({
  fixed: fixedRoute(options),
  open: (uri, signal) => openTransport(uri, options, signal),
  addressOf: (uri) => options.path ?? `${options.host ?? uri.host} ${options.port ?? uri.port}`,
});

function fixedRoute({ socket, path, host, port }: OpenSettings): FixedRoute | null {
  if (socket !== undefined) return 'a preexisting socket';
  if (path !== undefined) return 'a Unix socket';
  return host === undefined && port === undefined ? null : 'an explicit host or port';
}

async function openTransport(uri: WebSocketURI, options: OpenSettings, signal: AbortSignal): Promise<Transport> {
  const { path } = options;
  // A redirect from ws may have led here.
  if (uri.secure) mustHaveTls(options);
  if (options.socket !== undefined) {
    if (signal.aborted) options.socket.destroy();
    signal.throwIfAborted();
    return new NodeTransport(options.socket);
  }
  const socket = await (path === undefined ? openTcp(uri, options, signal) : openPlain({ path }, signal));
  if (!uri.secure) {
    const handle = options.socketHandles === false ? null : detachHandle(socket);
    return handle === null ? new NodeTransport(socket, path) : new HandleTransport(handle);
  }
  return new NodeTransport(await openTls(socket, options.serverName ?? uri.host, options.tls, signal), path);
}

/** A connection to the server, or through a proxy to it. */
function openTcp(uri: WebSocketURI, options: OpenSettings, signal: AbortSignal): Promise<Socket> {
  const { localAddress, proxyTls, userAgentHeader = nodeRuntime.userAgent, openTimeoutMs } = options;
  const target = { host: options.host ?? uri.host, port: options.port ?? uri.port, secure: uri.secure };
  const proxy = chooseProxy(uri, options);
  const limits = httpLimits(options, nodeRuntime);
  if (proxy === null) return openPlain({ host: target.host, port: target.port, localAddress }, signal);
  return proxy.scheme === 'http' || proxy.scheme === 'https'
    ? openHttpTunnel(proxy, target, { userAgent: userAgentHeader, proxyTls, localAddress, limits }, signal)
    : openSocksTunnel(proxy, target, { openTimeoutMs, localAddress }, signal);
}
