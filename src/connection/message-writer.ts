// The road of messages out: whole or in fragments, one after the other, waiting while the peer takes nothing.
import { ConcurrencyError, ProtocolError } from '../core/exceptions.ts';
import { Opcode } from '../core/opcode.ts';
import { PreparedMessage } from '../core/prepared-message.ts';
import type { Protocol } from '../core/protocol.ts';
import type { Compress } from '../core/protocol-options.ts';
import { type ConnectionSettings, mostBuffered } from './connection-settings.ts';
import { FragmentSender } from './fragment-sender.ts';
import { bytesOf, type DataLike, fragmentsOf, type MessageSource } from './message-source.ts';
import type { PrepareOptions } from './prepare.ts';
import { type Deferred, deferred, quiet } from './promises.ts';
import type { Runtime } from './runtime.ts';
import type { SendingConnection } from './sending.ts';
import { type Wait, waitFor } from './wait.ts';
import { LENT_FROM_BYTES, type WriteBatch } from './write-batch.ts';

/** How to send. */
export interface SendOptions {
  /** Whether the message is text. Default: strings are, bytes are not. */
  readonly text?: boolean | undefined;
  /**
   * Whether to compress the message, if the connection can. `'auto'` (default) leaves messages below `compressionThreshold`
   * alone; one in fragments is judged by the first of them.
   */
  readonly compress?: Compress | undefined;
  /**
   * Gives up waiting for room; the message is sent all the same, unless it is fragmented: then the connection fails. Bytes
   * that you gave may be on their way still: don't change them before `drained` settles.
   */
  readonly signal?: AbortSignal | undefined;
}

/** How to send without waiting. */
export interface TrySendOptions extends PrepareOptions {
  /** Drops the message when more bytes than that wait. Null: no limit. Default: the connection's `maxBuffered`. */
  readonly maxBuffered?: number | null | undefined;
}

/**
 * What became of a message that nobody waited for. `'sent'`: it is with the system, or less than the high mark of `writeLimit`
 * waits; `'queued'`: it is on its way, and more than that waits; `'dropped'`: it is not sent.
 */
export type SendOutcome = 'sent' | 'queued' | 'dropped';

/** What a writer works with. */
export interface MessageWriterOptions {
  readonly connection: SendingConnection;
  readonly protocol: Protocol;
  readonly batch: WriteBatch;
  readonly runtime: Runtime;
  readonly limits: ConnectionSettings['writeLimit'];
}

/** What `send` returns when there is room at once: nobody needs to wait for it, or to look at it. */
export const SENT: Promise<void> = Promise.resolve();

/** See `Connection.send` for what it promises. */
export class MessageWriter {
  readonly #connection: SendingConnection;
  readonly #protocol: Protocol;
  readonly #batch: WriteBatch;
  readonly #runtime: Runtime;
  readonly #limits: ConnectionSettings['writeLimit'];
  #queue: FragmentSender | null = null;
  /** Settles when there is room again; null while there is. */
  #room: Deferred | null = null;

  constructor({ connection, protocol, batch, runtime, limits }: MessageWriterOptions) {
    this.#connection = connection;
    this.#protocol = protocol;
    this.#batch = batch;
    this.#runtime = runtime;
    this.#limits = limits;
  }

  /** Whether a message in fragments is on its way. */
  get isSendingFragments(): boolean {
    return this.#queue?.isSending ?? false;
  }

  /** Whether a message is on its way that others must not overtake: in fragments, or one that is being encoded. */
  get isBusy(): boolean {
    return this.#queue?.isBusy ?? false;
  }

  send(message: MessageSource | PreparedMessage, options: SendOptions): Promise<void> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    if (this.isBusy) return this.enqueue(() => this.#sendNow(message, options), options.signal);
    return this.#sendNow(message, options);
  }

  /** See `Connection.trySend`. */
  trySend(message: DataLike | PreparedMessage, { text, compress, maxBuffered }: TrySendOptions): SendOutcome {
    const isString = typeof message === 'string';
    const given = isString ? null : bytesOf(message);
    if (!isString && given === null && !(message instanceof PreparedMessage)) {
      throw new TypeError('data must be str or bytes');
    }
    const most = maxBuffered === undefined ? undefined : mostBuffered(maxBuffered, 0);
    if (!this.#connection.isOpen || this.isBusy) return 'dropped';
    if (this.#connection.isOverfull(most)) {
      this.#connection.onDropped();
      return 'dropped';
    }
    try {
      if (message instanceof PreparedMessage) {
        this.#protocol.sendPrepared(message);
      } else {
        // Nobody is told when bytes that were lent are free again: large ones are copied.
        const data = isString
          ? this.#runtime.text.encode(message)
          : given!.length < LENT_FROM_BYTES
            ? given!
            : new Uint8Array(given!);
        if (text ?? isString) this.#protocol.sendText(data, true, compress);
        else this.#protocol.sendBinary(data, true, compress);
      }
    } catch (error) {
      this.#connection.failInternally(error).catch(noop);
      return 'dropped';
    }
    const { highBytes } = this.#limits;
    if (this.#batch.bufferedBytes > highBytes && !this.#batch.isGathering) this.#batch.flush();
    if (this.#batch.bufferedBytes <= highBytes || this.#batch.isGathering) return 'sent';
    this.#room ??= deferred();
    return 'queued';
  }

  /** Settles when no more waits than the low mark says: at once, when it is so. */
  whenDrained(wait: Wait): Promise<void> {
    if (wait.signal?.aborted) return Promise.reject(wait.signal.reason);
    if (!this.#connection.isOpen) return this.#connection.rejectWhenClosed(wait);
    const { lowBytes } = this.#limits;
    // Only of what has been written we hear when it is out.
    if (this.#batch.bufferedBytes > lowBytes) this.#batch.flush();
    if (!this.#batch.isLending && this.#batch.bufferedBytes <= lowBytes) return SENT;
    this.#room ??= deferred();
    return quiet(waitFor(this.#room.promise, wait, this.#runtime.clock));
  }

  /** Runs when all that came before is sent. Only while `isBusy`. */
  enqueue(work: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    return quiet(this.#queue!.enqueue(work, signal));
  }

  /** Does the work, and settles when there is room; rejects with what is wrong with the call or the connection. */
  write(work: () => void, wait: Wait = {}): Promise<void> {
    if (!this.#connection.isOpen) return this.#connection.rejectWhenClosed(wait);
    try {
      work();
    } catch (error) {
      return this.#rejected(error);
    }
    return this.#whenRoom(wait);
  }

  /** Bytes went out. True when that made room for those who wait. */
  onWritten(): boolean {
    if (this.#room === null) return false;
    // What has been gathered since may be taken at once, and then we would not hear of it.
    this.#batch.flush();
    if (this.#batch.bufferedBytes > (this.#batch.isLending ? 0 : this.#limits.lowBytes)) return false;
    const room = this.#room;
    this.#room = null;
    room.resolve();
    return true;
  }

  /** The connection is gone. */
  onClosed(error: () => unknown): void {
    this.#room?.reject(error());
    this.#queue?.interrupt(error);
  }

  #sendNow(message: MessageSource | PreparedMessage, options: SendOptions): Promise<void> {
    // Somebody waits for room already: if too much does, the peer's time runs.
    if (this.#room !== null) this.#connection.isOverfull();
    const isString = typeof message === 'string';
    let data: Uint8Array | null;
    try {
      data = isString ? this.#runtime.text.encode(message) : bytesOf(message);
    } catch (error) {
      return Promise.reject(error);
    }
    if (data === null) {
      if (message instanceof PreparedMessage) return this.write(() => this.#protocol.sendPrepared(message), options);
      return this.#sendFragments(message as MessageSource, options);
    }
    // As `write`, without a function made for each message.
    if (!this.#connection.isOpen) return this.#connection.rejectWhenClosed(options);
    const isText = options.text ?? isString;
    try {
      if (data.length >= LENT_FROM_BYTES) {
        const opcode = isText ? Opcode.TEXT : Opcode.BINARY;
        const encoding = this.#protocol.encodeLater(opcode, data, options.compress);
        if (encoding !== null) return quiet(this.#sendLater(encoding, options));
      }
      if (isText) this.#protocol.sendText(data, true, options.compress);
      else this.#protocol.sendBinary(data, true, options.compress);
    } catch (error) {
      return this.#rejected(error);
    }
    return this.#whenRoom(options);
  }

  /** Sends a message when it is encoded. Those that come after it wait until it has gone to the buffer, and then find room. */
  async #sendLater(encoding: Promise<() => void>, options: SendOptions): Promise<void> {
    this.#queue ??= new FragmentSender();
    let room: Promise<void> = SENT;
    await this.#queue.hold(async () => {
      let send: () => void;
      try {
        send = await encoding;
      } catch (error) {
        // What a connection that has ended meanwhile wanted to send is not encoded any more.
        room = this.#connection.isOpen ? this.#rejected(error) : this.#connection.rejectWhenClosed(options);
        return;
      }
      room = this.write(send, options);
    });
    return room;
  }

  #rejected(error: unknown): Promise<never> {
    if (error instanceof ProtocolError || error instanceof ConcurrencyError) return Promise.reject(error);
    return this.#connection.failInternally(error);
  }

  #sendFragments(message: MessageSource, options: SendOptions): Promise<void> {
    let fragments: ReturnType<typeof fragmentsOf>;
    try {
      fragments = fragmentsOf(message);
    } catch (error) {
      return Promise.reject(error);
    }
    if (!this.#connection.isOpen) return this.#connection.rejectWhenClosed(options);
    this.#queue ??= new FragmentSender();
    const sent = this.#queue.send(fragments, options, {
      encode: this.#runtime.text.encode,
      sendFragment: (data, position) =>
        this.write(() => {
          if (position === 'text') this.#protocol.sendText(data, false, options.compress);
          else if (position === 'binary') this.#protocol.sendBinary(data, false, options.compress);
          else this.#protocol.sendContinuation(data, position === 'last');
        }, options),
      fail: () => this.#connection.fail(1011, 'error in fragmented message'),
    });
    return quiet(sent);
  }

  /** Settles at once below the high-water mark, else when the buffer has drained to the low one. */
  #whenRoom(wait: Wait): Promise<void> {
    const { highBytes } = this.#limits;
    if (!this.#batch.isLending) {
      // While a read is dealt with its answers leave together, also those above the mark: 16 KiB with 4 in flight take two writes
      // less. What the batch has no room for it writes by itself.
      if (this.#batch.bufferedBytes <= highBytes || this.#batch.isGathering) return SENT;
      this.#batch.flush();
      if (this.#batch.bufferedBytes <= highBytes) return SENT;
    }
    this.#room ??= deferred();
    return quiet(waitFor(this.#room.promise, wait, this.#runtime.clock));
  }
}

const noop = (): void => {};
