// A client that means no good: it writes whatever it likes, reads or does not, and remembers how it was sent away. Keeps
// nothing of what it reads, so that thousands of them cost the attacker little. Imports nothing of the library.
import { randomBytes } from 'node:crypto';
import { type Socket, connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { bytesOf, CLOSE, encodeFrame, type Frame, PING, PONG } from '../conformance/wire.ts';
import type { Ending } from './attack.ts';

/** Where to, and how. */
export interface DialOptions {
  readonly port: number;
  readonly tls?: boolean;
  /** Source address on the loopback network, so that ports do not run out. Default: the system's choice. */
  readonly from?: string | undefined;
}

/** Headers of a good request, to replace, to add or (null) to leave out. */
export type HeaderChanges = Readonly<Record<string, string | null>>;

/** Room for the head of an answer. */
const MAX_HEAD_BYTES = 65_536;

export class HostilePeer {
  readonly socket: Socket;
  readonly port: number;
  /** Bytes that were handed to the system. */
  sentBytes = 0;
  /** Data frames that came back. */
  messages = 0;
  pongs = 0;
  /** Answers pings as an honest peer does. */
  answersPings = false;

  #head: Buffer | null = Buffer.alloc(0);
  #status: number | null = null;
  #closeCode: number | null = null;
  #hasEnded = false;
  /** The beginning of a frame whose header is not complete. */
  #frameHead: number[] = [];
  #opcode = 0;
  #left = 0;
  /** The payload of a control frame that is arriving. */
  #control: number[] = [];
  #waiting: Set<() => void> = new Set();

  constructor(socket: Socket, port: number) {
    this.socket = socket;
    this.port = port;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
    socket.on('error', () => {}); // How it ended is told by what came before.
    socket.on('drain', () => this.#notify());
  }

  /** Opens TCP (and TLS) and says nothing. A connection that is refused has ended. */
  static dial({ port, tls = false, from }: DialOptions): Promise<HostilePeer> {
    return new Promise((resolve) => {
      const where = { host: '127.0.0.1', port, ...(from !== undefined && { localAddress: from }) };
      const socket: Socket = tls
        ? tlsConnect({ ...where, rejectUnauthorized: false })
        : tcpConnect({ ...where, allowHalfOpen: true, noDelay: true });
      const peer = new HostilePeer(socket, port);
      socket.once(tls ? 'secureConnect' : 'connect', () => resolve(peer));
      socket.once('close', () => resolve(peer));
    });
  }

  /** A good request, with some headers changed. */
  request(changes: HeaderChanges = {}, path = '/'): string {
    const headers: Record<string, string | null> = {
      Host: `127.0.0.1:${this.port}`,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      'Sec-WebSocket-Version': '13',
      ...changes,
    };
    const lines = Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : `${name}: ${value}\r\n`));
    return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
  }

  /** Does the opening handshake; when that fails, the peer has ended. */
  async open(changes: HeaderChanges = {}, path = '/'): Promise<this> {
    await this.write(this.request(changes, path));
    await this.#until(() => this.#status !== null);
    return this;
  }

  get ending(): Ending {
    if (this.#closeCode !== null) return `${this.#closeCode}`;
    if (this.#status !== null && this.#status !== 101) return `${this.#status}`;
    return this.#hasEnded ? 'dropped' : 'open';
  }

  /** Whether the other side has ended its half of the stream, or the connection is gone. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  stopReading(): void {
    this.socket.pause();
  }

  /** Reads again: what the server said at the end is known only then. */
  readAgain(): void {
    this.socket.resume();
  }

  /** Writes, and waits until the system has taken it, for `ms` at most. False when it has not, or the connection is gone. */
  async write(bytes: Uint8Array | string, ms = 3000): Promise<boolean> {
    if (this.socket.destroyed || this.socket.writableEnded) return false;
    this.sentBytes += bytes.length;
    if (!this.socket.write(bytes)) await this.#until(() => !this.socket.writableNeedDrain, ms);
    return !this.socket.writableNeedDrain && !this.socket.destroyed;
  }

  /** Sends frames in one write. */
  send(...frames: readonly Frame[]): Promise<boolean> {
    return this.write(framesOf(...frames));
  }

  /** Writes the same again and again: so many times, or until nothing is taken for `ms`, or the connection ends. */
  async flood(bytes: Uint8Array | string, { times, ms = 1000 }: { times: number; ms?: number }): Promise<void> {
    for (let i = 0; i < times && !this.#hasEnded; i++) {
      if (!(await this.write(bytes, ms))) return;
      // What has come may be the end.
      if (i % 16 === 15) await new Promise(setImmediate);
    }
  }

  /** Settles when the connection has ended, or after so many milliseconds. */
  ended(ms: number): Promise<void> {
    return this.#until(() => this.#hasEnded, ms);
  }

  /** Settles when so many messages have come back, the connection has ended, or time is over. */
  received(messages: number, ms = 5000): Promise<void> {
    return this.#until(() => this.messages >= messages || this.#closeCode !== null, ms);
  }

  /** Hangs up, with a reset or without a word. */
  hangUp(how: 'reset' | 'destroy' = 'destroy'): void {
    if (how === 'reset' && !this.socket.destroyed) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#notify();
  }

  #notify(): void {
    for (const look of this.#waiting) look();
  }

  /** Waits until it holds, the connection has ended, or time is over. */
  #until(holds: () => boolean, ms = 10_000): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const look = (): void => {
        if (holds() || this.#hasEnded) done();
      };
      const timer = setTimeout(done, ms);
      this.#waiting.add(look);
      look();
    });
  }

  #read(chunk: Buffer): void {
    if (this.#head === null) {
      this.#readFrames(chunk);
    } else {
      this.#head = Buffer.concat([this.#head, chunk]);
      const end = this.#head.indexOf('\r\n\r\n');
      if (end >= 0) {
        const rest = this.#head.subarray(end + 4);
        this.#status = Number(/^HTTP\/1\.1 (\d{3})/.exec(this.#head.toString('latin1', 0, end))?.[1] ?? 0);
        this.#head = null;
        if (this.#status === 101) this.#readFrames(rest);
      } else if (this.#head.length > MAX_HEAD_BYTES) {
        this.hangUp();
      }
    }
    this.#notify();
  }

  /** Counts frames, and skips what is in them, unless it is a close frame or a ping. */
  #readFrames(chunk: Buffer): void {
    if (this.#status !== 101) return;
    for (let at = 0; at < chunk.length; ) {
      if (this.#left > 0) {
        const count = Math.min(this.#left, chunk.length - at);
        if (this.#opcode >= CLOSE) this.#control.push(...chunk.subarray(at, at + count));
        this.#left -= count;
        at += count;
        if (this.#left === 0) this.#endFrame();
        continue;
      }
      this.#frameHead.push(chunk[at++]!);
      const [first = 0, second = 0] = this.#frameHead;
      const lengthBytes = second < 126 ? 0 : second === 126 ? 2 : 8;
      if (this.#frameHead.length < 2 + lengthBytes) continue;
      this.#opcode = first & 15;
      this.#left = this.#frameHead.slice(2).reduce((value, byte) => value * 256 + byte, lengthBytes === 0 ? second : 0);
      this.#frameHead = [];
      if (this.#left === 0) this.#endFrame();
    }
  }

  #endFrame(): void {
    const payload = this.#control;
    this.#control = [];
    if (this.#opcode === PONG) this.pongs++;
    else if (this.#opcode < CLOSE) this.messages++;
    else if (this.#opcode === CLOSE) this.#closeCode = payload.length < 2 ? 1005 : (payload[0]! << 8) | payload[1]!;
    else if (this.#opcode === PING && this.answersPings)
      void this.send({ opcode: PONG, payload: Uint8Array.from(payload) });
  }
}

/** The bytes of frames, as a client sends them. */
export const framesOf = (...frames: readonly Frame[]): Buffer =>
  Buffer.concat(frames.map((frame) => encodeFrame(frame, 'client')));

/** The same frame so many times, in one piece. Masks cost time: it is encoded once. */
export function repeated(frame: Frame, times: number): Buffer {
  const one = encodeFrame(frame, 'client');
  return Buffer.alloc(one.length * times, one);
}

/** The header of a frame and as much of its payload as given; the rest never comes. */
export function announced(
  opcode: number,
  length: bigint,
  payload: Uint8Array | string = '',
  lengthBits?: 16 | 64,
): Buffer {
  const sent = bytesOf(payload);
  return encodeFrame({ opcode, announced: length, payload: sent, ...(lengthBits && { lengthBits }) }, 'client');
}
