// How a server is closed: the options, and what is wrong with them. Knows no server.
import { Close } from '../../core/close.ts';
import { amount, limit } from '../check-options.ts';
import type { CloseOptions } from '../connection.ts';

/** How to close a server. */
export interface ServerCloseOptions extends CloseOptions {
  /** Whether to close the connections too, or let them live until their handlers return. Default true. */
  readonly closeConnections?: boolean | undefined;
  /**
   * Milliseconds from the call on that connections and handlers may take to end. Then the connections that are left are
   * dropped, and handlers are not waited for any more. Null: no limit but `closeTimeoutMs` of each connection, and none for
   * handlers. Default null.
   */
  readonly graceMs?: number | null | undefined;
  /**
   * Milliseconds over which the close frames are spread, so that not all clients come back at the same moment. At most
   * `graceMs`. Default 0: all at once.
   */
  readonly spreadMs?: number | undefined;
  /** Whole seconds for `Retry-After` in the 503 that late handshakes get. Null: the header is left out. Default 1. */
  readonly retryAfterSeconds?: number | null | undefined;
}

/** The options with their defaults. */
export interface ServerClosing {
  readonly code: number;
  readonly reason: string;
  readonly closeConnections: boolean;
  readonly graceMs: number | null;
  readonly spreadMs: number;
  readonly retryAfterSeconds: number | null;
}

/**
 * Fills in the defaults.
 * @throws {ProtocolError} the code must not be sent, or the reason is too long.
 * @throws {RangeError} a value is of the right type and not allowed.
 * @throws {TypeError} a value is of the wrong type.
 */
export function serverClosing(options: ServerCloseOptions): ServerClosing {
  const { code = 1001, reason = '', closeConnections = true, spreadMs = 0, retryAfterSeconds = 1 } = options;
  new Close(code, reason).serialize();
  const graceMs = limit('graceMs', options.graceMs ?? null, 'a number of milliseconds');
  amount('spreadMs', spreadMs, 'a number of milliseconds');
  if (graceMs !== null && spreadMs > graceMs) throw new RangeError('spreadMs must not be greater than graceMs');
  if (retryAfterSeconds !== null && !Number.isInteger(amount('retryAfterSeconds', retryAfterSeconds))) {
    throw new RangeError('retryAfterSeconds must be a whole number');
  }
  return { code, reason, closeConnections, graceMs, spreadMs, retryAfterSeconds };
}
