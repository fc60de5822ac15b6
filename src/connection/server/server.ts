// A server: accepts transports, answers handshakes in time, runs the handler, stops in order. Knows no sockets.
import { InvalidHandshake, InvalidStatus } from '../../core/exceptions.ts';
import type { ServerExtensionFactory } from '../../core/extension.ts';
import { enableServerPermessageDeflate } from '../../core/extensions/permessage-deflate-negotiation.ts';
import { requestTimeout, serverShuttingDown } from '../../core/handshake-answers.ts';
import { addHeaders } from '../../core/handshake-headers.ts';
import { validateSubprotocols } from '../../core/header-grammar.ts';
import { Headers } from '../../core/headers.ts';
import { type HostRule, isLoopbackName } from '../../core/host-header.ts';
import { type Request, Response } from '../../core/http-message.ts';
import { isLogged, type Logger } from '../../core/logger.ts';
import { isOriginRule, type OriginRules } from '../../core/origin.ts';
import { ServerProtocol, type ServerProtocolOptions } from '../../core/server-protocol.ts';
import { State } from '../../core/state.ts';
import { duration, mostOf } from '../check-options.ts';
import type { Timer } from '../clock.ts';
import { type CommonOptions, httpLimits, maxMessageBytes, protocolOptions } from '../common-options.ts';
import { deflateEngine } from '../compression-options.ts';
import { type ConnectionSettings, connectionSettings } from '../connection-settings.ts';
import { reportError, reportLimit } from '../diagnostics.ts';
import type { DirectHandlers } from '../handlers.ts';
import { type Deferred, deferred } from '../promises.ts';
import type { Runtime } from '../runtime.ts';
import type { Address, Transport } from '../transport.ts';
import { connectionOf, type PendingClient, PendingHandshakes, TlsClient } from './pending-handshakes.ts';
import { type ServerCloseOptions, type ServerClosing, serverClosing } from './server-closing.ts';
import {
  ServerConnection,
  type ServerConnectionEvents,
  type ServerConnectionOptions,
  type ServerView,
} from './server-connection.ts';
import { spread } from './spread.ts';

type Awaitable<T> = T | Promise<T>;

// biome-ignore lint/suspicious/noConfusingVoidType: a hook that only looks on returns nothing, and may say so in its type.
type HookResult = Awaitable<Response | null | undefined | void>;

/** What to do with a connection: an async function that owns it, or direct handlers. */
export type ServerHandler<C extends ServerConnection = ServerConnection> =
  | ((connection: C) => unknown)
  | DirectHandlers<C>;

/** What a client of a server with these subprotocols has: without `selectSubprotocol` one of them is sure. */
export type ServerSubprotocol<P extends string> = [P] extends [never] ? null : string extends P ? string | null : P;

/** Of options: there is a choice of subprotocol, which may choose none. */
export interface SelectsSubprotocol<P extends string, C extends ServerConnection> {
  readonly selectSubprotocol: (connection: NoInfer<C>, offered: readonly string[]) => P | null | undefined;
}

/** Options of a server that do not depend on the runtime. */
export interface ServerOptions<P extends string = string, C extends ServerConnection = ServerConnection, D = C['data']>
  extends CommonOptions {
  /** Extensions to negotiate, in order of preference; permessage-deflate follows them unless it is among them. */
  readonly extensions?: readonly ServerExtensionFactory[] | null | undefined;
  /**
   * Pages that may connect. `'same-host'` (default): those whose `Origin` names the host of the request, whatever the port,
   * and clients that send no `Origin`. A list of exact origins, regular expressions and null (for no `Origin`) replaces
   * that. Null: all pages may.
   */
  readonly origins?: OriginRules | null | undefined;
  /** Hosts that requests may name. Default: any, but loopback names only when the server listens on loopback addresses only. */
  readonly allowedHosts?: readonly HostRule[] | null | undefined;
  /**
   * Subprotocols that are understood, in order of preference. A client that offers none of them is refused with 400; give
   * `selectSubprotocol` to accept it.
   */
  readonly subprotocols?: readonly P[] | null | undefined;
  /** Chooses a subprotocol, instead of the first of `subprotocols` that the client offers. May throw NegotiationError. */
  readonly selectSubprotocol?:
    | ((connection: NoInfer<C>, offered: readonly string[]) => P | null | undefined)
    | undefined;
  /** Sees each request first. A response that it returns is sent instead of the handshake. */
  readonly processRequest?: ((connection: NoInfer<C>, request: Request) => HookResult) | undefined;
  /**
   * Says who the client is, before the handshake is answered: what it returns, or resolves to, is `connection.data`. A
   * Response refuses; so does an error, with 500. Anything else lets the client in, null and undefined too.
   *
   * Asked after `processRequest`, and only about requests that could be accepted; subprotocol and extensions are agreed on
   * afterwards. Write the types of its parameters, `(request: Request) => …`, or give a function that is declared elsewhere:
   * TypeScript looks at the handler first, and would else not know the type of `data` by then.
   */
  readonly authenticate?:
    | ((request: Request, connection: NoInfer<C>) => Awaitable<(D & C['data']) | Response>)
    | undefined;
  /** Sees each answer, and may change or replace it. */
  readonly processResponse?: ((connection: NoInfer<C>, request: Request, response: Response) => HookResult) | undefined;
  /** Value of `Server`; null: none. Default `{runtime}/{version} websockets/{version}`. */
  readonly serverHeader?: string | null | undefined;
  /**
   * How many opening handshakes may be in progress, TLS included where this server speaks it; beyond that the oldest is dropped,
   * so that who says nothing never keeps others out. Null: no limit. Default 4,096.
   */
  readonly maxPending?: number | null | undefined;
  /**
   * Bytes that a client may send behind its request before it is answered: they are kept for the connection. More fail the
   * handshake with 400. Null: any number. Default 65,536, as much as is read at a time.
   */
  readonly maxEarlyBytes?: number | null | undefined;
  /** Whether to listen at once. Default true. */
  readonly startServing?: boolean | undefined;
  /** Aborting it closes the server. */
  readonly signal?: AbortSignal | undefined;
  /** Makes the connections, so that they can be of a class of your own. */
  readonly createConnection?:
    | ((protocol: ServerProtocol, server: ServerView, options: ServerConnectionOptions) => C)
    | undefined;
}

/** Sockets that listen. */
export interface Listener {
  readonly addresses: readonly Address[];
  /** The runtime's own objects. */
  readonly sockets: readonly unknown[];
  /**
   * Accepts nothing more. Settles when the sockets are closed. Until the server is `drained`, which means that all its
   * connections and handlers have ended, transports may still be handed over: their clients are told that they are late.
   */
  close(drained: Promise<void>): Promise<void>;
}

/** Is told by whoever listens for a server. */
export interface ListenSink {
  /** A client has connected. */
  readonly onTransport: (transport: Transport, opening?: Opening) => void;
  /**
   * A client has connected, and TLS comes before its transport: from now on it is a handshake in progress, with its deadline.
   * @param drop ends it; `onGone` follows.
   */
  readonly onArrival: (drop: () => void) => Arrival;
  /** Something failed, and listening goes on. */
  readonly onError: (error: Error) => void;
  /** Clients may come now, at these addresses. */
  readonly onListening: (addresses: readonly Address[]) => void;
}

/** Hears what becomes of a client that has no transport yet. */
export interface Arrival {
  readonly onTransport: (transport: Transport) => void;
  /** The client has left, or was dropped. Means nothing once it has its transport. */
  readonly onGone: () => void;
}

/** Starts to listen, and hands over a transport for each client. */
export type Listen = (sink: ListenSink) => Promise<Listener>;

/** Hears how the opening handshake of one connection ends, if that concerns anybody but the server. */
export interface Opening {
  readonly onOpen: (connection: ServerConnection) => void;
  readonly onRefused: (error: InvalidHandshake) => void;
}

/** How many opening handshakes may be in progress. */
const MAX_PENDING = 4096;

/** A running server. Made by `serve`. */
export class Server<C extends ServerConnection = ServerConnection> implements ServerView, AsyncDisposable {
  readonly #runtime: Runtime;
  readonly #handler: ((connection: ServerConnection) => unknown) | null;
  readonly #options: ServerOptions;
  readonly #listen: Listen;
  readonly #settings: ConnectionSettings;
  readonly #logger: Logger;
  readonly #handlers: DirectHandlers<ServerConnection> | null;
  #protocolOptions: ServerProtocolOptions;

  #listening: Promise<Listener> | null = null;
  #listener: Listener | null = null;
  #closing: ServerClosing | null = null;
  #isAborted = false;
  readonly #pending: PendingHandshakes;
  /** Connections from the 101 until they are gone. */
  readonly #open: Set<ServerConnection> = new Set();
  /** Those whose handler has not returned. */
  readonly #handled: Set<ServerConnection> = new Set();
  /** Who hears how a handshake ends, until it has. */
  readonly #openings: Map<ServerConnection, Opening> = new Map();
  /** Set while the server closes: no connections and handlers are left; nor are clients that were refused. */
  #drained: Deferred | null = null;
  #idle: Deferred | null = null;
  /** The close frames that are still to be sent. */
  #spreading: Timer | null = null;
  #resolveClosed: () => void = () => {};
  readonly #closed: Promise<void> = new Promise((resolve) => {
    this.#resolveClosed = resolve;
  });

  /**
   * @param handler null: connections belong to whoever hears of their opening.
   * @throws {RangeError} an option has a value that isn't allowed.
   * @throws {TypeError} an option has a value of the wrong type.
   */
  constructor(runtime: Runtime, handler: ServerHandler | null, options: ServerOptions, listen: Listen) {
    mustBeHandler(handler);
    const { subprotocols = null, extensions = null, origins = 'same-host', allowedHosts = null } = options;
    if (subprotocols !== null) validateSubprotocols(subprotocols);
    if (origins !== 'same-host') checkOrigins(origins);
    checkRules('allowedHosts', allowedHosts);
    // Whatever can't stand in a response is said now, not when somebody connects.
    if (options.serverHeader != null) addHeaders(new Headers(), [['Server', options.serverHeader]]);
    this.#runtime = runtime;
    this.#handlers = typeof handler === 'function' ? null : handler;
    // With direct handlers there is nothing to run: a connection lives until one side closes it.
    this.#handler = typeof handler === 'function' ? handler : null;
    this.#options = options;
    this.#listen = listen;
    this.#settings = connectionSettings(options, maxMessageBytes(options.maxSize));
    const limits = {
      openTimeoutMs: duration('openTimeoutMs', options.openTimeoutMs, 10_000),
      maxPending: mostOf('maxPending', options.maxPending) ?? MAX_PENDING,
    };
    this.#pending = new PendingHandshakes(runtime.clock, limits, {
      onTooMany: (client) => this.#onTooMany(client),
      onLate: (client) => this.#onLate(client),
    });
    this.#logger = options.logger ?? runtime.logger;
    const engine = deflateEngine(options, runtime);
    this.#protocolOptions = {
      ...protocolOptions(options, runtime),
      httpLimits: httpLimits(options, runtime),
      maxEarlyBytes: mostOf('maxEarlyBytes', options.maxEarlyBytes),
      origins,
      allowedHosts,
      subprotocols,
      extensions: engine === null ? extensions : enableServerPermessageDeflate(extensions, { engine }),
    };
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** The connections that are OPEN now, as a set of their own. */
  get connections(): ReadonlySet<C> {
    const open = new Set<ServerConnection>();
    for (const connection of this.#open) if (connection.state === State.OPEN) open.add(connection);
    // All were made by the `createConnection` that C comes from.
    return open as ReadonlySet<ServerConnection> as ReadonlySet<C>;
  }

  /** Where the server listens. */
  get addresses(): readonly Address[] {
    return this.#listener?.addresses ?? [];
  }

  /** The runtime's own listening sockets. */
  get sockets(): readonly unknown[] {
    return this.#listener?.sockets ?? [];
  }

  /** Whether new connections are accepted. */
  get isServing(): boolean {
    return this.#listener !== null && this.#closing === null;
  }

  /** Begins to listen, if that hasn't happened. Rejects with the runtime's error, for example when the port is taken. */
  async startServing(): Promise<void> {
    if (this.#options.signal?.aborted) {
      this.close();
      throw this.#options.signal.reason;
    }
    if (this.#closing !== null) throw new Error('the server is closed');
    this.#listening ??= this.#startListening();
    try {
      await this.#listening;
    } catch (error) {
      this.#listening = null;
      throw error;
    }
  }

  /**
   * Listens if need be, and settles when the server is closed. Aborting the signal closes the server in order, then rejects
   * with the signal's reason.
   */
  async serveForever({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    const close = (): void => this.close();
    signal?.addEventListener('abort', close, { once: true });
    try {
      if (signal?.aborted) close();
      else await this.startServing();
      await this.#closed;
      if (signal?.aborted) throw signal.reason;
    } finally {
      signal?.removeEventListener('abort', close);
    }
  }

  /**
   * Stops the server: no new connections, 503 for handshakes in progress and late ones, a close frame for the others.
   * Returns at once: `waitClosed` tells when all is done. Only the first call counts.
   *
   * @param options.code default 1001 (going away).
   * @throws {ProtocolError} the code must not be sent, or the reason is too long; the server goes on.
   * @throws {RangeError} an option has a value that isn't allowed; the server goes on.
   * @throws {TypeError} an option has a value of the wrong type; the server goes on.
   */
  close(options: ServerCloseOptions = {}): void {
    const closing = serverClosing(options);
    if (this.#closing !== null) return;
    this.#closing = closing;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#finish(closing).catch((error: unknown) => {
      this.#failed('closing the server failed', error);
      this.#resolveClosed();
    });
  }

  /**
   * Stops the server at once: drops every connection without a closing handshake, and waits for no handler. Also while it
   * is being closed in order. `waitClosed` settles soon after.
   */
  abort(): void {
    this.close();
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#spreading?.cancel();
    for (const client of [...this.#pending.clients, ...this.#open]) client.abort();
    this.#handled.clear();
    this.#checkIdle();
  }

  /** Settles when the server is closed: listening sockets, connections and handlers. */
  waitClosed(): Promise<void> {
    return this.#closed;
  }

  /** Closes the server and waits until all is done. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#closed;
  }

  // Life of a connection

  readonly #events: ServerConnectionEvents = {
    onRequest: (connection, request) => {
      const { processRequest, authenticate, processResponse } = this.#options;
      if (processRequest === undefined && authenticate === undefined && processResponse === undefined) {
        const response = connection.protocol.accept(request);
        this.#answer(connection, this.#withServerHeader(response));
        return;
      }
      this.#answerWithHooks(connection, request).catch((error: unknown) => {
        this.#failed('unexpected internal error', error, connection);
        connection.abort();
      });
    },
    onRefused: (connection) => {
      this.#endOpening(connection)?.onRefused(refusalOf(connection));
    },
    onHandled: (connection) => {
      this.#handled.delete(connection);
      this.#checkIdle();
    },
    onGone: (connection) => {
      this.#events.onRefused(connection);
      this.#pending.end(connection);
      this.#open.delete(connection);
      this.#checkIdle();
    },
  };

  /** TLS comes first. */
  #arrive(drop: () => void): Arrival {
    const client = new TlsClient(drop);
    if (this.#closing === null) this.#pending.begin(client);
    else drop();
    return {
      onTransport: (transport) => this.#accept(transport, null, client),
      onGone: () => {
        this.#pending.endTls(client);
        this.#checkIdle();
      },
    };
  }

  #accept(transport: Transport, opening: Opening | null, client: TlsClient | null): void {
    const { createConnection, selectSubprotocol } = this.#options;
    const protocol = new ServerProtocol(
      selectSubprotocol === undefined
        ? this.#protocolOptions
        : { ...this.#protocolOptions, selectSubprotocol: (_, offered) => selectSubprotocol(connection, offered) },
    );
    const options: ServerConnectionOptions = {
      runtime: this.#runtime,
      transport,
      settings: this.#settings,
      handlers: this.#handlers,
      events: this.#events,
    };
    let connection: ServerConnection;
    try {
      connection = createConnection?.(protocol, this, options) ?? new ServerConnection(protocol, this, options);
    } catch (error) {
      this.#failed('opening handshake failed', error);
      transport.abort();
      if (client !== null) this.#pending.endTls(client);
      opening?.onRefused(new InvalidHandshake('opening handshake failed', { cause: error }));
      return;
    }
    if (opening !== null) this.#openings.set(connection, opening);
    if (client === null) this.#pending.begin(connection);
    else this.#pending.goOn(client, connection);
    if (this.#isAborted) connection.abort();
    else if (this.#closing !== null) this.#answerLate(connection);
  }

  #onTooMany(client: PendingClient): void {
    reportLimit(this.#runtime, connectionOf(client), 'maxPending');
    client.abort();
  }

  #onLate(client: PendingClient): void {
    const connection = connectionOf(client);
    if (connection !== null && !connection.isPending) return;
    reportLimit(this.#runtime, connection, 'openTimeoutMs');
    if (connection === null) client.abort();
    else connection.answer(requestTimeout(this.#runtime.host.now()), noop);
  }

  async #answerWithHooks(connection: ServerConnection, request: Request): Promise<void> {
    const { processRequest, authenticate, processResponse } = this.#options;
    let response: Response | null = null;
    try {
      response = (await processRequest?.(connection, request)) ?? null;
    } catch (error) {
      response = connection.hookFailed('process_request', error);
    }
    if (!connection.isPending) return;
    if (response === null && authenticate !== undefined) {
      response = connection.protocol.check(request) ?? (await this.#authenticate(connection, request));
      if (!connection.isPending) return;
    }
    // A hook may well return the same response every time: what we add goes into a copy.
    const { statusCode, reasonPhrase, headers, body } = response ?? connection.protocol.accept(request);
    response = this.#withServerHeader(new Response(statusCode, reasonPhrase, headers.copy(), body));
    try {
      response = (await processResponse?.(connection, request, response)) ?? response;
    } catch (error) {
      response = connection.hookFailed('process_response', error);
    }
    this.#answer(connection, response);
  }

  /** Asks who the client is: keeps the answer, and returns null, or the refusal. */
  async #authenticate(connection: ServerConnection, request: Request): Promise<Response | null> {
    try {
      const data = await this.#options.authenticate?.(request, connection);
      if (data instanceof Response) return data;
      // Meant as a refusal: as data it would let everybody in.
      if (isForeignResponse(data)) throw new TypeError('this Response is not the one of websockets-ts');
      connection.data = data;
      return null;
    } catch (error) {
      return connection.hookFailed('authenticate', error);
    }
  }

  #answer(connection: ServerConnection, response: Response): void {
    if (!connection.isPending) return;
    if (response.statusCode === 101 && this.#closing !== null) {
      this.#answerLate(connection);
      return;
    }
    this.#pending.endDeadline(connection);
    connection.answer(response, () => {
      this.#pending.end(connection);
      this.#open.add(connection);
    });
    if (!this.#open.has(connection)) return;
    this.#endOpening(connection)?.onOpen(connection);
    if (this.#handler === null) return;
    this.#handled.add(connection);
    connection.run(this.#handler);
  }

  /** Who is to hear how the handshake has ended, if anybody is. */
  #endOpening(connection: ServerConnection): Opening | undefined {
    const opening = this.#openings.get(connection);
    if (opening !== undefined) this.#openings.delete(connection);
    return opening;
  }

  /** The server is closing: whoever has no answer yet gets this one. */
  #answerLate(connection: ServerConnection): void {
    if (!connection.isPending) return;
    this.#pending.endDeadline(connection);
    connection.answer(serverShuttingDown(this.#runtime.host.now(), this.#closing?.retryAfterSeconds), noop);
  }

  #checkIdle(): void {
    if (this.#drained === null || this.#open.size + this.#handled.size > 0) return;
    this.#drained.resolve();
    if (this.#pending.size === 0) this.#idle?.resolve();
  }

  #withServerHeader(response: Response): Response {
    const { serverHeader = this.#runtime.serverHeader } = this.#options;
    if (serverHeader !== null && !response.headers.has('Server')) response.headers.append('Server', serverHeader);
    return response;
  }

  // Life of the server

  readonly #onAbort = (): void => this.close();

  async #startListening(): Promise<Listener> {
    const listener = await this.#listen({
      onTransport: (transport, opening = undefined) => this.#accept(transport, opening ?? null, null),
      onArrival: (drop) => this.#arrive(drop),
      onError: (error) => this.#failed('accepting a connection failed', error),
      onListening: (addresses) => this.#onListening(addresses),
    });
    this.#listener = listener;
    return listener;
  }

  #onListening(addresses: readonly Address[]): void {
    const { allowedHosts = hostsAt(addresses) } = this.#options;
    this.#protocolOptions = { ...this.#protocolOptions, allowedHosts };
    for (const address of addresses) this.#log(`server listening on ${addressText(address)}`);
  }

  async #finish(closing: ServerClosing): Promise<void> {
    const { graceMs } = closing;
    if (graceMs === null) return this.#finishInOrder(closing);
    const grace = this.#runtime.clock.setTimer(graceMs, () => this.#endGrace());
    // Alarms let a process end: handlers that wait for nothing at all must not end it before the time is over.
    const release = this.#runtime.holdProcess();
    try {
      await this.#finishInOrder(closing);
    } finally {
      grace.cancel();
      release();
    }
  }

  async #finishInOrder({ closeConnections, code, reason, spreadMs }: ServerClosing): Promise<void> {
    this.#log('server closing');
    const listener = await this.#listening?.catch(() => null);
    this.#drained = deferred();
    this.#idle = deferred();
    const listenerClosed = listener?.close(this.#drained.promise);
    for (const client of this.#pending.clients) {
      const connection = connectionOf(client);
      if (connection === null) client.abort();
      else this.#answerLate(connection);
    }
    if (closeConnections && !this.#isAborted) {
      this.#spreading = spread([...this.#open], spreadMs, this.#runtime.clock, (connection) => {
        if (connection.state === State.OPEN) connection.close({ code, reason }).catch(noop);
      });
    }
    this.#checkIdle();
    await this.#idle.promise;
    await listenerClosed;
    // Who was accepted while the sockets were closed has come behind that.
    if (this.#pending.size > 0) {
      this.#idle = deferred();
      await this.#idle.promise;
    }
    this.#pending.stop();
    this.#log('server closed');
    this.#resolveClosed();
  }

  #endGrace(): void {
    const dropped = this.#pending.size + this.#open.size;
    const message = `time to close is over: ${dropped} connections dropped, ${this.#handled.size} handlers left alone`;
    if (isLogged(this.#logger, 'warn')) this.#logger.warn(message);
    this.abort();
  }

  /** @param connection null: it was not about one. */
  #failed(message: string, error: unknown, connection: ServerConnection | null = null): void {
    reportError(this.#runtime, connection, message, error);
    this.#logger.error(message, connection === null ? { error } : { connection, error });
  }

  #log(message: string): void {
    if (isLogged(this.#logger, 'info')) this.#logger.info(message);
  }
}

/** The server once it listens, unless that is left for later; one that can't is closed. @throws what `startServing` rejects with. */
export async function begun<C extends ServerConnection>(
  server: Server<C>,
  startServing: boolean | undefined,
): Promise<Server<C>> {
  if (startServing === false) return server;
  try {
    await server.startServing();
  } catch (error) {
    server.close();
    throw error;
  }
  return server;
}

const noop = (): void => {};

/** Why there will be no connection. */
function refusalOf({ response, protocol: { handshakeExc } }: ServerConnection): InvalidHandshake {
  if (InvalidHandshake.is(handshakeExc)) return handshakeExc;
  const cause = handshakeExc === null ? {} : { cause: handshakeExc };
  return response === null
    ? new InvalidHandshake('the client went away before the opening handshake was answered', cause)
    : new InvalidStatus(response, cause);
}

/** The Response of fetch, or that of another copy of this package. */
const isForeignResponse = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && value.constructor?.name === 'Response';

const DIRECT_HANDLERS: readonly (keyof DirectHandlers<never>)[] = ['open', 'message', 'drain', 'close'];

/** All direct handlers may be left out. But an object of other things, such as options in the wrong place, is a mistake. */
function mustBeHandler(handler: ServerHandler | null): void {
  if (handler === null || typeof handler === 'function') return;
  const isObject = typeof handler === 'object';
  if (isObject && DIRECT_HANDLERS.some((name) => typeof handler[name] === 'function')) return;
  if (isObject && Object.keys(handler).length === 0) return;
  throw new TypeError('handler must be a function, or an object with open, message, drain or close');
}

function checkOrigins(origins: unknown): void {
  checkRules('origins', origins);
  for (const rule of (origins as readonly unknown[] | null) ?? []) {
    if (isOriginRule(rule)) continue;
    const text = typeof rule === 'string' ? JSON.stringify(rule) : String(rule);
    throw new RangeError(
      `origins has ${text}, which no page has: "https://example.com" is an origin. Null lets in all pages`,
    );
  }
}

function checkRules(name: string, rules: unknown): void {
  if (rules !== null && !Array.isArray(rules)) throw new TypeError(`${name} must be a list or null`);
}

/** The hosts that requests may name by default where they come to these addresses: see `allowedHosts`. */
export const hostsAt = (addresses: readonly Address[]): readonly HostRule[] | null =>
  addresses.length > 0 && addresses.every(isLoopback) ? [isLoopbackName] : null;

const isLoopback = (address: Address): boolean => typeof address !== 'string' && isLoopbackName(address[0]);

function addressText(address: Address): string {
  if (typeof address === 'string') return address;
  const [host, port] = address;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
