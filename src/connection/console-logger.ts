// Where log lines go when nobody says otherwise. Knows the console, no formats.
import type { LogContext, Logger } from '../core/logger.ts';

/** Warnings and errors go to the console; everything else is dropped, and not even built. */
export const consoleLogger: Logger = {
  debug() {},
  info() {},
  warn: (message, context) => write('warn', message, context),
  error: (message, context) => write('error', message, context),
  isEnabled: (level) => level === 'warn' || level === 'error',
};

function write(level: 'warn' | 'error', message: string, context: LogContext | undefined): void {
  // Only errors carry a stack.
  // biome-ignore-start lint/suspicious/noConsole: this file is where the console is written to.
  if (level === 'error' && context?.error !== undefined) console.error(message, context.error);
  else console[level](message);
  // biome-ignore-end lint/suspicious/noConsole: to here.
}
