// What a log line is given to: levels, the context that rides along, and the silent default. Knows nothing of formats.

/** Severity of a log line, in rising order. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What a log line is about. */
export interface LogContext {
  /** The connection that the line belongs to, when there is one. */
  readonly connection?: unknown;
  /** The error behind the line, when there is one. */
  readonly error?: unknown;
}

/**
 * Receives log lines. `console` fits.
 *
 * Debug lines cost something to build (frames become text), so they are built only when {@link Logger.isEnabled} says
 * that somebody reads them. A logger without `isEnabled` is asked for every level.
 */
export interface Logger {
  debug(message: string, context?: LogContext): void;
  info(message: string, context?: LogContext): void;
  warn(message: string, context?: LogContext): void;
  error(message: string, context?: LogContext): void;
  /** Whether lines of this level go anywhere. Default: all do. */
  isEnabled?(level: LogLevel): boolean;
}

/** Drops every line, and says so in advance: nothing is formatted for it. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  isEnabled: () => false,
};

/** Whether a line of this level is worth building for the logger. */
export const isLogged = (logger: Logger, level: LogLevel): boolean => logger.isEnabled?.(level) ?? true;
