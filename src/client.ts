// Entry: the client.
import { type BackoffOptions, backoffDelays, backoffSettings } from './connection/client/backoff.ts';
import { nodeRuntime } from './node/runtime.ts';

/** What a client says in `User-Agent` unless it is told otherwise; null: nothing. `WEBSOCKETS_USER_AGENT` replaces it. */
export const USER_AGENT: string | null = nodeRuntime.userAgent;

/**
 * The delays in milliseconds between attempts to connect, without end: the first is drawn evenly between 0 and 5 seconds, then
 * 3.1 seconds, 1.618 times as long each time, up to 90 seconds. A loop over `connect` uses them; with other numbers they are
 * for its option `reconnectDelays`: `reconnectDelays: () => backoff({ maxDelayMs: 10_000 })`.
 *
 * @throws {RangeError} a number is negative or NaN.
 * @throws {TypeError} an option is no number.
 */
export const backoff = (options: BackoffOptions = {}): Generator<number, never> =>
  backoffDelays(backoffSettings(options, nodeRuntime.backoff), options.fullJitter ?? false);

export type { BackoffOptions } from './connection/client/backoff.ts';
export { ClientConnection } from './connection/client/client-connection.ts';
export type { ClientCredentials, ClientOptions, ClientSubprotocol } from './connection/client/client-options.ts';
export { Connecting } from './connection/client/connecting.ts';
export type { Dialer, FixedRoute } from './connection/client/dialer.ts';
export { processException } from './connection/client/process-exception.ts';
export type { ReconnectOptions, ReconnectPolicy } from './connection/client/reconnect-options.ts';
export type { ClientProtocol } from './core/client-protocol.ts';
export type { ClientExtensionFactory } from './core/extension.ts';
export { Proxy, type ProxyInit, type ProxyScheme, parseProxy } from './core/proxy.ts';
export type { ProxyEnvironment } from './core/proxy-environment.ts';
export { getProxy, type ProxyOptions } from './node/choose-proxy.ts';
export { type ConnectOptions, connect, unixConnect } from './node/connect.ts';
export type { ClientTlsOptions } from './node/open-socket.ts';
export * from './shared.ts';
