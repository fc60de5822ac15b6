// Entry: the server.
import { nodeRuntime } from './node/runtime.ts';

/** What a server says in `Server` unless it is told otherwise; null: nothing. `WEBSOCKETS_SERVER` replaces it. */
export const SERVER: string | null = nodeRuntime.serverHeader;

export { type BroadcastOptions, broadcast } from './connection/broadcast.ts';
export {
  type Listen,
  type Listener,
  Server,
  type ServerCloseOptions,
  type ServerHandler,
  type ServerOptions,
} from './connection/server.ts';
export {
  ServerConnection,
  type ServerConnectionEvents,
  type ServerConnectionOptions,
  type ServerView,
} from './connection/server-connection.ts';
export type { ServerExtensionFactory } from './core/extension.ts';
export type { HostRule } from './core/host-header.ts';
export type { OriginRule, OriginRules } from './core/origin.ts';
export type { ServerProtocol } from './core/server-protocol.ts';
export { type ServeOptions, type ServerTlsOptions, serve, unixServe } from './node/serve.ts';
export * from './shared.ts';
