// What the opening handshake agreed on. A shape, no code.
import type { Extension } from './extension.ts';

/** The name of a subprotocol, a token (RFC 6455 §1.9). */
export type Subprotocol = string;

/** What the opening handshake agreed on. */
export interface Agreement {
  /** In the order in which outgoing frames pass through them. */
  readonly extensions: readonly Extension[];
  /** Null when there is none. */
  readonly subprotocol: Subprotocol | null;
}
