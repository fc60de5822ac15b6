// Entry: for programs that come from Python's `websockets`, its spelling of names and its legacy API.
export {
  type BasicAuthProtocolOptions,
  BasicAuthWebSocketServerProtocol,
  basic_auth_protocol_factory,
  basicAuthProtocolFactory,
} from './compat/basic-auth-protocol.ts';
export type { WebSocketCommonProtocol } from './compat/common-protocol.ts';
export {
  connect,
  LegacyConnecting,
  type LegacyConnectOptions,
  unix_connect,
  unixConnect,
  WebSocketClientProtocol,
} from './compat/legacy-client.ts';
export {
  type LegacyRequestHook,
  type LegacyResponse,
  type LegacyServeOptions,
  type LegacyServerHandler,
  type LegacySubprotocolHook,
  legacyProcessRequest,
  legacySelectSubprotocol,
  type ServerProtocolClass,
  serve,
  unix_serve,
  unixServe,
  WebSocketServer,
  WebSocketServerProtocol,
} from './compat/legacy-server.ts';
export * from './compat/python-names.ts';
export { AbortHandshake, InvalidStatusCode, RedirectHandshake } from './exceptions.ts';
export { broadcast } from './server.ts';
