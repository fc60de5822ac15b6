// Entry: the server.
export { type BroadcastOptions, broadcast } from './connection/broadcast.ts';
export { Server, type ServerCloseOptions, type ServerHandler, type ServerOptions } from './connection/server.ts';
export { ServerConnection, type ServerConnectionOptions, type ServerView } from './connection/server-connection.ts';
export type { HostRule, OriginRules } from './core/server-handshake.ts';
export { type ServeOptions, type ServerTlsOptions, serve, unixServe } from './node/serve.ts';
export * from './shared.ts';
