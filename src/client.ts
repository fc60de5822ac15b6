// Entry: the client.
export { ClientConnection } from './connection/client-connection.ts';
export { type ClientOptions, Connecting, type OpenTransport } from './connection/connecting.ts';
export type { ClientProtocol } from './core/client-protocol.ts';
export { type ClientTlsOptions, type ConnectOptions, connect, unixConnect } from './node/connect.ts';
export * from './shared.ts';
