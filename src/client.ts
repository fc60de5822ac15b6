// Entry: the client.
import { nodeRuntime } from './node/runtime.ts';

/** What a client says in `User-Agent` unless it is told otherwise; null: nothing. `WEBSOCKETS_USER_AGENT` replaces it. */
export const USER_AGENT: string | null = nodeRuntime.userAgent;

export { ClientConnection } from './connection/client-connection.ts';
export { type ClientOptions, Connecting, type OpenTransport } from './connection/connecting.ts';
export type { ClientProtocol } from './core/client-protocol.ts';
export type { ClientExtensionFactory } from './core/extension.ts';
export { Proxy, type ProxyInit, type ProxyScheme, parseProxy } from './core/proxy.ts';
export type { ProxyEnvironment } from './core/proxy-environment.ts';
export { getProxy, type ProxyOptions } from './node/choose-proxy.ts';
export { type ConnectOptions, connect, unixConnect } from './node/connect.ts';
export type { ClientTlsOptions } from './node/open-socket.ts';
export * from './shared.ts';
