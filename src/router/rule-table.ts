// All rules of a router: checks them, and finds the one for a path. Knows no connection.
import type { Converters } from './converter.ts';
import type { UrlPatternLike } from './params.ts';
import { comparePatterns, type PathPattern, staticText } from './path-pattern.ts';
import { PathProgram } from './path-program.ts';
import { parseRulePath } from './rule-syntax.ts';
import { UrlPathPattern } from './url-pattern.ts';

/** A rule as the table takes it, whatever its handler expects. */
export interface AnyRule {
  readonly path: unknown;
  readonly handler?: unknown;
  readonly redirectTo?: string | undefined;
  readonly defaults?: RouteParams | undefined;
  readonly converters?: Converters | undefined;
}

/** What there is at a path. */
export type Match =
  | { readonly kind: 'handler'; readonly rule: AnyRule; readonly params: RouteParams }
  /** `to` is a path or a URI. */
  | { readonly kind: 'redirect'; readonly to: string }
  /** Nothing, but there is something at the path with a slash behind it. */
  | { readonly kind: 'slash' };

export type RouteParams = Readonly<Record<string, unknown>>;

/** The texts of the parameters, by name; null: does not match. */
type Texts = Readonly<Record<string, string | undefined>>;

interface Entry {
  readonly rule: AnyRule;
  /** Null: a URLPattern of the runtime, which tells nobody what it looks for. */
  readonly pattern: PathPattern | null;
  readonly textsOf: (path: string) => Texts | null;
  /** The same for a path that lacks the slash which the rule ends with. Null: it ends with none. */
  readonly matchesWithoutSlash: ((path: string) => boolean) | null;
}

/** Rules in the order in which they are tried: static text before parameters, whatever the order that they came in. */
export class RuleTable {
  /** The rules without parameters, for which one look is enough. */
  readonly #fixed: Map<string, Entry> = new Map();
  readonly #entries: Entry[];

  /** @throws {TypeError} a rule is wrong; the message names it. */
  constructor(rules: readonly AnyRule[], converters: Converters) {
    if (!Array.isArray(rules)) throw new TypeError('rules must be a list');
    this.#entries = rules.map((rule, index) => checkedEntry(rule, index, converters)).sort(compareEntries);
    for (const entry of this.#entries) {
      const path = entry.pattern === null ? null : staticText(entry.pattern);
      if (path !== null && !this.#fixed.has(path)) this.#fixed.set(path, entry);
    }
  }

  match(path: string): Match | null {
    const fixed = this.#fixed.get(path);
    if (fixed !== undefined) return matchOf(fixed, {});
    for (const entry of this.#entries) {
      const texts = entry.textsOf(path);
      const match = texts === null ? null : matchOf(entry, texts);
      if (match !== null) return match;
      if (entry.matchesWithoutSlash?.(path)) return { kind: 'slash' };
    }
    return null;
  }
}

const compareEntries = (a: Entry, b: Entry): number =>
  a.pattern === null || b.pattern === null
    ? Number(a.pattern === null) - Number(b.pattern === null)
    : comparePatterns(a.pattern, b.pattern);

/** What a rule comes to with these texts; null when a parameter refuses its text. */
function matchOf({ rule, pattern }: Entry, texts: Texts): Match | null {
  const params: Record<string, unknown> = { __proto__: null };
  for (const { name, toValue } of pattern?.parameters ?? []) {
    const value = texts[name];
    params[name] = value === undefined ? undefined : toValue(value);
    if (value !== undefined && params[name] === undefined) return null;
  }
  if (pattern === null) Object.assign(params, texts);
  Object.assign(params, rule.defaults);
  if (rule.redirectTo === undefined) return { kind: 'handler', rule, params };
  // The texts as they stand in the path, which need no encoding; defaults never were in one.
  const to = rule.redirectTo.replaceAll(PLACEHOLDER, (_, name: string) =>
    rule.defaults !== undefined && Object.hasOwn(rule.defaults, name)
      ? encodeURIComponent(String(rule.defaults[name]))
      : (texts[name] ?? ''),
  );
  return { kind: 'redirect', to };
}

const PLACEHOLDER = /<([a-zA-Z_$]\w*)>/g;

function checkedEntry(rule: AnyRule, index: number, converters: Converters): Entry {
  try {
    if (typeof rule !== 'object' || rule === null) throw new TypeError('a rule is an object');
    const entry = entryOf(rule, { ...converters, ...rule.converters });
    if ((rule.handler === undefined) === (rule.redirectTo === undefined)) {
      throw new TypeError('a rule has either a handler or redirectTo');
    }
    if (rule.redirectTo !== undefined) checkRedirect(rule, entry);
    else if (!isHandler(rule.handler)) throw new TypeError('a handler is a function or an object of functions');
    return entry;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new TypeError(`rule ${nameOf(rule, index)}: ${error.message}`, { cause: error });
  }
}

const isHandler = (handler: unknown): boolean =>
  typeof handler === 'function' || (typeof handler === 'object' && handler !== null);

function nameOf(rule: AnyRule | null, index: number): string {
  const path = rule?.path;
  if (typeof path === 'string') return JSON.stringify(path);
  return path instanceof UrlPathPattern ? JSON.stringify(path.pathname) : `number ${index + 1}`;
}

function entryOf(rule: AnyRule, converters: Converters): Entry {
  const { path } = rule;
  if (typeof path === 'string')
    return patternEntry(rule, parseRulePath(path, converters), path.endsWith('/'), converters);
  if (path instanceof UrlPathPattern) return patternEntry(rule, path.pattern, false, converters);
  if (isUrlPattern(path)) return { rule, pattern: null, textsOf: groupsOf(path), matchesWithoutSlash: null };
  throw new TypeError('a path is a string, urlPattern(…) or a URLPattern');
}

function patternEntry(rule: AnyRule, pattern: PathPattern, endsWithSlash: boolean, converters: Converters): Entry {
  const { node, parameters } = pattern;
  const program = new PathProgram(node, parameters.length);
  const shorter = endsWithSlash && rule.path !== '/' ? parseRulePath(String(rule.path).slice(0, -1), converters) : null;
  const shorterProgram = shorter === null ? null : new PathProgram(shorter.node, shorter.parameters.length);
  return {
    rule,
    pattern,
    textsOf: (path) => {
      const texts = program.match(path);
      return texts && Object.fromEntries(parameters.map(({ name }, index) => [name, texts[index]]));
    },
    // What ends in a slash already is not to get another one: `/<path:rest>/` would go on for ever.
    matchesWithoutSlash: shorterProgram && ((path) => !path.endsWith('/') && shorterProgram.match(path) !== null),
  };
}

const isUrlPattern = (path: unknown): path is UrlPatternLike =>
  typeof path === 'object' &&
  path !== null &&
  !(path instanceof RegExp) &&
  typeof (path as Partial<UrlPatternLike>).exec === 'function';

/** The parts of a URLPattern that no request brings here. */
const OTHER_PARTS = ['protocol', 'username', 'password', 'hostname', 'port', 'search', 'hash'] as const;

function groupsOf(pattern: UrlPatternLike): (path: string) => Texts | null {
  const parts = pattern as Partial<Record<(typeof OTHER_PARTS)[number], unknown>>;
  const other = OTHER_PARTS.find((part) => parts[part] !== undefined && parts[part] !== '*');
  if (other !== undefined) {
    throw new TypeError(
      `only the pathname of a URLPattern is matched, and its ${other} is ${JSON.stringify(parts[other])}`,
    );
  }
  return (pathname) => pattern.exec({ pathname })?.pathname.groups ?? null;
}

/** `ws:` or `wss:` and an authority without parameters, then a path; or the path alone. */
const REDIRECT = /^(?:wss?:\/\/[^/?#<>\s]+)?(?:\/.*)?$/is;

function checkRedirect({ redirectTo, defaults = {} }: AnyRule, { pattern }: Entry): void {
  if (typeof redirectTo !== 'string' || redirectTo === '' || !REDIRECT.test(redirectTo)) {
    throw new TypeError('redirectTo is a path, or a ws: or wss: URI without parameters before its path');
  }
  if (/[^\x21-\x7e]/.test(redirectTo)) throw new TypeError('redirectTo has characters that a URI may not have');
  for (const [whole, name] of redirectTo.matchAll(PLACEHOLDER)) {
    const isKnown = pattern === null || pattern.parameters.some((parameter) => parameter.name === name);
    if (!isKnown && !Object.hasOwn(defaults, name!))
      throw new TypeError(`redirectTo has ${whole}, and the path has not`);
  }
}
