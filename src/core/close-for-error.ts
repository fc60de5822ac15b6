// Which close code answers which breach of the protocol. Knows the errors and the table of violations, nothing else.
import type { CloseInfo } from './close-code.ts';
import { InvalidUtf8Error, PayloadTooBig, ProtocolError, type Violation } from './exceptions/protocol-errors.ts';

/** The violations that are not 1002 (protocol error): bad data, and limits of our own. */
const CLOSE_CODES: { readonly [code in Violation]?: number } = {
  DECOMPRESSION_FAILED: 1007,
  TOO_MANY_CONTROL_FRAMES: 1008,
  TOO_MANY_EMPTY_FRAGMENTS: 1008,
};

/**
 * What to close with when the peer's bytes led to this error; null when it is no fault of the peer. An extension may bring
 * the errors of its own copy of this package: `is` knows them.
 */
export function closeForError(error: unknown): CloseInfo | null {
  if (ProtocolError.is(error)) return { code: violationCloseCode(error.code), reason: error.message };
  if (PayloadTooBig.is(error)) return { code: 1009, reason: error.message };
  if (!(error instanceof InvalidUtf8Error)) return null;
  return { code: 1007, reason: `${error.reason} at position ${error.position}` };
}

const violationCloseCode = (code: ProtocolError['code']): number =>
  (code === 'PROTOCOL_ERROR' ? undefined : CLOSE_CODES[code]) ?? 1002;
