// What a command is: a name, its help, its options, and a function that does it. Knows none of them.
import { type ExitCode, UsageError } from './exit-code.ts';
import { type Given, type Options, optionsHelp, readOptions } from './options.ts';
import type { Terminal } from './terminal.ts';

/** A command as the program sees it. */
export interface Command {
  readonly name: string;
  /** For the list of commands: half a line. */
  readonly summary: string;
  readonly help: string;
  /** @throws {UsageError} the arguments make no sense. */
  run(args: readonly string[], terminal: Terminal): Promise<ExitCode>;
}

/** How a command is written. */
export interface CommandDescription<O extends Options> {
  readonly name: string;
  readonly summary: string;
  /** The names of its arguments, all of them needed, as `['URI']`. */
  readonly operands: readonly string[];
  /** What it does and what it expects, in lines of at most 80 characters. */
  readonly about: string;
  readonly options: O;
  /** @throws {UsageError} options that do not go together. */
  readonly run: (operands: readonly string[], given: Given<O>, terminal: Terminal) => Promise<ExitCode>;
}

const HELP = { kind: 'flag', short: 'h', help: 'Print this.' } as const;

/** Makes a command of its description: help and reading of arguments come with it. */
export function defineCommand<const O extends Options>(description: CommandDescription<O>): Command {
  const { name, summary, operands, about, options } = description;
  const usage = ['websockets', name, '[options]', ...operands].join(' ');
  const help = `Usage: ${usage}\n\n${about}\n\nOptions:\n${optionsHelp({ ...options, help: HELP })}`;
  return {
    name,
    summary,
    help,
    async run(args, terminal) {
      const { given, positionals } = readOptions(options, args);
      const missing = operands[positionals.length];
      if (missing !== undefined) throw new UsageError(`${missing} is missing: ${usage}`);
      const excess = positionals[operands.length];
      if (excess !== undefined) throw new UsageError(`what is ${JSON.stringify(excess)}? Usage: ${usage}`);
      return description.run(positionals, given, terminal);
    },
  };
}
