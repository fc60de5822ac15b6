// Rules: a path, and what to do there. Knows not how paths are matched.
import type { Data, ServerConnection } from '../server.ts';
import type { Converters, NoConverters } from './converter.ts';
import type { Params, RulePath } from './params.ts';

/** Direct handlers of a rule: as `DirectHandlers`, with the parameters behind the other arguments. */
export interface RouteHandlers<C, P> {
  open?(connection: C, params: P): unknown;
  message?(connection: C, data: Data, isText: boolean, params: P): unknown;
  drain?(connection: C, params: P): unknown;
  close?(connection: C, code: number, reason: string, params: P): unknown;
}

/** A handler that is a function. Typed as a method, so that a rule whose path is known fits into a list of rules of any path. */
export type RouteFunction<C, P> = { of(connection: C, params: P): unknown }['of'];

/** What to do with the connections of a rule: an async function that owns its connection, or direct handlers. */
export type RouteHandler<C, P> = RouteFunction<C, P> | RouteHandlers<C, P>;

/** A path that is served. */
export interface HandlerRule<
  Path = RulePath,
  Own extends Converters = NoConverters,
  C extends ServerConnection = ServerConnection,
> {
  /** `/echo/<int:count>`, or `urlPattern('/echo/:count')`, or a URLPattern whose pathname is to match. */
  readonly path: Path;
  readonly handler: RouteHandler<C, Params<Path, Own>>;
  /** Parameters that do not stand in the path, or take the place of those that do. */
  readonly defaults?: Readonly<Record<string, unknown>> | undefined;
  /** Converters that this path has besides those of the router. */
  readonly converters?: Converters | undefined;
  readonly redirectTo?: undefined;
}

/** A path that has moved. */
export interface RedirectRule<Path = RulePath> {
  readonly path: Path;
  /** A path, or a whole `ws:` or `wss:` URI; `<name>` is the text of a parameter. The query of the request is dropped. */
  readonly redirectTo: string;
  readonly defaults?: Readonly<Record<string, unknown>> | undefined;
  readonly converters?: Converters | undefined;
  readonly handler?: undefined;
}

/** A rule of a router. */
export type Rule<
  Path = RulePath,
  Own extends Converters = NoConverters,
  C extends ServerConnection = ServerConnection,
> = HandlerRule<Path, Own, C> | RedirectRule<Path>;

/** Rules, each with the types of its own path. */
export type RulesOf<Paths extends readonly RulePath[], Own extends Converters, C extends ServerConnection> = {
  readonly [Index in keyof Paths]: Rule<Paths[Index], Own, C>;
};

/** What a rule may have besides path and handler. */
export interface RuleOptions<Own extends Converters, Defaults> {
  /** Parameters that do not stand in the path, or take the place of those that do. */
  readonly defaults?: Defaults | undefined;
  /** Converters that this path has besides those of the router. */
  readonly converters?: Own | undefined;
}

/** Parameters of the path, and those that are always there. */
export type WithDefaults<P, Defaults> = {
  readonly [Name in keyof P | keyof Defaults]: Name extends keyof Defaults
    ? Defaults[Name]
    : Name extends keyof P
      ? P[Name]
      : never;
};

/**
 * A rule whose handler knows the types of its parameters wherever it stands: in a list of rules for `route` the object does as
 * well, but not in a variable of its own, and not for `defaults`.
 *
 * ```ts
 * const echo = rule('/echo/<int:count>', async (connection, { count }) => { … });
 * ```
 */
export function rule<
  const Path extends RulePath,
  C extends ServerConnection = ServerConnection,
  const Own extends Converters = NoConverters,
  Defaults extends Readonly<Record<string, unknown>> = NoConverters,
>(
  path: Path,
  handler: RouteHandler<C, WithDefaults<Params<Path, Own>, Defaults>>,
  options: RuleOptions<Own, Defaults> = {},
): HandlerRule<Path, Own, C> {
  return { path, handler: handler as RouteHandler<C, Params<Path, Own>>, ...options };
}
