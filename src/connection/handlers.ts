// The direct road to the user's code: plain functions instead of an async handler. No code, only the shape.
import type { Data } from './message-source.ts';

/**
 * Functions that are called as things happen: the fastest way to use a connection. All are optional, and run
 * synchronously. What one throws, or what its promise rejects with, ends that connection with 1011 and nothing else.
 */
export interface DirectHandlers<C> {
  /** The opening handshake is done. */
  open?(connection: C): unknown;
  /**
   * A message is complete: a string when it is text, else a Uint8Array. With the option `serial` a promise that is
   * returned is awaited before the next message; otherwise it is only watched for errors. When more than `maxBuffered` of what
   * it sends waits, the next message is delivered once that has gone out.
   */
  message?(connection: C, data: Data, isText: boolean): unknown;
  /** There is room again after `send` had to wait, or `trySend` said `'queued'`. */
  drain?(connection: C): unknown;
  /** The connection is gone; code and reason are the peer's, 1006 when it sent no close frame. */
  close?(connection: C, code: number, reason: string): unknown;
}
