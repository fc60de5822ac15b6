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
  /** Ends the watch of the call's limits, when it has some. */
  stop: (() => void) | null;
  take(piece: Piece): void;
  fail(error: unknown): void;
}

/** Waits for a whole message. An object with fields, and no functions of its own: every reader at rest has one. */
class MessageWaiter<T> implements Waiter {
  readonly isStreaming = false;
  stop: (() => void) | null = null;
  promise: Promise<T> | null = null;
  readonly #reader: MessageReader;
  readonly #decode: boolean | undefined;
  readonly #outcome: Outcome<T>;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    reader: MessageReader,
    decode: boolean | undefined,
    outcome: Outcome<T>,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ) {
    this.#reader = reader;
    this.#decode = decode;
    this.#outcome = outcome;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  take(piece: Piece): void {
    const data = this.#reader.decode(piece, this.#decode);
    if (data === null) this.#reader.rejectWhenClosed().catch((error: unknown) => this.fail(error));
    else this.#resolve(this.#outcome.ofMessage(data));
  }

  fail(error: unknown): void {
    // Here, and not for each message that comes: making a promise quiet makes another one.
    this.promise?.catch(noop);
    try {
      this.#resolve(this.#outcome.ofError(error));
    } catch (thrown) {
      this.#reject(thrown);
    }
  }
}

/** What a message or an error comes to, for whoever asked. */
export interface Outcome<T> {
  ofMessage(data: Data): T;
  /** May throw, the same error or another. */
  ofError(error: unknown): T;
}

/** For `recv`. */
const ITSELF: Outcome<Data> = {
  ofMessage: (data) => data,
  ofError: (error) => {
    throw error;
  },
};

/** The messages of a connection, to the end when it was closed without a problem. */
class Messages implements AsyncIterator<Data, undefined>, Outcome<IteratorResult<Data, undefined>> {
  readonly #reader: MessageReader;

  constructor(reader: MessageReader) {
    this.#reader = reader;
  }

  next(): Promise<IteratorResult<Data, undefined>> {
    return this.#reader.receive<IteratorResult<Data, undefined>>(NO_OPTIONS, this);
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    return { value: undefined, done: true };
  }

  ofMessage(value: Data): IteratorYieldResult<Data> {
    return { value, done: false };
  }

  ofError(error: unknown): IteratorReturnResult<undefined> {
    if (this.#reader.isClosed && error instanceof ConnectionClosedOK) return { value: undefined, done: true };
    throw error;
  }
}

const NO_OPTIONS: ReceiveOptions & Wait = {};

const noop = (): void => {};

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
  /** Why nobody can receive by a call any more. After `recvStreaming` was left within a message, what follows can't be told from its rest. */
  #lock: string | null = null;
  /** Whether something was dropped: then nothing more is taken, so that no message has a hole. */
  #isDropping = false;

  constructor(connection: ReceivingConnection, runtime: Runtime, { queue, validatesUtf8 }: ConnectionSettings) {
    this.#connection = connection;
    this.#runtime = runtime;
    this.#limits = queue;
    this.#validatesUtf8 = validatesUtf8;
  }

  recv(options: ReceiveOptions & Wait): Promise<Data> {
    return this.receive(options, ITSELF);
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
      if (isInside) this.#lock = 'after leaving recvStreaming in the middle of a message';
    }
  }

  /**
   * Takes all messages for itself from now on, one for each call of what is returned; `recv` and its like are refused.
   * @throws {ConcurrencyError} somebody else receives, or has taken the messages.
   */
  takeOver<T>(name: string, outcome: Outcome<T>): () => Promise<T> {
    const conflict = this.#conflict(name);
    if (conflict !== null) throw conflict;
    this.#lock = `on a connection whose ${name} stream is in use`;
    return () => this.#receive(NO_OPTIONS, outcome);
  }

  /** One message a step, to the end when the connection was closed without a problem. */
  messages(): AsyncIterator<Data, undefined> {
    return new Messages(this);
  }

  onData(opcode: Opcode, fin: boolean, bytes: Uint8Array, start: number, end: number): void {
    if (this.#isDropping) return;
    if (opcode !== Opcode.CONT) this.#isText = opcode === Opcode.TEXT;
    const piece = { isOwned: false, isText: this.#isText, fin, bytes, start, end };
    const waiter = this.#waiter;
    if (waiter?.isStreaming) {
      this.#give(waiter, ownPiece(piece));
    } else if (waiter !== null && fin && !this.#message?.isStarted) {
      this.#give(waiter, piece);
    } else if (waiter !== null) {
      // The whole message is waited for: its fragments are joined as they come, whatever their number.
      this.#message ??= new MessageBuffer();
      this.#message.append(piece);
      if (fin) this.#give(waiter, this.#message.take(true));
    } else {
      this.#enqueue(piece);
    }
  }

  stop(): void {}

  onClosed(onDelivered: () => void): void {
    const waiter = this.#waiter;
    if (waiter !== null) {
      this.#endWait(waiter);
      waiter.fail(this.#connection.closedError());
    }
    onDelivered();
  }

  /** The user wants messages again: whoever waits may find one here. */
  onResumed(): void {
    const waiter = this.#waiter;
    const queue = this.#queue;
    if (waiter === null || queue === null || queue.length === 0) return;
    if (waiter.isStreaming || queue.hasMessage) {
      this.#give(waiter, waiter.isStreaming ? queue.takePiece() : queue.takeMessage());
      // Last: more may come at once, and must not be given to the same.
      this.#afterTaking(queue);
    } else {
      this.#joinQueued(queue);
    }
  }

  /** Whether a whole message waits to be read. */
  get hasMessage(): boolean {
    return this.#queue?.hasMessage ?? false;
  }

  /** Frames that wait to be read. */
  get queuedFrames(): number {
    return this.#queue?.length ?? 0;
  }

  /** What they cost to keep, in bytes. */
  get queuedBytes(): number {
    return this.#queue?.byteLength ?? 0;
  }

  // For the calls that wait

  get isClosed(): boolean {
    return this.#connection.isClosed;
  }

  rejectWhenClosed(): Promise<never> {
    return this.#connection.rejectWhenClosed();
  }

  /**
   * The next message, as the caller of `recv` or of an iterator wants it. It is made on the spot, not with `then`: each
   * promise more on the way of a message costs 0.1 µs.
   */
  receive<T>(options: ReceiveOptions & Wait, outcome: Outcome<T>): Promise<T> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    const conflict = this.#conflict('recv');
    return conflict === null ? this.#receive(options, outcome) : Promise.reject(conflict);
  }

  #receive<T>(options: ReceiveOptions & Wait, outcome: Outcome<T>): Promise<T> {
    const message = this.#takeMessage();
    if (message !== null) {
      const data = this.decode(message, options.decode);
      return data === null ? this.rejectWhenClosed() : Promise.resolve(outcome.ofMessage(data));
    }
    if (this.isClosed) return quiet(new Promise((resolve) => resolve(outcome.ofError(this.#connection.closedError()))));
    if (options.timeoutMs === 0) return Promise.reject(new TimeoutError('no message is there'));
    let waiter!: MessageWaiter<T>;
    const received: Promise<T> = new Promise((resolve, reject) => {
      waiter = new MessageWaiter(this, options.decode, outcome, resolve, reject);
    });
    waiter.promise = received;
    this.#wait(waiter, options);
    return received;
  }

  /** Null when it isn't the text that it should be: then the connection fails. */
  decode(piece: Piece, decode: boolean | undefined): Data | null {
    if (!(decode ?? piece.isText)) return ownBytes(piece);
    const { bytes, start, end } = piece;
    // Bytes that are to be read as text were not checked as they arrived.
    const problem = piece.isText && this.#validatesUtf8 ? null : utf8Problem(bytes, start, end);
    if (problem === null) return this.#runtime.text.decode(bytes, start, end);
    this.#connection.failReceiving(new InvalidUtf8Error(problem.reason, problem.position));
    return null;
  }

  #enqueue(piece: Piece): void {
    const { high, maxBytes } = this.#limits;
    this.#queue ??= new ReceiveQueue();
    this.#queue.push(ownPiece(piece));
    const isTooLarge = this.#queue.byteLength > maxBytes;
    if (!isTooLarge && this.#queue.length <= high) return;
    const hasStopped = this.#connection.isOpen && this.#connection.pauseReceiving();
    if (hasStopped || !isTooLarge) return;
    // Once closing, the peer's close frame must get through, and what a lost connection has brought comes at once: 64 KiB of
    // it may be 64 MiB that were compressed. From here on all is dropped.
    this.#isDropping = true;
    this.#connection.onQueueFull();
  }

  #conflict(name: string): ConcurrencyError | null {
    if (this.#lock !== null) return new ConcurrencyError(`cannot call ${name} ${this.#lock}`);
    return this.#waiter !== null || this.#isStreaming
      ? new ConcurrencyError(`cannot call ${name} while another call to recv or recvStreaming is in progress`)
      : null;
  }

  #takeMessage(): Piece | null {
    if (this.#queue === null || !this.#queue.hasMessage || this.#connection.isPaused) return null;
    const message = this.#queue.takeMessage();
    this.#afterTaking(this.#queue);
    return message;
  }

  #nextPiece(wait: Wait): Promise<Piece> {
    if (wait.signal?.aborted) return Promise.reject(wait.signal.reason);
    if (this.#queue !== null && this.#queue.length > 0 && !this.#connection.isPaused) {
      const piece = this.#queue.takePiece();
      this.#afterTaking(this.#queue);
      return Promise.resolve(piece);
    }
    if (this.#connection.isClosed) return Promise.reject(this.#connection.closedError());
    return new Promise((take, fail) => this.#wait({ isStreaming: true, stop: null, take, fail }, wait));
  }

  #afterTaking(queue: ReceiveQueue): void {
    const { low, maxBytes } = this.#limits;
    if (queue.length <= low && queue.byteLength <= maxBytes) this.#connection.resumeReceiving();
  }

  #wait(waiter: Waiter, limits: Wait): void {
    this.#waiter = waiter;
    if (limits.signal !== undefined || limits.timeoutMs !== undefined) {
      waiter.stop = watchLimits(limits, this.#runtime.clock, (error) => {
        this.#endWait(waiter);
        this.#putBack();
        waiter.fail(error);
      });
    }
    if (waiter.isStreaming || this.#queue === null || this.#queue.length === 0) return;
    if (!this.#connection.isPaused) this.#joinQueued(this.#queue);
  }

  /** Fragments of the message that is waited for are here already, and may fill the queue: make room. */
  #joinQueued(queue: ReceiveQueue): void {
    this.#message ??= new MessageBuffer();
    while (queue.length > 0) this.#message.append(queue.takePiece());
    this.#connection.resumeReceiving();
  }

  #give(waiter: Waiter, piece: Piece): void {
    this.#endWait(waiter);
    waiter.take(piece);
  }

  #endWait(waiter: Waiter): void {
    waiter.stop?.();
    this.#waiter = null;
  }

  /** A wait was given up: what it had joined is the first piece again. */
  #putBack(): void {
    if (this.#message?.isStarted) this.#enqueue(this.#message.take(false));
  }
}
