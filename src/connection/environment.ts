// The environment variables WEBSOCKETS_*, read once when the package is loaded. Knows no runtime: it is given a reader.
import { HTTP_LIMITS } from '../core/http-parser.ts';
import { BACKOFF } from './client/backoff.ts';
import type { Runtime } from './runtime.ts';

/** The part of a runtime that the environment may change. */
type EnvironmentSettings = Pick<Runtime, 'userAgent' | 'serverHeader' | 'backoff' | 'limits'>;

/**
 * `WEBSOCKETS_USER_AGENT` and `WEBSOCKETS_SERVER` replace the default values of these headers, empty ones remove them;
 * `WEBSOCKETS_MAX_LINE_LENGTH`, `WEBSOCKETS_MAX_NUM_HEADERS`, `WEBSOCKETS_MAX_BODY_SIZE` and `WEBSOCKETS_MAX_REDIRECTS` are the
 * defaults of the options `maxLineBytes`, `maxHeaders`, `maxBodyBytes` and `maxRedirects`;
 * `WEBSOCKETS_MAX_LOG_SIZE` is how many characters of a frame a log line shows. `WEBSOCKETS_BACKOFF_INITIAL_DELAY`, `_MIN_DELAY`
 * and `_MAX_DELAY` are the delays between attempts to connect in seconds, `WEBSOCKETS_BACKOFF_FACTOR` is by how much they grow.
 *
 * @throws {RangeError} a number isn't one.
 */
export function environmentSettings(env: (name: string) => string | undefined, agent: string): EnvironmentSettings {
  const number = (name: string, defaultValue: number): number => {
    const text = env(name);
    if (text === undefined || text === '') return defaultValue;
    if (!/^\d+(_\d+)*$/.test(text)) throw new RangeError(`${name} must be a whole number, not ${JSON.stringify(text)}`);
    return Number(text.replaceAll('_', ''));
  };
  const decimal = (name: string, defaultValue: number): number => {
    const text = env(name);
    if (text === undefined || text === '') return defaultValue;
    if (!/^(\d+(\.\d*)?|\.\d+)$/.test(text))
      throw new RangeError(`${name} must be a number, not ${JSON.stringify(text)}`);
    return Number(text);
  };
  const seconds = (name: string, defaultMs: number): number => decimal(name, defaultMs / 1000) * 1000;
  return {
    userAgent: (env('WEBSOCKETS_USER_AGENT') ?? agent) || null,
    serverHeader: (env('WEBSOCKETS_SERVER') ?? agent) || null,
    backoff: {
      initialDelayMs: seconds('WEBSOCKETS_BACKOFF_INITIAL_DELAY', BACKOFF.initialDelayMs),
      minDelayMs: seconds('WEBSOCKETS_BACKOFF_MIN_DELAY', BACKOFF.minDelayMs),
      factor: decimal('WEBSOCKETS_BACKOFF_FACTOR', BACKOFF.factor),
      maxDelayMs: seconds('WEBSOCKETS_BACKOFF_MAX_DELAY', BACKOFF.maxDelayMs),
    },
    limits: {
      http: {
        ...HTTP_LIMITS,
        maxLineBytes: number('WEBSOCKETS_MAX_LINE_LENGTH', HTTP_LIMITS.maxLineBytes),
        maxHeaders: number('WEBSOCKETS_MAX_NUM_HEADERS', HTTP_LIMITS.maxHeaders),
        maxBodyBytes: number('WEBSOCKETS_MAX_BODY_SIZE', HTTP_LIMITS.maxBodyBytes),
      },
      maxLogSize: number('WEBSOCKETS_MAX_LOG_SIZE', 75),
      maxRedirects: number('WEBSOCKETS_MAX_REDIRECTS', 10),
    },
  };
}
