// The life of a connection as one table (RFC 6455 §4.1, §7.1). Nothing else decides what the next state is.

/** Where a connection stands. */
export const State = { CONNECTING: 'CONNECTING', OPEN: 'OPEN', CLOSING: 'CLOSING', CLOSED: 'CLOSED' } as const;
/** Where a connection stands. */
export type State = (typeof State)[keyof typeof State];

/** Which end of the connection. */
export const Side = { SERVER: 'SERVER', CLIENT: 'CLIENT' } as const;
/** Which end of the connection. */
export type Side = (typeof Side)[keyof typeof Side];

const NEXT = {
  CONNECTING: { handshakeDone: 'OPEN', closeSent: 'CONNECTING', streamEnded: 'CLOSED' },
  OPEN: { handshakeDone: 'OPEN', closeSent: 'CLOSING', streamEnded: 'CLOSED' },
  CLOSING: { handshakeDone: 'CLOSING', closeSent: 'CLOSING', streamEnded: 'CLOSED' },
  CLOSED: { handshakeDone: 'CLOSED', closeSent: 'CLOSED', streamEnded: 'CLOSED' },
} as const;

/** What can change the state. */
export type Cause = keyof (typeof NEXT)['OPEN'];

/** The state that follows. */
export const nextState = (state: State, cause: Cause): State => NEXT[state][cause];
