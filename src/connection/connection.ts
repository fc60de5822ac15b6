// The one I/O shell around a protocol: sending, receiving, waiting, closing. Knows the Transport interface, not sockets.
import {
  ConcurrencyError,
  type ConnectionClosed,
  type InvalidUtf8Error,
  ProtocolError,
  TimeoutError,
  VIOLATIONS,
} from '../core/exceptions.ts';
import type { Request, Response } from '../core/http-message.ts';
import { isLogged, type LogContext, type Logger, type LogLevel } from '../core/logger.ts';
import { MAX_CONTROL_BYTES, Opcode } from '../core/opcode.ts';
import type { PreparedMessage } from '../core/prepared-message.ts';
import type { Protocol } from '../core/protocol.ts';
import type { ProtocolSink } from '../core/protocol-pipe.ts';
import { State } from '../core/state.ts';
import type { Timer } from './clock.ts';
import { ClosedSignal } from './closed-signal.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { DirectReceiver } from './direct-receiver.ts';
import type { DirectHandlers } from './handlers.ts';
import { Keepalive, type KeepaliveConnection } from './keepalive.ts';
import { MessageReader, type ReceiveOptions } from './message-reader.ts';
import { bytesOf, type Data, type DataLike, type MessageSource } from './message-source.ts';
import { MessageWriter, type SendOptions } from './message-writer.ts';
import { type PingSender, Pings } from './pings.ts';
import { quiet } from './promises.ts';
import type { Receiver, ReceivingConnection } from './receiving.ts';
import type { Runtime } from './runtime.ts';
import type { SendingConnection } from './sending.ts';
import type { Address, Transport, TransportSink } from './transport.ts';
import { type Wait, waitFor } from './wait.ts';
import { WriteBatch } from './write-batch.ts';

/** What a connection is built from. Comes from `connect` or `serve`; pass it on in `createConnection`. */
export interface ConnectionOptions {
  readonly runtime: Runtime;
  readonly transport: Transport;
  readonly settings: ConnectionSettings;
  /** The fast road: see `DirectHandlers`. */
  readonly handlers?: DirectHandlers<Connection> | null | undefined;
}

/** A ping that has been sent. */
export interface Ping {
  /** Comes to the round-trip time in seconds; rejects with ConnectionClosed when the connection ends first. Need not be watched. */
  readonly pong: Promise<number>;
  /** What was sent. */
  readonly data: Uint8Array;
}

/** How to close. */
export interface CloseOptions {
  /** 1000 to 1003, 1007 to 1014 or 3000 to 4999. Default 1000. */
  readonly code?: number | undefined;
  /** At most 123 bytes of UTF-8. Default empty. */
  readonly reason?: string | undefined;
}

const NO_BYTES = new Uint8Array(0);
const REFUSED_TIMEOUT_MS = 10_000;

/**
 * Sends a message without looking at backpressure: for `broadcast` alone. Does nothing when the connection isn't open.
 *
 * @throws {ConcurrencyError} a fragmented message is being sent.
 */
export let sendAtOnce: (connection: Connection, message: PreparedMessage) => void;

/**
 * An open WebSocket connection. Made by `connect` and `serve`.
 *
 * Don't look at `state` before you act: call `recv` and `send`, and catch {@link ConnectionClosed}. Iterating over the
 * connection gives its messages and ends when it is closed without a problem.
 */
export abstract class Connection<P extends string | null = string | null>
  implements AsyncIterable<Data>, AsyncDisposable
{
  /** The state machine below. Its sending methods are not for direct use: they would bypass backpressure. */
  readonly protocol: Protocol;
  protected readonly runtime: Runtime;
  #request: Request | null = null;
  #response: Response | null = null;
  readonly #settings: ConnectionSettings;
  readonly #transport: Transport;
  readonly #pipeEnd: KeepaliveConnection;
  readonly #batch: WriteBatch;
  readonly #handlers: DirectHandlers<Connection> | null;

  /** What ended the connection from outside the protocol: a network error, a deadline. */
  #cause: unknown = null;
  #deadline: Timer | null = null;
  /** The transport is gone; then the protocol hears of it, and the connection is closed. */
  #isLost = false;
  #hasOpened = false;
  readonly #closed: ClosedSignal = new ClosedSignal();
  #hasHalfClosed = false;

  readonly #receiver: Receiver;
  /** The receiver, when it is one to read from; null with direct handlers. */
  readonly #reader: MessageReader | null;
  #isReceivingPaused = false;

  readonly #writer: MessageWriter;

  #pings: Pings | null = null;
  #keepalive: Keepalive | null = null;
  #latency = 0;

  constructor(protocol: Protocol, options: ConnectionOptions) {
    this.protocol = protocol;
    this.runtime = options.runtime;
    this.#settings = options.settings;
    this.#transport = options.transport;
    this.#handlers = options.handlers ?? null;
    this.#batch = new WriteBatch(options.transport, options.runtime.flushQueue);
    const pipeEnd = new Connection.#PipeEnd(this);
    this.#pipeEnd = pipeEnd;
    this.#reader = this.#handlers === null ? new MessageReader(pipeEnd, options.runtime, options.settings) : null;
    this.#receiver = this.#reader ?? new DirectReceiver(pipeEnd, options.runtime.text, options.settings);
    this.#writer = new MessageWriter({
      connection: pipeEnd,
      protocol,
      batch: this.#batch,
      runtime: options.runtime,
      limits: options.settings.writeLimit,
    });
    protocol.pipe(pipeEnd, this.#batch, this);
    options.transport.start(pipeEnd);
  }

  // What stands in the connection

  /** The request of the opening handshake; null before it is complete. */
  get request(): Request | null {
    return this.#request;
  }

  protected set request(request: Request) {
    this.#request = request;
  }

  /** The response of the opening handshake; null before it is complete. */
  get response(): Response | null {
    return this.#response;
  }

  protected set response(response: Response) {
    this.#response = response;
  }

  get localAddress(): Address | null {
    return this.#transport.localAddress;
  }

  get remoteAddress(): Address | null {
    return this.#transport.remoteAddress;
  }

  /** A random UUID, to find this connection in logs. */
  get id(): string {
    return this.protocol.id;
  }

  get logger(): Logger {
    return this.protocol.logger;
  }

  get state(): State {
    return this.protocol.state;
  }

  /** The subprotocol that was agreed on. */
  get subprotocol(): P {
    return this.protocol.subprotocol as P;
  }

  /** Round-trip time in seconds, as the last answered ping measured it. 0 before the first. */
  get latency(): number {
    return this.#latency;
  }

  /** Round-trip time in milliseconds: see `latency`. */
  get latencyMs(): number {
    return this.#latency * 1000;
  }

  /** The peer's close code once closed: 1005 for a close frame without one, 1006 when no close frame came. Until then null. */
  get closeCode(): number | null {
    return this.protocol.closeCode;
  }

  /** The peer's close reason once closed; until then null. */
  get closeReason(): string | null {
    return this.protocol.closeReason;
  }

  /** Settles when the connection is gone, TCP included. Never rejects. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Bytes that were sent and have not gone to the system yet. */
  get bufferedAmount(): number {
    return this.#batch.bufferedBytes;
  }

  // Receiving

  /**
   * The next message: text as a string, bytes as a Uint8Array. `decode: true` makes both strings, `decode: false` both
   * bytes.
   *
   * Messages that arrived before the connection ended can still be received. Aborting or timing out loses nothing.
   *
   * @throws {ConnectionClosed} the connection has ended, and its messages are all received.
   * @throws {ConcurrencyError} another `recv` or `recvStreaming` is in progress.
   * @throws {TimeoutError} nothing came within `timeoutMs`.
   */
  recv(options: { readonly decode: true } & Wait): Promise<string>;
  recv(options: { readonly decode: false } & Wait): Promise<Uint8Array>;
  recv(options?: { readonly decode?: boolean | undefined } & Wait): Promise<Data>;
  recv(options: { readonly decode?: boolean | undefined } & Wait = {}): Promise<Data> {
    return this.#reader?.recv(options) ?? Promise.reject(handledDirectly('recv'));
  }

  /**
   * The fragments of the next message as they arrive, converted as `recv` does. A piece of text may be empty when a
   * character is cut. Go on to the end of the message: after leaving early nothing more can be received.
   *
   * @throws {ConnectionClosed} the connection ended before the message did.
   * @throws {ConcurrencyError} another `recv` or `recvStreaming` is in progress.
   */
  recvStreaming(options: {
    readonly decode: true;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterableIterator<string>;
  recvStreaming(options: {
    readonly decode: false;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterableIterator<Uint8Array>;
  recvStreaming(options?: {
    readonly decode?: boolean | undefined;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterableIterator<Data>;
  recvStreaming(options: ReceiveOptions = {}): AsyncIterableIterator<Data> {
    if (this.#reader === null) throw handledDirectly('recvStreaming');
    return this.#reader.recvStreaming(options);
  }

  /** Messages until the connection is closed. Throws ConnectionClosedError when it ended with a problem. */
  [Symbol.asyncIterator](): AsyncIterator<Data, undefined> {
    if (this.#reader === null) throw handledDirectly('iterate');
    return this.#reader.messages();
  }

  // Sending

  /**
   * Sends a message: a string as text, bytes as binary. `text` overrides that: `true` sends bytes, which must be UTF-8, as
   * text; `false` sends a string as binary.
   *
   * An iterable or async iterable of strings, or of bytes, is sent as the fragments of one message; other calls of `send`
   * wait until it is complete. What `prepare` returns is sent as it was prepared.
   *
   * Settles when there is room for more. Until then don't change the bytes that you gave.
   *
   * @throws {ConnectionClosed} the connection is closed, or ends meanwhile.
   * @throws {TypeError} the message can't be sent.
   */
  send(message: MessageSource | PreparedMessage, options: SendOptions = {}): Promise<void> {
    return this.#writer.send(message, options);
  }

  /**
   * Sends a ping. Settles when it is on its way; the `pong` in the result when it is answered.
   *
   * @param data at most 125 bytes. Default: 4 random bytes.
   * @param options.ackOnClose `pong` comes to NaN instead of rejecting when the connection ends first. Default false.
   * @throws {ConnectionClosed} the connection is closed.
   * @throws {ConcurrencyError} a ping with the same data is on its way.
   * @throws {ProtocolError} the data is too long.
   */
  ping(data?: DataLike, { ackOnClose = false }: { readonly ackOnClose?: boolean | undefined } = {}): Promise<Ping> {
    let payload: Uint8Array;
    try {
      payload = data === undefined ? this.#freshPingPayload() : this.#controlPayload(data);
    } catch (error) {
      return Promise.reject(error);
    }
    let pong!: Promise<number>;
    const sent = this.#writer.write(() => {
      pong = this.#sendPing(payload).add(payload, this.runtime.clock.now(), ackOnClose);
    });
    return quiet(sent.then(() => ({ data: payload, pong })));
  }

  /**
   * Sends a pong that nobody asked for: a heartbeat in one direction. Pings are answered by themselves.
   *
   * @param data at most 125 bytes. Default: empty.
   * @throws {ConnectionClosed} the connection is closed.
   * @throws {ProtocolError} the data is too long.
   */
  pong(data: DataLike = NO_BYTES): Promise<void> {
    let payload: Uint8Array;
    try {
      payload = this.#controlPayload(data);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#writer.write(() => this.protocol.sendPong(payload));
  }

  // Closing

  /**
   * Closes the connection and settles when it is gone, after `closeTimeoutMs` at the latest. May be called again and
   * again. Messages that came before the peer's close frame can still be received.
   *
   * @throws {ProtocolError} the code must not be sent, or the reason is too long; the connection stays open.
   */
  async close({ code = 1000, reason = '' }: CloseOptions = {}): Promise<void> {
    if (this.protocol.state === State.CONNECTING) this.abort();
    if (this.#writer.isBusy && !this.#writer.isSendingFragments) await this.#closeBehindMessages(code, reason);
    else this.#startClosing(code, reason);
    await this.closed;
  }

  /** Settles when the connection is gone, TCP included. Rejects only because of `signal` or `timeoutMs`. */
  waitClosed(wait: Wait = {}): Promise<void> {
    return this.#closed.wait(wait, this.runtime.clock);
  }

  /** Drops the connection now, without a closing handshake: the peer sees 1006. */
  abort(): void {
    if (this.#closed.isSet) return;
    this.#receiver.stop();
    this.#transport.abort();
  }

  /** Closes with 1000. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Runs the function and closes: with 1000 when it returns, with 1011 when it throws. */
  async use<T>(body: (connection: this) => T | Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await body(this);
    } catch (error) {
      await this.close({ code: 1011 });
      throw error;
    }
    await this.close();
    return result;
  }

  // For the two sides

  static {
    sendAtOnce = (connection, message) => {
      if (connection.state !== State.OPEN) return;
      if (connection.#writer.isSendingFragments) throw new ConcurrencyError('sending a fragmented message');
      if (connection.#writer.isBusy) void connection.#writer.send(message, {});
      else connection.protocol.sendPrepared(message);
    };
  }

  /** The peer's half of the opening handshake has arrived. */
  protected abstract onHandshake(message: Request | Response): void;

  /** The opening handshake has failed; the transport may stay for a while. */
  protected onHandshakeFailed(): void {}

  /** The connection is gone. */
  protected onGone(): void {}

  /** The opening handshake is done: keepalive begins. */
  protected onOpen(): void {
    this.#hasOpened = true;
    const { pingIntervalMs, pingTimeoutMs } = this.#settings;
    if (pingIntervalMs !== null) {
      const { clock, host } = this.runtime;
      const settings = { intervalMs: pingIntervalMs, timeoutMs: pingTimeoutMs };
      this.#keepalive = new Keepalive(this.#pipeEnd, clock, settings, (host.nextMask() >>> 0) / 2 ** 32);
    }
    this.#callHandler((handlers) => handlers.open?.(this));
  }

  /** Writes what the protocol wants written, and looks whether the end is near. */
  protected flush(): void {
    this.#batch.flush();
    this.#settle();
  }

  protected log(level: LogLevel, message: string, error?: unknown): void {
    if (!isLogged(this.logger, level)) return;
    const context: LogContext = error === undefined ? { connection: this } : { connection: this, error };
    this.logger[level](message, context);
  }

  /** The user's code threw: only this connection pays. */
  protected handlerFailed(error: unknown): void {
    this.log('error', 'connection handler failed', error);
    this.#receiver.stop();
    if (this.protocol.state === State.OPEN) this.close({ code: 1011 }).catch(noop);
  }

  // The ends of the pipe: what the protocol and the transport call, out of users' sight

  static readonly #PipeEnd = class
    implements ProtocolSink, TransportSink, ReceivingConnection, SendingConnection, KeepaliveConnection
  {
    readonly #connection: Connection;

    constructor(connection: Connection) {
      this.#connection = connection;
    }

    onHandshake(message: Request | Response): void {
      this.#connection.onHandshake(message);
    }

    onFrame(opcode: Opcode, fin: boolean, bytes: Uint8Array, start: number, end: number): void {
      this.#connection.#onFrame(opcode, fin, bytes, start, end);
    }

    onDecoded(goOn: () => void): void {
      this.#connection.#onDecoded(goOn);
    }

    onData(bytes: Uint8Array, end?: number): void {
      this.#connection.#onData(bytes, end);
    }

    onEnd(): void {
      this.#connection.#onEnd();
    }

    onWritten(): void {
      this.#connection.#onWritten();
    }

    onClose(error: Error | null): void {
      this.#connection.#onClose(error);
    }

    get isOpen(): boolean {
      return this.#connection.state === State.OPEN;
    }

    get isClosed(): boolean {
      return this.#connection.#closed.isSet;
    }

    pauseReceiving(): void {
      // Once the transport is gone nothing more can follow, and the end must come through.
      if (this.#connection.#isLost) return;
      this.#connection.#isReceivingPaused = true;
      this.#connection.protocol.pause();
    }

    resumeReceiving(): void {
      this.#connection.#resumeReceiving();
    }

    closedError(): ConnectionClosed {
      return this.#connection.#closedError();
    }

    rejectWhenClosed(wait?: Wait): Promise<never> {
      return this.#connection.#rejectWhenClosed(wait);
    }

    failInternally(error: unknown): Promise<never> {
      this.#connection.#failInternally(error);
      return this.#connection.#rejectWhenClosed();
    }

    fail(code: number, reason: string): void {
      this.#connection.#fail(code, reason);
    }

    failReceiving(error: InvalidUtf8Error): void {
      this.#connection.#failReceiving(error);
    }

    onMessage(data: Data, isText: boolean): unknown {
      return this.#connection.#handlers?.message?.(this.#connection, data, isText);
    }

    handlerFailed(error: unknown): void {
      this.#connection.handlerFailed(error);
    }

    sendPing(sender: PingSender, again: Uint8Array | null): Uint8Array | null {
      const connection = this.#connection;
      try {
        const payload = again ?? connection.#freshPingPayload();
        if (again !== null) connection.protocol.sendPing(payload);
        else connection.#sendPing(payload).watch(payload, connection.runtime.clock.now(), sender);
        return payload;
      } catch (error) {
        connection.#failInternally(error);
        return null;
      }
    }

    onPingTimeout(): void {
      this.#connection.#fail(1011, 'keepalive ping timeout');
    }

    log(level: LogLevel, message: string, error?: unknown): void {
      this.#connection.log(level, message, error);
    }
  };

  #onData(bytes: Uint8Array, end?: number): void {
    this.#keepalive?.onReceived();
    // The parser keeps what comes while it is paused; the socket is paused only when more does, so that a short pause
    // costs nothing.
    if (this.#isReceivingPaused || this.protocol.isDecoding) this.#transport.pause();
    this.#run(() => this.protocol.receive(bytes, end));
  }

  #onEnd(): void {
    this.#run(() => this.protocol.receiveEof());
  }

  /** Lets the protocol work, and writes what comes of it in one go: at once, or with what else this turn has to write. */
  #run(work: () => void, flush: 'now' | 'later' = 'now'): void {
    this.#batch.hold();
    try {
      work();
    } catch (error) {
      this.#failInternally(error);
    }
    if (flush === 'now') this.#batch.release();
    else this.#batch.releaseLater();
    this.#settle();
  }

  #onWritten(): void {
    this.#batch.onWritten();
    if (this.#writer.onWritten() && this.protocol.state === State.OPEN) {
      this.#callHandler((handlers) => handlers.drain?.(this));
    }
  }

  #onClose(error: Error | null): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#batch.drop();
    if (error !== null) {
      this.log('debug', '! error while receiving data', error);
      this.#cause ??= error;
    }
    // Whatever had arrived is delivered, also beyond the high mark: nothing more can follow.
    this.#isReceivingPaused = false;
    this.#run(() => {
      this.protocol.resume();
      this.protocol.receiveEof();
    });
    if (!this.protocol.isDecoding) this.#finish();
  }

  /** What had been received is ready: with the frame, or without because the connection has failed meanwhile. */
  #onDecoded(goOn: () => void): void {
    this.#run(goOn);
    if (this.protocol.isDecoding) return;
    if (this.#isLost) this.#finish();
    else if (!this.#isReceivingPaused) this.#transport.resume();
  }

  /** The transport is gone, and all that it brought is handed over. */
  #finish(): void {
    if (this.#closed.isSet) return;
    this.#closed.set();
    this.#deadline?.cancel();
    this.#keepalive?.stop();
    this.#pings?.end(() => this.#closedError());
    this.#writer.onClosed(() => this.#closedError());
    this.#receiver.onClosed(() => {
      if (!this.#hasOpened) return;
      const { closeCode, closeReason } = this.protocol;
      this.#callHandler((handlers) => handlers.close?.(this, closeCode ?? 1006, closeReason ?? ''));
    });
    this.onGone();
  }

  // Receiving, inside

  #onFrame(opcode: Opcode, fin: boolean, bytes: Uint8Array, start: number, end: number): void {
    if (opcode <= Opcode.BINARY) {
      this.#receiver.onData(opcode, fin, bytes, start, end);
    } else if (opcode === Opcode.PONG) {
      const latency = this.#pings?.acknowledge(bytes.subarray(start, end), this.runtime.clock.now()) ?? null;
      if (latency !== null) this.#latency = latency;
    }
  }

  #resumeReceiving(): void {
    if (!this.#isReceivingPaused) return;
    this.#isReceivingPaused = false;
    this.#transport.resume();
    // A reader that works through a queue resumes often in one turn: 64 messages in flight must not be five writes.
    this.#run(() => this.protocol.resume(), 'later');
  }

  #failReceiving(error: InvalidUtf8Error): void {
    this.#cause ??= error;
    this.#fail(1007, `${error.reason} at position ${error.position}`);
  }

  /** Runs the user's code: what it throws or rejects with ends this connection, and nothing else. */
  #callHandler(call: (handlers: DirectHandlers<Connection>) => unknown): void {
    if (this.#handlers === null) return;
    try {
      Promise.resolve(call(this.#handlers)).catch((error: unknown) => this.handlerFailed(error));
    } catch (error) {
      this.handlerFailed(error);
    }
  }

  // Errors and the rest

  /** What never should happen: the connection is given up, the process goes on. */
  #failInternally(error: unknown): void {
    this.log('error', 'unexpected internal error', error);
    this.#cause ??= error;
    this.abort();
  }

  /** Calls on a connection that isn't open get their error when it is closed for good: only then are the codes final. */
  #rejectWhenClosed(wait: Wait = {}): Promise<never> {
    if (this.protocol.state === State.CONNECTING) {
      return Promise.reject(new Error('the opening handshake is not complete'));
    }
    return quiet(
      this.waitClosed(wait).then(() => {
        throw this.#closedError();
      }),
    );
  }

  #closedError(): ConnectionClosed {
    return this.protocol.closedBecause(this.#cause);
  }

  #controlPayload(data: DataLike): Uint8Array {
    const bytes = typeof data === 'string' ? this.runtime.text.encode(data) : bytesOf(data);
    if (bytes === null) throw new TypeError('data must be str or bytes-like');
    if (bytes.length > MAX_CONTROL_BYTES) throw new ProtocolError(VIOLATIONS.CONTROL_FRAME_TOO_LONG);
    // A copy, also of a Buffer, whose slice is none: the key of the ping must not change.
    return new Uint8Array(bytes);
  }

  #freshPingPayload(): Uint8Array {
    const payload = new Uint8Array(4);
    // From the pool of masks: to ask the system costs more than everything else that a ping costs us.
    do {
      const bits = this.runtime.host.nextMask();
      for (let i = 0; i < 4; i++) payload[i] = bits >>> (8 * i);
    } while (this.#pings?.has(payload));
    return payload;
  }

  /** Sends it, and returns those among which it has to be counted. */
  #sendPing(payload: Uint8Array): Pings {
    this.#pings ??= new Pings();
    if (this.#pings.has(payload)) throw new ConcurrencyError('already waiting for a pong with the same data');
    this.protocol.sendPing(payload);
    return this.#pings;
  }

  // Closing, inside

  #startClosing(code: number, reason: string): void {
    if (this.protocol.state !== State.OPEN) return;
    try {
      if (this.#writer.isSendingFragments) this.protocol.fail(1011, 'close during fragmented message');
      else this.protocol.sendClose(code, reason);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.#failInternally(error);
    }
    this.#batch.flush();
    this.#settle();
  }

  /** A message that was sent before is still being encoded: it goes first, and so does what waits behind it, within reason. */
  async #closeBehindMessages(code: number, reason: string): Promise<void> {
    const closing = this.#writer.enqueue(async () => this.#startClosing(code, reason));
    try {
      const timeoutMs = this.#settings.closeTimeoutMs ?? undefined;
      await waitFor(closing, { timeoutMs }, this.runtime.clock);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      this.#fail(1011, 'close during fragmented message');
    }
  }

  /** Fails the connection if it is OPEN: drops it when an extension can't even encode the close frame. */
  #fail(code: number, reason: string): void {
    if (this.protocol.state !== State.OPEN) return;
    try {
      this.protocol.fail(code, reason);
    } catch (error) {
      this.#failInternally(error);
    }
    this.flush();
  }

  /** After the protocol has worked: has our half ended, does the rest have to end soon? */
  #settle(): void {
    if (this.#closed.isSet) return;
    if (this.protocol.eofSent && !this.#hasHalfClosed) {
      this.#hasHalfClosed = true;
      this.log('debug', this.#transport.canHalfClose ? 'x half-closing TCP connection' : 'x closing TCP connection');
    }
    // CLOSED before the transport is gone: the peer has ended its half, and may leave ours full for ever.
    const isEnding = this.protocol.closeExpected() || this.protocol.state === State.CLOSED;
    if (!isEnding || this.#deadline !== null) return;
    this.#keepalive?.stop();
    // Nobody may be reading any more, but the peer's close frame must come through.
    this.#resumeReceiving();
    let { closeTimeoutMs } = this.#settings;
    if (this.protocol.state === State.CONNECTING) {
      this.onHandshakeFailed();
      // A peer that was refused isn't waited for without a limit, whatever is allowed to those who were let in.
      closeTimeoutMs ??= REFUSED_TIMEOUT_MS;
    }
    if (closeTimeoutMs === null) return;
    this.#deadline = this.runtime.clock.setTimer(closeTimeoutMs, () => {
      this.log('debug', '- timed out while closing connection');
      this.#cause ??= new TimeoutError('timed out while closing connection');
      this.#transport.abort();
    });
  }
}

const noop = (): void => {};

const handledDirectly = (call: string): ConcurrencyError =>
  new ConcurrencyError(`cannot call ${call} on a connection with direct handlers`);
