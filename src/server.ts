// Entry: the server.
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
export type { HostRule, OriginRules } from './core/server-handshake.ts';
export type { ServerProtocol } from './core/server-protocol.ts';
export { type ServeOptions, type ServerTlsOptions, serve, unixServe } from './node/serve.ts';
export * from './shared.ts';
