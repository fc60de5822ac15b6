// The options of a client that do not depend on the runtime. No code, only shapes.
import type { ClientProtocol } from '../../core/client-protocol.ts';
import type { ClientExtensionFactory } from '../../core/extension.ts';
import type { HeadersLike } from '../../core/headers.ts';
import type { CommonOptions } from '../common-options.ts';
import type { ConnectionOptions } from '../connection.ts';
import type { DirectHandlers } from '../handlers.ts';
import type { ClientConnection } from './client-connection.ts';
import type { ReconnectOptions } from './reconnect-options.ts';

/** Who a client is, for servers that ask. */
export interface ClientCredentials {
  readonly username: string;
  readonly password: string;
  /**
   * `'basic'` sends the password with each request. `'digest'` (RFC 7616) never sends it, and answers only servers that ask
   * for a digest. Default: Basic at once, a digest where the server asks for one.
   */
  readonly scheme?: 'basic' | 'digest' | undefined;
}

/** What a client may get of the subprotocols that it offers. */
export type ClientSubprotocol<P extends string> = [P] extends [never] ? null : P | null;

/** Options of a client that do not depend on the runtime. */
export interface ClientOptions<P extends string = string, C extends ClientConnection = ClientConnection>
  extends CommonOptions,
    ReconnectOptions {
  /** Extensions to offer, in order of preference; permessage-deflate follows them unless it is among them. */
  readonly extensions?: readonly ClientExtensionFactory[] | null | undefined;
  /** Value of `Origin`. Default: none is sent. */
  readonly origin?: string | null | undefined;
  /** Subprotocols to offer, in order of preference. */
  readonly subprotocols?: readonly P[] | null | undefined;
  /**
   * Headers after ours in the request. A name that is there already is repeated. A function is asked before each connection is
   * opened, within `openTimeoutMs`: for tokens that expire. What it throws, or what can't be sent, `connect` rejects with.
   */
  readonly additionalHeaders?: HeadersLike | (() => HeadersLike | Promise<HeadersLike>) | null | undefined;
  /** `User-Agent`, unless the additional headers have one; null: none. Default `{runtime}/{version} websockets/{version}`. */
  readonly userAgentHeader?: string | null | undefined;
  /**
   * Bytes of the body of a refusal that are kept; what is beyond is cut, and `cause` of InvalidStatus says so. Null: all of it.
   * Default 1,048,576, since a server may send for ever; `WEBSOCKETS_MAX_BODY_SIZE`.
   */
  readonly maxBodyBytes?: number | null | undefined;
  /**
   * How many interim responses (1xx) may come before the answer; more fail the handshake. Null: any number. Default 16, since
   * an honest server sends one or two.
   */
  readonly maxInterimResponses?: number | null | undefined;
  /**
   * How many requests a chain of redirects may take, the first one included: servers may send a client in a circle. Null: any
   * number, until `openTimeoutMs` is over. Default 10; `WEBSOCKETS_MAX_REDIRECTS`.
   */
  readonly maxRedirects?: number | null | undefined;
  /** User name and password for the server, and for no other that it redirects to. Default: those of the URI. */
  readonly credentials?: ClientCredentials | null | undefined;
  /** The fast road: functions that are called as things happen, instead of `recv`. */
  readonly handlers?: DirectHandlers<C> | undefined;
  /**
   * Whether to wait while another connection of this process that has this option is being opened to the same host and port
   * (RFC 6455 §4.1). The time counts against `openTimeoutMs`. Default false.
   */
  readonly serializeConnects?: boolean | undefined;
  /** Aborting it gives up, with the signal's reason, as long as the connection is being made, and while a loop waits to reconnect. */
  readonly signal?: AbortSignal | undefined;
  /** Makes the connection, so that it can be of a class of your own. */
  readonly createConnection?: ((protocol: ClientProtocol, options: ConnectionOptions) => C) | undefined;
}
