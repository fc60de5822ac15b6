// Which parameters a path has, and of which types, as the compiler sees it. No code.
import type { Converter, Converters, NoConverters } from './converter.ts';
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
export type Params<Path, Own extends Converters = NoConverters> = [Path] extends [string]
  ? string extends Path
    ? Readonly<Record<string, unknown>>
    : Flat<RuleParams<Path, Own>>
  : [Path] extends [UrlPathPattern<infer Pathname>]
    ? string extends Pathname
      ? Readonly<Record<string, string | undefined>>
      : Flat<PatternParams<Pathname>>
    : [Path] extends [UrlPatternLike]
      ? Readonly<Record<string, string | undefined>>
      : Readonly<Record<string, unknown>>;

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
  ? Names<Before> & Names<Inside, IsOptional<After> extends true ? undefined : never> & PatternParams<Unmodified<After>>
  : Names<Path>;

type Names<Path extends string, Missing = never> = Path extends `${infer Before}:${infer Rest}`
  ? Numbers<Before> &
      (NameOf<Rest> extends infer Name extends string
        ? Rest extends `${Name}${infer After}`
          ? {
              readonly [N in Name]: string | Missing | (IsOptional<Unmatched<After>> extends true ? undefined : never);
            } & Names<Unmodified<Unmatched<After>>, Missing>
          : unknown
        : unknown)
  : Numbers<Path>;

type NameOf<Text extends string, Name extends string = ''> = Text extends `${infer First}${infer Rest}`
  ? IsNameCharacter<First> extends true
    ? NameOf<Rest, `${Name}${First}`>
    : Name
  : Name;

/** A letter is what has two cases. */
type IsNameCharacter<Character extends string> = Character extends `${number}` | '_' | '$'
  ? true
  : Lowercase<Character> extends Uppercase<Character>
    ? false
    : true;

/** What stands behind the expression of a name, if it has one. */
type Unmatched<After extends string> = After extends `(${string})${infer Rest}` ? Rest : After;
type Unmodified<After extends string> = After extends `${'?' | '*' | '+'}${infer Rest}` ? Rest : After;
type IsOptional<After extends string> = After extends `${'?' | '*'}${string}` ? true : false;

/** Groups without a name are called by their number; how many there are, and which can be missing, is not told. */
type Numbers<Text extends string> = Text extends `${string}${'*' | '('}${string}`
  ? { readonly [Group in number]: string | undefined }
  : unknown;
