// Opens connections to one server: an attempt, and those that redirects and authentication add, within one deadline. What it
// has learned from the answers it keeps for the next time. Decides nothing about reconnecting.
import { ClientProtocol, type ClientProtocolOptions } from '../../core/client-protocol.ts';
import { InvalidStatus, SecurityError, TimeoutError } from '../../core/exceptions.ts';
import { enableClientPermessageDeflate } from '../../core/extensions/permessage-deflate-negotiation.ts';
import { sendableHeaders } from '../../core/handshake-headers.ts';
import { validateSubprotocols } from '../../core/header-grammar.ts';
import type { HeadersLike } from '../../core/headers.ts';
import type { Request } from '../../core/http-message.ts';
import { parseUri, type WebSocketURI } from '../../core/uri.ts';
import { duration, mostOf } from '../check-options.ts';
import { httpLimits, maxMessageBytes, protocolOptions } from '../common-options.ts';
import { deflateEngine } from '../compression-options.ts';
import type { ConnectionOptions } from '../connection.ts';
import { type ConnectionSettings, connectionSettings } from '../connection-settings.ts';
import { reportLimit, reportLimitBehind } from '../diagnostics.ts';
import type { Runtime } from '../runtime.ts';
import type { Transport } from '../transport.ts';
import { waitFor } from '../wait.ts';
import { ClientAuthentication } from './client-authentication.ts';
import { ClientConnection } from './client-connection.ts';
import type { ClientOptions } from './client-options.ts';
import type { Dialer } from './dialer.ts';
import { isCrossOrigin, redirectTarget, withoutSecrets } from './redirect.ts';

/** What one attempt begins with: a key of its own. */
interface Handshake {
  readonly protocol: ClientProtocol;
  readonly request: Request;
}

/** Opens connections, one at a time. */
export class Opener<C extends ClientConnection> {
  readonly #runtime: Runtime;
  readonly #options: ClientOptions;
  readonly #dialer: Dialer;
  readonly #settings: ConnectionSettings;
  readonly #openTimeoutMs: number | null;
  readonly #maxRedirects: number;
  readonly #authentication: ClientAuthentication;
  #protocolOptions: ClientProtocolOptions;
  #uri: WebSocketURI;
  /** Whether a redirect has led away from the origin that secrets are for. */
  #hasLeftOrigin = false;
  /** The first attempt's: made early, so that the options are checked early. */
  #first: Handshake | null;

  /**
   * @throws {InvalidURI} `uri` isn't a WebSocket URI.
   * @throws {RangeError} an option has a value that isn't allowed.
   * @throws {TypeError} an option has a value of the wrong type, or that can't stand in a request.
   */
  constructor(runtime: Runtime, uri: string, options: ClientOptions, dialer: Dialer) {
    const { subprotocols = null, extensions = null, additionalHeaders = null } = options;
    this.#uri = parseUri(uri);
    if (subprotocols !== null) validateSubprotocols(subprotocols);
    this.#runtime = runtime;
    this.#options = options;
    this.#dialer = dialer;
    this.#settings = connectionSettings(options, maxMessageBytes(options.maxSize));
    this.#openTimeoutMs = duration('openTimeoutMs', options.openTimeoutMs, 10_000);
    this.#maxRedirects = mostOf('maxRedirects', options.maxRedirects) ?? runtime.limits.maxRedirects;
    this.#authentication = new ClientAuthentication(options.credentials ?? null, runtime);
    const engine = deflateEngine(options, runtime);
    this.#protocolOptions = {
      ...protocolOptions(options, runtime),
      httpLimits: httpLimits(options, runtime),
      cutBody: true,
      maxInterimResponses: mostOf('maxInterimResponses', options.maxInterimResponses),
      origin: options.origin ?? null,
      subprotocols,
      extensions: engine === null ? extensions : enableClientPermessageDeflate(extensions, { engine }),
      // Read once: each attempt sends them.
      additionalHeaders:
        additionalHeaders === null || typeof additionalHeaders === 'function'
          ? null
          : sendableHeaders(additionalHeaders),
      userAgent: options.userAgentHeader === undefined ? runtime.userAgent : options.userAgentHeader,
    };
    this.#first = this.#handshake();
  }

  /**
   * Opens a connection, within the deadline and until the signal; what fails leaves no transport behind.
   * @throws {InvalidHandshake} one of its kinds: the server's answer isn't acceptable.
   * @throws {TimeoutError} it took longer than `openTimeoutMs`.
   * @throws {RangeError} the socket that was given has been used.
   */
  async open(): Promise<C> {
    const { signal } = this.#options;
    if (this.#first === null && this.#dialer.fixed === 'a preexisting socket') {
      throw new RangeError(`cannot connect again with ${this.#dialer.fixed}`);
    }
    const abort = new AbortController();
    const giveUp = (): void => abort.abort(signal?.reason);
    signal?.addEventListener('abort', giveUp, { once: true });
    if (signal?.aborted) giveUp();
    const timeoutMs = this.#openTimeoutMs;
    const timer =
      timeoutMs === null
        ? null
        : this.#runtime.clock.setTimer(timeoutMs, () => {
            reportLimit(this.#runtime, null, 'openTimeoutMs');
            const cause = new TimeoutError(`timed out after ${timeoutMs} ms`);
            abort.abort(new TimeoutError('timed out during opening handshake', { cause }));
          });
    try {
      const { additionalHeaders } = this.#options;
      if (typeof additionalHeaders === 'function') await this.#takeHeaders(additionalHeaders, abort.signal);
      return await this.#followAnswers(abort.signal);
    } finally {
      timer?.cancel();
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** Headers that are others for each connection. */
  async #takeHeaders(give: () => HeadersLike | Promise<HeadersLike>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const given = sendableHeaders(await waitFor(Promise.resolve(give()), { signal }, this.#runtime.clock));
    const additionalHeaders = this.#hasLeftOrigin ? withoutSecrets(given) : given;
    this.#protocolOptions = { ...this.#protocolOptions, additionalHeaders };
    if (this.#first !== null) this.#first = this.#handshake();
  }

  /** Attempts until an answer leads no further. */
  async #followAnswers(signal: AbortSignal): Promise<C> {
    let redirects = 0;
    this.#authentication.begin();
    for (;;) {
      try {
        return await this.#attempt(signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof InvalidStatus)) throw error;
        if (this.#answersChallenge(error)) continue;
        const to = redirectTarget(error, this.#uri, this.#dialer.fixed);
        if (to === null) throw error;
        redirects += 1;
        if (redirects >= this.#maxRedirects) {
          reportLimit(this.#runtime, null, 'maxRedirects');
          const text = `more than ${this.#maxRedirects} redirects`;
          throw new SecurityError(text, { cause: error, limit: 'maxRedirects' });
        }
        this.#goTo(to);
      }
    }
  }

  /** Whether the next request will have what the refusal asks for. A socket that was given is used up. */
  #answersChallenge({ response }: InvalidStatus): boolean {
    if (this.#dialer.fixed === 'a preexisting socket') return false;
    return this.#authentication.takesChallenge(response, this.#uri);
  }

  /** From now on the server is this one. */
  #goTo(to: WebSocketURI): void {
    const { additionalHeaders } = this.#protocolOptions;
    if (isCrossOrigin(this.#uri, to)) {
      this.#hasLeftOrigin = true;
      this.#authentication.leaveOrigin();
      if (additionalHeaders != null) {
        this.#protocolOptions = { ...this.#protocolOptions, additionalHeaders: withoutSecrets(additionalHeaders) };
      }
    }
    this.#uri = to;
    this.#authentication.begin();
  }

  #handshake(): Handshake {
    const uri = this.#uri;
    const authorization = this.#authentication.authorization(uri);
    const protocol = new ClientProtocol(uri, { ...this.#protocolOptions, authorization });
    return { protocol, request: protocol.connect() };
  }

  async #attempt(signal: AbortSignal): Promise<C> {
    // A socket that was given is no attempt at an address, and nobody knows where it leads.
    if (!this.#options.serializeConnects || this.#dialer.fixed === 'a preexisting socket') return this.#connect(signal);
    const { connectTurns } = this.#runtime;
    const end = await connectTurns.take(this.#dialer.addressOf(this.#uri), signal);
    try {
      return await this.#connect(signal);
    } finally {
      end();
    }
  }

  async #dial(signal: AbortSignal): Promise<Transport> {
    try {
      return await this.#dialer.open(this.#uri, signal);
    } catch (error) {
      // A proxy has no connection that could tell.
      reportLimitBehind(this.#runtime, null, error);
      throw error;
    }
  }

  async #connect(signal: AbortSignal): Promise<C> {
    const { protocol, request } = this.#first ?? this.#handshake();
    this.#first = null;
    const transport = await this.#dial(signal);
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
      await connection.handshake(request);
      return connection as C;
    } catch (error) {
      transport.abort();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
