// One message to many connections, without waiting for anybody. Knows neither what it is made into nor how it gets there.
import { ConcurrencyError } from '../core/exceptions.ts';
import { PreparedMessage } from '../core/prepared-message.ts';
import { type Connection, sendAtOnce } from './connection.ts';
import type { DataLike } from './message-source.ts';
import { type PrepareOptions, prepare } from './prepare.ts';

/** How to broadcast. What concerns the message itself is of no meaning for one that is prepared. */
export interface BroadcastOptions extends PrepareOptions {
  /** Throw an AggregateError at the end instead of logging a warning for each connection that was skipped. Default false. */
  readonly raiseExceptions?: boolean | undefined;
}

/**
 * Sends a message to all connections, at once and without backpressure: a slow one does not hold up the others, its
 * messages pile up until keepalive gives it up. Connections that aren't open are left out without a word; one that is in
 * the middle of a fragmented message is skipped with a warning.
 *
 * @throws {TypeError} the message is neither a string nor bytes.
 * @throws {AggregateError} with `raiseExceptions`, when connections were skipped; all others have got the message.
 */
export function broadcast(
  connections: Iterable<Connection>,
  message: DataLike | PreparedMessage,
  options: BroadcastOptions = {},
): void {
  const prepared = message instanceof PreparedMessage ? message : prepare(message, options);
  const { raiseExceptions = false } = options;
  const errors: Error[] = [];
  for (const connection of connections) {
    try {
      sendAtOnce(connection, prepared);
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
