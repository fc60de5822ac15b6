// The exit codes of the command line, and which error means which. Knows no command.
import { ConnectionClosed, InvalidHandshake, InvalidURI, TimeoutError } from '../exceptions.ts';

/** What the shell gets to see. Part of the interface: scripts branch on it. */
export const ExitCode = {
  OK: 0,
  /** A connection was lost, or closed with another code than 1000, 1001 or none. */
  ABNORMAL_CLOSE: 1,
  /** The command line makes no sense; nothing was tried. */
  USAGE: 2,
  /** The server answered, but not with a WebSocket. */
  HANDSHAKE_REFUSED: 3,
  /** No connection: the name, the port, the network, the certificate. */
  NETWORK: 4,
  /** Somebody pressed Ctrl-C before there was anything to show. */
  INTERRUPTED: 130,
  /** No answer in time. As coreutils' `timeout` has it. */
  TIMEOUT: 124,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The user's mistake on the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A connection ended that should have stayed. */
export class AbnormalClose extends Error {
  override readonly name = 'AbnormalClose';

  constructor(code: number, reason: string) {
    super(code === 1006 ? 'the connection was lost' : `the server closed with ${code} ${reason}`.trimEnd());
  }
}

/** The exit code for an error that a command met; null for one that only a mistake of ours can explain. */
export function exitCodeOf(error: unknown): ExitCode | null {
  if (error instanceof UsageError || error instanceof InvalidURI) return ExitCode.USAGE;
  if (error instanceof InvalidHandshake) return ExitCode.HANDSHAKE_REFUSED;
  if (error instanceof TimeoutError) return ExitCode.TIMEOUT;
  if (error instanceof ConnectionClosed || error instanceof AbnormalClose) return ExitCode.ABNORMAL_CLOSE;
  return isSystemError(error) ? ExitCode.NETWORK : null;
}

/** Whether the runtime made it, of the network or of TLS. */
export const isSystemError = (error: unknown): error is Error & { readonly code: string } =>
  error instanceof Error && 'code' in error && typeof error.code === 'string';
