// Which parameters a path has, and of which types, as the compiler sees it. No code.
import type { Converter, Converters } from './converter.ts';
import type { UrlPathPattern } from './url-pattern.ts';

/** A URLPattern of the runtime, or whatever else has its `exec`. */
export interface UrlPatternLike {
  exec(input: { readonly pathname: string }): {
    readonly pathname: { readonly groups: Readonly<Record<string, string | undefined>> };
  } | null;
}

/** What a rule can have for a path. */
export type RulePath = string | UrlPathPattern | UrlPatternLike;

/**
 * The parameters of a path: `{ readonly count: number }` for `/echo/<int:count>`. Those of a path that the compiler does not
 * know are unknown.
 */
export type Params<Path, Own extends Converters = Readonly<Record<never, never>>> = [Path] extends [string]
  ? string extends Path
    ? Readonly<Record<string, unknown>>
    : Flat<RuleParams<Path, Own>>
  : [Path] extends [UrlPathPattern<infer Pathname>]
    ? string extends Pathname
      ? Readonly<Record<string, string | undefined>>
      : Flat<PatternParams<Pathname> & WildcardParams<Pathname>>
    : Readonly<Record<string, string | undefined>>;

/** One object instead of an intersection: that is what an editor shows. */
type Flat<T> = { readonly [Name in keyof T]: T[Name] };

// `/echo/<int:count>`

type RuleParams<Path extends string, Own> = Path extends `${string}<${infer Parameter}>${infer Rest}`
  ? RuleParam<Parameter, Own> & RuleParams<Rest, Own>
  : unknown;

type RuleParam<Parameter extends string, Own> = Parameter extends `${infer Kind}(${infer Args}):${infer Name}`
  ? { readonly [N in Name]: Value<Kind, Args, Own> }
  : Parameter extends `${infer Kind}:${infer Name}`
    ? { readonly [N in Name]: Value<Kind, '', Own> }
    : { readonly [N in Parameter]: string };

type Value<Kind extends string, Args extends string, Own> = Kind extends keyof Own
  ? Own[Kind] extends Converter<infer T>
    ? T
    : unknown
  : Kind extends 'int' | 'float'
    ? number
    : Kind extends 'any'
      ? Choice<Args>
      : Kind extends 'string' | 'path' | 'uuid'
        ? string
        : unknown;

type Choice<Args extends string> = Args extends `${infer First},${infer Rest}`
  ? Unquoted<Trimmed<First>> | Choice<Rest>
  : Unquoted<Trimmed<Args>>;

type Trimmed<Text extends string> = Text extends ` ${infer Rest}` | `${infer Rest} ` ? Trimmed<Rest> : Text;
type Unquoted<Text extends string> = Text extends `"${infer Inner}"` | `'${infer Inner}'` ? Inner : Text;

// `/users/:id`

type PatternParams<Path extends string> = Path extends `${infer Before}{${infer Inside}}${infer After}`
  ? Names<Before> &
      (After extends `${'?' | '*'}${string}` ? Names<Inside, undefined> : Names<Inside>) &
      PatternParams<After>
  : Names<Path>;

type Names<Path extends string, Missing = never> = Path extends `${string}:${infer Rest}`
  ? NameOf<Rest> extends infer Name extends string
    ? Rest extends `${Name}${infer After}`
      ? { readonly [N in Name]: string | Missing | (IsOptional<After> extends true ? undefined : never) } & Names<
          After,
          Missing
        >
      : unknown
    : unknown
  : unknown;

type Letter =
  | 'a'
  | 'b'
  | 'c'
  | 'd'
  | 'e'
  | 'f'
  | 'g'
  | 'h'
  | 'i'
  | 'j'
  | 'k'
  | 'l'
  | 'm'
  | 'n'
  | 'o'
  | 'p'
  | 'q'
  | 'r'
  | 's'
  | 't'
  | 'u'
  | 'v'
  | 'w'
  | 'x'
  | 'y'
  | 'z';
type NameCharacter = Letter | Uppercase<Letter> | `${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}` | '_' | '$';

type NameOf<Text extends string, Name extends string = ''> = Text extends `${infer First}${infer Rest}`
  ? First extends NameCharacter
    ? NameOf<Rest, `${Name}${First}`>
    : Name
  : Name;

/** Whether a `?` or `*` stands behind the name, or behind the expression that stands there. */
type IsOptional<After extends string> = After extends `(${string})${'?' | '*'}${string}` | `${'?' | '*'}${string}`
  ? true
  : false;

/** Groups without a name are called by their number; whether one can be missing is not worth telling. */
type WildcardParams<Path extends string> = Path extends `${string}${'*' | '('}${string}`
  ? { readonly [Group in `${number}`]: string | undefined }
  : unknown;
