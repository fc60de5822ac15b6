// Reads patterns such as `/users/:id`: the pathname syntax of the URLPattern standard, on every runtime.
import { regexNode } from './converter.ts';
import { ANY, NOT_SLASH, type PathNode, sequence, text } from './path-node.ts';
import { type Parameter, type PathPattern, type RankedPiece, rankSegments } from './path-pattern.ts';

/** A path in the pathname syntax of URLPattern. Made by {@link urlPattern}. */
export class UrlPathPattern<Path extends string = string> {
  /** The pattern as it was written. */
  readonly pathname: Path;
  /** @internal */
  readonly pattern: PathPattern;

  /** @throws {TypeError} the pattern does not follow the syntax. */
  constructor(pathname: Path) {
    this.pathname = pathname;
    try {
      this.pattern = new PatternReader(pathname).read();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new TypeError(`invalid pattern ${JSON.stringify(pathname)}: ${error.message}`, { cause: error });
    }
  }
}

/**
 * A path for a rule in the pathname syntax of the URLPattern standard: `/users/:id`, `/files/:id(\\d+)`, `{/:language}?/help`,
 * `/static/*`. It needs no URLPattern in the runtime, and takes linear time where that may not; parameters are strings,
 * those of groups without a name are called `0`, `1` and so on.
 *
 * @throws {TypeError} the pattern does not follow the syntax.
 */
export const urlPattern = <const Path extends string>(pathname: Path): UrlPathPattern<Path> =>
  new UrlPathPattern(pathname);

type Modifier = '' | '?' | '*' | '+';
type Token =
  | { readonly kind: 'char' | 'escaped' | 'name' | 'regex'; readonly value: string; readonly at: number }
  | { readonly kind: '{' | '}' | '*' | '?' | '+'; readonly value: string; readonly at: number };

/** Like `[^/]+?` and `.*`; kept apart from the expressions of users, because these run in linear time. */
const SEGMENT: Matcher = { kind: 'chars', set: NOT_SLASH, min: 1, max: Number.POSITIVE_INFINITY, lazy: true };
const WILDCARD: Matcher = { kind: 'chars', set: ANY, min: 0, max: Number.POSITIVE_INFINITY };
const WEIGHTS = { name: 100, regex: 150, wildcard: 200 } as const;

class PatternReader {
  readonly #tokens: readonly Token[];
  #at = 0;
  /** Fixed text that no part has taken yet. */
  #pending = '';
  #unnamed = 0;
  readonly #nodes: PathNode[] = [];
  readonly #pieces: RankedPiece[] = [];
  readonly #parameters: Parameter[] = [];

  constructor(pathname: string) {
    this.#tokens = tokensOf(pathname);
  }

  read(): PathPattern {
    while (this.#at < this.#tokens.length) this.#readPart();
    this.#addPending();
    return { node: sequence(...this.#nodes), parameters: this.#parameters, ranks: rankSegments(this.#pieces) };
  }

  #readPart(): void {
    const char = this.#take('char');
    const name = this.#take('name');
    const matcher = this.#takeMatcher(name);
    if (name !== null || matcher !== null) {
      // A slash before a parameter belongs to it: `/:id?` is `{/:id}?`.
      if (char === '/') this.#addPart('/', name, matcher, '', this.#takeModifier());
      else {
        this.#pending += char ?? '';
        this.#addPart('', name, matcher, '', this.#takeModifier());
      }
      return;
    }
    const fixed = char ?? this.#take('escaped');
    if (fixed !== null) {
      this.#pending += fixed;
      return;
    }
    if (this.#take('{') === null) {
      const { value, at } = this.#tokens[this.#at]!;
      throw new TypeError(`unexpected ${value} at ${at}`);
    }
    const prefix = this.#takeText();
    const inner = this.#take('name');
    const innerMatcher = this.#takeMatcher(inner);
    const suffix = this.#takeText();
    if (this.#take('}') === null) throw new TypeError('a { is not closed, or holds more than one parameter');
    this.#addPart(prefix, inner, innerMatcher, suffix, this.#takeModifier());
  }

  #take(kind: Token['kind']): string | null {
    const token = this.#tokens[this.#at];
    if (token?.kind !== kind) return null;
    this.#at += 1;
    return token.value;
  }

  /** A group with an expression, or, where no name stands before it, a wildcard. */
  #takeMatcher(name: string | null): string | null {
    return this.#take('regex') ?? (name === null ? this.#take('*') : null);
  }

  #takeModifier(): Modifier {
    return (this.#take('?') ?? this.#take('+') ?? this.#take('*') ?? '') as Modifier;
  }

  #takeText(): string {
    let result = '';
    for (;;) {
      const more = this.#take('char') ?? this.#take('escaped');
      if (more === null) return result;
      result += more;
    }
  }

  #addPending(): void {
    const fixed = encoded(this.#pending);
    this.#pending = '';
    if (fixed === '') return;
    this.#nodes.push(text(fixed));
    this.#pieces.push({ text: fixed });
  }

  #addPart(prefix: string, name: string | null, matcher: string | null, suffix: string, modifier: Modifier): void {
    const isFixed = name === null && matcher === null;
    if (isFixed && modifier === '') {
      this.#pending += prefix;
      return;
    }
    // Only what can be left out or repeated has its slash to itself; the rank of a segment needs it outside.
    if (modifier === '') this.#pending += prefix;
    this.#addPending();
    const [before, after] = [text(modifier === '' ? '' : encoded(prefix)), text(encoded(suffix))];
    if (isFixed) {
      this.#nodes.push(repeated(before, modifier));
      this.#pieces.push({ weight: WEIGHTS.name, spansSegments: true });
      return;
    }
    const { node, weight } = matcherOf(matcher);
    // As in an expression, what is left out or repeated by itself does not count when it is empty.
    const filled: PathNode = { ...node, min: 1 };
    const capture = (value: PathNode): PathNode => ({ kind: 'capture', index: this.#parameters.length, node: value });
    if (modifier === '' || modifier === '?') {
      const isAlone = modifier === '?' && prefix === '' && suffix === '';
      const part = sequence(before, capture(isAlone ? filled : node), after);
      this.#nodes.push(modifier === '' ? part : repeated(part, '?'));
    } else if (prefix === '' && suffix === '') {
      this.#nodes.push(capture(modifier === '+' ? sequence(node, repeated(filled, '*')) : repeated(filled, '*')));
    } else {
      // The parameter is all that stands between the first prefix and the last suffix.
      const part = sequence(before, capture(sequence(node, repeated(sequence(after, before, node), '*'))), after);
      this.#nodes.push(modifier === '+' ? part : repeated(part, '?'));
    }
    this.#pieces.push({ weight, spansSegments: modifier !== '' || matcher !== null });
    if (modifier === '' && suffix !== '') this.#pieces.push({ text: encoded(suffix) });
    this.#addParameter(name ?? String(this.#unnamed++));
  }

  #addParameter(name: string): void {
    if (this.#parameters.some((parameter) => parameter.name === name)) {
      throw new TypeError(`:${name} stands there twice`);
    }
    this.#parameters.push({ name, toValue: (value) => value });
  }
}

const repeated = (node: PathNode, modifier: Modifier): PathNode => {
  const any: PathNode = { kind: 'repeat', node, max: modifier === '?' ? 1 : Number.POSITIVE_INFINITY };
  return modifier === '+' ? sequence(node, any) : any;
};

type Matcher = Extract<PathNode, { kind: 'chars' | 'regex' }>;

function matcherOf(source: string | null): { readonly node: Matcher; readonly weight: number } {
  if (source === null || source === '[^\\/]+?') return { node: SEGMENT, weight: WEIGHTS.name };
  if (source === '*' || source === '.*') return { node: WILDCARD, weight: WEIGHTS.wildcard };
  return { node: regexNode(new RegExp(source, 'v'), ANY), weight: WEIGHTS.regex };
}

const IDENTIFIER = /[$_\p{ID_Start}](?:[$_\p{ID_Continue}]|\u200C|\u200D)*/uy;

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; ) {
    const char = String.fromCodePoint(pattern.codePointAt(at)!);
    const start = at;
    if (char === '\\') {
      const value = pattern[at + 1];
      if (value === undefined) throw new TypeError('nothing stands behind the last \\');
      tokens.push({ kind: 'escaped', value, at });
      at += 2;
    } else if (char === ':') {
      IDENTIFIER.lastIndex = at + 1;
      const [value] = IDENTIFIER.exec(pattern) ?? [];
      if (value === undefined) throw new TypeError(`no name stands behind the : at ${at}`);
      tokens.push({ kind: 'name', value, at });
      at += 1 + value.length;
    } else if (char === '(') {
      const end = endOfGroup(pattern, at);
      tokens.push({ kind: 'regex', value: pattern.slice(at + 1, end - 1), at });
      at = end;
    } else {
      if (char === '{' || char === '}' || char === '*' || char === '?' || char === '+') {
        tokens.push({ kind: char, value: char, at });
      } else tokens.push({ kind: 'char', value: char, at });
      at = start + char.length;
    }
  }
  return tokens;
}

/** The place behind the closing parenthesis. Expressions are ASCII, and have no groups that capture. */
function endOfGroup(pattern: string, start: number): number {
  if (pattern[start + 1] === '?') throw new TypeError(`an expression at ${start} may not begin with ?`);
  let depth = 0;
  for (let at = start; at < pattern.length; at++) {
    const char = pattern[at]!;
    if (char > '\x7f') throw new TypeError(`an expression may have ASCII characters only: ${char} at ${at}`);
    if (char === '\\') at += 1;
    else if (char === '(') {
      if (depth > 0 && pattern[at + 1] !== '?') throw new TypeError(`a group in an expression begins with ?: at ${at}`);
      depth += 1;
    } else if (char === ')') {
      depth -= 1;
      if (depth === 0) {
        if (at === start + 1) throw new TypeError(`the expression at ${start} is empty`);
        return at + 1;
      }
    }
  }
  throw new TypeError(`the ( at ${start} is not closed`);
}

/** Fixed text as it stands in a URL's path: paths arrive percent-encoded. */
const encoded = (value: string): string =>
  value.replaceAll(/[^\x21\x24-\x3b\x3d\x40-\x5d\x5f\x61-\x7a\x7c\x7e]+/gu, encodeURIComponent);
