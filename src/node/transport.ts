// A transport over Node's sockets, TCP, Unix and TLS alike. Moves bytes and nothing else.
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Address, Transport, TransportSink } from '../connection/transport.ts';

/** Wraps a socket that is connected. For a socket with `allowHalfOpen`. */
export class NodeTransport implements Transport {
  readonly localAddress: Address | null;
  readonly remoteAddress: Address | null;
  readonly canHalfClose: boolean;
  readonly #socket: Socket;
  #error: Error | null = null;
  #onWritten: (() => void) | null = null;

  /** @param path of the Unix socket, when it is one: Node does not tell. */
  constructor(socket: Socket, path: string | null = null) {
    this.#socket = socket;
    this.canHalfClose = !(socket instanceof TLSSocket);
    this.localAddress = path ?? addressOf(socket.localAddress, socket.localPort);
    this.remoteAddress = path ?? addressOf(socket.remoteAddress, socket.remotePort);
    // Until there is a sink: an error without a listener would end the process.
    socket.on('error', this.#onError);
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  start(sink: TransportSink): void {
    const socket = this.#socket;
    this.#onWritten = () => sink.onWritten();
    socket.on('data', (bytes: Buffer) => sink.onData(bytes));
    socket.on('end', () => sink.onEnd());
    if (socket.closed) queueMicrotask(() => sink.onClose(this.#error));
    else socket.on('close', () => sink.onClose(this.#error));
  }

  write(bytes: Uint8Array, more?: Uint8Array): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    if (more === undefined) {
      socket.write(bytes, this.#written);
      return;
    }
    socket.cork();
    if (bytes.length > 0) socket.write(bytes);
    socket.write(more, this.#written);
    socket.uncork();
  }

  end(): void {
    this.#socket.end();
  }

  abort(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  readonly #onError = (error: Error): void => {
    this.#error ??= error;
  };

  // Errors of a write come again as the socket's own. A socket that is destroyed calls back without one, though nothing went out.
  readonly #written = (error?: Error | null): void => {
    if (!error && !this.#socket.destroyed) this.#onWritten?.();
  };
}

const addressOf = (host: string | undefined, port: number | undefined): Address | null =>
  host === undefined || port === undefined ? null : [host, port];

/** The address of a listening socket. */
export const listeningAddress = (address: AddressInfo | string | null): Address[] =>
  address === null ? [] : [typeof address === 'string' ? address : [address.address, address.port]];
