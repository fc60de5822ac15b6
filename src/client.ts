// Entry: the client.
export { ClientConnection } from './connection/client-connection.ts';
export { type ClientOptions, Connecting } from './connection/connecting.ts';
export { type ClientTlsOptions, type ConnectOptions, connect, unixConnect } from './node/connect.ts';
export * from './shared.ts';
