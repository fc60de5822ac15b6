// A transport in memory: keeps what is written, and takes it when the test says so.
import type { Transport, TransportSink } from '#dist/connection/transport.js';

export class FakeTransport implements Transport {
  readonly localAddress = null;
  readonly remoteAddress = null;
  readonly canHalfClose = true;
  /** Each write as it came, copied at that moment. */
  readonly writes: string[] = [];
  bufferedBytes = 0;
  hasEnded = false;
  isPaused = false;
  sink: TransportSink | null = null;
  /** Whether the system is slow: what is written stays in the buffer. */
  isSlow = false;

  start(sink: TransportSink): void {
    this.sink = sink;
  }

  write(bytes: Uint8Array, more: Uint8Array = new Uint8Array(0)): void {
    const all = Buffer.concat([bytes, more]);
    this.writes.push(all.toString('latin1'));
    if (this.isSlow) this.bufferedBytes += all.length;
  }

  /** The system takes everything that waited. */
  drain(): void {
    this.bufferedBytes = 0;
    this.sink?.onWritten();
  }

  end(): void {
    this.hasEnded = true;
  }

  abort(): void {
    this.sink?.onClose(null);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}
