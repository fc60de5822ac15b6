// The direct road: a message goes to the user's function as soon as it is complete. No queue, no promise per message.
import { utf8Problem } from '../bytes/utf8.ts';
import { InvalidUtf8Error } from '../core/exceptions.ts';
import { Opcode } from '../core/opcode.ts';
import { MessageBuffer, ownBytes, ownPiece, type Piece, weightOf } from './message-buffer.ts';
import type { Data } from './message-source.ts';
import { SENT } from './message-writer.ts';
import type { Receiver, ReceivingConnection } from './receiving.ts';
import type { TextCodec } from './runtime.ts';

/** Whoever hears of messages. */
export interface MessageTarget {
  onMessage(data: Data, isText: boolean): unknown;
}

/** How a receiver goes about it. */
export interface DirectReceiverOptions {
  /** Whether the promise of a message is awaited before the next one. */
  readonly isSerial: boolean;
  /** What messages may wait while one is awaited. */
  readonly maxBacklogBytes: number;
  /** Whether text was checked as it arrived; if not, it is when it is delivered. */
  readonly validatesUtf8: boolean;
}

/** Calls `onMessage` for each message; what it throws or rejects with is the connection's matter. */
export class DirectReceiver implements Receiver {
  readonly #connection: ReceivingConnection & MessageTarget;
  readonly #text: TextCodec;
  readonly #isSerial: boolean;
  readonly #maxBacklogBytes: number;
  readonly #validatesUtf8: boolean;
  #message: MessageBuffer | null = null;
  /** Whether the promise of a message is awaited before the next one. */
  #isBusy = false;
  /** Messages that came meanwhile: reading is paused, but not while the connection is closing or lost. */
  #backlog: Piece[] | null = null;
  #backlogBytes = 0;
  #isDropping = false;
  #isStopped = false;
  #onDelivered: (() => void) | null = null;

  constructor(
    connection: ReceivingConnection & MessageTarget,
    text: TextCodec,
    { isSerial, maxBacklogBytes, validatesUtf8 }: DirectReceiverOptions,
  ) {
    this.#connection = connection;
    this.#text = text;
    this.#isSerial = isSerial;
    this.#maxBacklogBytes = maxBacklogBytes;
    this.#validatesUtf8 = validatesUtf8;
  }

  onData(opcode: Opcode, fin: boolean, bytes: Uint8Array, start: number, end: number): void {
    if (this.#isStopped || this.#isDropping) return;
    const piece = { isOwned: false, isText: opcode === Opcode.TEXT, fin, bytes, start, end };
    if (fin && opcode !== Opcode.CONT) {
      this.#deliver(piece);
      return;
    }
    this.#message ??= new MessageBuffer();
    this.#message.append(piece);
    if (fin) this.#deliver(this.#message.take(true));
  }

  stop(): void {
    this.#isStopped = true;
    this.#backlog = null;
  }

  onClosed(onDelivered: () => void): void {
    if (this.#isBusy) this.#onDelivered = onDelivered;
    else onDelivered();
  }

  #deliver(piece: Piece): void {
    if (this.#isBusy) {
      this.#backlogBytes += weightOf(piece);
      // From the first that doesn't fit on, nothing more is taken: messages stay in order, without holes.
      if (this.#backlogBytes > this.#maxBacklogBytes) {
        this.#isDropping = true;
        return;
      }
      this.#backlog ??= [];
      this.#backlog.push(ownPiece(piece));
      return;
    }
    if (piece.isText && !this.#validatesUtf8) {
      const problem = utf8Problem(piece.bytes, piece.start, piece.end);
      if (problem !== null) {
        this.stop();
        this.#connection.failReceiving(new InvalidUtf8Error(problem.reason, problem.position));
        return;
      }
    }
    const data = piece.isText ? this.#text.decode(piece.bytes, piece.start, piece.end) : ownBytes(piece);
    let result: unknown;
    try {
      result = this.#connection.onMessage(data, piece.isText);
    } catch (error) {
      this.#connection.handlerFailed(error);
      return;
    }
    // A handler that returns what `send` gave it has nothing to wait for, nearly always.
    if (result === SENT || !isThenable(result)) return;
    const settled = result.then(undefined, (error: unknown) => this.#connection.handlerFailed(error));
    if (!this.#isSerial) return;
    this.#isBusy = true;
    // Once closing, the peer's close frame must get through.
    if (this.#connection.isOpen) this.#connection.pauseReceiving();
    settled.then(() => this.#goOn());
  }

  /** The promise of a message has settled. */
  #goOn(): void {
    this.#isBusy = false;
    while (!this.#isBusy && this.#backlog !== null) {
      const piece = this.#backlog.shift();
      if (piece === undefined) {
        this.#backlog = null;
        break;
      }
      this.#backlogBytes -= weightOf(piece);
      this.#deliver(piece);
    }
    if (this.#isBusy) return;
    this.#connection.resumeReceiving();
    this.#onDelivered?.();
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
