// What Python's legacy API calls the base of both connections. Here each inherits from the connection of its side.
import type { WebSocketClientProtocol } from './legacy-client.ts';
import type { WebSocketServerProtocol } from './legacy-server.ts';

/**
 * A connection of the legacy API, of either side.
 * @deprecated Use `Connection`.
 */
export type WebSocketCommonProtocol<P extends string | null = string | null> =
  | WebSocketClientProtocol<P>
  | WebSocketServerProtocol<P>;
