// A peer whose bytes a test writes and reads by itself, to see what becomes of any. Knows no WebSocket.
import type { Transport, TransportSink } from '../index.ts';

/** One end of a connection in memory. */
export class RawPeer implements TransportSink {
  readonly #transport: Transport;
  #received: Uint8Array[] = [];
  #hasEnded = false;
  #wake: (() => void) | null = null;

  constructor(transport: Transport) {
    this.#transport = transport;
    transport.start(this);
  }

  /** Whether the stream from the other side has ended, cleanly or not. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Sends bytes, or text as ISO-8859-1, a byte a character. */
  write(data: Uint8Array | string): void {
    const bytes = typeof data === 'string' ? Uint8Array.from(data, (character) => character.charCodeAt(0)) : data;
    // What has to wait is not copied, and belongs to the caller.
    this.#transport.write(bytes.slice());
  }

  /** Everything that has arrived since the last call, at least a byte: waits for it. Empty when the stream has ended. */
  async read(): Promise<Uint8Array> {
    while (this.#received.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const parts = this.#received;
    this.#received = [];
    const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** As `read`, as text: a character a byte. */
  async readText(): Promise<string> {
    return Array.from(await this.read(), (byte) => String.fromCharCode(byte)).join('');
  }

  /** Ends our half of the stream. */
  end(): void {
    this.#transport.end();
  }

  /** Goes away at once. */
  abort(): void {
    this.#transport.abort();
  }

  /** @internal */
  onData(bytes: Uint8Array, end: number = bytes.length): void {
    this.#received.push(bytes.slice(0, end));
    this.#wake?.();
  }

  /** @internal */
  onEnd(): void {
    this.#hasEnded = true;
    this.#wake?.();
  }

  /** @internal */
  onWritten(): void {}

  /** @internal */
  onClose(): void {
    this.onEnd();
  }
}
