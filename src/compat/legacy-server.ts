// The server of Python's legacy API over the server of this package: its options, its hooks, its connection.
import { AbortHandshake } from '../exceptions.ts';
import {
  type CloseOptions,
  Headers,
  type HeadersLike,
  type RequestHook,
  Response,
  type ServeOptions,
  Server,
  ServerConnection,
  type ServerHandler,
  serve as serveWith,
} from '../server.ts';
import { closeOptions, isClosed, isOpen, pathOf, requestHeadersOf, responseHeadersOf } from './legacy-names.ts';

/** An answer instead of the handshake: status, headers and body. */
export type LegacyResponse = readonly [status: number, headers: HeadersLike, body?: Uint8Array];

type LegacyAnswer = LegacyResponse | Response | null | undefined;

/** A hook for requests as Python's legacy API has it: null goes on with the handshake; it may throw {@link AbortHandshake}. */
export type LegacyRequestHook = (path: string, requestHeaders: Headers) => LegacyAnswer | Promise<LegacyAnswer>;

/** Chooses a subprotocol as in Python's legacy API: from those of the client and those of the server. */
export type LegacySubprotocolHook = (client: readonly string[], server: readonly string[]) => string | null | undefined;

/**
 * Makes a `processRequest` for `serve` out of one that is written for Python's legacy API.
 * @deprecated Write `processRequest(connection, request)`, and return a response.
 */
export function legacyProcessRequest(hook: LegacyRequestHook): RequestHook {
  return async (connection, { path, headers }) => {
    try {
      const answer = (await hook(path, headers)) ?? null;
      if (answer === null || answer instanceof Response) return answer;
      const [status, fields, body] = answer;
      return abortResponse(connection, new AbortHandshake(status, new Headers(fields), body));
    } catch (error) {
      if (AbortHandshake.is(error)) return abortResponse(connection, error);
      throw error;
    }
  };
}

/**
 * Makes a `selectSubprotocol` for `serve` out of one that is written for Python's legacy API.
 * @param subprotocols those of the server. Not asked when client or server have none.
 * @deprecated Write `selectSubprotocol(connection, offered)`.
 */
export function legacySelectSubprotocol(
  hook: LegacySubprotocolHook,
  subprotocols: readonly string[],
): (connection: ServerConnection, offered: readonly string[]) => string | null {
  return (_, offered) =>
    offered.length === 0 || subprotocols.length === 0 ? null : (hook(offered, subprotocols) ?? null);
}

/** The response of an AbortHandshake, with what any response needs. */
function abortResponse(connection: ServerConnection, { status, headers, body }: AbortHandshake): Response {
  const plain = connection.respond(status, '');
  const all = headers.copy();
  all.setDefault('Date', plain.headers.get('Date') ?? '');
  all.setDefault('Content-Length', String(body.length));
  all.setDefault('Content-Type', 'text/plain');
  all.setDefault('Connection', 'close');
  return new Response(status, plain.reasonPhrase, all, body);
}

/**
 * A server's connection with the members that it has in Python's legacy API.
 * @deprecated Use `ServerConnection`.
 */
export class WebSocketServerProtocol<P extends string | null = string | null> extends ServerConnection<P> {
  /** @deprecated Call `recv` and `send`, and catch ConnectionClosed. */
  get open(): boolean {
    return isOpen(this);
  }

  /** @deprecated Call `recv` and `send`, and catch ConnectionClosed. Python calls this `closed`, which is a promise here. */
  get isClosed(): boolean {
    return isClosed(this);
  }

  /** @deprecated Use `request.path`. */
  get path(): string | null {
    return pathOf(this);
  }

  /** @deprecated Use `request.headers`. */
  get requestHeaders(): Headers | null {
    return requestHeadersOf(this);
  }

  /** @deprecated Use `response.headers`. */
  get responseHeaders(): Headers | null {
    return responseHeadersOf(this);
  }

  /**
   * Sees each request before the handshake goes on; to be overridden. The option `processRequest` is asked after it.
   * @deprecated Use the option `processRequest` of `serve`.
   */
  processRequest(_path: string, _requestHeaders: Headers): LegacyAnswer | Promise<LegacyAnswer> {
    return null;
  }

  /**
   * Chooses a subprotocol, unless the option `selectSubprotocol` does; to be overridden. Here: of those that both sides have the one
   * that is nearest to the front of both lists, or none.
   * @deprecated Use the option `selectSubprotocol` of `serve`.
   */
  selectSubprotocol(client: readonly string[], server: readonly string[]): string | null | undefined {
    // Not by sorting what the client offers: of 64 KiB that took 4 s.
    let best: string | null = null;
    let [bestSum, bestPlace] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    server.forEach((subprotocol, index) => {
      const place = client.indexOf(subprotocol);
      const sum = place + index;
      if (place === -1 || sum > bestSum || (sum === bestSum && place > bestPlace)) return;
      [best, bestSum, bestPlace] = [subprotocol, sum, place];
    });
    return best;
  }

  override close(options?: CloseOptions): Promise<void>;
  /** @deprecated Use `close({ code, reason })`. */
  override close(code?: number, reason?: string): Promise<void>;
  override close(code?: number | CloseOptions, reason?: string): Promise<void> {
    return super.close(closeOptions(code, reason));
  }
}

/** A class of connections for the legacy `serve`. */
export type ServerProtocolClass<C extends WebSocketServerProtocol = WebSocketServerProtocol> = new (
  ...parts: ConstructorParameters<typeof WebSocketServerProtocol>
) => C;

/** What to do with a connection of the legacy `serve`: the path is an argument of its own. */
export type LegacyServerHandler<C extends WebSocketServerProtocol = WebSocketServerProtocol> = (
  connection: C,
  path: string,
) => unknown;

/** Options of the legacy `serve`: those of `serve`, and these. */
export interface LegacyServeOptions<
  P extends string = string,
  C extends WebSocketServerProtocol = WebSocketServerProtocol,
> extends Omit<ServeOptions<P, C>, 'createConnection' | 'processRequest' | 'selectSubprotocol'> {
  /**
   * Headers for the response that opens a connection.
   * @deprecated Use `processResponse`.
   */
  readonly extraHeaders?:
    | HeadersLike
    | ((path: string, requestHeaders: Headers) => HeadersLike | null | undefined)
    | null
    | undefined;
  /**
   * A class of your own for connections.
   * @deprecated Use `createConnection`.
   */
  readonly createProtocol?: ServerProtocolClass<C> | undefined;
  /** @deprecated The hook of `serve` is called with connection and request. */
  readonly processRequest?: LegacyRequestHook | undefined;
  /** @deprecated The hook of `serve` is called with the connection, and what the client offers. */
  readonly selectSubprotocol?: LegacySubprotocolHook | undefined;
  /** @deprecated Has no effect: what is read is bounded by `maxQueue`. */
  readonly readLimit?: number | undefined;
}

/**
 * `serve` with the options and the hooks of Python's legacy API. The defaults are those of `serve`.
 * @throws as `serve`.
 * @deprecated Use `serve` of `websockets-ts`.
 */
export function serve<
  const P extends string = never,
  C extends WebSocketServerProtocol = WebSocketServerProtocol<P | null>,
>(handler: LegacyServerHandler<NoInfer<C>>, options: LegacyServeOptions<P, C> = {}): Promise<Server<C>> {
  const { extraHeaders, createProtocol, processRequest, selectSubprotocol, readLimit: _, ...rest } = options;
  const Connection = createProtocol ?? WebSocketServerProtocol;
  const subprotocols = options.subprotocols ?? [];
  const current: ServeOptions<string, C> = {
    ...rest,
    // Without a class of the user's own, C is the one that it falls back to.
    createConnection: (...parts) => new Connection(...parts) as C,
    // The connection's own hook first: it may ask for a password.
    processRequest: (connection, request) =>
      legacyProcessRequest(
        async (path, headers) =>
          (await connection.processRequest(path, headers)) ?? (await processRequest?.(path, headers)),
      )(connection, request),
    selectSubprotocol: (connection, offered) => {
      const select: LegacySubprotocolHook =
        selectSubprotocol ?? ((client, server) => connection.selectSubprotocol(client, server));
      return legacySelectSubprotocol(select, subprotocols)(connection, offered);
    },
    processResponse: (connection, request, response) => {
      const { handshakeExc } = connection.protocol;
      // Thrown where a subprotocol is chosen, it has become a response like any other.
      const given = AbortHandshake.is(handshakeExc) ? abortResponse(connection, handshakeExc) : response;
      if (given.statusCode === 101) {
        const extra = typeof extraHeaders === 'function' ? extraHeaders(request.path, request.headers) : extraHeaders;
        for (const [name, value] of new Headers(extra ?? [])) given.headers.append(name, value);
      }
      return options.processResponse === undefined
        ? given
        : Promise.resolve(options.processResponse(connection, request, given)).then((replaced) => replaced ?? given);
    },
  };
  const run: ServerHandler<C> = (connection) => handler(connection, connection.path ?? '/');
  const serving: Promise<Server> = serveWith(run as ServerHandler, current as unknown as ServeOptions);
  return serving as Promise<unknown> as Promise<Server<C>>;
}

/**
 * `unixServe` with the options and the hooks of Python's legacy API: see {@link serve}.
 * @deprecated Use `unixServe` of `websockets-ts`.
 */
export const unixServe = <
  const P extends string = never,
  C extends WebSocketServerProtocol = WebSocketServerProtocol<P | null>,
>(
  handler: LegacyServerHandler<NoInfer<C>>,
  path: string,
  options: LegacyServeOptions<P, C> = {},
): Promise<Server<C>> => serve<P, C>(handler, { ...options, path });

/**
 * `unixServe` of this entry as Python spells it.
 * @deprecated Use `unixServe` of `websockets-ts`.
 */
export const unix_serve: typeof unixServe = unixServe;

/** @deprecated Use `Server`. */
export const WebSocketServer: typeof Server = Server;
/** @deprecated Use `Server`. */
export type WebSocketServer<C extends ServerConnection = ServerConnection> = Server<C>;
