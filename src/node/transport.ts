// A transport over Node's sockets, TCP, Unix and TLS alike. Moves bytes and nothing else.
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Address, Transport, TransportSink } from '../connection/transport.ts';
import { addressOf } from './address.ts';
import { giveWay, isTurnOver, NO_TURN, turnBegun } from './read-turn.ts';

/** Where a socket finds its transport: listeners that all sockets share cost a connection nothing. */
const TRANSPORT: unique symbol = Symbol('transport');
type OwnedSocket = Socket & { [TRANSPORT]?: NodeTransport };

/** The smallest read behind which there may be more at once: TLS hands out its records one by one. */
const FULL_READ_BYTES = 16_384;

/** Wraps a socket that is connected. For a socket with `allowHalfOpen`. */
export class NodeTransport implements Transport {
  readonly localAddress: Address | null;
  readonly remoteAddress: Address | null;
  readonly #socket: OwnedSocket;
  #sink: TransportSink | null = null;
  #error: Error | null = null;
  #isPaused = false;
  /** See `read-turn.ts`. */
  #turn: number = NO_TURN;
  /** Whether reading waits until the other connections have had their turn. */
  #isGivingWay = false;
  #written: ((error?: Error | null) => void) | null = null;

  /** @param path of the Unix socket, when it is one: Node does not tell. */
  constructor(socket: Socket, path: string | null = null) {
    this.#socket = socket;
    this.#socket[TRANSPORT] = this;
    this.localAddress = path ?? addressOf(socket.localAddress, socket.localPort);
    this.remoteAddress = path ?? addressOf(socket.remoteAddress, socket.remotePort);
    // Until there is a sink: an error without a listener would end the process.
    socket.on('error', NodeTransport.#onError);
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  get canHalfClose(): boolean {
    return !(this.#socket instanceof TLSSocket);
  }

  start(sink: TransportSink): void {
    const socket = this.#socket;
    this.#sink = sink;
    socket.on('data', NodeTransport.#onData);
    socket.on('end', NodeTransport.#onEnd);
    if (socket.closed) queueMicrotask(() => sink.onClose(this.#error));
    else socket.on('close', NodeTransport.#onClose);
    // A socket that its owner had paused before handing it over.
    socket.resume();
  }

  write(bytes: Uint8Array, more?: Uint8Array): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    if (more === undefined) {
      socket.write(bytes, this.#whenWritten());
      return;
    }
    socket.cork();
    if (bytes.length > 0) socket.write(bytes);
    socket.write(more, this.#whenWritten());
    socket.uncork();
  }

  end(): void {
    this.#socket.end();
  }

  abort(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isGivingWay) this.#socket.resume();
  }

  #giveWay(): void {
    this.#turn = NO_TURN;
    if (this.#isGivingWay) return;
    this.#isGivingWay = true;
    this.#socket.pause();
    giveWay(NodeTransport.#goOn, this);
  }

  #whenWritten(): (error?: Error | null) => void {
    // Errors of a write come again as the socket's own. A socket that is destroyed calls back without one, though nothing
    // went out.
    this.#written ??= (error) => {
      if (!error && !this.#socket.destroyed) this.#sink?.onWritten();
    };
    return this.#written;
  }

  // Listeners are called with the socket as `this`.

  static #onData(this: OwnedSocket, bytes: Buffer): void {
    const transport = this[TRANSPORT]!;
    // Not a Buffer: its slice and subarray go through JavaScript, and users must not meet one.
    const isFull = bytes.length >= FULL_READ_BYTES;
    transport.#turn = isFull ? turnBegun(transport.#turn) : NO_TURN;
    transport.#sink?.onData(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
    if (isFull && isTurnOver(transport.#turn)) transport.#giveWay();
  }

  static #goOn(transport: NodeTransport): void {
    transport.#isGivingWay = false;
    if (!transport.#isPaused) transport.#socket.resume();
  }

  static #onEnd(this: OwnedSocket): void {
    const transport = this[TRANSPORT]!;
    transport.#sink?.onEnd();
  }

  static #onError(this: OwnedSocket, error: Error): void {
    const transport = this[TRANSPORT]!;
    transport.#error ??= error;
    // Node leaves a TLS socket alone after a record that does not decrypt, or the peer's alert: nothing more would come of it.
    this.destroy();
  }

  static #onClose(this: OwnedSocket): void {
    const transport = this[TRANSPORT]!;
    transport.#sink?.onClose(transport.#error);
  }
}
