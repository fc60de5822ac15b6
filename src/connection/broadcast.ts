// One message to many connections, without waiting for anybody. Knows neither what it is made into nor how it gets there.
import { ConcurrencyError } from '../core/exceptions.ts';
import { PreparedMessage } from '../core/prepared-message.ts';
import { type Connection, sendAtOnce } from './connection.ts';
import { mostBuffered } from './connection-settings.ts';
import type { DataLike } from './message-source.ts';
import { type PrepareOptions, prepare } from './prepare.ts';

/** How to broadcast. What concerns the message itself is of no meaning for one that is prepared. */
export interface BroadcastOptions extends PrepareOptions {
  /** Throw an AggregateError at the end instead of logging a warning for each connection that was skipped. Default false. */
  readonly raiseExceptions?: boolean | undefined;
  /** What to do for a connection for which more than that waits, in bytes. Null: no limit. Default: each connection's `maxBuffered`. */
  readonly maxBuffered?: number | null | undefined;
  /** For such a connection: `'drop'` leaves this message out, `'close'` closes it with 1013 too. Default `'drop'`. */
  readonly slow?: 'drop' | 'close' | undefined;
}

/**
 * Sends a message to all connections, at once and without waiting: a slow one does not hold up the others. While more than
 * `maxBuffered` waits for it, messages are left out without a word, and counted in `stats.droppedMessages`; when that lasts
 * for `slowTimeoutMs`, the connection is closed with 1013. Connections that aren't open are left out without a word; one
 * that is in the middle of a fragmented message is skipped with a warning.
 *
 * @throws {TypeError} the message is neither a string nor bytes.
 * @throws {RangeError} `maxBuffered` is negative, or `slow` something else.
 * @throws {AggregateError} with `raiseExceptions`, when connections were skipped; all others have got the message.
 */
export function broadcast(
  connections: Iterable<Connection>,
  message: DataLike | PreparedMessage,
  options: BroadcastOptions = {},
): void {
  const prepared = message instanceof PreparedMessage ? message : prepare(message, options);
  const { raiseExceptions = false, maxBuffered, slow = 'drop' } = options;
  if (slow !== 'drop' && slow !== 'close') throw new RangeError(`slow must be 'drop' or 'close'`);
  const most = maxBuffered === undefined ? undefined : mostBuffered(maxBuffered, 0);
  const errors: Error[] = [];
  for (const connection of connections) {
    try {
      sendAtOnce(connection, prepared, most, slow);
    } catch (cause) {
      const error = cause instanceof ConcurrencyError ? cause : new Error('failed to write message', { cause });
      errors.push(error);
      if (raiseExceptions) continue;
      const why = error === cause ? error.message : `${error.message}: ${String(cause)}`;
      connection.logger.warn(`skipped broadcast: ${why}`, { connection });
    }
  }
  if (raiseExceptions && errors.length > 0) throw new AggregateError(errors, 'skipped broadcast');
}
