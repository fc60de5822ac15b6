// What the writer of messages may ask of its connection. No code, only the shape.
import type { Wait } from './wait.ts';

/** A connection as its writer sees it. */
export interface SendingConnection {
  /** Whether messages may still be sent. */
  readonly isOpen: boolean;
  /**
   * Whether more than so many bytes wait to be sent, the connection's own mark if none is given. Messages that come meanwhile
   * set the peer a time.
   */
  isOverfull(maxBuffered?: number): boolean;
  /** A message was left out for that. */
  onDropped(): void;
  /** Waits until the connection is gone, then rejects with the error that says so. */
  rejectWhenClosed(wait?: Wait): Promise<never>;
  /** Something failed that never should: gives the connection up, and rejects when it is gone. */
  failInternally(error: unknown): Promise<never>;
  /** Fails the connection with a close frame, if it is open. */
  fail(code: number, reason: string): void;
}
