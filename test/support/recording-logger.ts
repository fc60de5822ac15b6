// A logger for tests that remembers what it was told. Knows no protocol.
import type { LogContext, Logger, LogLevel } from '#dist/core/logger.js';

/** Keeps each line with its level before it, and the contexts beside them. */
export class RecordingLogger implements Logger {
  readonly lines: string[] = [];
  readonly contexts: (LogContext | undefined)[] = [];
  readonly #levels: readonly LogLevel[];

  /** @param levels those that are read. Default: all. */
  constructor(levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']) {
    this.#levels = levels;
  }

  isEnabled(level: LogLevel): boolean {
    return this.#levels.includes(level);
  }

  debug(message: string, context?: LogContext): void {
    this.#record('debug', message, context);
  }

  info(message: string, context?: LogContext): void {
    this.#record('info', message, context);
  }

  warn(message: string, context?: LogContext): void {
    this.#record('warn', message, context);
  }

  error(message: string, context?: LogContext): void {
    this.#record('error', message, context);
  }

  /** The lines since the last call. */
  take(): string[] {
    this.contexts.length = 0;
    return this.lines.splice(0);
  }

  #record(level: LogLevel, message: string, context: LogContext | undefined): void {
    this.lines.push(`${level} ${message}`);
    this.contexts.push(context);
  }
}
