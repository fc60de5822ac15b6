// Shares the upgrade requests of an HTTP server among those who are attached to it. Knows not what becomes of them.
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { afterEarlierAnswers } from './earlier-answers.ts';

/** A server that can be attached to. One of node:http2 takes WebSocket connections when it speaks HTTP/1.1 too. */
export type UpgradableServer = HttpServer | HttpsServer | Http2SecureServer | Http2Server;

/** Somebody who is attached. */
export interface Attachment {
  /** Whether the request is for it, by path; the first one takes it. */
  readonly matches: (path: string) => boolean;
  readonly take: (request: IncomingMessage, socket: Duplex, head: Uint8Array) => void;
  /** `matches` has thrown. */
  readonly onError: (error: Error) => void;
}

const upgradesOf: WeakMap<UpgradableServer, Upgrades> = new WeakMap();

/** Attaches to the server. Returns what detaches again. */
export function addAttachment(server: UpgradableServer, attachment: Attachment): () => void {
  let upgrades = upgradesOf.get(server);
  if (upgrades === undefined) {
    upgrades = new Upgrades(server);
    upgradesOf.set(server, upgrades);
  }
  return upgrades.add(attachment);
}

/** The one listener that all attached to a server share: a request must not be taken twice, nor be left by all of them. */
class Upgrades {
  readonly #server: UpgradableServer;
  readonly #attachments: Attachment[] = [];

  constructor(server: UpgradableServer) {
    this.#server = server;
  }

  add(attachment: Attachment): () => void {
    if (this.#attachments.push(attachment) === 1) this.#server.on('upgrade', this.#onUpgrade);
    return () => {
      const at = this.#attachments.indexOf(attachment);
      if (at !== -1) this.#attachments.splice(at, 1);
      if (this.#attachments.length === 0) this.#server.off('upgrade', this.#onUpgrade);
    };
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Uint8Array): void => {
    const take = this.#takerOf(request);
    // Somebody else who listens decides, and may read by now: even to wait on this socket would be to take it.
    if (take === null && this.#server.listenerCount('upgrade') > 1) return;
    afterEarlierAnswers(request, socket, () => {
      // An earlier answer was the last, or could not be written: its error may be still to come.
      if (!socket.writable) socket.on('error', () => {});
      // Nobody listens: Node would have made it a request like any other, but for our listener.
      else if (take === null) handBack(this.#server, request, socket, head);
      else take(request, socket, head);
    });
  };

  /** What takes the request; null: it is not for us. */
  #takerOf(request: IncomingMessage): Attachment['take'] | null {
    if (!isForWebSocket(request)) return null;
    const [path = ''] = (request.url ?? '').split('?', 1);
    for (const { matches, take, onError } of this.#attachments) {
      try {
        if (matches(path)) return take;
      } catch (error) {
        return (_, socket) => {
          socket.destroy();
          onError(error instanceof Error ? error : new Error('path failed', { cause: error }));
        };
      }
    }
    return null;
  }
}

/** Others, such as `h2c`, are offers that the HTTP server may ignore: clients make them with requests of any kind. */
const isForWebSocket = ({ headers }: IncomingMessage): boolean => /\bwebsocket\b/i.test(headers.upgrade ?? '');

/** Has the HTTP server answer an upgrade as a request like any other, with its body. The connection ends with the answer. */
function handBack(server: UpgradableServer, request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
  const hasBody = 'content-length' in request.headers || 'transfer-encoding' in request.headers;
  // Node 26 reads it in spite of the upgrade; in place of the socket there is another stream until it is complete.
  const isRead = !(socket instanceof Socket) || request.readableLength > 0;
  if (hasBody && !isRead && server.listenerCount('request') > 0) readAgain(server, request, socket, head);
  else answerOnce(server, request, socket);
}

/** By the HTTP server's own parser: the one that found the upgrade is gone, and has left the body to us. */
function readAgain(server: UpgradableServer, request: IncomingMessage, socket: Socket, head: Uint8Array): void {
  socket.unshift(Buffer.concat([plainRequest(request), head]));
  server.emit(socket instanceof TLSSocket ? 'secureConnection' : 'connection', socket);
}

/** The head of the request as it came, but for what makes it an upgrade. Only once: each turn leaves listeners of Node's behind. */
function plainRequest({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  let head = `${method} ${url} HTTP/${httpVersion}\r\nConnection: close\r\n`;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!/^(?:connection|upgrade)$/i.test(rawHeaders[i]!)) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  }
  return Buffer.from(`${head}\r\n`, 'latin1');
}

function answerOnce(server: UpgradableServer, request: IncomingMessage, socket: Duplex): void {
  // Not imported: a module that names something of node:http loads all of it, undici and its WebAssembly too, for who only serves.
  const { ServerResponse } = process.getBuiltinModule('node:http');
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Socket);
  response.on('finish', () => {
    response.detachSocket(socket as Socket);
    socket.end(() => socket.destroy());
  });
  // What node:http does for its own requests, and has undone for this one.
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('drain', () => response.emit('drain'));
  socket.resume();
  if (server.emit('request', request, response)) return;
  response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end('Not Found\n');
}
