// Gathers the frames of one turn of the event loop, so that they leave in one write. Knows no frames and no sockets.
import type { ProtocolOutput } from '../core/protocol-pipe.ts';
import type { Transport } from './transport.ts';

/** Room for the frames of a turn, and for a piece of a large one that has to be masked. */
const BATCH_BYTES = 65_536;

/** From here on a payload is handed to the system where it lies: a copy of it would need a fresh buffer of its size. */
export const LENT_FROM_BYTES = 32_768;

/** How many batch buffers wait to be used again, and how many connections gather what they write in one turn. */
const MAX_SPARE_BUFFERS = 16;

/** With TLS every write waits for a moment: so few bytes that wait mean nothing. */
const BLOCKED_FROM_BYTES = 4096;

const NO_BYTES = new Uint8Array(0);

/**
 * Decides when batches are flushed: once, when the code that is running now and the promises that it settles are done.
 * Keeps the buffers that are free, so that a connection at rest holds none.
 */
export class FlushQueue {
  readonly #defer: (callback: () => void) => void;
  readonly #spare: Uint8Array[] = [];
  #batches: WriteBatch[] = [];

  /** @param buffer the one that is used first and most, when it is a particular one. */
  constructor(defer: (callback: () => void) => void, buffer: Uint8Array | null = null) {
    this.#defer = defer;
    if (buffer !== null) this.giveBack(buffer);
  }

  /** Flushes the batch at the end of the turn: earlier when many connections write, or each of them would hold a buffer. */
  add(batch: WriteBatch): void {
    // Not the batch itself, which may stand in the list from before: its bytes are about to be filled in.
    if (this.#batches.length === MAX_SPARE_BUFFERS) this.#flushAllBut(batch);
    this.#batches.push(batch);
    if (this.#batches.length === 1) this.#defer(this.#flush);
  }

  /** A buffer with room for at least so many bytes. */
  takeBuffer(byteLength: number): Uint8Array {
    if (byteLength > BATCH_BYTES) return new Uint8Array(byteLength);
    return this.#spare.pop() ?? new Uint8Array(BATCH_BYTES);
  }

  giveBack(buffer: Uint8Array): void {
    if (buffer.length === BATCH_BYTES && this.#spare.length < MAX_SPARE_BUFFERS) this.#spare.push(buffer);
  }

  readonly #flush = (): void => this.#flushAllBut(null);

  #flushAllBut(exception: WriteBatch | null): void {
    const batches = this.#batches;
    this.#batches = [];
    for (const batch of batches) if (batch !== exception) batch.flush();
  }
}

/**
 * The output of one connection: one write a turn instead of one a frame. 64 B with 64 in flight: 4.3 → 0.3 µs a message
 * (bench/run.js).
 */
export class WriteBatch implements ProtocolOutput {
  bytes: Uint8Array = NO_BYTES;
  readonly #transport: Transport;
  readonly #queue: FlushQueue;
  #length = 0;
  /** What the batch consists of while it is one frame that many connections send: nothing is gathered then. */
  #shared: Uint8Array | null = null;
  #queued = false;
  /** How many are gathering: see `hold`. */
  #holds = 0;
  #hasLent = false;
  /** Whether the last write was not done at once: with TLS none is. */
  #hasWaited = false;
  /** What the system has not taken all of. */
  #waiting: Uint8Array | null = null;
  /** Bytes that were written since `countFromHere`. */
  #written = 0;

  constructor(transport: Transport, queue: FlushQueue) {
    this.#transport = transport;
    this.#queue = queue;
  }

  get appendFromBytes(): number {
    return LENT_FROM_BYTES;
  }

  /** Whether a payload of somebody else's is on its way and must not change yet. */
  get isLending(): boolean {
    if (this.#hasLent && this.#transport.bufferedBytes === 0) this.#hasLent = false;
    return this.#hasLent;
  }

  /** Bytes that are not with the system yet. */
  get bufferedBytes(): number {
    return this.#length + (this.#shared?.length ?? 0) + this.#transport.bufferedBytes;
  }

  /** Whether what is gathered now will be written as soon as what was read is dealt with. */
  get isGathering(): boolean {
    return this.#holds > 0 && this.#transport.bufferedBytes === 0;
  }

  /** Whether the system does not take what is written. */
  get isBlocked(): boolean {
    return this.#transport.bufferedBytes > BLOCKED_FROM_BYTES;
  }

  /** Bytes that came this way since `countFromHere`. */
  get byteCount(): number {
    return this.#written + this.#length + (this.#shared?.length ?? 0);
  }

  /** What follows is counted, what came before is not. */
  countFromHere(): void {
    this.#written -= this.byteCount;
  }

  reserve(byteLength: number): number {
    if (this.#shared !== null) this.#gatherShared(byteLength);
    if (byteLength > this.bytes.length - this.#length) {
      if (this.#length > 0) this.flush();
      this.bytes = this.#queue.takeBuffer(byteLength);
    }
    const at = this.#length;
    this.#length += byteLength;
    this.#schedule();
    return at;
  }

  append(bytes: Uint8Array): void {
    this.#write(bytes);
    this.#hasLent = true;
  }

  /**
   * Alone in its turn, such a frame is written from where it lies, and the connection needs no buffer: 64 B to 5,000
   * connections would take 5,000 of them.
   */
  share(bytes: Uint8Array): void {
    if (bytes.length >= LENT_FROM_BYTES) {
      this.append(bytes);
    } else if (this.#length === 0 && this.#shared === null) {
      this.#shared = bytes;
      this.#schedule();
    } else {
      const at = this.reserve(bytes.length);
      this.bytes.set(bytes, at);
    }
  }

  end(): void {
    this.flush();
    this.#transport.end();
  }

  /** Until `release`, nothing is flushed at the end of a turn: whoever holds flushes. May be called several times. */
  hold(): void {
    this.#holds++;
  }

  /** The last one flushes. */
  release(): void {
    if (--this.#holds === 0) this.flush();
  }

  /** As `release`, but leaves it to the end of the turn to flush. */
  releaseLater(): void {
    if (--this.#holds > 0) return;
    if (this.#length > 0 || this.#shared !== null) this.#schedule();
  }

  /** Writes what has been gathered. */
  flush(): void {
    this.#queued = false;
    if (this.#shared !== null) this.#writeShared();
    else if (this.#length > 0) this.#write();
  }

  /** Bytes that had to wait went out. */
  onWritten(): void {
    if (this.#waiting === null || this.#transport.bufferedBytes > 0) return;
    this.#queue.giveBack(this.#waiting);
    this.#waiting = null;
  }

  /** Forgets what has been gathered: the transport is gone. */
  drop(): void {
    if (this.#waiting !== null) this.#queue.giveBack(this.#waiting);
    this.#queue.giveBack(this.bytes);
    this.#waiting = null;
    this.#shared = null;
    this.#length = 0;
    this.bytes = NO_BYTES;
  }

  #schedule(): void {
    if (this.#queued || this.#holds > 0) return;
    this.#queued = true;
    this.#queue.add(this);
  }

  /** Puts a shared frame into the buffer, if what follows fits behind it. */
  #gatherShared(followingBytes: number): void {
    const shared = this.#shared!;
    if (shared.length + followingBytes > BATCH_BYTES) {
      this.#writeShared();
      return;
    }
    this.#shared = null;
    this.bytes = this.#queue.takeBuffer(BATCH_BYTES);
    this.bytes.set(shared);
    this.#length = shared.length;
  }

  #writeShared(): void {
    const shared = this.#shared!;
    this.#shared = null;
    this.#written += shared.length;
    this.#transport.write(shared);
  }

  #write(more?: Uint8Array): void {
    if (this.#shared !== null) this.#writeShared();
    const buffer = this.bytes;
    const gathered = buffer.subarray(0, this.#length);
    this.#written += more === undefined ? this.#length : this.#length + more.length;
    this.bytes = NO_BYTES;
    this.#length = 0;
    const willWait = this.#hasWaited || this.#transport.bufferedBytes > 0;
    if (willWait && (this.#waiting !== null || 2 * gathered.length < buffer.length)) {
      // A few bytes must not keep a whole buffer for that time, nor a connection two of them.
      this.#transport.write(gathered.slice(), more);
      this.#queue.giveBack(buffer);
    } else {
      this.#transport.write(gathered, more);
      // Nothing buffered right after the write: the system has copied it all, and the buffer is free again.
      if (this.#transport.bufferedBytes === 0) this.#queue.giveBack(buffer);
      else if (gathered.length > 0) this.#waiting = buffer;
    }
    this.#hasWaited = this.#transport.bufferedBytes > 0;
  }
}
