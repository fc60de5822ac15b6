// A logger that keeps what it is given, as `LEVEL message`.
import type { LogContext, Logger, LogLevel } from 'websockets-ts';

/** A line as it came. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly context: LogContext | undefined;
}

export class LogRecorder implements Logger {
  readonly lines: LogLine[] = [];
  readonly #levels: readonly LogLevel[];

  constructor(...levels: readonly LogLevel[]) {
    this.#levels = levels.length === 0 ? ['debug', 'info', 'warn', 'error'] : levels;
  }

  /** The lines of a level, as text. */
  texts(level: LogLevel): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message);
  }

  isEnabled(level: LogLevel): boolean {
    return this.#levels.includes(level);
  }

  debug(message: string, context?: LogContext): void {
    this.lines.push({ level: 'debug', message, context });
  }

  info(message: string, context?: LogContext): void {
    this.lines.push({ level: 'info', message, context });
  }

  warn(message: string, context?: LogContext): void {
    this.lines.push({ level: 'warn', message, context });
  }

  error(message: string, context?: LogContext): void {
    this.lines.push({ level: 'error', message, context });
  }
}
