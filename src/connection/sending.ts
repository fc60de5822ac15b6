// What the writer of messages may ask of its connection. No code, only the shape.
import type { Wait } from './wait.ts';

/** A connection as its writer sees it. */
export interface SendingConnection {
  /** Whether messages may still be sent. */
  readonly isOpen: boolean;
  /** Waits until the connection is gone, then rejects with the error that says so. */
  rejectWhenClosed(wait?: Wait): Promise<never>;
  /** Something failed that never should: gives the connection up, and rejects when it is gone. */
  failInternally(error: unknown): Promise<never>;
  /** Fails the connection with a close frame, if it is open. */
  fail(code: number, reason: string): void;
}
