// Entry: the server.
export { type BroadcastOptions, broadcast } from './connection/broadcast.ts';
export {
  type CloseOptions,
  Connection,
  type ConnectionOptions,
  type Ping,
} from './connection/connection.ts';
export type { Marks } from './connection/connection-settings.ts';
export type { DirectHandlers } from './connection/handlers.ts';
export type { BytesLike, Data, DataLike, MessageSource } from './connection/message-source.ts';
export type { SendOptions } from './connection/message-writer.ts';
export { Server, type ServerCloseOptions, type ServerHandler, type ServerOptions } from './connection/server.ts';
export { ServerConnection, type ServerConnectionOptions, type ServerView } from './connection/server-connection.ts';
export type { Address } from './connection/transport.ts';
export type { Wait } from './connection/wait.ts';
export { Headers, type HeadersLike, MultipleValuesError } from './core/headers.ts';
export { Request, Response } from './core/http-message.ts';
export type { LogContext, Logger, LogLevel } from './core/logger.ts';
export type { MaxSize } from './core/protocol.ts';
export type { HostRule, OriginRules } from './core/server-handshake.ts';
export { State } from './core/state.ts';
export type { RateLimit } from './core/token-bucket.ts';
export { type ServeOptions, type ServerTlsOptions, serve, unixServe } from './node/serve.ts';
