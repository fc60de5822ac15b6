// The one I/O shell around a protocol: what transport, protocol, receiver and writer call, and what they call in turn. The
// connection that users hold stands in front of it (connection.ts).
import {
  ConcurrencyError,
  type ConnectionClosed,
  EndOfStreamError,
  InvalidHandshake,
  type InvalidUtf8Error,
  ProtocolError,
  TimeoutError,
  VIOLATIONS,
} from '../core/exceptions.ts';
import type { Request, Response } from '../core/http-message.ts';
import { isLogged, type LogContext, type LogLevel } from '../core/logger.ts';
import { MAX_CONTROL_BYTES, Opcode } from '../core/opcode.ts';
import type { PreparedMessage } from '../core/prepared-message.ts';
import type { Protocol } from '../core/protocol.ts';
import type { ProtocolSink } from '../core/protocol-pipe.ts';
import { State } from '../core/state.ts';
import type { Timer } from './clock.ts';
import { ClosedSignal } from './closed-signal.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { type ConnectionStats, ratio, Traffic } from './connection-stats.ts';
import {
  type LimitName,
  reportClose,
  reportError,
  reportHandshake,
  reportLimit,
  reportLimitBehind,
  reportMessage,
  reportOpen,
  reportViolation,
} from './diagnostics.ts';
import { DirectReceiver } from './direct-receiver.ts';
import { type ExpiringConnection, Expiry } from './expiry.ts';
import type { DirectHandlers } from './handlers.ts';
import { Keepalive, type KeepaliveConnection } from './keepalive.ts';
import { MessageReader } from './message-reader.ts';
import { bytesOf, type Data, type DataLike } from './message-source.ts';
import { MessageWriter } from './message-writer.ts';
import { type Ping, type PingSender, Pings } from './pings.ts';
import { quiet } from './promises.ts';
import type { Receiver, ReceivingConnection } from './receiving.ts';
import type { Runtime } from './runtime.ts';
import type { SendingConnection } from './sending.ts';
import { type SlowConnection, SlowPeer } from './slow-peer.ts';
import type { Transport, TransportSink } from './transport.ts';
import { type Wait, waitFor } from './wait.ts';
import { WriteBatch } from './write-batch.ts';

/** What the pipe tells a connection: one object for all connections, since users must not see these as methods. */
export interface PipeHooks<C> {
  /** The peer's half of the opening handshake has arrived. */
  onHandshake(connection: C, message: Request | Response): void;
  /** The opening handshake has failed; the transport may stay for a while. */
  onHandshakeFailed(connection: C): void;
  /** The connection is gone. */
  onGone(connection: C): void;
}

/** What a pipe is built from. */
export interface PipeOptions<C> {
  readonly connection: C;
  readonly hooks: PipeHooks<C>;
  readonly protocol: Protocol;
  readonly runtime: Runtime;
  readonly transport: Transport;
  readonly settings: ConnectionSettings;
  readonly handlers: DirectHandlers<C> | null;
}

/** How long a peer that was refused may stay when nothing else is said. */
const REFUSED_TIMEOUT_MS = 10_000;

/** The deadline of a connection that may take any time to close. */
const NO_DEADLINE: Timer = { cancel() {} };

/** Who wants nothing to be received, as bits. */
const BY_RECEIVER = 1;
const BY_USER = 2;
/** More answers wait to be sent than may: see `isOverfull`. */
const BY_ANSWERS = 4;

/** Everything between a transport and its user's connection, of type C. */
export class ConnectionPipe<C>
  implements
    ProtocolSink,
    TransportSink,
    ReceivingConnection,
    SendingConnection,
    KeepaliveConnection,
    ExpiringConnection,
    SlowConnection
{
  readonly transport: Transport;
  readonly batch: WriteBatch;
  readonly writer: MessageWriter;
  /** The receiver, when it is one to read from; null with direct handlers. */
  readonly reader: MessageReader | null;
  /** Set when the connection is gone, TCP included. */
  readonly closed: ClosedSignal = new ClosedSignal();
  /** Round trip in seconds, of the last ping that was answered. */
  latency = 0;

  readonly #connection: C;
  readonly #hooks: PipeHooks<C>;
  readonly #protocol: Protocol;
  readonly #runtime: Runtime;
  readonly #settings: ConnectionSettings;
  readonly #handlers: DirectHandlers<C> | null;
  readonly #receiver: Receiver;
  /** BY_RECEIVER, BY_USER, BY_ANSWERS together; 0 while receiving goes on. */
  #pauses = 0;
  /** Whether the handler of a message is running. */
  #isAnswering = false;

  /** What ended the connection from outside the protocol: a network error, a deadline. */
  #cause: unknown = null;
  #deadline: Timer | null = null;
  /** The transport is gone; then the protocol hears of it, and the connection is closed. */
  #isLost = false;
  #hasOpened = false;
  #hasHalfClosed = false;

  #pings: Pings | null = null;
  #keepalive: Keepalive | null = null;
  #expiry: Expiry | null = null;
  #slowPeer: SlowPeer | null = null;
  #traffic: Traffic | null = null;
  /** Bytes that were read since the opening handshake. */
  #bytesReceived = 0;

  constructor({ connection, hooks, protocol, runtime, transport, settings, handlers }: PipeOptions<C>) {
    this.#connection = connection;
    this.#hooks = hooks;
    this.#protocol = protocol;
    this.#runtime = runtime;
    this.#settings = settings;
    this.#handlers = handlers;
    this.transport = transport;
    this.batch = new WriteBatch(transport, runtime.flushQueue);
    this.reader = handlers === null ? new MessageReader(this, runtime, settings) : null;
    this.#receiver = this.reader ?? new DirectReceiver(this, runtime.text, settings);
    this.writer = new MessageWriter({
      connection: this,
      protocol,
      batch: this.batch,
      runtime,
      limits: settings.writeLimit,
    });
    protocol.pipe(this, this.batch, connection);
    transport.start(this);
  }

  get isOpen(): boolean {
    return this.#protocol.state === State.OPEN;
  }

  get isClosed(): boolean {
    return this.closed.isSet;
  }

  // What the connection asks for

  /** The opening handshake is done: keepalive begins. */
  open(): void {
    this.#hasOpened = true;
    this.#bytesReceived = 0;
    this.batch.countFromHere();
    const { keepalive, idleTimeoutMs, maxLifetimeMs } = this.#settings;
    const { clock } = this.#runtime;
    if (keepalive !== null) this.#keepalive = new Keepalive(this, clock, keepalive, this.#randomPhase());
    if (idleTimeoutMs !== null || maxLifetimeMs !== null) {
      this.#expiry = new Expiry(this, clock, this.#settings, this.#randomPhase());
    }
    for (const extension of this.#protocol.extensions) extension.watch?.(this);
    reportHandshake(this.#runtime, this.#connection, this.#protocol);
    reportOpen(this.#runtime, this.#connection);
    this.#callHandler((handlers) => handlers.open?.(this.#connection));
  }

  /** Writes what the protocol wants written, and looks whether the end is near. */
  flush(): void {
    this.batch.flush();
    this.#settle();
  }

  /**
   * As `send`, without waiting: when too much waits to be sent, the message is left out or the connection closed.
   * @param maxBuffered undefined: the connection's own.
   * @throws {ConcurrencyError} a fragmented message is being sent.
   */
  sendAtOnce(message: PreparedMessage, maxBuffered: number | undefined, slow: 'drop' | 'close'): void {
    if (!this.isOpen) return;
    if (this.writer.isSendingFragments) throw new ConcurrencyError('sending a fragmented message');
    if (this.isOverfull(maxBuffered)) {
      this.onDropped();
      if (slow === 'close') this.#closeBecause(1013, SLOW_PEER);
      return;
    }
    if (this.writer.isBusy) void this.writer.send(message, {});
    else this.#protocol.sendPrepared(message);
  }

  ping(data: DataLike | undefined, ackOnClose: boolean, wait: Wait): Promise<Ping> {
    if (wait.signal?.aborted) return Promise.reject(wait.signal.reason);
    let payload: Uint8Array;
    try {
      payload = data === undefined ? this.#freshPingPayload() : this.#controlPayload(data);
    } catch (error) {
      return Promise.reject(error);
    }
    let pong!: Promise<number>;
    const sent = this.writer.write(() => {
      pong = this.#sendPing(payload).add(payload, this.#runtime.clock.now(), ackOnClose);
      if (wait.signal !== undefined) pong = quiet(waitFor(pong, wait, this.#runtime.clock));
    }, wait);
    return quiet(sent.then(() => ({ data: payload, pong })));
  }

  pong(data: DataLike, wait: Wait): Promise<void> {
    if (wait.signal?.aborted) return Promise.reject(wait.signal.reason);
    let payload: Uint8Array;
    try {
      payload = this.#controlPayload(data);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.writer.write(() => this.#protocol.sendPong(payload), wait);
  }

  /** Gathers what the function sends, and writes it in one go. */
  cork<T>(work: () => T): T {
    this.batch.hold();
    try {
      return work();
    } finally {
      this.batch.release();
    }
  }

  /** Whether the user wants nothing to be delivered for now. */
  get isPaused(): boolean {
    return (this.#pauses & BY_USER) !== 0;
  }

  pause(): void {
    // Once the transport is gone nothing more can follow, and the end must come through.
    if (!this.isOpen || this.#isLost) return;
    this.#pauses |= BY_USER;
    this.#protocol.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.#pauses &= ~BY_USER;
    this.reader?.onResumed();
    if (this.#pauses === 0) this.#receiveOn();
  }

  stats(): ConnectionStats {
    const traffic = this.#traffic ?? new Traffic();
    const bytesSent = this.batch.byteCount;
    const bytesReceived = this.#bytesReceived;
    return {
      ...traffic,
      bytesSent,
      bytesReceived,
      compressionRatioSent: ratio(traffic.payloadBytesSent, bytesSent),
      compressionRatioReceived: ratio(traffic.payloadBytesReceived, bytesReceived),
      queuedFrames: this.reader?.queuedFrames ?? 0,
      queuedBytes: this.reader?.queuedBytes ?? 0,
      bufferedBytes: this.batch.bufferedBytes,
      droppedMessages: this.#slowPeer?.dropped ?? 0,
    };
  }

  async close(code: number, reason: string): Promise<void> {
    if (this.#protocol.state === State.CONNECTING) this.abort();
    if (this.writer.isBusy && !this.writer.isSendingFragments) await this.#closeBehindMessages(code, reason);
    else this.#startClosing(code, reason);
    await this.closed.promise;
  }

  abort(): void {
    if (this.isClosed) return;
    this.#receiver.stop();
    this.transport.abort();
  }

  log(level: LogLevel, message: string, error?: unknown): void {
    if (error !== undefined) reportError(this.#runtime, this.#connection, message, error);
    const { logger } = this.#protocol;
    if (!isLogged(logger, level)) return;
    const connection = this.#connection;
    const context: LogContext = error === undefined ? { connection } : { connection, error };
    logger[level](message, context);
  }

  // From the transport

  onData(bytes: Uint8Array, end?: number): void {
    this.#keepalive?.onReceived();
    this.#bytesReceived += end ?? bytes.length;
    // The parser keeps what comes while it is paused; the socket is paused only when more does, so that a short pause
    // costs nothing.
    if (this.#pauses !== 0 || this.#protocol.isDecoding) this.transport.pause();
    this.#run(() => this.#protocol.receive(bytes, end));
  }

  onEnd(): void {
    this.#run(() => this.#protocol.receiveEof());
  }

  onWritten(): void {
    this.batch.onWritten();
    if (this.writer.onWritten() && this.isOpen) {
      this.#callHandler((handlers) => handlers.drain?.(this.#connection));
      this.#unpause(BY_ANSWERS);
    }
    if (this.#slowPeer?.isTimed && this.batch.bufferedBytes <= this.#settings.maxBuffered) this.#slowPeer.stop();
    // Last: whoever waits for room waits for a write that the system does not take at once.
    if (this.#protocol.hasKeptPing) this.#run(() => this.#protocol.answerKeptPing(), 'later');
  }

  onClose(error: Error | null): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.batch.drop();
    this.#cause ??= error;
    try {
      if (error !== null) this.log('debug', '! error while receiving data', error);
    } finally {
      this.#deliverRest();
    }
  }

  // From the protocol

  onHandshake(message: Request | Response): void {
    this.#hooks.onHandshake(this.#connection, message);
  }

  onFrame(opcode: Opcode, fin: boolean, bytes: Uint8Array, start: number, end: number): void {
    if (opcode <= Opcode.BINARY) {
      this.#traffic ??= new Traffic();
      this.#traffic.payloadBytesReceived += end - start;
      if (fin) this.#traffic.messagesReceived++;
      reportMessage(this.#runtime, this.#connection, 'received', opcode, fin, end - start);
      this.#receiver.onData(opcode, fin, bytes, start, end);
    } else if (opcode === Opcode.PONG) {
      const latency = this.#pings?.acknowledge(bytes.subarray(start, end), this.#runtime.clock.now()) ?? null;
      if (latency !== null) this.latency = latency;
    }
  }

  onSent(opcode: Opcode, fin: boolean, byteLength: number): void {
    this.#traffic ??= new Traffic();
    this.#traffic.payloadBytesSent += byteLength;
    if (fin) this.#traffic.messagesSent++;
    reportMessage(this.#runtime, this.#connection, 'sent', opcode, fin, byteLength);
  }

  /** What had been received is ready: with the frame, or without because the connection has failed meanwhile. */
  onDecoded(goOn: () => void): void {
    // The pong that the keepalive waits for may lie in the socket, which was not read.
    this.#keepalive?.onReceived();
    this.#run(goOn);
    if (this.#protocol.isDecoding) return;
    if (this.#isLost) this.#finish();
    else if (this.#pauses === 0) this.transport.resume();
  }

  // From the receiver

  pauseReceiving(): boolean {
    if (this.#isLost) return false; // As in `pause`.
    this.#pauses |= BY_RECEIVER;
    this.#protocol.pause();
    return true;
  }

  resumeReceiving(): void {
    this.#unpause(BY_RECEIVER);
  }

  onQueueFull(): void {
    this.reportLimit('maxQueueBytes');
    // Nobody will have the rest: it isn't decoded, and a close frame behind it doesn't make a clean end of what has a hole.
    if (this.#isLost) this.#protocol.fail(1006);
  }

  onMessage(data: Data, isText: boolean): unknown {
    this.#isAnswering = true;
    try {
      return this.#handlers?.message?.(this.#connection, data, isText);
    } finally {
      this.#isAnswering = false;
    }
  }

  failReceiving(error: InvalidUtf8Error): void {
    this.#cause ??= error;
    this.fail(1007, `${error.reason} at position ${error.position}`);
  }

  /** The user's code threw: only this connection pays. */
  handlerFailed(error: unknown): void {
    try {
      this.log('error', 'connection handler failed', error);
    } finally {
      this.#receiver.stop();
      if (this.isOpen) this.close(1011, '').catch(noop);
    }
  }

  // From the writer

  isOverfull(maxBuffered: number = this.#settings.maxBuffered): boolean {
    if (this.batch.bufferedBytes <= maxBuffered) return false;
    // What has only been gathered may still be taken at once.
    this.batch.flush();
    if (this.batch.bufferedBytes <= maxBuffered) return false;
    if (this.isOpen && this.batch.bufferedBytes > this.#settings.maxBuffered) {
      this.#slow().start();
      // A peer that sends and doesn't read must not fill our memory with answers that nobody waits for. What was sent for other
      // reasons stops nothing: two peers that both send in bulk would wait for each other.
      if (this.#isAnswering) this.#holdBack();
    }
    return true;
  }

  onDropped(): void {
    this.#slow().dropped++;
    this.reportLimit('maxBuffered');
  }

  /** Fails the connection if it is OPEN: drops it when an extension can't even encode the close frame. */
  fail(code: number, reason: string): void {
    if (!this.isOpen) return;
    try {
      this.#protocol.fail(code, reason);
    } catch (error) {
      this.#drop(error);
    }
    this.flush();
  }

  failInternally(error: unknown): Promise<never> {
    this.#drop(error);
    return this.rejectWhenClosed();
  }

  closedError(): ConnectionClosed {
    return this.#protocol.closedBecause(this.#cause);
  }

  /** Calls on a connection that isn't open get their error when it is closed for good: only then are the codes final. */
  rejectWhenClosed(wait: Wait = {}): Promise<never> {
    if (this.#protocol.state === State.CONNECTING) {
      return Promise.reject(new Error('the opening handshake is not complete'));
    }
    return quiet(
      this.closed.wait(wait, this.#runtime.clock).then(() => {
        throw this.closedError();
      }),
    );
  }

  // From the keepalive

  get isDecoding(): boolean {
    return this.#protocol.isDecoding;
  }

  sendPing(sender: PingSender, again: Uint8Array | null): Uint8Array | null {
    // It may still wait itself: a peer that talks and does not read would have it pile up.
    if (again !== null && this.batch.isBlocked) return again;
    try {
      const payload = again ?? this.#freshPingPayload();
      if (again !== null) this.#protocol.sendPing(payload);
      else this.#sendPing(payload).watch(payload, this.#runtime.clock.now(), sender);
      return payload;
    } catch (error) {
      this.#drop(error);
      return null;
    }
  }

  onPingTimeout(): void {
    this.reportLimit('pingTimeoutMs');
    this.fail(1011, 'keepalive ping timeout');
  }

  // From the expiry, and the watch over a slow peer

  get activity(): number {
    const traffic = this.#traffic;
    return traffic === null
      ? 0
      : traffic.messagesSent + traffic.messagesReceived + traffic.payloadBytesSent + traffic.payloadBytesReceived;
  }

  get isSending(): boolean {
    return this.writer.isBusy || this.batch.bufferedBytes > 0;
  }

  onIdle(): void {
    this.reportLimit('idleTimeoutMs');
    this.#closeBecause(1001, 'idle timeout');
  }

  onOld(): void {
    this.reportLimit('maxLifetimeMs');
    this.#closeBecause(1001, 'maximum lifetime reached');
  }

  onTooSlow(): void {
    this.reportLimit('slowTimeoutMs');
    this.#closeBecause(1013, SLOW_PEER);
  }

  /** Says that a limit was met at this connection. */
  reportLimit(limit: LimitName): void {
    reportLimit(this.#runtime, this.#connection, limit);
  }

  // Inside

  /** Nobody keeps from receiving any more. */
  #receiveOn(): void {
    this.transport.resume();
    // A reader that works through a queue resumes often in one turn: 64 messages in flight must not be five writes.
    this.#run(() => this.#protocol.resume(), 'later');
  }

  #slow(): SlowPeer {
    this.#slowPeer ??= new SlowPeer(this, this.#runtime.clock, this.#settings.slowTimeoutMs);
    return this.#slowPeer;
  }

  /** 0 to 1. */
  #randomPhase(): number {
    return (this.#runtime.host.nextMask() >>> 0) / 2 ** 32;
  }

  /** Lets the protocol work, and writes what comes of it in one go: at once, or with what else this turn has to write. */
  #run(work: () => void, flush: 'now' | 'later' = 'now'): void {
    this.batch.hold();
    try {
      work();
    } catch (error) {
      this.#drop(error);
    } finally {
      // Also when the user's logger throws.
      if (flush === 'now') this.batch.release();
      else this.batch.releaseLater();
      this.#settle();
    }
  }

  /** Runs the user's code: what it throws or rejects with ends this connection, and nothing else. */
  #callHandler(call: (handlers: DirectHandlers<C>) => unknown): void {
    if (this.#handlers === null) return;
    try {
      Promise.resolve(call(this.#handlers)).catch((error: unknown) => this.handlerFailed(error));
    } catch (error) {
      this.handlerFailed(error);
    }
  }

  /** What never should happen: the connection is given up, the process goes on. */
  #drop(error: unknown): void {
    this.#cause ??= error;
    try {
      this.log('error', 'unexpected internal error', error);
    } finally {
      this.abort();
    }
  }

  #controlPayload(data: DataLike): Uint8Array {
    const bytes = typeof data === 'string' ? this.#runtime.text.encode(data) : bytesOf(data);
    if (bytes === null) throw new TypeError('data must be str or bytes-like');
    if (bytes.length > MAX_CONTROL_BYTES) throw new ProtocolError(VIOLATIONS.CONTROL_FRAME_TOO_LONG);
    // A copy, also of a Buffer, whose slice is none: the key of the ping must not change.
    return new Uint8Array(bytes);
  }

  #freshPingPayload(): Uint8Array {
    const payload = new Uint8Array(4);
    // From the pool of masks: to ask the system costs more than everything else that a ping costs us.
    do {
      const bits = this.#runtime.host.nextMask();
      for (let i = 0; i < 4; i++) payload[i] = bits >>> (8 * i);
    } while (this.#pings?.has(payload));
    return payload;
  }

  /** Sends it, and returns those among which it has to be counted. */
  #sendPing(payload: Uint8Array): Pings {
    this.#pings ??= new Pings();
    if (this.#pings.has(payload)) throw new ConcurrencyError('already waiting for a pong with the same data');
    this.#protocol.sendPing(payload);
    return this.#pings;
  }

  // The end

  /** A limit of ours is met: nobody waits for the end. */
  #closeBecause(code: number, reason: string): void {
    if (this.isOpen) this.close(code, reason).catch(noop);
  }

  #startClosing(code: number, reason: string): void {
    if (!this.isOpen) return;
    try {
      if (this.writer.isSendingFragments) this.#protocol.fail(1011, 'close during fragmented message');
      else this.#protocol.sendClose(code, reason);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.#drop(error);
    }
    this.flush();
  }

  /** A message that was sent before is still being encoded: it goes first, and so does what waits behind it, within reason. */
  async #closeBehindMessages(code: number, reason: string): Promise<void> {
    const closing = this.writer.enqueue(async () => this.#startClosing(code, reason));
    try {
      const timeoutMs = this.#settings.closeTimeoutMs ?? undefined;
      await waitFor(closing, { timeoutMs }, this.#runtime.clock);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      this.reportLimit('closeTimeoutMs');
      this.fail(1011, 'close during fragmented message');
    }
  }

  /** After the protocol has worked: has our half ended, does the rest have to end soon? */
  #settle(): void {
    if (this.isClosed) return;
    if (this.#protocol.eofSent && !this.#hasHalfClosed) {
      this.#hasHalfClosed = true;
      this.log('debug', this.transport.canHalfClose ? 'x half-closing TCP connection' : 'x closing TCP connection');
    }
    // CLOSED before the transport is gone: the peer has ended its half, and may leave ours full for ever. OPEN after a violation:
    // an extension could not even encode our close frame.
    const isEnding =
      this.#protocol.closeExpected() || this.#protocol.state === State.CLOSED || this.#protocol.parserExc !== null;
    if (!isEnding || this.#deadline !== null) return;
    this.#stopTimers();
    // Nobody may be reading any more, but the peer's close frame must come through.
    this.resume();
    this.#unpause(BY_RECEIVER | BY_ANSWERS);
    // What had waited came through, and has been here with the same: one deadline is enough.
    if (this.#deadline !== null || this.isClosed) return;
    let { closeTimeoutMs } = this.#settings;
    const { parserExc, handshakeExc } = this.#protocol;
    if (parserExc !== null) reportViolation(this.#runtime, this.#connection, parserExc);
    if (!this.#hasOpened) {
      // Our own mistake, or that of a hook; what is wrong with a peer's half of the handshake, `handshake` tells.
      if (handshakeExc !== null && !InvalidHandshake.is(handshakeExc) && !(handshakeExc instanceof EndOfStreamError)) {
        reportError(this.#runtime, this.#connection, 'opening handshake failed', handshakeExc);
      }
      reportLimitBehind(this.#runtime, this.#connection, handshakeExc);
      reportHandshake(this.#runtime, this.#connection, this.#protocol);
    }
    if (this.#protocol.state === State.CONNECTING) {
      this.#hooks.onHandshakeFailed(this.#connection);
      // A peer that was refused isn't waited for without a limit, whatever is allowed to those who were let in.
      closeTimeoutMs ??= REFUSED_TIMEOUT_MS;
    }
    if (closeTimeoutMs === null) {
      this.#deadline = NO_DEADLINE;
      return;
    }
    this.#deadline = this.#runtime.clock.setTimer(closeTimeoutMs, () => {
      this.#cause ??= new TimeoutError('timed out while closing connection');
      try {
        this.log('debug', '- timed out while closing connection');
        this.reportLimit('closeTimeoutMs');
      } finally {
        this.transport.abort();
      }
    });
  }

  /** No further message until these answers are out. */
  #holdBack(): void {
    if (this.#isLost) return; // As in `pause`.
    this.#pauses |= BY_ANSWERS;
    this.#protocol.pause();
  }

  #unpause(by: number): void {
    if ((this.#pauses & by) === 0) return;
    this.#pauses &= ~by;
    if (this.#pauses === 0) this.#receiveOn();
  }

  #stopTimers(): void {
    this.#keepalive?.stop();
    this.#expiry?.stop();
    this.#slowPeer?.stop();
  }

  /** The transport is gone: what had arrived is delivered, also beyond the high mark, as far as there is room for its bytes. */
  #deliverRest(): void {
    this.#pauses = 0;
    this.reader?.onResumed();
    this.#run(() => {
      this.#protocol.resume();
      this.#protocol.receiveEof();
    });
    if (!this.#protocol.isDecoding) this.#finish();
  }

  /** The transport is gone, and all that it brought is handed over. */
  #finish(): void {
    if (this.isClosed) return;
    this.closed.set();
    this.#deadline?.cancel();
    this.#stopTimers();
    if (this.#hasOpened) reportClose(this.#runtime, this.#connection, this.#protocol, this.#cause);
    this.#pings?.end(() => this.closedError());
    this.writer.onClosed(() => this.closedError());
    this.#receiver.onClosed(() => {
      if (!this.#hasOpened) return;
      const { closeCode, closeReason } = this.#protocol;
      this.#callHandler((handlers) => handlers.close?.(this.#connection, closeCode ?? 1006, closeReason ?? ''));
    });
    this.#hooks.onGone(this.#connection);
  }
}

const SLOW_PEER = 'too slow';

const noop = (): void => {};
