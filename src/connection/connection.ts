// The connection that users hold: what it shows, what can be asked of it. The work is done behind it, in ConnectionPipe.
import { ConcurrencyError } from '../core/exceptions.ts';
import type { Request, Response } from '../core/http-message.ts';
import type { Logger, LogLevel } from '../core/logger.ts';
import type { PreparedMessage } from '../core/prepared-message.ts';
import type { Protocol } from '../core/protocol.ts';
import type { State } from '../core/state.ts';
import { ConnectionPipe, type PipeHooks } from './connection-pipe.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import type { ConnectionStats } from './connection-stats.ts';
import type { DirectHandlers } from './handlers.ts';
import type { ReceiveOptions } from './message-reader.ts';
import type { Data, DataLike, MessageSource } from './message-source.ts';
import { readableOf, writableOf } from './message-streams.ts';
import type { SendOptions, SendOutcome, TrySendOptions } from './message-writer.ts';
import type { Ping } from './pings.ts';
import { quiet } from './promises.ts';
import type { Runtime } from './runtime.ts';
import type { Address, Transport } from './transport.ts';
import { type Wait, waitFor } from './wait.ts';

/** What a connection is built from. Comes from `connect` or `serve`; pass it on in `createConnection`. */
export interface ConnectionOptions {
  readonly runtime: Runtime;
  readonly transport: Transport;
  readonly settings: ConnectionSettings;
  /** The fast road: see `DirectHandlers`. */
  readonly handlers?: DirectHandlers<Connection> | null | undefined;
}

/** How to close. */
export interface CloseOptions {
  /** 1000 to 1003, 1007 to 1014 or 3000 to 4999. Default 1000. */
  readonly code?: number | undefined;
  /** At most 123 bytes of UTF-8. Default empty. */
  readonly reason?: string | undefined;
}

const NO_BYTES = new Uint8Array(0);

/** The streams of a connection, as far as they were asked for. */
interface Streams {
  readable: ReadableStream<Data> | null;
  writable: WritableStream<DataLike | PreparedMessage> | null;
}

/**
 * Sends a message without waiting: for `broadcast` alone. Does nothing when the connection isn't open.
 *
 * @param maxBuffered how many bytes may wait before the message is left out. Undefined: as many as the connection says.
 * @param slow whether the connection is closed then.
 * @throws {ConcurrencyError} a fragmented message is being sent.
 */
export let sendAtOnce: (
  connection: Connection,
  message: PreparedMessage,
  maxBuffered: number | undefined,
  slow: 'drop' | 'close',
) => void;

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
  readonly #pipe: ConnectionPipe<Connection>;
  #streams: Streams | null = null;

  constructor(protocol: Protocol, { runtime, transport, settings, handlers = null }: ConnectionOptions) {
    this.protocol = protocol;
    this.runtime = runtime;
    const hooks = Connection.#hooks;
    this.#pipe = new ConnectionPipe({ connection: this, hooks, protocol, runtime, transport, settings, handlers });
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
    return this.#pipe.transport.localAddress;
  }

  get remoteAddress(): Address | null {
    return this.#pipe.transport.remoteAddress;
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
    return this.#pipe.latency;
  }

  /** Round-trip time in milliseconds: see `latency`. */
  get latencyMs(): number {
    return this.#pipe.latency * 1000;
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
    return this.#pipe.closed.promise;
  }

  /** Bytes that were sent and have not gone to the system yet. */
  get bufferedAmount(): number {
    return this.#pipe.batch.bufferedBytes;
  }

  /**
   * Settles when what was sent and waits is below the low mark of `writeLimit`: at once, when it is so. Rejects with
   * ConnectionClosed when the connection ends first, or has ended; need not be watched.
   */
  get drained(): Promise<void> {
    return this.#pipe.writer.whenDrained({});
  }

  /** Numbers of this moment: bytes, messages, what compression saves, what waits. */
  get stats(): ConnectionStats {
    return this.#pipe.stats();
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
    return this.#pipe.reader?.recv(options) ?? Promise.reject(handledDirectly('recv'));
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
    if (this.#pipe.reader === null) throw handledDirectly('recvStreaming');
    return this.#pipe.reader.recvStreaming(options);
  }

  /** Messages until the connection is closed. Throws ConnectionClosedError when it ended with a problem. */
  [Symbol.asyncIterator](): AsyncIterator<Data, undefined> {
    if (this.#pipe.reader === null) throw handledDirectly('iterate');
    return this.#pipe.reader.messages();
  }

  /**
   * The received messages as a web stream, made when it is first asked for. From then on `recv`, `recvStreaming` and
   * iteration are refused.
   *
   * Nothing is read ahead: a slow reader stops the peer, as with `recv`. The stream ends when the connection was closed
   * without a problem, and fails with ConnectionClosedError otherwise. Cancelling it closes the connection: with 1011 when
   * the reason is an Error, as when a pipe fails, else with 1000.
   *
   * @throws {ConcurrencyError} a `recv` or `recvStreaming` is in progress, or the connection has direct handlers.
   */
  get readable(): ReadableStream<Data> {
    this.#streams ??= { readable: null, writable: null };
    if (this.#pipe.reader === null) throw handledDirectly('readable');
    this.#streams.readable ??= readableOf(this.#pipe, this.#pipe.reader);
    return this.#streams.readable;
  }

  /**
   * Stops delivery until `resume`: to handlers, calls of `recv`, iterators and streams. Backpressure reaches the peer, and
   * nothing is read any more: pings stay without answer, pongs and the peer's end are not seen, so that keepalive may fail
   * the connection. The pause ends when the connection begins to close, or is lost. Does nothing unless the connection is
   * open.
   */
  pause(): void {
    this.#pipe.pause();
  }

  /** Goes on after `pause`, with what had arrived meanwhile. */
  resume(): void {
    this.#pipe.resume();
  }

  /** Whether `pause` is in force. */
  get isPaused(): boolean {
    return this.#pipe.isPaused;
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
    if (this.#streams !== null && this.#streams.writable !== null) return Promise.reject(sentByStream('send'));
    return this.#pipe.writer.send(message, options);
  }

  /**
   * Sends a message without waiting, and tells what became of it. Whatever the peer does, this does not throw.
   *
   * - `'sent'`: it is with the system, or goes there when this turn of the event loop ends, or less than the high mark of
   *   `writeLimit` waits in all.
   * - `'queued'`: it is on its way, and more than that waits. Better hold back until `drained` settles, or `drain` is called.
   * - `'dropped'`: nothing is sent. More than `maxBuffered` waits already; or the connection isn't open; or a message in
   *   fragments, or one that a thread compresses, is on its way.
   *
   * A message is never dropped for its own size: what waits is at most `maxBuffered` and one message. The bytes may be
   * changed when the call returns.
   *
   * @throws {TypeError} the message is neither a string nor bytes.
   * @throws {ConcurrencyError} `writable` is in use.
   */
  trySend(message: DataLike | PreparedMessage, options: TrySendOptions = {}): SendOutcome {
    if (this.#streams !== null && this.#streams.writable !== null) throw sentByStream('trySend');
    return this.#pipe.writer.trySend(message, options);
  }

  /** As `drained`, within limits. */
  waitDrained(wait: Wait = {}): Promise<void> {
    return this.#pipe.writer.whenDrained(wait);
  }

  /**
   * Runs the function, and writes in one go what it sends, when it returns or throws. By itself that happens once for each
   * turn of the event loop; this is for less. Calls may be nested: the outermost writes. What does not fit into 64 KiB is
   * written on the way. An async function is corked up to its first `await`.
   *
   * @returns what the function returns.
   */
  cork<T>(work: () => T): T {
    return this.#pipe.cork(work);
  }

  /**
   * A web stream that sends what is written to it, a message each, made when it is first asked for. From then on `send` and
   * `trySend` are refused.
   *
   * A write settles when `send` would: a peer that does not read stops the writer. Closing the stream closes the connection
   * with 1000, aborting it with 1011. The stream fails with ConnectionClosed when the connection ends first. What can't be
   * sent fails the stream, and closes the connection with 1011.
   */
  get writable(): WritableStream<DataLike | PreparedMessage> {
    this.#streams ??= { readable: null, writable: null };
    this.#streams.writable ??= writableOf(this.#pipe, this.runtime.clock);
    return this.#streams.writable;
  }

  /**
   * Sends a ping. Settles when it is on its way; the `pong` in the result when it is answered.
   *
   * @param data at most 125 bytes. Default: 4 random bytes.
   * @param options.ackOnClose `pong` comes to NaN instead of rejecting when the connection ends first. Default false.
   * @param options.signal aborting it gives up waiting, for room and for the pong. The ping is sent all the same.
   * @throws {ConnectionClosed} the connection is closed.
   * @throws {ConcurrencyError} a ping with the same data is on its way.
   * @throws {ProtocolError} the data is too long.
   */
  ping(
    data?: DataLike,
    {
      ackOnClose = false,
      signal,
    }: { readonly ackOnClose?: boolean | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Ping> {
    return this.#pipe.ping(data, ackOnClose, { signal });
  }

  /**
   * Sends a pong that nobody asked for: a heartbeat in one direction. Pings are answered by themselves.
   *
   * @param data at most 125 bytes. Default: empty.
   * @param options.signal aborting it gives up waiting for room. The pong is sent all the same.
   * @throws {ConnectionClosed} the connection is closed.
   * @throws {ProtocolError} the data is too long.
   */
  pong(data: DataLike = NO_BYTES, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#pipe.pong(data, { signal });
  }

  // Closing

  /**
   * Closes the connection and settles when it is gone, after `closeTimeoutMs` at the latest. May be called again and
   * again. Messages that came before the peer's close frame can still be received.
   *
   * @param options.signal aborting it gives up waiting. The connection goes on closing.
   * @throws {ProtocolError} the code must not be sent, or the reason is too long; the connection stays open.
   */
  close({
    code = 1000,
    reason = '',
    signal,
  }: CloseOptions & { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    const closed = this.#pipe.close(code, reason);
    return signal === undefined ? closed : quiet(waitFor(closed, { signal }, this.runtime.clock));
  }

  /** Settles when the connection is gone, TCP included. Rejects only because of `signal` or `timeoutMs`. */
  waitClosed(wait: Wait = {}): Promise<void> {
    return this.#pipe.closed.wait(wait, this.runtime.clock);
  }

  /** Drops the connection now, without a closing handshake: the peer sees 1006. */
  abort(): void {
    this.#pipe.abort();
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

  /** What logs show of a connection: who it is and how it stands, and nothing of headers, URI and messages. */
  toJSON(): Record<string, unknown> {
    const { id, state, subprotocol, localAddress, remoteAddress, latency, closeCode, closeReason } = this;
    return { id, state, subprotocol, localAddress, remoteAddress, latency, closeCode, closeReason };
  }

  // For the two sides

  static {
    // Node's and Deno's `inspect`, and so `console.log`, show the same: secrets must not come into a log by a connection.
    Object.defineProperty(Connection.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: Connection, _depth: number, options: object, inspect: (value: unknown, options: object) => string) {
        return `${this.constructor.name} ${inspect(this.toJSON(), options)}`;
      },
    });
    sendAtOnce = (connection, message, maxBuffered, slow) => connection.#pipe.sendAtOnce(message, maxBuffered, slow);
  }

  static readonly #hooks: PipeHooks<Connection> = {
    onHandshake: (connection, message) => connection.onHandshake(message),
    onHandshakeFailed: (connection) => connection.onHandshakeFailed(),
    onGone: (connection) => connection.onGone(),
  };

  /** The peer's half of the opening handshake has arrived. */
  protected abstract onHandshake(message: Request | Response): void;

  /** The opening handshake has failed; the transport may stay for a while. */
  protected onHandshakeFailed(): void {}

  /** The connection is gone. */
  protected onGone(): void {}

  /** The opening handshake is done: keepalive begins. */
  protected onOpen(): void {
    this.#pipe.open();
  }

  /** Writes what the protocol wants written, and looks whether the end is near. */
  protected flush(): void {
    this.#pipe.flush();
  }

  protected log(level: LogLevel, message: string, error?: unknown): void {
    this.#pipe.log(level, message, error);
  }

  /** The user's code threw: only this connection pays. */
  protected handlerFailed(error: unknown): void {
    this.#pipe.handlerFailed(error);
  }
}

const sentByStream = (call: string): ConcurrencyError =>
  new ConcurrencyError(`cannot call ${call} on a connection whose writable stream is in use`);

const handledDirectly = (call: string): ConcurrencyError =>
  new ConcurrencyError(`cannot call ${call} on a connection with direct handlers`);
