// The client of Python's legacy API over the client of this package: its options, its connection, its errors.
import {
  ClientConnection,
  type CloseOptions,
  type Connecting,
  type ConnectOptions,
  connect as connectTo,
  type Headers,
  type HeadersLike,
  unixConnect as unixConnectTo,
} from '../client.ts';
import { InvalidStatus, InvalidStatusCode } from '../exceptions.ts';
import { closeOptions, isClosed, isOpen, pathOf, requestHeadersOf, responseHeadersOf } from './legacy-names.ts';

/**
 * A client's connection with the members that it has in Python's legacy API.
 * @deprecated Use `ClientConnection`.
 */
export class WebSocketClientProtocol<P extends string | null = string | null> extends ClientConnection<P> {
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

  override close(options?: CloseOptions): Promise<void>;
  /** @deprecated Use `close({ code, reason })`. */
  override close(code?: number, reason?: string): Promise<void>;
  override close(code?: number | CloseOptions, reason?: string): Promise<void> {
    return super.close(closeOptions(code, reason));
  }
}

/** Options of the legacy `connect`: those of `connect`, and these. */
export interface LegacyConnectOptions<
  P extends string = string,
  C extends WebSocketClientProtocol = WebSocketClientProtocol,
> extends Omit<ConnectOptions<P, C>, 'createConnection'> {
  /** @deprecated Use `additionalHeaders`. */
  readonly extraHeaders?: HeadersLike | null | undefined;
  /**
   * A class of your own for the connection.
   * @deprecated Use `createConnection`.
   */
  readonly createProtocol?: (new (...parts: ConstructorParameters<typeof WebSocketClientProtocol>) => C) | undefined;
  /** @deprecated Has no effect: what is read is bounded by `maxQueue`. */
  readonly readLimit?: number | undefined;
}

/** What the legacy `connect` returns: await it, or iterate over it to connect again and again. */
export class LegacyConnecting<C extends WebSocketClientProtocol>
  implements PromiseLike<C>, AsyncIterable<C>, AsyncDisposable
{
  readonly #connecting: Connecting<C>;

  constructor(connecting: Connecting<C>) {
    this.#connecting = connecting;
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting is what this class is for.
  then<A = C, B = never>(
    onFulfilled?: ((connection: C) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#connecting.then((connection) => connection, throwLegacy).then(onFulfilled, onRejected);
  }

  /** Connections, one after the other, as iterating over `connect` gives them. */
  async *[Symbol.asyncIterator](): AsyncGenerator<C, void, undefined> {
    const connections: object = this.#connecting;
    try {
      yield* connections as AsyncIterable<C>;
    } catch (error) {
      throwLegacy(error);
    }
  }

  /** Closes the connection, if it was made. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#connecting[Symbol.asyncDispose]();
  }
}

/**
 * `connect` with the options and the errors of Python's legacy API: a status other than 101 is {@link InvalidStatusCode}, whose cause
 * is the InvalidStatus that has the whole response.
 *
 * @throws as `connect`.
 * @deprecated Use `connect` of `websockets-ts`.
 */
export function connect<
  const P extends string = never,
  C extends WebSocketClientProtocol = WebSocketClientProtocol<P | null>,
>(uri: string, options: LegacyConnectOptions<P, C> = {}): LegacyConnecting<C> {
  return new LegacyConnecting(connectTo<P, C>(uri, currentOptions(options)));
}

/**
 * `unixConnect` with the options and the errors of Python's legacy API: see {@link connect}.
 * @deprecated Use `unixConnect` of `websockets-ts`.
 */
export function unixConnect<
  const P extends string = never,
  C extends WebSocketClientProtocol = WebSocketClientProtocol<P | null>,
>(path: string, uri?: string, options: LegacyConnectOptions<P, C> = {}): LegacyConnecting<C> {
  return new LegacyConnecting(unixConnectTo<P, C>(path, uri, currentOptions(options)));
}

/**
 * `unixConnect` of this entry as Python spells it.
 * @deprecated Use `unixConnect` of `websockets-ts`.
 */
export const unix_connect: typeof unixConnect = unixConnect;

function currentOptions<P extends string, C extends WebSocketClientProtocol>({
  extraHeaders,
  createProtocol,
  readLimit: _,
  ...options
}: LegacyConnectOptions<P, C>): ConnectOptions<P, C> {
  const Connection = createProtocol ?? WebSocketClientProtocol;
  return {
    ...options,
    ...(extraHeaders !== undefined && { additionalHeaders: extraHeaders }),
    // Without a class of the user's own, C is the one that it falls back to.
    createConnection: (...parts) => new Connection(...parts) as C,
  };
}

function throwLegacy(error: unknown): never {
  if (!InvalidStatus.is(error)) throw error;
  const { statusCode, headers } = error.response;
  throw new InvalidStatusCode(statusCode, headers, { cause: error });
}
