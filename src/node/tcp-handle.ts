// How Node's TCP handles look inside: the objects under a net.Socket, which are not public API. The only file that knows
// it; where anything looks different, `tcpHandles` is null, and every socket takes the public road (transport.ts).
import type { Server as NetServer, Socket } from 'node:net';

/** A handle of libuv with a TCP connection. Calls return 0 or a negative error number (`util.getSystemErrorName`). */
export interface TcpHandle {
  /** Is called, with the handle as `this`, for each read: `tcpHandles.bytesRead` says what came. */
  onread: (this: TcpHandle) => void;
  /** Reads into this memory from now on. It is not kept alive. */
  useUserBuffer(memory: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: HandleRequest, bytes: Uint8Array): number;
  writev(request: HandleRequest, chunks: readonly Uint8Array[], areAllBytes: true): number;
  shutdown(request: HandleRequest): number;
  setNoDelay(isOn: boolean): number;
  getsockname(out: SocketName): number;
  getpeername(out: SocketName): number;
  close(onClosed: () => void): void;
}

/** What a handle could not do at once. Whoever asked keeps what is being written alive until it is done. */
export interface HandleRequest {
  oncomplete(status: number): void;
}

export interface SocketName {
  address?: string;
  port?: number;
}

/** What this Node offers. */
export interface TcpHandles {
  readonly WriteRequest: new () => HandleRequest;
  readonly ShutdownRequest: new () => HandleRequest;
  /** Within `onread`: how many bytes came; END when the peer's half has ended, another negative number for an error. */
  readonly bytesRead: () => number;
  /** Right after a write: whether the system has not taken all of it, so that the request will be completed later. */
  readonly isWriteWaiting: () => boolean;
}

/** libuv's UV_EOF, the same on all platforms. */
export const END = -4095;

/** As much of `internalBinding('stream_wrap')` as is needed. Node keeps it on its list for `process.binding`. */
interface StreamBinding {
  readonly WriteWrap: TcpHandles['WriteRequest'];
  readonly ShutdownWrap: TcpHandles['ShutdownRequest'];
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

/** Null where handles are not known to look as above: older and other runtimes, a process that may not see them. */
export const tcpHandles: TcpHandles | null = findHandles();

function findHandles(): TcpHandles | null {
  // Bun and Deno answer to the same names, with other things behind them. A process that asks to be warned of pending
  // deprecations would be, of `process.binding`, for something that it did not write.
  if (process.versions['bun'] !== undefined || process.versions['deno'] !== undefined || warnsOfBinding()) return null;
  if (process.env['WEBSOCKETS_SOCKET_HANDLES'] === '0') return null;
  try {
    const { binding } = process as unknown as { binding(name: string): StreamBinding };
    const { WriteWrap, ShutdownWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = binding('stream_wrap');
    const looksRight =
      typeof WriteWrap === 'function' &&
      typeof ShutdownWrap === 'function' &&
      streamBaseState instanceof Int32Array &&
      typeof streamBaseState[kReadBytesOrError] === 'number' &&
      typeof streamBaseState[kLastWriteWasAsync] === 'number';
    if (!looksRight) return null;
    return {
      WriteRequest: WriteWrap,
      ShutdownRequest: ShutdownWrap,
      bytesRead: () => streamBaseState[kReadBytesOrError]!,
      isWriteWaiting: () => streamBaseState[kLastWriteWasAsync] !== 0,
    };
  } catch {
    return null; // Node's permission model refuses.
  }
}

function warnsOfBinding(): boolean {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  return options.includes('--pending-deprecation') || process.env['NODE_PENDING_DEPRECATION'] === '1';
}

const METHODS = ['useUserBuffer', 'readStart', 'readStop', 'writeBuffer', 'writev', 'shutdown', 'setNoDelay', 'close'];

/** Whether it is such a handle. A Unix socket's is a `Pipe`, and that of a cluster's worker may be no handle at all. */
const isTcpHandle = (handle: unknown): handle is TcpHandle =>
  typeof handle === 'object' &&
  handle !== null &&
  handle.constructor.name === 'TCP' &&
  METHODS.every((name) => typeof (handle as Readonly<Record<string, unknown>>)[name] === 'function');

/** A handle that listens: hands over those that it accepts. */
interface ListeningHandle {
  onconnection: (this: ListeningHandle, status: number, accepted: unknown) => void;
}

/**
 * Takes over the connections of a server that is listening, before a net.Socket is made for them. Whatever only net.Server
 * can do it goes on doing: errors, a limit on connections, listeners of somebody else.
 *
 * @param ourListeners how many of the server's listeners for `connection` are ours.
 */
export function acceptHandles(server: NetServer, ourListeners: number, onHandle: (handle: TcpHandle) => void): void {
  const listening = (server as unknown as { readonly _handle?: ListeningHandle })._handle;
  if (tcpHandles === null || typeof listening?.onconnection !== 'function') return;
  const accept = listening.onconnection;
  listening.onconnection = function (status, accepted) {
    const isForUs =
      status === 0 &&
      isTcpHandle(accepted) &&
      (server.maxConnections ?? null) === null &&
      server.listenerCount('connection') === ourListeners;
    if (isForUs) onHandle(accepted);
    else accept.call(this, status, accepted);
  };
}

/**
 * Takes the handle out of a socket that is connected, and that holds no bytes; the socket is an empty shell from then on.
 * Node does the same when it sends a socket to another process. Null when that can't be done.
 */
export function detachHandle(socket: Socket): TcpHandle | null {
  const shell = socket as unknown as { _handle: unknown };
  const handle = shell._handle;
  if (tcpHandles === null || !isTcpHandle(handle) || socket.readableLength + socket.writableLength > 0) return null;
  if (handle.readStop() !== 0) return null;
  shell._handle = null;
  for (const key of Object.getOwnPropertySymbols(handle)) {
    const fields = handle as unknown as Record<symbol, unknown>;
    // The handle knows its owner, and must not keep it alive.
    if (fields[key] === socket) fields[key] = null;
  }
  return handle;
}
