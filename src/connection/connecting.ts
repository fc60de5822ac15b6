// What `connect` returns: a connection that is being made, from URI and options to the end of the opening handshake.
import { ClientProtocol, type ClientProtocolOptions } from '../core/client-protocol.ts';
import { TimeoutError } from '../core/exceptions.ts';
import type { ClientExtensionFactory } from '../core/extension.ts';
import { enableClientPermessageDeflate } from '../core/extensions/permessage-deflate-negotiation.ts';
import { validateSubprotocols } from '../core/header-grammar.ts';
import type { HeadersLike } from '../core/headers.ts';
import type { Request } from '../core/http-message.ts';
import { parseUri, type WebSocketURI } from '../core/uri.ts';
import { duration } from './check-options.ts';
import { ClientConnection } from './client-connection.ts';
import { type CommonOptions, maxMessageBytes, protocolOptions } from './common-options.ts';
import { deflateEngine } from './compression-options.ts';
import type { ConnectionOptions } from './connection.ts';
import { type ConnectionSettings, connectionSettings } from './connection-settings.ts';
import type { DirectHandlers } from './handlers.ts';
import type { Runtime } from './runtime.ts';
import type { Transport } from './transport.ts';

/** Options of a client that do not depend on the runtime. */
export interface ClientOptions<P extends string = string, C extends ClientConnection = ClientConnection>
  extends CommonOptions {
  /** Extensions to offer, in order of preference; permessage-deflate follows them unless it is among them. */
  readonly extensions?: readonly ClientExtensionFactory[] | null | undefined;
  /** Value of `Origin`. Default: none is sent. */
  readonly origin?: string | null | undefined;
  /** Subprotocols to offer, in order of preference. */
  readonly subprotocols?: readonly P[] | null | undefined;
  /** Headers after ours in the request. A name that is there already is repeated. */
  readonly additionalHeaders?: HeadersLike | null | undefined;
  /** `User-Agent`, unless the additional headers have one; null: none. Default `{runtime}/{version} websockets/{version}`. */
  readonly userAgentHeader?: string | null | undefined;
  /** The fast road: functions that are called as things happen, instead of `recv`. */
  readonly handlers?: DirectHandlers<C> | undefined;
  /** Aborting it gives up, with the signal's reason, as long as the connection is being made. */
  readonly signal?: AbortSignal | undefined;
  /** Makes the connection, so that it can be of a class of your own. */
  readonly createConnection?: ((protocol: ClientProtocol, options: ConnectionOptions) => C) | undefined;
}

/** Opens a transport to the server. Aborting the signal gives up and leaves nothing behind. */
export type OpenTransport = (uri: WebSocketURI, signal: AbortSignal) => Promise<Transport>;

/**
 * A connection that is being made: await it. The work begins when it is first awaited.
 *
 * `await using` works with what awaiting gives, and with this object.
 */
export class Connecting<C extends ClientConnection = ClientConnection> implements Promise<C>, AsyncDisposable {
  readonly [Symbol.toStringTag]: string = 'Connecting';
  readonly #runtime: Runtime;
  readonly #uri: WebSocketURI;
  readonly #options: ClientOptions;
  readonly #open: OpenTransport;
  readonly #settings: ConnectionSettings;
  readonly #openTimeoutMs: number | null;
  readonly #protocol: ClientProtocol;
  readonly #request: Request;
  #connection: Promise<C> | null = null;

  /**
   * @throws {InvalidURI} `uri` isn't a WebSocket URI.
   * @throws {RangeError} an option has a value that isn't allowed.
   * @throws {TypeError} an option has a value of the wrong type, or that can't stand in a request.
   */
  constructor(runtime: Runtime, uri: string, options: ClientOptions, open: OpenTransport) {
    const { subprotocols = null, extensions = null } = options;
    this.#uri = parseUri(uri);
    if (subprotocols !== null) validateSubprotocols(subprotocols);
    this.#runtime = runtime;
    this.#options = options;
    this.#open = open;
    this.#settings = connectionSettings(options, maxMessageBytes(options.maxSize));
    this.#openTimeoutMs = duration('openTimeoutMs', options.openTimeoutMs, 10_000);
    const engine = deflateEngine(options, runtime);
    const asked: ClientProtocolOptions = {
      ...protocolOptions(options, runtime),
      httpLimits: runtime.limits.http,
      origin: options.origin ?? null,
      subprotocols,
      extensions: engine === null ? extensions : enableClientPermessageDeflate(extensions, { engine }),
      additionalHeaders: options.additionalHeaders ?? null,
      userAgent: options.userAgentHeader === undefined ? runtime.userAgent : options.userAgentHeader,
    };
    // Whatever can't stand in a request is said now, not when somebody awaits.
    this.#protocol = new ClientProtocol(this.#uri, asked);
    this.#request = this.#protocol.connect();
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting is what this class is for.
  then<A = C, B = never>(
    onFulfilled?: ((connection: C) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#connection ??= this.#connect();
    return this.#connection.then(onFulfilled, onRejected);
  }

  /** As of a promise: awaits, and handles the error. */
  catch<B = never>(onRejected?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<C | B> {
    return this.then(null, onRejected);
  }

  /** As of a promise: awaits, and calls back either way. */
  finally(onSettled?: (() => void) | null): Promise<C> {
    return this.then().finally(onSettled);
  }

  /** Closes the connection, if it was made. */
  async [Symbol.asyncDispose](): Promise<void> {
    const connection = await this.#connection?.catch(() => null);
    await connection?.close();
  }

  /** One attempt, within the deadline and until the signal; what fails leaves no transport behind. */
  async #connect(): Promise<C> {
    const { signal } = this.#options;
    const abort = new AbortController();
    const giveUp = (): void => abort.abort(signal?.reason);
    signal?.addEventListener('abort', giveUp, { once: true });
    if (signal?.aborted) giveUp();
    const timeoutMs = this.#openTimeoutMs;
    const timer =
      timeoutMs === null
        ? null
        : this.#runtime.clock.setTimer(timeoutMs, () => {
            const cause = new TimeoutError(`timed out after ${timeoutMs} ms`);
            abort.abort(new TimeoutError('timed out during opening handshake', { cause }));
          });
    try {
      return await this.#attempt(abort.signal);
    } finally {
      timer?.cancel();
      signal?.removeEventListener('abort', giveUp);
    }
  }

  async #attempt(signal: AbortSignal): Promise<C> {
    const protocol = this.#protocol;
    const transport = await this.#open(this.#uri, signal);
    const onAbort = (): void => transport.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      const options: ConnectionOptions = {
        runtime: this.#runtime,
        transport,
        settings: this.#settings,
        handlers: this.#options.handlers ?? null,
      };
      const connection = this.#options.createConnection?.(protocol, options) ?? new ClientConnection(protocol, options);
      await connection.handshake(this.#request);
      return connection as C;
    } catch (error) {
      transport.abort();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
