// Where received data frames go, and what a receiver may ask of its connection. No code, two shapes.
import type { ConnectionClosed, InvalidUtf8Error } from '../core/exceptions.ts';
import type { Opcode } from '../core/opcode.ts';

/** Takes the data frames of one connection, in order: one road for readers, one for direct handlers. */
export interface Receiver {
  /** A data frame is complete. The payload is `bytes[start, end)`, on loan as in `ProtocolSink.onFrame`. */
  onData(opcode: Opcode, fin: boolean, bytes: Uint8Array, start: number, end: number): void;
  /** The user's code threw, or gave the connection up: its functions are not called with any more messages. */
  stop(): void;
  /** The connection is gone, and everything that had arrived was handed over. Calls back when it is delivered too. */
  onClosed(onDelivered: () => void): void;
}

/** A connection as its receiver sees it. */
export interface ReceivingConnection {
  /** Whether the connection is OPEN: only then may reading stop for long, since closing must come through. */
  readonly isOpen: boolean;
  /** Whether the connection is gone for good. */
  readonly isClosed: boolean;
  /** Whether the user wants nothing to be delivered for now. */
  readonly isPaused: boolean;
  /** Nothing more is handed over until `resumeReceiving`. False: the transport is gone, and all the rest comes at once. */
  pauseReceiving(): boolean;
  resumeReceiving(): void;
  /** The error for whoever waits on a connection that is gone. */
  closedError(): ConnectionClosed;
  /** Waits until the connection is gone, then rejects with the error that says so. */
  rejectWhenClosed(): Promise<never>;
  /** What was received can't be used: fails the connection with 1007. */
  failReceiving(error: InvalidUtf8Error): void;
  /** More came than may be kept, when reading could not stop: it is dropped. */
  onQueueFull(): void;
  /** The user's code threw. */
  handlerFailed(error: unknown): void;
}
