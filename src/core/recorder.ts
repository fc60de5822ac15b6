// Keeps what a protocol hands over until somebody asks: the pull form. Knows no protocol rules.
import { Frame } from './frame.ts';
import type { Request, Response } from './http-message.ts';
import type { Opcode } from './opcode.ts';
import type { ProtocolOutput, ProtocolSink } from './protocol-pipe.ts';

/** What can be received: the peer's half of the opening handshake first, then frames. */
export type ProtocolEvent = Request | Response | Frame;

/** The chunk that stands for the end of our half of the stream: half-close the transport when it comes up. */
export const SEND_EOF: Uint8Array = new Uint8Array(0);

/** A sink and an output that record. */
export class Recorder implements ProtocolSink, ProtocolOutput {
  readonly appendFromBytes: number = Number.POSITIVE_INFINITY;
  bytes: Uint8Array = SEND_EOF;
  #events: ProtocolEvent[] = [];
  #chunks: Uint8Array[] = [];

  onHandshake(message: Request | Response): void {
    this.#events.push(message);
  }

  onFrame(opcode: Opcode, fin: boolean, bytes: Uint8Array, start: number, end: number): void {
    this.#events.push(new Frame({ opcode, fin, data: bytes.subarray(start, end) }));
  }

  reserve(byteLength: number): number {
    this.bytes = new Uint8Array(byteLength);
    this.append(this.bytes);
    return 0;
  }

  append(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
  }

  share(bytes: Uint8Array): void {
    this.append(bytes);
  }

  end(): void {
    this.#chunks.push(SEND_EOF);
  }

  /** Whether there is nothing to take. */
  get isEmpty(): boolean {
    return this.#events.length === 0 && this.#chunks.length === 0;
  }

  takeEvents(): ProtocolEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  takeChunks(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }
}
