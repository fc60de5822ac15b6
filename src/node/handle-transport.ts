// A transport over a TCP handle, without a net.Socket and its streams. Moves bytes and nothing else.
import { getSystemErrorName } from 'node:util';
import type { Address, Transport, TransportSink } from '../connection/transport.ts';
import { addressOf } from './address.ts';
import { readBuffer } from './io-buffers.ts';
import { giveWay, isTurnOver, NO_TURN, turnBegun } from './read-turn.ts';
import { END, type HandleRequest, type SocketName, type TcpHandle, type TcpHandles, tcpHandles } from './tcp-handle.ts';

/** Where a handle and its requests find their transport: functions that all share cost a connection nothing. */
const TRANSPORT: unique symbol = Symbol('transport');
type OwnedHandle = TcpHandle & { [TRANSPORT]?: HandleTransport };
type OwnedRequest = HandleRequest & {
  [TRANSPORT]?: HandleTransport;
  chunks?: readonly Uint8Array[];
  byteLength?: number;
};

const NO_CHUNKS: readonly Uint8Array[] = [];

/** Takes a handle over that is connected and not being read. Use it where `tcpHandles` is not null. */
export class HandleTransport implements Transport {
  readonly canHalfClose = true;
  readonly #native: TcpHandles;
  readonly #handle: OwnedHandle;
  /** Apart: a pair for each connection would be an object more. */
  readonly #remoteHost: string | undefined;
  readonly #remotePort: number | undefined;
  #localAddress: Address | null | undefined;
  #sink: TransportSink | null = null;
  #error: Error | null = null;
  #bufferedBytes = 0;
  #isReading = false;
  /** See `read-turn.ts`. */
  #turn: number = NO_TURN;
  /** Whether reading waits until the other connections have had their turn. */
  #isGivingWay = false;
  #hasEnded = false;
  #isShutDown: 'no' | 'asked' | 'done' = 'no';
  #isClosing = false;

  /** A request that no write has needed: those that go out at once leave theirs to the next, of whatever connection. */
  static #spareRequest: OwnedRequest | null = null;

  constructor(handle: TcpHandle) {
    if (tcpHandles === null) throw new Error('this runtime has no TCP handles');
    this.#native = tcpHandles;
    this.#handle = handle;
    this.#handle[TRANSPORT] = this;
    // Now: of a connection that was reset the system no longer tells.
    const peer: SocketName = {};
    handle.getpeername(peer);
    this.#remoteHost = peer.address;
    this.#remotePort = peer.port;
    handle.setNoDelay(true);
    handle.onread = HandleTransport.#onRead;
    handle.useUserBuffer(readBuffer);
  }

  get localAddress(): Address | null {
    if (this.#localAddress === undefined && !this.#isClosing) this.#rememberLocalAddress();
    return this.#localAddress ?? null;
  }

  get remoteAddress(): Address | null {
    return addressOf(this.#remoteHost, this.#remotePort);
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  start(sink: TransportSink): void {
    this.#sink = sink;
    this.resume();
  }

  write(bytes: Uint8Array, more?: Uint8Array): void {
    if (this.#isClosing || this.#isShutDown !== 'no') return;
    const request = HandleTransport.#spareRequest ?? new this.#native.WriteRequest();
    HandleTransport.#spareRequest = null;
    const chunks = more === undefined ? null : bytes.length === 0 ? [more] : [bytes, more];
    const status =
      chunks === null ? this.#handle.writeBuffer(request, bytes) : this.#handle.writev(request, chunks, true);
    if (!this.#check(status, 'write')) return;
    if (this.#native.isWriteWaiting()) this.#waitFor(request, chunks ?? [bytes]);
    else HandleTransport.#spareRequest = request;
  }

  end(): void {
    if (this.#isClosing || this.#isShutDown !== 'no') return;
    this.#isShutDown = 'asked';
    const request: OwnedRequest = new this.#native.ShutdownRequest();
    request[TRANSPORT] = this;
    request.oncomplete = HandleTransport.#onRequestToShutDown;
    const status = this.#handle.shutdown(request);
    if (status !== 0) this.#onShutDown(status);
  }

  abort(): void {
    if (this.#isClosing) return;
    if (this.#localAddress === undefined) this.#rememberLocalAddress();
    this.#isClosing = true;
    this.#handle.close(() => this.#sink?.onClose(this.#error));
  }

  pause(): void {
    if (!this.#isReading || this.#isClosing) return;
    this.#isReading = false;
    this.#handle.readStop();
  }

  resume(): void {
    if (this.#isReading || this.#hasEnded || this.#isClosing) return;
    this.#isReading = true;
    if (!this.#isGivingWay) this.#check(this.#handle.readStart(), 'read');
  }

  /** A read that fills the buffer: there is more, and it would follow at once. */
  #onFullRead(): void {
    this.#turn = turnBegun(this.#turn);
    this.#sink?.onData(readBuffer, readBuffer.length);
    if (!isTurnOver(this.#turn)) return;
    this.#turn = NO_TURN;
    if (this.#isGivingWay || this.#isClosing) return;
    this.#isGivingWay = true;
    this.#handle.readStop();
    giveWay(HandleTransport.#goOn, this);
  }

  #rememberLocalAddress(): void {
    const name: SocketName = {};
    this.#handle.getsockname(name);
    this.#localAddress = addressOf(name.address, name.port);
  }

  /** Whether all is well; if not, the connection is dropped, and `onClose` says why. */
  #check(status: number, call: string): boolean {
    if (status === 0) return true;
    this.#error ??= systemError(status, call);
    this.abort();
    return false;
  }

  #waitFor(request: OwnedRequest, chunks: readonly Uint8Array[]): void {
    request[TRANSPORT] = this;
    request.chunks = chunks;
    // Not asked of the chunks again: who transfers a buffer to a worker leaves none behind.
    request.byteLength = chunks.reduce((sum, { length }) => sum + length, 0);
    request.oncomplete = HandleTransport.#onWritten;
    this.#bufferedBytes += request.byteLength;
  }

  #onShutDown(status: number): void {
    if (this.#isClosing) return;
    // A peer that is gone has nothing to be told.
    if (status < 0 && getSystemErrorName(status) !== 'ENOTCONN') this.#error ??= systemError(status, 'shutdown');
    this.#isShutDown = 'done';
    if (this.#hasEnded || this.#error !== null) this.abort();
  }

  #onEnd(): void {
    this.#hasEnded = true;
    this.#sink?.onEnd();
    if (this.#isShutDown === 'done') this.abort();
  }

  static #onRead(this: OwnedHandle): void {
    const transport = this[TRANSPORT]!;
    const count = transport.#native.bytesRead();
    if (count === readBuffer.length) {
      transport.#onFullRead();
      return;
    }
    transport.#turn = NO_TURN;
    if (count > 0) transport.#sink?.onData(readBuffer, count);
    else if (count === END) transport.#onEnd();
    else if (count < 0) transport.#check(count, 'read');
  }

  static #goOn(transport: HandleTransport): void {
    transport.#isGivingWay = false;
    if (transport.#isReading && !transport.#isClosing) transport.#check(transport.#handle.readStart(), 'read');
  }

  static #onWritten(this: OwnedRequest, status: number): void {
    const transport = this[TRANSPORT]!;
    transport.#bufferedBytes -= this.byteLength ?? 0;
    this.chunks = NO_CHUNKS;
    if (transport.#isClosing) return;
    if (transport.#check(status, 'write')) transport.#sink?.onWritten();
  }

  static #onRequestToShutDown(this: OwnedRequest, status: number): void {
    this[TRANSPORT]!.#onShutDown(status);
  }
}

/** As Node's sockets would have it: `read ECONNRESET`, with `code`, `errno` and `syscall`. */
function systemError(errno: number, syscall: string): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${syscall} ${code}`), { errno, code, syscall });
}
