// What the entries of the client and of the server have in common.

export type { Clock, Timer } from './connection/clock.ts';
export type { CommonOptions } from './connection/common-options.ts';
export type { CompressionOptions } from './connection/compression-options.ts';
export { type CloseOptions, Connection, type ConnectionOptions } from './connection/connection.ts';
export type { CommonConnectionOptions, ConnectionSettings, Marks } from './connection/connection-settings.ts';
export type { ConnectionStats } from './connection/connection-stats.ts';
export type {
  CloseDiagnostics,
  Diagnostics,
  DiagnosticsChannel,
  ErrorDiagnostics,
  HandshakeDiagnostics,
  LimitDiagnostics,
  LimitName,
  MessageDiagnostics,
  OpenDiagnostics,
} from './connection/diagnostics.ts';
export type { DirectHandlers } from './connection/handlers.ts';
export type { ReceiveOptions } from './connection/message-reader.ts';
export type { BytesLike, Data, DataLike, MessageSource } from './connection/message-source.ts';
export type { SendOptions, SendOutcome, TrySendOptions } from './connection/message-writer.ts';
export type { Ping } from './connection/pings.ts';
export { type PrepareOptions, prepare } from './connection/prepare.ts';
export type { Runtime, TextCodec } from './connection/runtime.ts';
export { TimerWheel } from './connection/timer-wheel.ts';
export type { Address, Transport, TransportSink } from './connection/transport.ts';
export type { Wait } from './connection/wait.ts';
export { FlushQueue } from './connection/write-batch.ts';
export type { Subprotocol } from './core/agreement.ts';
export type { Extension, ExtensionName, ExtensionParameter } from './core/extension.ts';
export { Headers, type HeadersLike, MultipleValuesError } from './core/headers.ts';
export { Request, Response } from './core/http-message.ts';
export type { LogContext, Logger, LogLevel } from './core/logger.ts';
export type { Origin } from './core/origin.ts';
export type { PreparedMessage } from './core/prepared-message.ts';
export type { Protocol } from './core/protocol.ts';
export type { Compress, MaxSize } from './core/protocol-options.ts';
export { State } from './core/state.ts';
export type { RateLimit } from './core/token-bucket.ts';
export { nodeRuntime as defaultRuntime } from './node/runtime.ts';
