// What a server does with a request, by its path: hands the connection to the handler of a rule, redirects it, or refuses it.
// Knows not how the server was made.
import type { DirectHandlers, Request, Response, ServeOptions, ServerConnection } from '../server.ts';
import type { Converters, NoConverters } from './converter.ts';
import type { RulePath } from './params.ts';
import type { RouteHandler, RouteHandlers, RulesOf } from './rule.ts';
import { type AnyRule, type RouteParams, RuleTable } from './rule-table.ts';

/** What a hook for requests returns. */
type HookResult = ReturnType<NonNullable<ServeOptions['processRequest']>>;

/** Options of {@link Router}. */
export interface RouterOptions<C extends ServerConnection = ServerConnection, Own extends Converters = NoConverters> {
  /** Host of the server, with its port if that is not the default, as it stands in redirects. Default: the request's `Host`. */
  readonly serverName?: string | undefined;
  /** Whether clients speak TLS, to us or to a proxy in front: redirects name `wss` then. Settings of TLS mean true. Default false. */
  readonly tls?: object | boolean | undefined;
  /** Converters of your own, by the name that they have in paths. */
  readonly converters?: Own | undefined;
  /** Sees each request before the rules do. A response that it returns is sent instead. */
  readonly processRequest?: ((connection: C, request: Request) => HookResult) | undefined;
}

/** What a connection has matched. */
interface Routed {
  readonly handler: RouteHandler<ServerConnection, RouteParams>;
  readonly params: RouteParams;
}

/** What a connection has that came past the rules. */
const NO_ROUTE: Routed = { handler: {}, params: {} };

/**
 * Serves each path by a handler of its own. `route` makes one for a server of its own; by itself it is two hooks for any other:
 *
 * ```ts
 * const router = new Router(rules);
 * await serve(router.handler, { processRequest: router.processRequest });
 * ```
 *
 * Both are bound to the router. Inherit from it to change what a redirect or a refusal looks like.
 */
export class Router<
  C extends ServerConnection = ServerConnection,
  const Paths extends readonly RulePath[] = readonly RulePath[],
  const Own extends Converters = NoConverters,
> {
  readonly #table: RuleTable;
  readonly #serverName: string | null;
  readonly #isSecure: boolean;
  readonly #processRequest: RouterOptions<C>['processRequest'];
  /** The connections that have matched and whose handler has not been called; with direct handlers, all. */
  readonly #routed: WeakMap<ServerConnection, Routed> = new WeakMap();

  /**
   * What to give to `serve` as its handler when the rules have direct handlers; null when they have functions.
   */
  readonly directHandlers: DirectHandlers<C> | null;

  /** @throws {TypeError} a rule is wrong, or some have functions and others direct handlers. The message names the rule. */
  constructor(rules: RulesOf<Paths, Own, NoInfer<C>>, options: RouterOptions<C, Own> = {}) {
    const { serverName, tls = false, converters = {}, processRequest } = options;
    const all = rules as readonly unknown[] as readonly AnyRule[];
    this.#table = new RuleTable(all, converters);
    if (serverName !== undefined && !isHost(serverName)) throw new TypeError(`serverName is not a host: ${serverName}`);
    this.#serverName = serverName ?? null;
    this.#isSecure = Boolean(tls);
    this.#processRequest = processRequest;
    this.directHandlers = haveDirectHandlers(all) ? (this.#dispatch() as DirectHandlers<C>) : null;
    this.processRequest = this.processRequest.bind(this);
    this.handler = this.handler.bind(this);
  }

  /** Hook for `serve`: the user's own hook first, then the rules. */
  async processRequest(connection: C, request: Request): Promise<Response | null> {
    return (await this.#processRequest?.(connection, request)) ?? this.routeRequest(connection, request);
  }

  /**
   * Looks for the rule of a request. Null: there is one, and its handler is next. A response: a redirect, or that there is
   * nothing.
   */
  routeRequest(connection: C, request: Request): Response | null {
    const query = request.path.indexOf('?');
    const path = query === -1 ? request.path : request.path.slice(0, query);
    const match = this.#table.match(path);
    if (match === null) return this.notFound(connection);
    if (match.kind === 'handler') {
      this.#routed.set(connection, { handler: match.rule.handler as Routed['handler'], params: match.params });
      return null;
    }
    const to = match.kind === 'slash' ? `${path}/${query === -1 ? '' : request.path.slice(query)}` : match.to;
    if (!to.startsWith('/')) return this.redirect(connection, to);
    const serverName = this.getServerName(connection, request);
    // Without a host that can be named there is nowhere to go.
    if (serverName === null) return connection.respond(400, 'Bad Request');
    return this.redirect(connection, `${this.#isSecure ? 'wss' : 'ws'}://${serverName}${to}`);
  }

  /** Hook for `serve`: runs the handler of the rule that the request has matched. */
  handler(connection: C): unknown {
    const routed = this.#routed.get(connection);
    this.#routed.delete(connection);
    if (routed === undefined) throw new Error('the request of this connection has not gone through processRequest');
    const { handler, params } = routed;
    if (typeof handler === 'function') return handler(connection, params);
    throw new Error('rules with direct handlers need `directHandlers` of the router as the handler of the server');
  }

  /** The answer that sends a client to another URI. */
  redirect(connection: C, url: string): Response {
    const response = connection.respond(302, `Found at ${url}`);
    response.headers.append('Location', url);
    return response;
  }

  /** The answer for a path without a rule. */
  notFound(connection: C): Response {
    return connection.respond(404, 'Not Found');
  }

  /** The host that redirects name: the option, or the `Host` of the request; null when it has none that is valid. */
  getServerName(_connection: C, request: Request): string | null {
    if (this.#serverName !== null) return this.#serverName;
    const [host, ...others] = request.headers.getAll('Host');
    return host !== undefined && others.length === 0 && isHost(host) ? host : null;
  }

  /** Direct handlers that call those of the rule. */
  #dispatch(): DirectHandlers<ServerConnection> {
    const routeOf = (
      connection: ServerConnection,
    ): [handlers: RouteHandlers<ServerConnection, RouteParams>, params: RouteParams] => {
      const { handler, params } = this.#routed.get(connection) ?? NO_ROUTE;
      return [handler as RouteHandlers<ServerConnection, RouteParams>, params];
    };
    return {
      open: (connection) => {
        const [handlers, params] = routeOf(connection);
        return handlers.open?.(connection, params);
      },
      message: (connection, data, isText) => {
        const [handlers, params] = routeOf(connection);
        return handlers.message?.(connection, data, isText, params);
      },
      drain: (connection) => {
        const [handlers, params] = routeOf(connection);
        return handlers.drain?.(connection, params);
      },
      close: (connection, code, reason) => {
        const [handlers, params] = routeOf(connection);
        return handlers.close?.(connection, code, reason, params);
      },
    };
  }
}

/** `host[:port]` (RFC 9110 §7.2) of characters that stand in a URI as they are. */
const HOST = /^(?:[\w.~!$&'()*+,;=%-]+|\[[\da-f:.]+\])(?::\d*)?$/i;
const isHost = (value: string): boolean => HOST.test(value);

/** A server reads all its connections in one way. */
function haveDirectHandlers(rules: readonly AnyRule[]): boolean {
  const handlers = rules.flatMap(({ handler }) => (handler === undefined ? [] : [handler]));
  const direct = handlers.filter((handler) => typeof handler !== 'function').length;
  if (direct > 0 && direct < handlers.length) {
    throw new TypeError('either all rules of a router have functions as handlers, or all have direct handlers');
  }
  return direct > 0;
}
