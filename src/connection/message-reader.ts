// The road for readers: frames wait in a bounded queue until `recv`, `recvStreaming` or an iterator asks for them.
import { utf8Problem } from '../bytes/utf8.ts';
import { ConcurrencyError, ConnectionClosedOK, InvalidUtf8Error, TimeoutError } from '../core/exceptions.ts';
import { Opcode } from '../core/opcode.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { MessageBuffer, ownBytes, ownPiece, type Piece } from './message-buffer.ts';
import type { Data } from './message-source.ts';
import { quiet } from './promises.ts';
import { ReceiveQueue } from './receive-queue.ts';
import type { Receiver, ReceivingConnection } from './receiving.ts';
import type { Runtime } from './runtime.ts';
import { TextPieces } from './text-pieces.ts';
import { type Wait, watchLimits } from './wait.ts';

/** How to receive. */
export interface ReceiveOptions {
  /** True: strings, false: bytes. Default: text as strings, binary as bytes. */
  readonly decode?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A call that waits. */
interface Waiter {
  /** Whether it takes fragments one by one. */
  readonly isStreaming: boolean;
  readonly take: (piece: Piece) => void;
  readonly fail: (error: unknown) => void;
}

const NO_OPTIONS: ReceiveOptions & Wait = {};

const itself = (data: Data): Data => data;
const rethrow = (error: unknown): never => {
  throw error;
};
const noop = (): void => {};
const toStep = (value: Data): IteratorYieldResult<Data> => ({ value, done: false });

/** One reader at a time; see `Connection` for what its calls promise. */
export class MessageReader implements Receiver {
  readonly #connection: ReceivingConnection;
  readonly #runtime: Runtime;
  readonly #limits: ConnectionSettings['queue'];
  /** Whether text was checked as it arrived; if not, it is when it is read. */
  readonly #validatesUtf8: boolean;
  #queue: ReceiveQueue | null = null;
  /** The message that is being joined, while somebody waits for the whole of it. */
  #message: MessageBuffer | null = null;
  #waiter: Waiter | null = null;
  /** Whether the message whose frames arrive is text. */
  #isText = false;
  #isStreaming = false;
  /** Whether `recvStreaming` was left in the middle of a message: what follows can't be told from its rest. */
  #isTorn = false;
  /** Whether something was dropped: then nothing more is taken, so that no message has a hole. */
  #isDropping = false;

  constructor(connection: ReceivingConnection, runtime: Runtime, { queue, validatesUtf8 }: ConnectionSettings) {
    this.#connection = connection;
    this.#runtime = runtime;
    this.#limits = queue;
    this.#validatesUtf8 = validatesUtf8;
  }

  recv(options: ReceiveOptions & Wait): Promise<Data> {
    return this.#receive(options, itself, rethrow);
  }

  async *recvStreaming(options: ReceiveOptions): AsyncGenerator<Data, undefined> {
    const conflict = this.#conflict('recvStreaming');
    if (conflict !== null) throw conflict;
    this.#isStreaming = true;
    let isInside = false;
    const text = new TextPieces(this.#runtime.text);
    try {
      for (;;) {
        const piece = await this.#nextPiece(options);
        isInside = !piece.fin;
        if (options.decode ?? piece.isText) {
          const problem = text.push(piece);
          if (problem !== null) {
            this.#connection.failReceiving(new InvalidUtf8Error(problem.reason, problem.position));
            await this.#connection.rejectWhenClosed();
          }
          yield text.text;
        } else {
          yield ownBytes(piece);
        }
        if (piece.fin) return;
      }
    } finally {
      this.#isStreaming = false;
      if (isInside) this.#isTorn = true;
    }
  }

  /** One message a step, to the end when the connection was closed without a problem. */
  messages(): AsyncIterator<Data, undefined> {
    // One function for all steps, and none for a connection that nobody iterates over.
    const toEnd = (error: unknown): IteratorReturnResult<undefined> => {
      if (this.#connection.isClosed && error instanceof ConnectionClosedOK) return { value: undefined, done: true };
      throw error;
    };
    return {
      next: () => this.#receive<IteratorResult<Data, undefined>>(NO_OPTIONS, toStep, toEnd),
      return: async () => ({ value: undefined, done: true }),
    };
  }

  onData(opcode: Opcode, fin: boolean, bytes: Uint8Array, start: number, end: number): void {
    if (this.#isDropping) return;
    if (opcode !== Opcode.CONT) this.#isText = opcode === Opcode.TEXT;
    const piece = { isOwned: false, isText: this.#isText, fin, bytes, start, end };
    const waiter = this.#waiter;
    if (waiter?.isStreaming) {
      waiter.take(ownPiece(piece));
    } else if (waiter !== null && fin && !this.#message?.isStarted) {
      waiter.take(piece);
    } else if (waiter !== null) {
      // The whole message is waited for: its fragments are joined as they come, whatever their number.
      this.#message ??= new MessageBuffer();
      this.#message.append(piece);
      if (fin) waiter.take(this.#message.take(true));
    } else {
      this.#enqueue(piece);
    }
  }

  stop(): void {}

  onClosed(onDelivered: () => void): void {
    this.#waiter?.fail(this.#connection.closedError());
    onDelivered();
  }

  #enqueue(piece: Piece): void {
    const { high, maxBytes } = this.#limits;
    this.#queue ??= new ReceiveQueue();
    this.#queue.push(ownPiece(piece));
    const isTooLarge = this.#queue.byteLength > maxBytes;
    if (this.#connection.isOpen) {
      if (isTooLarge || this.#queue.length > high) this.#connection.pauseReceiving();
    } else if (isTooLarge) {
      // Once closing, the peer's close frame must get through: from here on all is dropped.
      this.#isDropping = true;
    }
  }

  #conflict(name: string): ConcurrencyError | null {
    if (this.#isTorn) {
      return new ConcurrencyError(`cannot call ${name} after leaving recvStreaming in the middle of a message`);
    }
    return this.#waiter !== null || this.#isStreaming
      ? new ConcurrencyError(`cannot call ${name} while another call to recv or recvStreaming is in progress`)
      : null;
  }

  /**
   * The next message, as the caller of `recv` or of an iterator wants it. It is made on the spot, not with `then`: each
   * promise more on the way of a message costs 0.1 µs.
   *
   * @param onError what an error comes to; may throw another.
   */
  #receive<T>(
    options: ReceiveOptions & Wait,
    onMessage: (data: Data) => T,
    onError: (error: unknown) => T,
  ): Promise<T> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    const conflict = this.#conflict('recv');
    if (conflict !== null) return Promise.reject(conflict);
    const message = this.#takeMessage();
    if (message !== null) {
      const data = this.#decode(message, options.decode);
      return data === null ? this.#connection.rejectWhenClosed() : Promise.resolve(onMessage(data));
    }
    if (this.#connection.isClosed) {
      return quiet(new Promise((resolve) => resolve(onError(this.#connection.closedError()))));
    }
    if (options.timeoutMs === 0) return Promise.reject(new TimeoutError('no message is there'));
    const received: Promise<T> = new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        // Here, and not for each message that comes: making a promise quiet makes another one.
        received.catch(noop);
        try {
          resolve(onError(error));
        } catch (thrown) {
          reject(thrown);
        }
      };
      const take = (piece: Piece): void => {
        const data = this.#decode(piece, options.decode);
        if (data === null) this.#connection.rejectWhenClosed().catch(fail);
        else resolve(onMessage(data));
      };
      this.#wait(false, options, take, fail);
    });
    return received;
  }

  #takeMessage(): Piece | null {
    if (this.#queue === null || !this.#queue.hasMessage) return null;
    const message = this.#queue.takeMessage();
    this.#afterTaking(this.#queue);
    return message;
  }

  #nextPiece(wait: Wait): Promise<Piece> {
    if (wait.signal?.aborted) return Promise.reject(wait.signal.reason);
    if (this.#queue !== null && this.#queue.length > 0) {
      const piece = this.#queue.takePiece();
      this.#afterTaking(this.#queue);
      return Promise.resolve(piece);
    }
    if (this.#connection.isClosed) return Promise.reject(this.#connection.closedError());
    return new Promise((resolve, reject) => this.#wait(true, wait, resolve, reject));
  }

  #afterTaking(queue: ReceiveQueue): void {
    const { low, maxBytes } = this.#limits;
    if (queue.length <= low && queue.byteLength <= maxBytes) this.#connection.resumeReceiving();
  }

  #wait(isStreaming: boolean, limits: Wait, take: (piece: Piece) => void, fail: (error: unknown) => void): void {
    const end = (): void => {
      stop();
      this.#waiter = null;
    };
    const stop = watchLimits(limits, this.#runtime.clock, (error) => {
      end();
      this.#putBack();
      fail(error);
    });
    this.#waiter = {
      isStreaming,
      take: (piece) => {
        end();
        take(piece);
      },
      fail: (error) => {
        end();
        fail(error);
      },
    };
    if (isStreaming || this.#queue === null || this.#queue.length === 0) return;
    // Fragments of the message that is waited for are here already, and may fill the queue: make room.
    this.#message ??= new MessageBuffer();
    while (this.#queue.length > 0) this.#message.append(this.#queue.takePiece());
    this.#connection.resumeReceiving();
  }

  /** A wait was given up: what it had joined is the first piece again. */
  #putBack(): void {
    if (this.#message?.isStarted) this.#enqueue(this.#message.take(false));
  }

  /** Null when it isn't the text that it should be: then the connection fails. */
  #decode(piece: Piece, decode: boolean | undefined): Data | null {
    if (!(decode ?? piece.isText)) return ownBytes(piece);
    const { bytes, start, end } = piece;
    // Bytes that are to be read as text were not checked as they arrived.
    const problem = piece.isText && this.#validatesUtf8 ? null : utf8Problem(bytes, start, end);
    if (problem === null) return this.#runtime.text.decode(bytes, start, end);
    this.#connection.failReceiving(new InvalidUtf8Error(problem.reason, problem.position));
    return null;
  }
}
