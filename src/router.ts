// Entry: a server whose handlers are chosen by path.
export type { Converter, Converters } from './router/converter.ts';
export type { Params, RulePath, UrlPatternLike } from './router/params.ts';
export { type RouteOptions, type RulesOf, route, unixRoute } from './router/route.ts';
export { Router, type RouterOptions } from './router/router.ts';
export {
  type HandlerRule,
  type RedirectRule,
  type RouteHandler,
  type RouteHandlers,
  type Rule,
  type RuleOptions,
  rule,
  type WithDefaults,
} from './router/rule.ts';
export { UrlPathPattern, urlPattern } from './router/url-pattern.ts';
