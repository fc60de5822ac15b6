// What the opening handshake agreed on. Knows not how.
import type { Extension } from './extension.ts';

/** The name of a subprotocol, a token (RFC 6455 §1.9). */
export type Subprotocol = string;

/** The extensions of a connection that has none: one list for all of them. */
export const NO_EXTENSIONS: readonly Extension[] = Object.freeze([]);

/** What the opening handshake agreed on. */
export interface Agreement {
  /** In the order in which outgoing frames pass through them. */
  readonly extensions: readonly Extension[];
  /** Null when there is none. */
  readonly subprotocol: Subprotocol | null;
}
