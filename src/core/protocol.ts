// The one state machine (RFC 6455 §5 to §7): frames in, frames out, closing. Does no I/O, starts no timer, reads no clock.
import { plainLatin1 } from '../bytes/latin1.ts';
import { type Agreement, NO_EXTENSIONS, type Subprotocol } from './agreement.ts';
import { Close } from './close.ts';
import { closeForError } from './close-for-error.ts';
import { type ConnectionClosed, connectionClosed } from './exceptions/connection-closed.ts';
import {
  EndOfStreamError,
  InvalidState,
  type InvalidUtf8Error,
  PayloadTooBig,
  ProtocolError,
  VIOLATIONS,
} from './exceptions/protocol-errors.ts';
import type { EncodeOptions, Extension } from './extension.ts';
import { decodeLater, decodeThrough, encodeThrough, firstByte, reservedBits } from './extension-chain.ts';
import { Frame } from './frame.ts';
import { encodeFrame } from './frame-encoder.ts';
import { FrameParser } from './frame-parser.ts';
import { frameText } from './frame-text.ts';
import { headLines } from './head-text.ts';
import type { Host } from './host.ts';
import type { Request, Response } from './http-message.ts';
import { IncomingMessage } from './incoming-message.ts';
import { isLogged, type LogContext, type Logger, type LogLevel } from './logger.ts';
import { isControl, MAX_CONTROL_BYTES, Opcode } from './opcode.ts';
import type { Origin } from './origin.ts';
import type { PreparedMessage } from './prepared-message.ts';
import { type Compress, type ProtocolOptions, type ProtocolSettings, protocolSettings } from './protocol-options.ts';
import type { ProtocolOutput, ProtocolSink } from './protocol-pipe.ts';
import { type ProtocolEvent, Recorder } from './recorder.ts';
import { type Cause, nextState, Side, State } from './state.ts';
import { checkWholeText, TextCheck } from './text-check.ts';
import { TokenBucket } from './token-bucket.ts';
import { randomUuid } from './uuid.ts';

const FIN = 0x80;

/**
 * A WebSocket connection without its I/O: bytes in, events and bytes out. One object per connection.
 *
 * **Pull form.** Give it `receiveData` and `receiveEof`; after each, write `dataToSend()`, then process
 * `eventsReceived()`, then look at `closeExpected()`.
 *
 * **Push form.** `pipe` it to a sink and an output of your own; frames and bytes then go there as they come up, and
 * nothing is recorded. This is what `Connection` does. Both forms are the same machine.
 */
export class Protocol {
  readonly side: Side;

  /** The `Origin` of the request, when there was one. */
  origin: Origin | null = null;
  /** The extensions at work, in the order in which they were agreed on. */
  extensions: readonly Extension[] = NO_EXTENSIONS;
  /** The subprotocol that was agreed on. */
  subprotocol: Subprotocol | null = null;
  /** Why the opening handshake failed. */
  handshakeExc: Error | null = null;
  /** What was wrong with the bytes that the peer sent, when something was. */
  parserExc: Error | null = null;

  readonly #settings: ProtocolSettings;
  /** What log lines are about: whoever the protocol is piped to. */
  #loggedConnection: unknown;
  #sink: ProtocolSink;
  #output: ProtocolOutput;
  readonly #parser: FrameParser;

  #id: string | null = null;
  #state: State;
  #closeRcvd: Close | null = null;
  #closeSent: Close | null = null;
  #closeRcvdThenSent: boolean | null = null;
  #eofSent = false;
  #streamEnded = false;
  #ended = false;
  #discarding = false;
  #paused = false;
  #processing = false;
  /** The frame that is being decoded elsewhere; when it is ready, what hands it over. Null when there is none. */
  #decoding: { accept: (() => void) | null } | null = null;

  readonly #message: IncomingMessage;
  /** Made when text arrives in pieces for the first time. */
  #textCheck: TextCheck | null = null;
  #sendingFragments = false;
  /** Made when the first ping or pong arrives. */
  #controlFrames: TokenBucket | null = null;
  /** The payload of the latest ping that came while the output was blocked; null when all are answered. */
  #keptPing: Uint8Array | null = null;

  /** @param state the state to begin in, unless the options say. Default OPEN. */
  constructor(side: Side, options: ProtocolOptions, state: State = State.OPEN) {
    this.side = side;
    const settings = protocolSettings(options);
    this.#settings = settings;
    this.#state = options.state ?? state;
    this.#message = new IncomingMessage(settings.messageLimits);
    this.#parser = new FrameParser({
      masked: side === Side.SERVER,
      lenientLengths: settings.lenientLengths,
      unmask: settings.host.unmask,
      allocate: settings.host.allocate,
    });
    this.#parser.maxPayloadBytes = this.#message.nextFrameBytes;
    const recorder = new Recorder();
    this.#sink = recorder;
    this.#output = recorder;
  }

  // What stands in the machine

  /** A random UUID, to find this connection in logs. */
  get id(): string {
    this.#id ??= randomUuid(this.host);
    return this.#id;
  }

  get logger(): Logger {
    return this.#settings.logger;
  }

  /** Bytes that a received message may have; null: no limit. */
  get maxMessageSize(): number | null {
    return this.#settings.maxMessageSize;
  }

  /** Bytes that a received fragment may have; null: no limit. */
  get maxFragmentSize(): number | null {
    return this.#settings.maxFragmentSize;
  }

  get state(): State {
    return this.#state;
  }

  /** The close frame that was received. */
  get closeRcvd(): Close | null {
    return this.#closeRcvd;
  }

  /** The close frame that was sent. */
  get closeSent(): Close | null {
    return this.#closeSent;
  }

  /** Whether the close frame was received before ours was sent; null while there are not both. */
  get closeRcvdThenSent(): boolean | null {
    return this.#closeRcvdThenSent;
  }

  /** Whether our half of the stream has ended. */
  get eofSent(): boolean {
    return this.#eofSent;
  }

  /** The peer's close code once CLOSED: 1005 for a close frame without one, 1006 when no close frame came. Until then null. */
  get closeCode(): number | null {
    if (this.#state !== State.CLOSED) return null;
    return this.#closeRcvd === null ? 1006 : this.#closeRcvd.code;
  }

  /** The peer's close reason once CLOSED; until then null. */
  get closeReason(): string | null {
    if (this.#state !== State.CLOSED) return null;
    return this.#closeRcvd === null ? '' : this.#closeRcvd.reason;
  }

  /**
   * The error to throw at whoever uses a connection that has ended.
   * @throws {Error} the connection isn't CLOSED.
   */
  get closeExc(): ConnectionClosed {
    return this.closedBecause(null);
  }

  /** As `closeExc`, for an I/O layer that knows a cause which the protocol does not. */
  closedBecause(cause: unknown): ConnectionClosed {
    if (this.#state !== State.CLOSED) throw new Error("connection isn't closed yet");
    const options = { cause: cause ?? this.parserExc ?? undefined };
    return connectionClosed(this.#closeRcvd, this.#closeSent, this.#closeRcvdThenSent, options);
  }

  /**
   * Whether the transport should be closed soon. When true, the owner closes it after a short while (10 s by default) if
   * the peer does not.
   */
  closeExpected(): boolean {
    return this.#state === State.CLOSING || (this.#state === State.CONNECTING && this.#eofSent);
  }

  // Push form

  /**
   * Sends events and bytes to these from now on instead of recording them; log lines are about this connection.
   * @throws {Error} something is recorded that nobody has taken: it would be lost.
   */
  pipe(sink: ProtocolSink, output: ProtocolOutput, connection?: unknown): void {
    if (this.#sink instanceof Recorder && !this.#sink.isEmpty) {
      throw new Error('take eventsReceived() and dataToSend() first: what was recorded would be lost');
    }
    this.#sink = sink;
    this.#output = output;
    this.#loggedConnection = connection;
  }

  /**
   * As `receiveData` with bytes[0, end), without a copy: they are on loan until the call returns, and unmasked in place.
   * @param end default: the end of `bytes`.
   * @throws {EndOfStreamError} after `receiveEof`.
   */
  receive(bytes: Uint8Array, end: number = bytes.length): void {
    if (this.#streamEnded) throw new EndOfStreamError('stream ended');
    if (this.#discarding || end === 0) return;
    if (this.#processing) {
      // Whoever calls us from a frame has to have his bytes back before we get to them.
      this.#parser.push(new Uint8Array(bytes.subarray(0, end)));
      return;
    }
    try {
      if (this.#state === State.CONNECTING) {
        this.receiveHandshake(bytes.subarray(0, end));
      } else {
        this.#parser.push(bytes, end);
        this.processFrames();
      }
    } finally {
      // Also when the sink has thrown: what it was lent will be something else when it goes on.
      this.#parser.keepRest();
    }
  }

  /** Whether a frame is being decoded elsewhere, and what is received has to wait for it. */
  get isDecoding(): boolean {
    return this.#decoding !== null;
  }

  /** No further frame is handed over until `resume`. What was received and not parsed stays where it is. */
  pause(): void {
    this.#paused = true;
  }

  /** Hands over what was kept back, then goes on as usual. */
  resume(): void {
    this.#paused = false;
    this.processFrames();
  }

  // Pull form

  /**
   * Takes bytes from the peer. Never throws because of what they are.
   * @throws {EndOfStreamError} after `receiveEof`.
   */
  receiveData(bytes: Uint8Array): void {
    this.receive(new Uint8Array(bytes));
  }

  /** The peer's half of the stream has ended. Harmless when called again. */
  receiveEof(): void {
    if (this.#streamEnded) return;
    this.#streamEnded = true;
    this.processFrames();
  }

  /** What was received since the last call, in order. */
  eventsReceived(): ProtocolEvent[] {
    return this.#recorder().takeEvents();
  }

  /** What must be written since the last call, a chunk per frame. An empty chunk (`SEND_EOF`) means: half-close the transport. */
  dataToSend(): Uint8Array[] {
    return this.#recorder().takeChunks();
  }

  // Sending

  /**
   * Sends a text frame; `data` is UTF-8.
   * @param compress whether to compress the message that begins here, if the connection can.
   * @throws {ProtocolError} a fragmented message is in progress.
   * @throws {InvalidState} the connection isn't OPEN.
   */
  sendText(data: Uint8Array, fin = true, compress: Compress = 'auto'): void {
    this.#sendFirst(Opcode.TEXT, data, fin, compress);
  }

  /** Sends a binary frame. Throws as `sendText`. */
  sendBinary(data: Uint8Array, fin = true, compress: Compress = 'auto'): void {
    this.#sendFirst(Opcode.BINARY, data, fin, compress);
  }

  /**
   * Encodes a whole message off the thread that calls, where that takes long, and comes to what sends it then: that throws as
   * `sendText`. Null when there is nothing to gain. Until then nothing but control frames may be sent, and `data` must not change.
   */
  encodeLater(
    opcode: typeof Opcode.TEXT | typeof Opcode.BINARY,
    data: Uint8Array,
    compress: Compress = 'auto',
  ): Promise<() => void> | null {
    const [extension] = this.extensions;
    if (this.extensions.length !== 1 || extension?.encodeLater === undefined) return null;
    const encoding = extension.encodeLater(new Frame({ opcode, data }), this.#encodeOptions(compress, data.length));
    if (encoding === null) return null;
    return encoding.then((frame) => () => {
      this.#mustBeBetweenMessages();
      this.#write(firstByte(frame), frame.data);
      this.#sink.onSent?.(opcode, true, data.length);
      if (this.logs('debug')) this.#logFrame('>', opcode, data, true);
    });
  }

  /** Sends a message that was made ready for many connections. Throws as `sendText`. */
  sendPrepared(prepared: PreparedMessage): void {
    this.#mustBeBetweenMessages();
    const { message, compress } = prepared;
    const frame = prepared.encodedBy(this.extensions, this.#encodeOptions(compress, message.data.length));
    if (this.side === Side.SERVER) this.#output.share(prepared.wireOf(frame));
    else this.#write(firstByte(frame), frame.data);
    this.#sink.onSent?.(message.opcode, true, message.data.length);
    if (this.logs('debug')) this.#logFrame('>', message.opcode, message.data, true);
  }

  /**
   * Sends the next fragment of a message; `fin` ends it.
   * @throws {ProtocolError} no fragmented message is in progress.
   * @throws {InvalidState} the connection isn't OPEN.
   */
  sendContinuation(data: Uint8Array, fin: boolean): void {
    if (!this.#sendingFragments) throw new ProtocolError(VIOLATIONS.UNEXPECTED_CONTINUATION);
    this.#mustBeOpen();
    this.#send(Opcode.CONT, data, fin, COMPRESSED);
    this.#sendingFragments = !fin;
    this.#sink.onSent?.(Opcode.CONT, fin, data.length);
  }

  /**
   * Starts the closing handshake (RFC 6455 §7.1.2). Without a code the frame is empty.
   * @throws {InvalidState} the connection isn't OPEN.
   * @throws {ProtocolError} a reason without a code, a code that must not be sent, a reason over 123 bytes.
   */
  sendClose(code?: number | null, reason = ''): void {
    this.#mustBeOpen();
    if (code === undefined || code === null) {
      if (reason !== '') throw new ProtocolError(VIOLATIONS.REASON_WITHOUT_CODE);
      this.#sendClose(new Close(1005, ''), NO_BYTES);
    } else {
      const close = new Close(code, reason);
      this.#sendClose(close, close.serialize());
    }
  }

  /**
   * Sends a ping, also while CLOSING.
   * @throws {InvalidState} the connection is neither OPEN nor CLOSING.
   * @throws {ProtocolError} the payload has more than 125 bytes.
   */
  sendPing(data: Uint8Array): void {
    this.#sendControl(Opcode.PING, data);
  }

  /** Sends a pong, also while CLOSING. Throws as `sendPing`. */
  sendPong(data: Uint8Array): void {
    this.#sendControl(Opcode.PONG, data);
  }

  /** Whether a ping waits for its answer until the output is not blocked any more. */
  get hasKeptPing(): boolean {
    return this.#keptPing !== null;
  }

  /** Answers that ping. Whoever owns the output calls this when bytes that waited went out. */
  answerKeptPing(): void {
    const payload = this.#keptPing;
    this.#keptPing = null;
    if (payload !== null && !this.#eofSent) this.#sendControl(Opcode.PONG, payload);
  }

  /**
   * Fails the connection (RFC 6455 §7.1.7): says why in a close frame when that is still possible, and drops whatever else
   * is received. 1006 stands for a lost connection: nothing is sent. Does nothing once CLOSED.
   * @throws {ProtocolError} the code must not be sent; nothing happened.
   */
  fail(code: number, reason = ''): void {
    if (this.#state === State.CLOSED) return;
    if (this.#state === State.OPEN && !this.#eofSent && code !== 1006) {
      // Failing must never fail because of a reason that is too long.
      const close = Close.fitting(code, reason);
      this.#sendClose(close, close.serialize());
      if (this.#closeRcvd !== null) this.#closeRcvdThenSent = true;
    }
    if (this.side === Side.SERVER) this.sendEof();
    this.#discard();
  }

  // For the two sides: the opening handshake

  /** Bytes that came while CONNECTING. */
  protected receiveHandshake(_bytes: Uint8Array): void {}

  /** The stream ended while CONNECTING, before the handshake failed or succeeded. */
  protected endHandshake(): void {
    this.handshakeFailed(this.handshakeExc ?? new EndOfStreamError('unexpected end of stream'));
  }

  /** Goes to OPEN, and parses what had followed the peer's half of the handshake. */
  protected handshakeDone(agreement: Agreement, rest: Uint8Array): void {
    this.extensions = agreement.extensions;
    this.subprotocol = agreement.subprotocol;
    this.#change('handshakeDone');
    if (rest.length > 0) this.#parser.push(rest);
  }

  /** Records why, ends our half of the stream and drops what else is received. */
  protected handshakeFailed(error: Error | null): void {
    this.handshakeExc = error;
    this.sendEof();
    this.#discard();
  }

  /** Frees what the extensions hold, when the connection has ended. */
  protected closeExtensions(): void {
    for (const extension of this.extensions) extension.close?.();
  }

  protected get host(): Host {
    return this.#settings.host;
  }

  /** @throws {InvalidState} the opening handshake is over. */
  protected mustBeConnecting(): void {
    if (this.#eofSent) throw invalidState(State.CLOSING);
    if (this.#state !== State.CONNECTING) throw invalidState(this.#state);
  }

  /** Hands the peer's half of the handshake over. */
  protected handOver(message: Request | Response): void {
    this.#sink.onHandshake(message);
  }

  /** Writes our half of the handshake: a head, whose characters are those of ISO-8859-1, and a body. */
  protected writeHead(head: string, body: Uint8Array = NO_BYTES): void {
    const at = this.#output.reserve(head.length + body.length);
    const { bytes } = this.#output;
    (this.host.latin1 ?? plainLatin1).write(head, bytes, at);
    bytes.set(body, at + head.length);
  }

  /** Ends our half of the stream; only the first call does something. */
  protected sendEof(): void {
    if (this.#eofSent) return;
    this.#eofSent = true;
    this.log('debug', '> EOF');
    this.#output.end();
  }

  protected get isDiscarding(): boolean {
    return this.#discarding;
  }

  /** Whether a line of this level is read by anybody. Ask before building an expensive one. */
  protected logs(level: LogLevel): boolean {
    return isLogged(this.logger, level);
  }

  protected log(level: LogLevel, message: string, error?: unknown): void {
    if (!this.logs(level)) return;
    const connection = this.#loggedConnection;
    const context: LogContext = {
      ...(connection !== undefined && { connection }),
      ...(error !== undefined && { error }),
    };
    this.logger[level](message, connection === undefined && error === undefined ? undefined : context);
  }

  /** Shows one half of the handshake, received or sent. */
  protected logHead(direction: '<' | '>', message: Request | Response): void {
    if (!this.logs('debug')) return;
    for (const line of headLines(message)) this.log('debug', `${direction} ${line}`);
  }

  // Receiving

  /** Hands over what was received, up to the end of the stream when it has come. */
  protected processFrames(): void {
    // A sink may resume us from within onFrame: the loop below goes on by itself.
    if (this.#processing) return;
    this.#processing = true;
    try {
      while (!this.#paused && !this.#discarding && this.#nextFrame());
    } finally {
      this.#processing = false;
    }
    if (this.#paused || this.#decoding !== null) return;
    if (!this.#discarding) this.#checkIncomplete();
    if (this.#streamEnded) this.#end();
  }

  /** Hands over the next frame. False when there is none, or when it is not ready. */
  #nextFrame(): boolean {
    if (this.#decoding !== null) {
      const { accept } = this.#decoding;
      if (accept === null) return false;
      this.#decoding = null;
      accept();
      return true;
    }
    if (!this.#parser.read()) return false;
    this.#receiveFrame();
    return true;
  }

  /** After the parser stopped: it may have met a violation, or the start of a text that cannot become valid. */
  #checkIncomplete(): void {
    if (this.#parser.violation !== null) {
      this.#failReceiving(this.#parser.violation);
      return;
    }
    const { partial, partialBytes } = this.#parser;
    if (partialBytes === 0 || !this.#settings.validatesUtf8 || !this.#isPlainText()) return;
    this.#textCheck ??= new TextCheck(this.host.isUtf8);
    const error = this.#textCheck.incompleteFrame(partial, partialBytes);
    if (error !== null) this.#failReceiving(error);
  }

  /**
   * Whether the frame that is arriving is text which nothing has encoded. A frame that will be refused is not: what is
   * wrong with it first must not depend on how its bytes were cut.
   */
  #isPlainText(): boolean {
    const { opcode, rsv } = this.#parser;
    if (rsv !== 0 || !this.extensions.every(({ name }) => name === 'permessage-deflate')) return false;
    if (this.#message.bytes === null) return opcode === Opcode.TEXT;
    return opcode === Opcode.CONT && this.#message.isText && !this.#message.isEncoded;
  }

  /** The frame that the parser stands on: decode, or have it decoded, and go on with it. */
  #receiveFrame(): void {
    const { opcode, fin, rsv, bytes, start, end } = this.#parser;
    if (this.extensions.length === 0) {
      this.#acceptFrame(opcode, fin, rsv, bytes, start, end);
      return;
    }
    if (opcode === Opcode.TEXT || opcode === Opcode.BINARY) this.#message.isEncoded = rsv !== 0;
    const data = bytes.subarray(start, end);
    const maxBytes = this.#parser.maxPayloadBytes;
    let frame: Frame;
    try {
      const decoding = this.#sink.onDecoded && decodeLater(this.extensions, opcode as Opcode, fin, rsv, data, maxBytes);
      if (decoding) {
        this.#waitFor(decoding, opcode, fin);
        return;
      }
      frame = decodeThrough(this.extensions, opcode as Opcode, fin, rsv, data, maxBytes);
    } catch (error) {
      this.#failReceiving(error);
      return;
    }
    this.#acceptDecoded(opcode, fin, frame);
  }

  /** No further frame is looked at before this one. What fails the connection meanwhile drops it. */
  #waitFor(decoding: Promise<Frame>, opcode: number, fin: boolean): void {
    const own: { accept: (() => void) | null } = { accept: null };
    this.#decoding = own;
    const goOn = (accept: () => void): void => {
      own.accept = accept;
      this.#sink.onDecoded?.(() => this.processFrames());
    };
    decoding.then(
      (frame) => goOn(() => this.#acceptDecoded(opcode, fin, frame)),
      (error: unknown) => goOn(() => this.#failReceiving(error)),
    );
  }

  #acceptDecoded(opcode: number, fin: boolean, frame: Frame): void {
    this.#acceptFrame(opcode, fin, reservedBits(frame), frame.data, 0, frame.data.length);
  }

  /** A frame as its sender meant it: check, act, hand over (RFC 6455 §5.4, §5.5). */
  #acceptFrame(opcode: number, fin: boolean, rsv: number, bytes: Uint8Array, start: number, end: number): void {
    try {
      if (rsv !== 0) throw new ProtocolError(VIOLATIONS.RESERVED_BITS);
      if (isControl(opcode)) {
        if (end - start > MAX_CONTROL_BYTES) throw new ProtocolError(VIOLATIONS.CONTROL_FRAME_TOO_LONG);
        if (!fin) throw new ProtocolError(VIOLATIONS.FRAGMENTED_CONTROL_FRAME);
        if (this.logs('debug')) this.#logFrame('<', opcode as Opcode, bytes.subarray(start, end), fin);
        if (opcode !== Opcode.CLOSE) this.#countControlFrame();
        if (opcode === Opcode.PING) this.#answerPing(bytes.subarray(start, end));
        else if (opcode === Opcode.CLOSE) this.#receiveClose(bytes.subarray(start, end));
      } else {
        this.#receiveData(opcode as Opcode, fin, bytes, start, end);
        if (this.logs('debug')) this.#logFrame('<', opcode as Opcode, bytes.subarray(start, end), fin);
      }
    } catch (error) {
      this.#failReceiving(error);
      return;
    }
    this.#sink.onFrame(opcode as Opcode, fin, bytes, start, end);
  }

  #receiveData(opcode: Opcode, fin: boolean, bytes: Uint8Array, start: number, end: number): void {
    this.#message.enter(opcode);
    if (this.#message.isText && this.#settings.validatesUtf8) {
      const error = this.#checkText(opcode, fin, bytes, start, end);
      if (error !== null) throw error;
    }
    this.#message.add(end - start, fin);
    this.#parser.maxPayloadBytes = this.#message.nextFrameBytes;
  }

  #checkText(opcode: Opcode, fin: boolean, bytes: Uint8Array, start: number, end: number): InvalidUtf8Error | null {
    const isFirst = opcode === Opcode.TEXT;
    if (this.#textCheck === null) {
      if (isFirst && fin) return checkWholeText(bytes, start, end, this.host.isUtf8);
      this.#textCheck = new TextCheck(this.host.isUtf8);
    }
    return this.#textCheck.frame(isFirst, fin, bytes, start, end);
  }

  /** Control frames cost us work and the peer next to nothing, and no limit on messages bounds them. */
  #countControlFrame(): void {
    if (this.#settings.controlFrameLimit === null) return;
    const now = this.host.now();
    this.#controlFrames ??= new TokenBucket(this.#settings.controlFrameLimit, now);
    if (!this.#controlFrames.take(now)) throw new ProtocolError(VIOLATIONS.TOO_MANY_CONTROL_FRAMES);
  }

  /** In order; while the output is blocked only the latest, as RFC 6455 §5.5.3 allows: pongs that nobody reads must not pile up. */
  #answerPing(payload: Uint8Array): void {
    if (this.#output.isBlocked) {
      this.#keptPing = new Uint8Array(payload);
      return;
    }
    this.answerKeptPing();
    this.#sendControl(Opcode.PONG, payload);
  }

  /** RFC 6455 §5.5.1, §7.1.5: echo the bytes we were sent. Encoding again would turn "no code" into 1005, which must not travel. */
  #receiveClose(payload: Uint8Array): void {
    this.#closeRcvd = Close.parse(payload);
    if (this.#state === State.CLOSING) this.#closeRcvdThenSent = false;
    if (this.#message.bytes !== null) throw new ProtocolError(VIOLATIONS.INCOMPLETE_FRAGMENTED_MESSAGE);
    if (this.#state === State.OPEN) {
      this.#sendClose(this.#closeRcvd, payload);
      this.#closeRcvdThenSent = true;
    }
    // RFC 6455 §7.1.1: the server closes TCP first, so that TIME_WAIT stays with it.
    if (this.side === Side.SERVER) this.sendEof();
    this.#discard();
  }

  #failReceiving(error: unknown): void {
    if (PayloadTooBig.is(error) && error.currentSize === null) error.setCurrentSize(this.#message.bytes);
    this.parserExc = error instanceof Error ? error : new Error('parser failed', { cause: error });
    const answer = closeForError(error);
    if (answer === null) this.log('error', 'parser failed', error);
    try {
      this.fail(answer?.code ?? 1011, answer?.reason);
    } catch (encodeError) {
      // An extension could not encode our close frame: what the peer sends must end the connection all the same.
      this.log('error', 'parser failed', encodeError);
      this.fail(1006);
    }
  }

  /** Drops everything until the stream ends. */
  #discard(): void {
    this.#discarding = true;
    this.#decoding = null;
    this.#keptPing = null;
    this.#parser.clear();
  }

  /** The stream has ended and everything before its end is processed. */
  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.log('debug', '< EOF');
    if (!this.#discarding) {
      if (this.#state === State.CONNECTING) {
        this.endHandshake();
      } else {
        this.parserExc = this.#parser.endOfStream();
        this.fail(1006, this.parserExc.message);
      }
    }
    this.sendEof();
    this.#change('streamEnded');
    this.closeExtensions();
    if (this.side === Side.SERVER) this.log('info', 'connection closed');
  }

  // Sending

  #mustBeOpen(): void {
    if (this.#state !== State.OPEN) throw invalidState(this.#state);
    // A server that failed without a close frame has ended its half of the stream: nothing may follow.
    if (this.#eofSent) throw invalidState(State.CLOSING);
  }

  #mustBeBetweenMessages(): void {
    if (this.#sendingFragments) throw new ProtocolError(VIOLATIONS.EXPECTED_CONTINUATION);
    this.#mustBeOpen();
  }

  #encodeOptions(compress: Compress, byteLength: number): EncodeOptions {
    const isWanted = compress === 'auto' ? byteLength >= this.#settings.compressionThreshold : compress;
    return isWanted ? COMPRESSED : PLAIN;
  }

  #sendFirst(opcode: Opcode, data: Uint8Array, fin: boolean, compress: Compress): void {
    this.#mustBeBetweenMessages();
    this.#send(opcode, data, fin, this.#encodeOptions(compress, data.length));
    this.#sendingFragments = !fin;
    this.#sink.onSent?.(opcode, fin, data.length);
  }

  #sendControl(opcode: Opcode, data: Uint8Array): void {
    if (this.#state !== State.OPEN && this.#state !== State.CLOSING) throw invalidState(this.#state);
    if (data.length > MAX_CONTROL_BYTES) throw new ProtocolError(VIOLATIONS.CONTROL_FRAME_TOO_LONG);
    this.#send(opcode, data, true, PLAIN);
  }

  #sendClose(close: Close, payload: Uint8Array): void {
    this.answerKeptPing();
    this.#send(Opcode.CLOSE, payload, true, PLAIN);
    this.#closeSent = close;
    this.#change('closeSent');
  }

  #send(opcode: Opcode, data: Uint8Array, fin: boolean, options: EncodeOptions): void {
    let first: number = fin ? opcode | FIN : opcode;
    let encoded = data;
    if (this.extensions.length > 0) {
      const frame = encodeThrough(this.extensions, opcode, fin, data, options);
      encoded = frame.data;
      first = firstByte(frame);
    }
    this.#write(first, encoded);
    // Last: a logger is user code, which may send a message of its own and use our buffers for it.
    if (this.logs('debug')) this.#logFrame('>', opcode, data, fin);
  }

  #write(first: number, payload: Uint8Array): void {
    if (this.side === Side.SERVER) encodeFrame(this.#output, first, payload, null);
    else encodeFrame(this.#output, first, payload, this.host.nextMask(), this.host.unmask);
  }

  // The rest

  #change(cause: Cause): void {
    const state = nextState(this.#state, cause);
    if (state === this.#state) return;
    this.#state = state;
    if (this.logs('debug')) this.log('debug', `= connection is ${state}`);
  }

  #logFrame(direction: '<' | '>', opcode: Opcode, data: Uint8Array, fin: boolean): void {
    this.log('debug', `${direction} ${frameText(opcode, data, fin, this.#settings.maxLogSize)}`);
  }

  #recorder(): Recorder {
    if (this.#sink instanceof Recorder) return this.#sink;
    throw new Error('the protocol is piped: its events and bytes go to the sink and the output');
  }
}

const invalidState = (state: State): InvalidState => new InvalidState(`connection is ${state.toLowerCase()}`);

const NO_BYTES = new Uint8Array(0);
const COMPRESSED: EncodeOptions = { compress: true };
const PLAIN: EncodeOptions = { compress: false };
