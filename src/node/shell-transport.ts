// A transport on the handle of a socket that somebody else has made, and goes on counting, watching or destroying. Moves
// bytes and nothing else.
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TransportSink } from '../connection/transport.ts';
import { HandleTransport } from './handle-transport.ts';
import { detachHandle, type TcpHandle } from './tcp-handle.ts';

/** The socket stays as a shell: to destroy it is to drop the connection, and it is destroyed when the connection ends. */
export class ShellTransport extends HandleTransport {
  readonly #shell: Socket;
  /** What was read before the handle was ours, until it is delivered. */
  #received: Uint8Array | null;

  constructor(handle: TcpHandle, shell: Socket, received: Uint8Array) {
    super(handle);
    this.#shell = shell;
    this.#received = received;
    shell.on('error', () => {}); // whoever still writes to it
    shell.once('close', () => this.abort());
  }

  override start(sink: TransportSink): void {
    super.start(sink);
    // Not at once: the sink is still being made. Nothing else is read before.
    process.nextTick(() => {
      const received = this.#received;
      this.#received = null;
      if (received !== null) sink.onData(received);
    });
  }

  override abort(): void {
    this.#received = null;
    super.abort();
    this.#shell.destroy();
  }
}

/** Takes the handle out of a socket, when that is safe: a plain TCP socket to which nobody listens, with nothing on its way. */
export function detachShell(socket: Duplex, received: Uint8Array): ShellTransport | null {
  // One that is ending has its end on the way, and Node looks for the socket behind the handle when that is done.
  const isPlain = socket instanceof Socket && socket.constructor === Socket && socket.writable;
  if (!isPlain || socket.listenerCount('data') + socket.listenerCount('readable') > 0) return null;
  // Asked for, it is remembered: whoever holds the socket may ask who the client is when the handle is gone.
  if (socket.remoteAddress === undefined) return null;
  const handle = detachHandle(socket);
  return handle === null ? null : new ShellTransport(handle, socket, received);
}
