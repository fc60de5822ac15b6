// One of the many that work at the same time, each on a connection. The kinds of work extend this; knows none of them.
import type { ConnectOptions } from '../../index.ts';

/** Is told what becomes of a lane's work. */
export interface LaneOwner {
  /** An operation came to its end; `latencyMs` counts from when it was due. */
  onDone(lane: Lane, latencyMs: number): void;
  /** An operation failed, and the lane goes on. */
  onFailed(lane: Lane, error: unknown): void;
  /** The server sent what nobody had asked for. */
  onStray(lane: Lane): void;
  /** A connection has ended. */
  onClosed(lane: Lane, code: number, reason: string): void;
  /** The connection ended though nobody closed it: the lane cannot go on. Follows `onClosed`. */
  onLost(lane: Lane, code: number, reason: string): void;
}

/** What a lane works with. */
export interface LaneOptions {
  readonly uri: string;
  readonly connectOptions: ConnectOptions;
  /** The message that is sent. */
  readonly payload: string | Uint8Array;
  readonly owner: LaneOwner;
}

/** Does the same operation again and again. */
export abstract class Lane {
  /** Operations that were begun and came to no end yet. For the owner. */
  unfinished = 0;
  /** Whether the connection went away. For the owner. */
  isLost = false;
  protected readonly options: LaneOptions;

  constructor(options: LaneOptions) {
    this.options = options;
  }

  /** Gets ready. Fails as connecting fails. */
  abstract open(): Promise<void>;
  /** Begins an operation, whose time counts from `dueAt`, in milliseconds of `performance.now()`. */
  abstract begin(dueAt: number): void;
  /** Gives everything back, and settles when it is gone. */
  abstract close(): Promise<void>;
}
