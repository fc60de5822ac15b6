#!/usr/bin/env node
// The file that `websockets` runs: ties the program to the process. Knows no command.
import { ExitCode } from './exit-code.ts';
import { runProgram } from './program.ts';
import type { Output } from './terminal.ts';

const output = (stream: NodeJS.WriteStream): Output => ({
  isTerminal: stream.isTTY === true,
  // Looks at NO_COLOR, too.
  hasColors: stream.isTTY === true && stream.hasColors(),
  write: (text) => {
    stream.write(text);
  },
});

// Who reads from us may stop early, as `head` does: the rest is for nobody.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupt.signal.aborted) process.exit(ExitCode.INTERRUPTED);
    interrupt.abort();
  });
}

process.exitCode = await runProgram(process.argv.slice(2), {
  out: output(process.stdout),
  err: output(process.stderr),
  interrupted: interrupt.signal,
});
