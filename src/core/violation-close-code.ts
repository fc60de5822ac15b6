// Which close code answers which breach of the protocol. Knows the table of violations, nothing else.
import type { ProtocolError, Violation } from './exceptions/protocol-errors.ts';

/** The violations that are not 1002 (protocol error): bad data, and limits of our own. */
const CLOSE_CODES: { readonly [code in Violation]?: number } = {
  DECOMPRESSION_FAILED: 1007,
  TOO_MANY_CONTROL_FRAMES: 1008,
  TOO_MANY_EMPTY_FRAGMENTS: 1008,
};

/** The code to close with when the peer broke a rule. */
export const violationCloseCode = (code: ProtocolError['code']): number =>
  (code === 'PROTOCOL_ERROR' ? undefined : CLOSE_CODES[code]) ?? 1002;
