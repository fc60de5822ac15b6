// Converters: what text a parameter of a path may have, and what value it becomes. Knows no rules and no matching.
import { ANY, type CharSet, DIGIT, HEX_DIGIT, NOT_SLASH, type PathNode, sequence, text } from './path-node.ts';

/**
 * A kind of parameter of your own, as `<name:parameter>` in the path of a rule.
 *
 * ```ts
 * const month: Converter<number> = {
 *   regex: /\d{2}/,
 *   toValue: (text) => (Number(text) >= 1 && Number(text) <= 12 ? Number(text) : undefined),
 * };
 * await route([rule('/<int:year>/<month:month>', handler, { converters: { month } })]);
 * ```
 */
export interface Converter<T = unknown> {
  /**
   * What the whole text of the parameter must match; neither `^` nor `$` is needed. See to it that it takes no time that
   * grows with the square of a text, or worse: paths come from strangers, and may have 8,000 characters.
   */
  readonly regex: RegExp;
  /** The value that handlers get; undefined refuses the text, and the rule does not match. Default: the text. */
  readonly toValue?: ((text: string) => T | undefined) | undefined;
  /** Whether the text may contain slashes. Default false. */
  readonly acceptsSlashes?: boolean | undefined;
}

/** Converters of your own by name. */
export type Converters = Readonly<Record<string, Converter>>;

/** As a type of converters: none. */
export type NoConverters = Readonly<Record<never, never>>;

/** A parameter, as the matching sees it. */
export interface ParameterKind {
  readonly node: PathNode;
  /** Undefined: refused. */
  readonly toValue: (text: string) => unknown;
  readonly acceptsSlashes: boolean;
  /** Among rules that are equal otherwise, that with the lower weight is tried first. */
  readonly weight: number;
}

/** The arguments of a converter, as `length=2` or `'a', 'b'` between its parentheses. */
export interface ConverterArguments {
  readonly values: readonly string[];
  readonly named: ReadonlyMap<string, string>;
}

/** What is wrong with a converter in a rule. The message lacks the rule. */
export class ConverterProblem extends Error {}

type Make = (args: ConverterArguments) => ParameterKind;

const asText = (value: string): string => value;
const DEFAULT_WEIGHT = 100;
const NUMBER_WEIGHT = 50;
const PATH_WEIGHT = 200;

const chars = (set: CharSet, min: number, max: number = min): PathNode => ({ kind: 'chars', set, min, max });
const some = (set: CharSet): PathNode => chars(set, 1, Number.POSITIVE_INFINITY);
const optional = (node: PathNode): PathNode => ({ kind: 'repeat', node, max: 1 });
const hex = (count: number): PathNode => chars(HEX_DIGIT, count);

const BUILT_IN: Readonly<Record<string, Make>> = {
  string: (args) => {
    allow(args, ['length', 'minlength', 'maxlength']);
    const length = count(args, 'length', 1);
    const min = length ?? count(args, 'minlength', 1) ?? 1;
    const max = length ?? count(args, 'maxlength', min) ?? Number.POSITIVE_INFINITY;
    return kind(chars(NOT_SLASH, min, max), asText);
  },
  int: (args) => {
    allow(args, ['fixed_digits', 'min', 'max', 'signed']);
    const digits = count(args, 'fixed_digits', 1);
    const node = digits === null ? some(DIGIT) : chars(DIGIT, digits);
    // What a number can't hold exactly is no page and no id: better not found than another one.
    return numberKind(args, node, (value) => Number.isSafeInteger(value));
  },
  float: (args) => {
    allow(args, ['min', 'max', 'signed']);
    return numberKind(args, sequence(some(DIGIT), text('.'), some(DIGIT)), (value) => Number.isFinite(value));
  },
  path: (args) => {
    allow(args, []);
    const rest: PathNode = { kind: 'chars', set: ANY, min: 0, max: Number.POSITIVE_INFINITY, lazy: true };
    const node = sequence(chars(NOT_SLASH, 1), rest);
    return { node, toValue: asText, acceptsSlashes: true, weight: PATH_WEIGHT };
  },
  uuid: (args) => {
    allow(args, []);
    const dash = text('-');
    return kind(sequence(hex(8), dash, hex(4), dash, hex(4), dash, hex(4), dash, hex(12)), asText);
  },
  any: ({ values, named }) => {
    if (values.length === 0 || named.size > 0) throw new ConverterProblem('any takes a list of texts');
    if (values.some((value) => value.includes('/'))) throw new ConverterProblem('any takes no text with a slash');
    return kind({ kind: 'oneOf', nodes: values.map(text) }, asText);
  },
};

/**
 * The kind of parameter that a converter makes.
 * @throws {ConverterProblem} there is no such converter, or it does not take these arguments.
 */
export function parameterKind(name: string, args: ConverterArguments, own: Converters): ParameterKind {
  const converter = Object.hasOwn(own, name) ? own[name] : undefined;
  if (converter !== undefined) return ownKind(converter, args);
  const make = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  if (make === undefined) throw new ConverterProblem(`there is no converter ${JSON.stringify(name)}`);
  return make(args);
}

/** A parameter whose text an expression of the user must match. */
export const regexNode = (regex: RegExp, set: CharSet): Extract<PathNode, { kind: 'regex' }> => ({
  kind: 'regex',
  regex: new RegExp(`^(?:${regex.source})$`, regex.flags.replaceAll(/[gy]/g, '')),
  set,
  min: 0,
});

function ownKind(
  { regex, toValue = asText, acceptsSlashes = false }: Converter,
  args: ConverterArguments,
): ParameterKind {
  if (!(regex instanceof RegExp)) throw new ConverterProblem('the regex of a converter must be a RegExp');
  allow(args, []);
  const node = regexNode(regex, acceptsSlashes ? ANY : NOT_SLASH);
  return { node, toValue, acceptsSlashes, weight: DEFAULT_WEIGHT };
}

const kind = (node: PathNode, toValue: (text: string) => unknown): ParameterKind => ({
  node,
  toValue,
  acceptsSlashes: false,
  weight: DEFAULT_WEIGHT,
});

function numberKind(args: ConverterArguments, digits: PathNode, isExact: (value: number) => boolean): ParameterKind {
  const min = numberArgument(args, 'min') ?? Number.NEGATIVE_INFINITY;
  const max = numberArgument(args, 'max') ?? Number.POSITIVE_INFINITY;
  const signed = args.named.get('signed') ?? 'False';
  if (!/^(?:true|false)$/i.test(signed)) throw new ConverterProblem('signed must be true or false');
  return {
    node: /^true$/i.test(signed) ? sequence(optional(text('-')), digits) : digits,
    toValue: (value) => {
      const number = Number(value);
      return isExact(number) && number >= min && number <= max ? number : undefined;
    },
    acceptsSlashes: false,
    weight: NUMBER_WEIGHT,
  };
}

function allow({ values, named }: ConverterArguments, names: readonly string[]): void {
  if (values.length > 0) throw new ConverterProblem(`unexpected argument ${values[0]}`);
  for (const name of named.keys()) if (!names.includes(name)) throw new ConverterProblem(`unexpected argument ${name}`);
}

function numberArgument({ named }: ConverterArguments, name: string): number | null {
  const value = named.get(name);
  if (value === undefined) return null;
  if (!/^[-+]?\d+(?:\.\d+)?$/.test(value)) throw new ConverterProblem(`${name} must be a number`);
  return Number(value);
}

/** Longer than any sensible parameter: each character is a step of the pattern. */
const MAX_COUNT = 1_000;

function count(args: ConverterArguments, name: string, least: number): number | null {
  const value = numberArgument(args, name);
  if (value !== null && (!Number.isInteger(value) || value < least || value > MAX_COUNT)) {
    throw new ConverterProblem(`${name} must be a whole number between ${least} and ${MAX_COUNT}`);
  }
  return value;
}
