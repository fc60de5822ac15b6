// Entry: the client.
export { ClientConnection } from './connection/client-connection.ts';
export type { ClientOptions } from './connection/connecting.ts';
export { Connecting } from './connection/connecting.ts';
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
export type { Address } from './connection/transport.ts';
export type { Wait } from './connection/wait.ts';
export type { LogContext, Logger, LogLevel } from './core/logger.ts';
export type { MaxSize } from './core/protocol.ts';
export { State } from './core/state.ts';
export type { RateLimit } from './core/token-bucket.ts';
export { type ClientTlsOptions, type ConnectOptions, connect, unixConnect } from './node/connect.ts';
