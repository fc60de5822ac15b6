// The direct road: a message goes to the user's function as soon as it is complete. No queue, no promise per message.
import { utf8Problem } from '../bytes/utf8.ts';
import { InvalidUtf8Error } from '../core/exceptions.ts';
import { Opcode } from '../core/opcode.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { MessageBuffer, ownBytes, ownPiece, type Piece, weightOf } from './message-buffer.ts';
import type { Data } from './message-source.ts';
import { SENT } from './message-writer.ts';
import type { Receiver, ReceivingConnection } from './receiving.ts';
import type { TextCodec } from './runtime.ts';

/** Whoever hears of messages. */
export interface MessageTarget {
  onMessage(data: Data, isText: boolean): unknown;
}

/**
 * Messages that came while the promise of one is awaited: reading is paused then, but not while the connection is closing
 * or lost. Made for the first promise.
 */
class Backlog {
  isBusy = false;
  bytes = 0;
  /** From the first message that doesn't fit on, nothing more is taken: messages stay in order, without holes. */
  isDropping = false;
  pieces: Piece[] = [];
  onDelivered: (() => void) | null = null;
}

/** Calls `onMessage` for each message; what it throws or rejects with is the connection's matter. */
export class DirectReceiver implements Receiver {
  readonly #connection: ReceivingConnection & MessageTarget;
  readonly #text: TextCodec;
  readonly #settings: ConnectionSettings;
  #message: MessageBuffer | null = null;
  /** Null as long as no promise was awaited. */
  #backlog: Backlog | null = null;
  #isStopped = false;

  constructor(connection: ReceivingConnection & MessageTarget, text: TextCodec, settings: ConnectionSettings) {
    this.#connection = connection;
    this.#text = text;
    this.#settings = settings;
  }

  onData(opcode: Opcode, fin: boolean, bytes: Uint8Array, start: number, end: number): void {
    if (this.#isStopped || this.#backlog?.isDropping) return;
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
    if (this.#backlog !== null) this.#backlog.pieces = [];
  }

  onClosed(onDelivered: () => void): void {
    if (this.#backlog?.isBusy) this.#backlog.onDelivered = onDelivered;
    else onDelivered();
  }

  #deliver(piece: Piece): void {
    if (this.#backlog?.isBusy) {
      this.#keep(this.#backlog, piece);
      return;
    }
    if (piece.isText && !this.#settings.validatesUtf8) {
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
    if (!this.#settings.serial) return;
    this.#backlog ??= new Backlog();
    const backlog = this.#backlog;
    backlog.isBusy = true;
    // Once closing, the peer's close frame must get through.
    if (this.#connection.isOpen) this.#connection.pauseReceiving();
    settled.then(() => this.#goOn(backlog));
  }

  #keep(backlog: Backlog, piece: Piece): void {
    backlog.bytes += weightOf(piece);
    if (backlog.bytes > this.#settings.queue.maxBytes) {
      backlog.isDropping = true;
      this.#connection.onQueueFull();
    } else {
      backlog.pieces.push(ownPiece(piece));
    }
  }

  /** The promise of a message has settled. */
  #goOn(backlog: Backlog): void {
    backlog.isBusy = false;
    while (!backlog.isBusy) {
      const piece = backlog.pieces.shift();
      if (piece === undefined) break;
      backlog.bytes -= weightOf(piece);
      this.#deliver(piece);
    }
    if (backlog.isBusy) return;
    this.#connection.resumeReceiving();
    backlog.onDelivered?.();
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
