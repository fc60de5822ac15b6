// The program `websockets`: finds the command, and turns what it throws into a line and an exit code.
import { version } from '../index.ts';
import { bench } from './bench.ts';
import type { Command } from './command.ts';
import { errorText } from './error-text.ts';
import { ExitCode, exitCodeOf, UsageError } from './exit-code.ts';
import { helpEntry, suggestion } from './options.ts';
import { styled, type Terminal } from './terminal.ts';

const COMMANDS: readonly Command[] = [bench];

const HELP = `Usage: websockets COMMAND [options]

Commands:
${COMMANDS.map(({ name, summary }) => helpEntry(`  ${name}`, summary)).join('')}
Options:
${helpEntry('  -h, --help', 'Print this; after a command, what it can do.')}${helpEntry('  -V, --version', 'Print the version.')}
Exit codes: 0 all well, 1 a connection ended abnormally, 2 usage, 3 the handshake
was refused, 4 no connection, 124 no answer in time.
`;

/** Runs the program with its arguments, without node's own two, and comes to its exit code. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [first, ...rest] = args;
  if (first === undefined) {
    terminal.err.write(HELP);
    return ExitCode.USAGE;
  }
  if (isHelp(first)) return print(terminal, HELP);
  if (first === '--version' || first === '-V') return print(terminal, `${version}\n`);
  const command = COMMANDS.find(({ name }) => name === first);
  if (command !== undefined && rest.some(isHelp)) return print(terminal, command.help);
  try {
    if (command === undefined) throw unknown(first);
    return await command.run(rest, terminal);
  } catch (error) {
    const code = exitCodeOf(error);
    if (code === null) throw error; // a mistake of ours: node shows where
    const name = command === undefined ? 'websockets' : `websockets ${command.name}`;
    const hint = code === ExitCode.USAGE ? `Try \`${name} --help\`.\n` : '';
    terminal.err.write(`${styled(terminal.err, 'red', `${name}: ${errorText(error)}`)}\n${hint}`);
    return code;
  }
}

const isHelp = (argument: string): boolean => argument === '--help' || argument === '-h';

function print(terminal: Terminal, text: string): ExitCode {
  terminal.out.write(text);
  return ExitCode.OK;
}

function unknown(word: string): UsageError {
  const names = COMMANDS.map(({ name }) => name);
  const what = word.startsWith('-') ? 'unknown option' : 'unknown command';
  return new UsageError(`${what} ${JSON.stringify(word)}${suggestion(word, names, '')}`);
}
