// An error in a few words for people. Knows which errors connecting can bring, and no command.
import { InvalidStatus, TimeoutError } from '../exceptions.ts';
import { isSystemError, UsageError } from './exit-code.ts';
import { printable } from './terminal.ts';

/** What went wrong, in one line and safe to print. */
export const errorText = (error: unknown): string => printable(sentence(error));

function sentence(error: unknown): string {
  if (error instanceof InvalidStatus) {
    const { statusCode, reasonPhrase } = error.response;
    return `the server refused: HTTP ${statusCode} ${reasonPhrase}`.trimEnd();
  }
  // These say it all themselves; the cause of a UsageError is where its message comes from.
  if (error instanceof TimeoutError || error instanceof UsageError) return error.message;
  // Of several addresses that were tried, node gives an error without a message.
  if (isSystemError(error)) return error.message || error.code;
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
