// One message to many connections: encoded once, without waiting for anybody.

import { encodeUtf8 } from '../bytes/utf8.ts';
import { ConcurrencyError } from '../core/exceptions.ts';
import { type Connection, sendAtOnce } from './connection.ts';
import { bytesOf, type DataLike } from './message-source.ts';

/** How to broadcast. */
export interface BroadcastOptions {
  /** Whether the message is text. Default: strings are, bytes are not. */
  readonly text?: boolean | undefined;
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
  message: DataLike,
  { text, raiseExceptions = false }: BroadcastOptions = {},
): void {
  const isString = typeof message === 'string';
  const given = isString ? encodeUtf8(message) : bytesOf(message);
  if (given === null) throw new TypeError('data must be str or bytes');
  // A copy: what is queued for slow connections must not change when the caller goes on to use its bytes.
  const data = isString ? given : new Uint8Array(given);
  const errors: Error[] = [];
  for (const connection of connections) {
    try {
      sendAtOnce(connection, data, text ?? isString);
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
