// `route`: a server whose handlers are chosen by path.
import { type ServeOptions, type Server, type ServerConnection, type ServerHandler, serve } from '../server.ts';
import type { Converters, NoConverters } from './converter.ts';
import type { RulePath } from './params.ts';
import { Router, type RouterOptions } from './router.ts';
import type { Rule, RulesOf } from './rule.ts';

/** Options of `route`: those of `serve` and those of the router. */
export interface RouteOptions<
  P extends string = string,
  C extends ServerConnection = ServerConnection,
  Own extends Converters = NoConverters,
  D = C['data'],
> extends Omit<ServeOptions<P, C, D>, 'tls'>,
    Omit<RouterOptions<C, Own>, 'tls' | 'processRequest'> {
  /** Speak TLS, with these settings; or true: a proxy in front does, and redirects name `wss`. */
  readonly tls?: ServeOptions['tls'] | boolean | undefined;
  /** Makes the router, so that it can be of a class of your own. */
  readonly createRouter?:
    | ((rules: readonly Rule<RulePath, Converters, C>[], options: RouterOptions<C, Converters>) => Router<C>)
    | undefined;
}

/**
 * Starts a WebSocket server that serves each path by a handler of its own.
 *
 * ```ts
 * await route([
 *   { path: '/echo/<int:count>', handler: async (connection, { count }) => { … } },
 *   { path: '/', redirectTo: '/echo/1' },
 * ], { port: 8080 });
 * ```
 *
 * @throws {TypeError} at once: a rule is wrong. The message names it.
 * @throws {Error} in the promise: as `serve`.
 */
export function route<
  const Paths extends readonly RulePath[],
  const P extends string = never,
  D = undefined,
  C extends ServerConnection = ServerConnection<[P] extends [never] ? null : P | null, D>,
  const Own extends Converters = NoConverters,
>(rules: RulesOf<Paths, Own, NoInfer<C>>, options: RouteOptions<P, C, Own, D> = {}): Promise<Server<C>> {
  const { serverName, converters, createRouter, tls = false, processRequest, ...rest } = options;
  const routerOptions: RouterOptions<C, Converters> = { serverName, converters, tls, processRequest };
  const all = rules as readonly unknown[] as readonly Rule<RulePath, Converters, C>[];
  const router = createRouter?.(all, routerOptions) ?? new Router<C>(all, routerOptions);
  const serving: Promise<Server> = serve(
    (router.directHandlers ?? router.handler) as ServerHandler,
    {
      ...rest,
      ...(typeof tls === 'object' && { tls }),
      processRequest: router.processRequest,
    } as unknown as ServeOptions,
  );
  // The connections are of the class that the options make, or of the one that C falls back to.
  return serving as Promise<unknown> as Promise<Server<C>>;
}

/**
 * As `route`, on a Unix socket.
 * @throws {TypeError} at once: a rule is wrong.
 */
export const unixRoute = <
  const Paths extends readonly RulePath[],
  const P extends string = never,
  D = undefined,
  C extends ServerConnection = ServerConnection<[P] extends [never] ? null : P | null, D>,
  const Own extends Converters = NoConverters,
>(
  rules: RulesOf<Paths, Own, NoInfer<C>>,
  path: string,
  options: RouteOptions<P, C, Own, D> = {},
): Promise<Server<C>> => route<Paths, P, D, C, Own>(rules, { ...options, path });
