// One end of a connection in memory, as TCP has it: halves that end apart, resets, backpressure. Knows no faults: the wires have them.
import type { Address, Transport, TransportSink } from '../index.ts';
import { later } from './turns.ts';
import type { Wire, WireEnd } from './wire.ts';

/** A transport to another one in the same process. Made by `Network`. */
export class MemoryTransport implements Transport, WireEnd {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly canHalfClose = true;
  readonly #onGone: () => void;
  #incoming!: Wire;
  #outgoing!: Wire;
  #sink: TransportSink | null = null;
  #isReading = false;
  #hasEnded = false;
  #hasReadEnd = false;
  #isGone = false;
  #error: Error | null = null;

  constructor(localAddress: Address, remoteAddress: Address, onGone: () => void) {
    this.localAddress = localAddress;
    this.remoteAddress = remoteAddress;
    this.#onGone = onGone;
  }

  /** Once, by who made it. */
  attach(incoming: Wire, outgoing: Wire): void {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
  }

  get bufferedBytes(): number {
    return this.#outgoing.waitingBytes;
  }

  start(sink: TransportSink): void {
    this.#sink = sink;
    if (this.#isGone) later(() => sink.onClose(this.#error));
    else this.resume();
  }

  write(bytes: Uint8Array, more?: Uint8Array): void {
    if (this.#isGone || this.#hasEnded) return;
    this.#outgoing.write(bytes);
    if (more !== undefined) this.#outgoing.write(more);
  }

  end(): void {
    if (this.#isGone || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#outgoing.end();
  }

  /** As a process that closes its socket: what is on its way arrives, then the end; a reset when something was not read. */
  abort(): void {
    if (this.#isGone) return;
    const hasUnread = this.#incoming.isBusy;
    this.lose(null);
    if (hasUnread) this.#outgoing.reset();
    else this.#outgoing.close();
  }

  pause(): void {
    this.#isReading = false;
  }

  resume(): void {
    if (this.#isReading || this.#sink === null) return;
    this.#isReading = true;
    this.#incoming.wake();
  }

  // For the wires

  get isReading(): boolean {
    return this.#isReading;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  onBytes(bytes: Uint8Array, end: number): void {
    this.#sink?.onData(bytes, end);
  }

  onEnd(): void {
    this.#hasReadEnd = true;
    this.#sink?.onEnd();
    this.#endIfDone();
  }

  onWritten(): void {
    if (!this.#isGone) this.#sink?.onWritten();
  }

  onEnded(): void {
    this.#endIfDone();
  }

  lose(error: Error | null): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#error = error;
    this.#incoming.discard();
    this.#outgoing.discardWaiting();
    const sink = this.#sink;
    if (sink !== null) later(() => sink.onClose(error));
    this.#onGone();
  }

  #endIfDone(): void {
    if (this.#hasEnded && this.#hasReadEnd && this.#outgoing.hasEnded) this.lose(null);
  }
}
