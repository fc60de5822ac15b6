// A WebSocket peer by hand: a test decides on its handshake, its frames and its manners. Imports nothing of the library.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket, connect as tcpConnect } from 'node:net';
import { Link } from '../conformance/link.ts';
import { CLOSE, encodeFrame, type Frame, type ReceivedFrame, type Role, readFrame } from '../conformance/wire.ts';

const TIMEOUT_MS = 10_000;

/** One end of a TCP connection that speaks exactly as much WebSocket as it is told to. */
export class RawPeer {
  readonly socket: Socket;
  readonly link: Link;
  readonly #role: Role;
  #hasSentClose = false;
  #hasReadClose = false;

  constructor(socket: Socket, role: Role) {
    this.socket = socket;
    this.link = new Link(socket, TIMEOUT_MS);
    this.#role = role;
  }

  /** Connects to a server of ours and says nothing yet. */
  static async dial(port: number): Promise<RawPeer> {
    const socket = tcpConnect({ host: '127.0.0.1', port, allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawPeer(socket, 'client');
  }

  /** A good request, with these headers beside or instead of the usual ones; null takes one out. */
  request(headers: Readonly<Record<string, string | null>> = {}, path = '/'): string {
    const all: Record<string, string | null> = {
      Host: `127.0.0.1:${this.socket.remotePort}`,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      'Sec-WebSocket-Version': '13',
      ...headers,
    };
    const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}\r\n`]));
    return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
  }

  /** Sends a good request and reads the head of the answer. */
  async open(headers: Readonly<Record<string, string | null>> = {}, path = '/'): Promise<string> {
    this.socket.write(this.request(headers, path));
    return this.head();
  }

  /** Reads a request and agrees to it. */
  async accept(headers = ''): Promise<string> {
    const request = await this.head();
    this.socket.write(switchingProtocols(request, headers));
    return request;
  }

  /** The next request or status line with its headers, or what came before the end of the stream. */
  async head(): Promise<string> {
    return (await this.link.takeThrough('\r\n\r\n'))?.toString('latin1') ?? '';
  }

  /** All that comes until the stream ends. */
  async rest(): Promise<string> {
    return (await this.link.takeAll()).toString('latin1');
  }

  /** Sends frames in one segment. */
  send(...frames: readonly Frame[]): void {
    this.#hasSentClose ||= frames.some(({ opcode }) => opcode === CLOSE);
    this.socket.write(Buffer.concat(frames.map((frame) => encodeFrame(frame, this.#role))));
  }

  /** Sends a close frame. */
  sendClose(code: number, reason = ''): void {
    this.send({ opcode: CLOSE, payload: closePayload(code, reason) });
  }

  /** The next frame; null at the end of the stream. */
  async frame(): Promise<ReceivedFrame | null> {
    const frame = await readFrame(this.link, this.#role === 'client' ? 'server' : 'client');
    this.#hasReadClose ||= frame?.opcode === CLOSE;
    return frame;
  }

  /** The next frame, which is a close frame, as `1000 reason`. */
  async closeFrame(): Promise<string> {
    const frame = await this.frame();
    if (frame?.opcode !== CLOSE) throw new Error(`no close frame but opcode ${frame?.opcode}`);
    const { payload } = frame;
    return payload.length < 2 ? '' : `${payload.readUInt16BE(0)} ${payload.toString('utf8', 2)}`.trimEnd();
  }

  /** Settles when the stream has ended, cleanly or not. */
  async ended(): Promise<void> {
    while ((await this.link.take(1)) !== null);
  }

  /** Does what is left of the closing handshake, whichever side began it; the server ends TCP (RFC 6455 §7.1.1). */
  async finishClosing(): Promise<void> {
    while (!this.#hasReadClose) {
      const frame = await this.frame();
      if (frame === null) break;
      if (frame.opcode === CLOSE && !this.#hasSentClose) this.send({ opcode: CLOSE, payload: frame.payload });
    }
    if (this.#role === 'server') this.socket.end();
    await this.ended();
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** A listening socket whose clients a test treats by hand. */
export interface RawServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** The next client that connects. */
  readonly peer: () => Promise<RawPeer>;
}

export async function listenRaw(): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const waiting: ((peer: RawPeer) => void)[] = [];
  const ready: RawPeer[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    const peer = new RawPeer(socket, 'server');
    const resolve = waiting.shift();
    if (resolve === undefined) ready.push(peer);
    else resolve(peer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `ws://127.0.0.1:${port}/`,
    peer: () => {
      const peer = ready.shift();
      return peer === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(peer);
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The payload of a close frame. */
export function closePayload(code: number, reason = ''): Buffer {
  return Buffer.concat([Buffer.of(code >> 8, code & 255), Buffer.from(reason)]);
}

/** The answer that agrees to a request (RFC 6455 §4.2.2). */
export function switchingProtocols(request: string, headers = ''): string {
  const key = /^sec-websocket-key: *(\S+)/im.exec(request)?.[1];
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${headers}\r\n`;
}
