// A TCP socket that is read by asking for bytes, every wait with a deadline. Knows nothing of HTTP or of frames.
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** How bytes are cut into writes. A negative position counts from the end. */
export type Cut =
  | 'whole'
  | 'bytes'
  | { readonly at: readonly number[] }
  | { readonly piecesUpTo: number; readonly seed: number };

/** How the peer's direction of the stream stands. */
export type Ending = 'open' | 'fin' | 'reset';

/** Numbers below one that depend on the seed alone, so that a failing case fails again (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The pieces that `cut` makes of `bytes`, in order; empty pieces are left out. */
export function pieces(bytes: Buffer, cut: Cut): Buffer[] {
  const ends: number[] = [];
  if (cut === 'bytes') {
    for (let end = 1; end < bytes.length; end++) ends.push(end);
  } else if (cut !== 'whole' && 'at' in cut) {
    for (const position of cut.at) ends.push(position < 0 ? bytes.length + position : position);
  } else if (cut !== 'whole') {
    const random = randomFrom(cut.seed);
    for (let end = 0; end < bytes.length; ) {
      end += 1 + Math.floor(random() * cut.piecesUpTo);
      ends.push(end);
    }
  }
  let start = 0;
  const found: Buffer[] = [];
  for (const end of [...ends, bytes.length]) {
    if (end > start && start < bytes.length) found.push(bytes.subarray(start, end));
    start = Math.max(start, end);
  }
  return found;
}

export class Link {
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  #chunks: Buffer[] = [];
  #size = 0;
  #ending: Ending = 'open';
  #wake: (() => void) | null = null;

  constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      this.#notify();
    });
    socket.on('end', () => this.#finish('fin'));
    // ECONNRESET and EPIPE are a way for the peer to end; which way it was, the case decides.
    socket.on('error', () => this.#finish('reset'));
    socket.on('close', () => this.#finish('reset'));
  }

  /** Opens a connection. Its other direction stays open when the peer ends its own. */
  static connect(host: string, port: number, timeoutMs: number): Promise<Link> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, allowHalfOpen: true });
      const giveUp = setTimeout(() => socket.destroy(new Error(`no connection after ${timeoutMs} ms`)), timeoutMs);
      const fail = (error: Error) => {
        clearTimeout(giveUp);
        reject(error);
      };
      socket.once('error', fail);
      socket.once('connect', () => {
        clearTimeout(giveUp);
        socket.off('error', fail);
        resolve(new Link(socket, timeoutMs));
      });
    });
  }

  get ending(): Ending {
    return this.#ending;
  }

  /** How many bytes have come and were not taken yet. */
  get waiting(): number {
    return this.#size;
  }

  /** The next `count` bytes; null when the stream ended exactly here. Throws when it ended earlier or nothing comes. */
  async take(count: number, timeoutMs: number = this.#timeoutMs): Promise<Buffer | null> {
    await this.#until(() => this.#size >= count, `${count} bytes`, timeoutMs);
    if (this.#size >= count) return this.#cutOff(count);
    if (this.#size === 0) return null;
    throw new Error(`the stream ended after ${this.#size} of ${count} bytes`);
  }

  /** The bytes up to and with `mark`; null when the stream ended before the first byte. */
  async takeThrough(mark: string, timeoutMs: number = this.#timeoutMs): Promise<Buffer | null> {
    const find = (): number => this.#joined().indexOf(mark, 0, 'latin1');
    await this.#until(() => find() >= 0, JSON.stringify(mark), timeoutMs);
    const position = find();
    if (position >= 0) return this.#cutOff(position + mark.length);
    if (this.#size === 0) return null;
    throw new Error(`the stream ended after ${JSON.stringify(this.#joined().toString('latin1', 0, 200))}`);
  }

  /** All bytes until the peer ends its direction. */
  async takeAll(timeoutMs: number = this.#timeoutMs): Promise<Buffer> {
    await this.#until(() => false, 'the end of the stream', timeoutMs);
    return this.#cutOff(this.#size);
  }

  /** Writes piece by piece, each in a segment of its own as far as the kernel goes along. Stops when the peer has ended. */
  async write(bytes: Buffer, cut: Cut = 'whole'): Promise<void> {
    const all = pieces(bytes, cut);
    for (const [index, piece] of all.entries()) {
      if (this.#ending !== 'open') return;
      this.#socket.write(piece);
      if (index < all.length - 1) await (all.length <= 100 ? sleep(1) : nextTurn());
    }
  }

  /** Ends our direction. */
  end(): void {
    this.#socket.end();
  }

  /** Ends both directions with a reset. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #finish(ending: Ending): void {
    if (this.#ending === 'open') this.#ending = ending;
    this.#notify();
  }

  #notify(): void {
    this.#wake?.();
  }

  /** Waits until `enough` holds or the stream has ended. */
  async #until(enough: () => boolean, what: string, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!enough() && this.#ending === 'open') {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`waited ${timeoutMs} ms for ${what}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
  }

  #joined(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks, this.#size)];
    return this.#chunks[0]!;
  }

  #cutOff(count: number): Buffer {
    const first = this.#chunks[0];
    const source = first !== undefined && first.length >= count ? first : this.#joined();
    if (source.length === count) this.#chunks.shift();
    else this.#chunks[0] = source.subarray(count);
    this.#size -= count;
    return source.subarray(0, count);
  }
}
