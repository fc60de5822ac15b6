// Entry: the server.
import { type DigestAuthOptions, digestAuth as digestAuthOn } from './connection/server/digest-auth.ts';
import type { RequestHook } from './connection/server/request-hook.ts';
import { nodeRuntime } from './node/runtime.ts';

/** What a server says in `Server` unless it is told otherwise; null: nothing. `WEBSOCKETS_SERVER` replaces it. */
export const SERVER: string | null = nodeRuntime.serverHeader;

/**
 * Makes a `processRequest` that admits only who proves to know a password (HTTP Digest, RFC 7616 with `qop=auth`); others get 401.
 * The user's name is then `connection.username`. The password never travels, and a proof is good once. Credentials whose `uri` is
 * not that of the request get 400: a proxy that rewrites paths is in the way of Digest.
 *
 * @example
 * await serve(handler, { processRequest: digestAuth({ realm: 'dev', credentials: ['hello', 'iloveyou'] }) });
 *
 * @throws {RangeError} not exactly one of `credentials`, `getPassword` and `getSecret`; a realm that can't stand in a header; no
 *   algorithm, or one that is not known.
 * @throws {TypeError} `credentials` are no pairs of strings.
 */
export function digestAuth(options: DigestAuthOptions): RequestHook {
  return digestAuthOn(nodeRuntime, options);
}

export { type BroadcastOptions, broadcast } from './connection/broadcast.ts';
export { type BasicAuthOptions, basicAuth } from './connection/server/basic-auth.ts';
export type { CredentialPairs } from './connection/server/credentials.ts';
export type { DigestAuthOptions } from './connection/server/digest-auth.ts';
export type { RequestHook } from './connection/server/request-hook.ts';
export {
  type Arrival,
  type Listen,
  type Listener,
  type ListenSink,
  type Opening,
  type SelectsSubprotocol,
  Server,
  type ServerHandler,
  type ServerOptions,
  type ServerSubprotocol,
} from './connection/server/server.ts';
export type { ServerCloseOptions } from './connection/server/server-closing.ts';
export {
  ServerConnection,
  type ServerConnectionEvents,
  type ServerConnectionOptions,
  type ServerView,
} from './connection/server/server-connection.ts';
export type { DigestAlgorithm } from './core/digest.ts';
export type { ServerExtensionFactory } from './core/extension.ts';
export type { HostRule } from './core/host-header.ts';
export type { OriginRule, OriginRules } from './core/origin.ts';
export type { ServerProtocol } from './core/server-protocol.ts';
export { type AttachOptions, attach, type UpgradeOptions, upgrade } from './node/attach.ts';
export { type ServeOptions, type ServerTlsOptions, serve, unixServe } from './node/serve.ts';
export { type ClosableServer, closeOnSignals, type SignalOptions } from './node/signals.ts';
export type { UpgradableServer } from './node/upgrades.ts';
export * from './shared.ts';
