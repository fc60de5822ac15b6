// Entry: a server whose handlers are chosen by path.
export type { Converter, Converters, NoConverters } from './router/converter.ts';
export type { Params, RulePath, UrlPatternLike } from './router/params.ts';
export { type RouteOptions, route, unixRoute } from './router/route.ts';
export { Router, type RouterOptions } from './router/router.ts';
export {
  type HandlerRule,
  type RedirectRule,
  type RouteFunction,
  type RouteHandler,
  type RouteHandlers,
  type Rule,
  type RuleOptions,
  type RulesOf,
  rule,
  type WithDefaults,
} from './router/rule.ts';
export { UrlPathPattern, urlPattern } from './router/url-pattern.ts';
