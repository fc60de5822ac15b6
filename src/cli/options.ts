// The options of a command: described once, for reading them and for the help. Knows no command.
import { parseArgs } from 'node:util';
import { UsageError } from './exit-code.ts';
import { quote } from './quantities.ts';

interface Described {
  /** One letter, for `-c`. */
  readonly short?: string;
  /** What it is for; lines are broken for the terminal. */
  readonly help: string;
}

/** An option that is there or not. */
export interface Flag extends Described {
  readonly kind: 'flag';
}

/** An option with a value. */
export interface Value<T> extends Described {
  readonly kind: 'value';
  /** How the help calls the value. */
  readonly placeholder: string;
  /** @throws {UsageError} says what is expected. */
  readonly parse: (text: string) => T;
  /** As it would be written. */
  readonly default?: string;
}

/** An option that may come several times. */
export interface Values<T> extends Described {
  readonly kind: 'values';
  readonly placeholder: string;
  /** @throws {UsageError} says what is expected. */
  readonly parse: (text: string) => T;
}

export type Option = Flag | Value<unknown> | Values<unknown>;
/** By long name. */
export type Options = Readonly<Record<string, Option>>;

/** What the user said, by long name: undefined for a value that was not given and has no default. */
export type Given<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends Flag
    ? boolean
    : O[Name] extends Value<infer T>
      ? O[Name] extends { readonly default: string }
        ? T
        : T | undefined
      : O[Name] extends Values<infer T>
        ? readonly T[]
        : never;
};

/**
 * Reads the arguments of a command.
 * @throws {UsageError} an option is unknown, lacks its value, or has one that it should not have.
 */
export function readOptions<const O extends Options>(
  options: O,
  args: readonly string[],
): { readonly given: Given<O>; readonly positionals: readonly string[] } {
  const config = Object.entries(options).map(([name, { kind, short }]) => [
    name,
    { type: kind === 'flag' ? 'boolean' : 'string', ...(short !== undefined && { short }) } as const,
  ]);
  // Not strict: its complaints cannot be told apart but by their text, and ours are better.
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options: Object.fromEntries(config) as Record<string, { type: 'boolean' | 'string'; short?: string }>,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const texts = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const option = Object.hasOwn(options, name) ? options[name]! : null;
    if (option === null) throw new UsageError(`unknown option ${rawName}${suggestion(name, Object.keys(options))}`);
    if (option.kind === 'flag') {
      if (value !== undefined) throw new UsageError(`${rawName} takes no value`);
    } else if (value === undefined) {
      throw new UsageError(`${rawName} needs a value: ${rawName} ${option.placeholder}`);
    }
    texts.set(name, [...(texts.get(name) ?? []), value ?? '']);
  }
  const given = Object.entries(options).map(([name, option]) => [name, readOption(name, option, texts.get(name))]);
  return { given: Object.fromEntries(given) as Given<O>, positionals };
}

function readOption(name: string, option: Option, texts: readonly string[] | undefined): unknown {
  if (option.kind === 'flag') return texts !== undefined;
  const parse = (text: string): unknown => {
    try {
      return option.parse(text);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`--${name}: ${error.message}`, { cause: error });
    }
  };
  if (option.kind === 'values') return (texts ?? []).map(parse);
  // The last one counts: whoever has an alias can still say otherwise.
  const text = texts?.at(-1) ?? option.default;
  return text === undefined ? undefined : parse(text);
}

/**
 * Reads one of a few words.
 * @throws {UsageError} it is another one.
 */
export const oneOf =
  <const W extends string>(...words: readonly W[]): ((text: string) => W) =>
  (text) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new UsageError(`${quote(text)} is none of ${words.join(', ')}`);
    return found;
  };

const HELP_WIDTH = 80;
/** Where the explanations begin. */
const HELP_COLUMN = 28;

/** A line or more for each option, for the help of a command. */
export function optionsHelp(options: Options): string {
  const entries = Object.entries(options).map(([name, option]) => {
    const value = option.kind === 'flag' ? '' : ` ${option.placeholder}`;
    const left = `  ${option.short === undefined ? '    ' : `-${option.short}, `}--${name}${value}`;
    const fallback = option.kind === 'value' && option.default !== undefined ? ` (default: ${option.default}).` : '.';
    return helpEntry(left, option.help.replace(/\.$/, fallback));
  });
  return entries.join('');
}

/** A term and what it means, beside each other. */
export function helpEntry(left: string, explanation: string): string {
  const lines = ['']; // the explanation, broken
  for (const word of explanation.split(' ')) {
    const line = lines.at(-1)!;
    if (line.length + word.length + 1 <= HELP_WIDTH - HELP_COLUMN)
      lines[lines.length - 1] = `${line} ${word}`.trimStart();
    else lines.push(word);
  }
  const [first = '', ...rest] = lines;
  const head = left.length < HELP_COLUMN - 1 ? left.padEnd(HELP_COLUMN) : `${left}\n${' '.repeat(HELP_COLUMN)}`;
  return `${head}${first}\n${rest.map((line) => `${' '.repeat(HELP_COLUMN)}${line}\n`).join('')}`;
}

/** A hint at the name that was meant, when one is near enough. */
export function suggestion(name: string, known: readonly string[], prefix = '--'): string {
  const near = known
    .map((one) => ({ one, distance: one.startsWith(name) ? 0 : editDistance(name, one) }))
    .filter(({ distance }) => distance <= 2)
    .sort((a, b) => a.distance - b.distance)[0];
  return name.length > 1 && near !== undefined ? `; did you mean ${prefix}${near.one}?` : '';
}

/** How many letters have to be added, dropped or changed to make `b` of `a`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
