// Which failures to connect are worth another attempt, when the user does not say. Knows errors and does nothing about them.
import {
  EndOfStreamError,
  InvalidMessage,
  InvalidStatus,
  TimeoutError,
  WebSocketException,
} from '../../core/exceptions.ts';

/** What servers and proxies say when they may do better in a moment. */
const PASSING_STATUSES: readonly number[] = [500, 502, 503, 504];

/** OpenSSL could not read a certificate or a key of ours, or knows no such cipher or curve: settings do not mend themselves. */
const TLS_SETTINGS = /^ERR_(?:OSSL_|CRYPTO_|SSL_NO_CIPHER_MATCH$|SSL_NO_PROTOCOLS_AVAILABLE$)/;

/**
 * The default of the option `processException`: null when the attempt is worth repeating, else the error, which ends the
 * loop.
 *
 * Worth repeating are errors of the network, of DNS and of TLS, timeouts, a server that hangs up during the opening handshake,
 * and the statuses 500, 502, 503 and 504.
 */
export function processException(error: Error): Error | null {
  return isPassing(error) ? null : error;
}

function isPassing(error: Error): boolean {
  if (error instanceof InvalidStatus) return PASSING_STATUSES.includes(error.response.statusCode);
  if (error instanceof InvalidMessage) return error.cause instanceof EndOfStreamError;
  return error instanceof TimeoutError || isNetworkError(error);
}

/** What the runtime throws when the network fails: an Error with a code in words. Its TypeErrors and RangeErrors are about arguments. */
function isNetworkError(error: Error): boolean {
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== 'string' || WebSocketException.is(error)) return false;
  return !(error instanceof TypeError || error instanceof RangeError || TLS_SETTINGS.test(code));
}
