// The bytes of one connection in one direction: on their way, held back, in pieces. Knows what a network may do, and no WebSocket.
import type { Clock, Timer } from '../index.ts';
import { type AllFaults, chunkRange, READ_BYTES } from './faults.ts';
import type { Random } from './random.ts';
import { later } from './turns.ts';

/** What all wires of a direction share, and may change at any time. */
export interface WireConditions {
  readonly faults: AllFaults;
  /** Nothing arrives. */
  readonly isPaused: boolean;
  /** Nothing leaves the sender. */
  readonly isStalled: boolean;
  readonly clock: Clock;
  readonly random: Random;
  /** Whether memory is used again for each read, and spoilt in between. */
  readonly lends: boolean;
  resetError(): Error;
}

/** What a wire knows of either of its ends. */
export interface WireEnd {
  readonly isReading: boolean;
  readonly isGone: boolean;
  /** bytes[0, end) have arrived, and are lent for the time of the call. */
  onBytes(bytes: Uint8Array, end: number): void;
  /** The stream has ended. */
  onEnd(): void;
  /** Bytes that had to wait are on their way. */
  onWritten(): void;
  /** The end of the own half is on its way. */
  onEnded(): void;
  /** The connection is over, for this end. */
  lose(error: Error): void;
}

/** Bytes that were written together, or one of the two ways in which a stream ends. */
interface Segment {
  readonly kind: 'bytes' | 'end' | 'reset';
  readonly bytes: Uint8Array;
  /** How much of it has arrived. */
  offset: number;
  readonly dueAt: number;
}

const NO_BYTES = new Uint8Array(0);

/** A narrow line takes bytes in pieces of this time. */
const SLICE_MS = 10;

/** What is read is on loan: whoever keeps it sees other bytes after the call. These are neither UTF-8 nor a frame. */
const lentMemory = new Uint8Array(READ_BYTES + 16);
const SPOILT = 0x9b;

/** From one end to another. */
export class Wire {
  readonly #conditions: WireConditions;
  readonly #from: WireEnd;
  readonly #to: WireEnd;
  readonly #onCut: () => void;
  /** On their way, in order. */
  #segments: Segment[] = [];
  #flyingBytes = 0;
  /** What the sender has to keep, since there is no room for it. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #end: 'no' | 'waiting' | 'sent' = 'no';
  /** Nothing that is written goes anywhere any more. */
  #isSevered = false;
  /** Until when a narrow line is busy with what it has taken. */
  #busyUntil = 0;
  /** How many bytes may still arrive before the connection is lost. */
  #leftUntilCut = Number.POSITIVE_INFINITY;
  #isScheduled = false;
  #timer: Timer | null = null;

  constructor(conditions: WireConditions, from: WireEnd, to: WireEnd, onCut: () => void) {
    this.#conditions = conditions;
    this.#from = from;
    this.#to = to;
    this.#onCut = onCut;
    this.countUntilCut();
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Whether bytes are on their way. */
  get isBusy(): boolean {
    return this.#flyingBytes > 0;
  }

  /** Whether the end of the stream is on its way, or has arrived. */
  get hasEnded(): boolean {
    return this.#end === 'sent';
  }

  // From the sender

  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#takeWaiting();
  }

  end(): void {
    if (this.#end === 'no') this.#end = 'waiting';
    if (this.#end === 'waiting') this.#takeWaiting();
    else this.#tellEnded();
  }

  /** The sender is gone. What it could not get rid of is lost, and the end follows what it could. */
  close(): void {
    if (this.#end === 'sent') return;
    this.discardWaiting();
    this.#end = 'sent';
    this.#push('end', NO_BYTES);
  }

  /** The sender is gone without having read everything: nothing arrives any more but that. */
  reset(): void {
    this.discardWaiting();
    this.discard();
    this.#end = 'sent';
    this.#push('reset', NO_BYTES);
  }

  /** The sender is gone: nothing that waits will go out any more. */
  discardWaiting(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (this.#to.isGone) this.discard();
  }

  // From the receiver

  /** Something has changed: perhaps there is something to do now. */
  wake(): void {
    this.#refill();
    this.#schedule();
  }

  /** The receiver is gone: what is on its way is lost. */
  discard(): void {
    this.#segments = [];
    this.#flyingBytes = 0;
    this.#stopTimer();
  }

  // From the network

  /** As if one between them had ended the stream: what is on its way arrives, then the end, and nothing else. */
  sever(): void {
    this.close();
    this.#isSevered = true;
  }

  /** What is on its way has arrived. */
  hurry(): void {
    const now = this.#conditions.clock.now();
    this.#segments = this.#segments.map((segment) => ({ ...segment, dueAt: Math.min(segment.dueAt, now) }));
    this.#busyUntil = now;
    this.#stopTimer();
    this.wake();
  }

  countUntilCut(): void {
    this.#leftUntilCut = this.#conditions.faults.cutAfterBytes ?? Number.POSITIVE_INFINITY;
  }

  // Inside

  /** Puts on its way what there is room for. */
  #takeWaiting(): void {
    if (this.#isSevered) this.discardWaiting();
    const { faults, isStalled } = this.#conditions;
    while (!isStalled && this.#waitingBytes > 0) {
      const room = Math.min(faults.capacityBytes - this.#flyingBytes, sliceBytes(faults));
      if (room <= 0) return;
      const [first] = this.#waiting;
      if (first!.length <= room) this.#waiting.shift();
      else this.#waiting[0] = first!.subarray(room);
      // A copy, also of a Buffer, whose slice is none.
      const taken = new Uint8Array(first!.subarray(0, room));
      this.#waitingBytes -= taken.length;
      this.#flyingBytes += taken.length;
      this.#push('bytes', taken);
    }
    if (this.#end !== 'waiting' || this.#waitingBytes > 0) return;
    this.#end = 'sent';
    this.#push('end', NO_BYTES);
    this.#tellEnded();
  }

  /** Never from within the call that ends the stream. */
  #tellEnded(): void {
    later(() => this.#from.onEnded());
  }

  #push(kind: Segment['kind'], bytes: Uint8Array): void {
    // Bytes for an end that is gone come back as a reset, as long as there is somebody to hear of it.
    if (this.#to.isGone && (kind !== 'bytes' || this.#from.isGone)) return;
    const { clock, random, faults } = this.#conditions;
    const now = clock.now();
    if (faults.bytesPerSecond !== null) {
      this.#busyUntil = Math.max(this.#busyUntil, now) + (bytes.length / faults.bytesPerSecond) * 1000;
    }
    const onTheWayMs = faults.latencyMs + (faults.jitterMs === 0 ? 0 : faults.jitterMs * random.next());
    const previous = this.#segments.at(-1)?.dueAt ?? 0;
    const dueAt = Math.max(now + onTheWayMs, this.#busyUntil + onTheWayMs, previous);
    this.#segments.push({ kind, bytes, offset: 0, dueAt });
    this.#schedule();
  }

  #schedule(): void {
    const [next] = this.#segments;
    if (this.#isScheduled || this.#timer !== null || next === undefined || this.#isHeldBack(next)) return;
    const { clock } = this.#conditions;
    const ms = next.dueAt - clock.now();
    if (ms > 0) {
      this.#timer = clock.setTimer(ms, () => {
        this.#timer = null;
        this.#deliver();
      });
    } else {
      this.#isScheduled = true;
      later(() => {
        this.#isScheduled = false;
        this.#deliver();
      });
    }
  }

  #isHeldBack(segment: Segment): boolean {
    // An end that reads nothing, perhaps for ever, hears of a reset all the same.
    return this.#conditions.isPaused || (segment.kind !== 'reset' && !this.#to.isReading && !this.#to.isGone);
  }

  #deliver(): void {
    const [next] = this.#segments;
    if (next === undefined || this.#isHeldBack(next)) return;
    if (next.dueAt <= this.#conditions.clock.now()) this.#deliverNext(next);
    this.#schedule();
  }

  #deliverNext(next: Segment): void {
    if (next.kind === 'bytes') {
      this.#deliverBytes(next);
      return;
    }
    this.#segments.shift();
    if (this.#to.isGone) return;
    if (next.kind === 'end') this.#to.onEnd();
    else this.#to.lose(this.#conditions.resetError());
  }

  #deliverBytes(first: Segment): void {
    if (this.#to.isGone) {
      this.discard();
      this.#from.lose(this.#conditions.resetError());
      return;
    }
    const { faults, random, lends } = this.#conditions;
    const [min, max] = chunkRange(faults);
    const limit = Math.min(min === max ? min : random.between(min, max), READ_BYTES, this.#leftUntilCut);
    const memory = lends ? lentMemory : new Uint8Array(limit);
    const length = this.#read(memory, first, limit);
    this.#leftUntilCut -= length;
    this.#flyingBytes -= length;
    try {
      if (length > 0) this.#to.onBytes(memory, length);
    } finally {
      if (lends) memory.fill(SPOILT, 0, length + 16);
      if (this.#leftUntilCut <= 0) this.#onCut();
      else this.#refill();
    }
  }

  /** Fills the memory up to the limit with what has arrived, and gives how much that was. */
  #read(memory: Uint8Array, first: Segment, limit: number): number {
    const now = this.#conditions.clock.now();
    const coalesces = this.#conditions.faults.coalesce;
    let length = 0;
    let segment: Segment | undefined = first;
    while (segment?.kind === 'bytes' && segment.dueAt <= now && length < limit) {
      const part = segment.bytes.subarray(segment.offset, segment.offset + limit - length);
      memory.set(part, length);
      length += part.length;
      segment.offset += part.length;
      if (segment.offset < segment.bytes.length) break;
      this.#segments.shift();
      segment = coalesces ? this.#segments[0] : undefined;
    }
    return length;
  }

  /** There is room again. */
  #refill(): void {
    const before = this.#waitingBytes;
    this.#takeWaiting();
    if (this.#waitingBytes < before) this.#from.onWritten();
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}

const sliceBytes = ({ bytesPerSecond }: AllFaults): number =>
  bytesPerSecond === null ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor((bytesPerSecond * SLICE_MS) / 1000));
