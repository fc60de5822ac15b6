// A server that means no good, for clients to visit. Imports nothing of the library.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { CERT, KEY } from '../support/certificate.ts';
import type { ClientAttack } from './attack.ts';

/** A hostile server that listens. */
export interface HostileServer extends AsyncDisposable {
  readonly url: string;
  /** Bytes that it has sent. */
  sentBytes(): number;
}

export async function listenHostile({
  serve,
  tls = false,
}: Pick<ClientAttack, 'serve' | 'tls'>): Promise<HostileServer> {
  const sockets = new Set<Socket>();
  let sentBytes = 0;
  const attend = async (socket: Socket): Promise<void> => {
    sockets.add(socket);
    socket.on('error', () => {}); // Victims leave as they like.
    socket.on('close', () => {
      sentBytes += socket.bytesWritten;
      sockets.delete(socket);
    });
    let request = '';
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      request += chunk.toString('latin1');
      if (request.includes('\r\n\r\n')) break;
    }
    socket.resume();
    await serve(socket, request);
  };
  const onSocket = (socket: Socket): void => void attend(socket).catch(() => {});
  const server = tls
    ? createTlsServer({ cert: CERT, key: KEY }, onSocket)
    : createServer({ allowHalfOpen: true, noDelay: true }, onSocket);
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${tls ? 'wss' : 'ws'}://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    sentBytes: () => [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, sentBytes),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Writes `begin`, then `more` for as long as the victim takes it. */
export async function flood(socket: Socket, begin: string, more: string | Uint8Array): Promise<void> {
  if (begin !== '') socket.write(begin, 'latin1');
  while (!socket.destroyed) {
    if (socket.write(more)) await new Promise(setImmediate);
    else await drained(socket);
  }
}

/** Settles when the system takes more, or the connection is gone. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}
