// When the next operation begins: as soon as one is done, or at a fixed rate. Knows not what the operations are.
import type { Lane } from './lane.ts';

/** Begins operations. */
export interface Pace {
  start(lanes: readonly Lane[]): void;
  /** The lane has an operation less on its hands. */
  onDone(lane: Lane): void;
  stop(): void;
}

/** Begins an operation, whose time counts from `dueAt`; false when there are enough, and this was none. */
export type Begin = (lane: Lane, dueAt: number) => boolean;

/** Closed loop: each lane has so many operations on its way, and begins one when one is done. */
export class ClosedLoop implements Pace {
  readonly #inFlight: number;
  readonly #begin: Begin;
  #isRunning = false;

  constructor(inFlight: number, begin: Begin) {
    this.#inFlight = inFlight;
    this.#begin = begin;
  }

  start(lanes: readonly Lane[]): void {
    this.#isRunning = true;
    for (let i = 0; i < this.#inFlight; i++) for (const lane of lanes) this.#begin(lane, performance.now());
  }

  onDone(lane: Lane): void {
    if (this.#isRunning) this.#begin(lane, performance.now());
  }

  stop(): void {
    this.#isRunning = false;
  }
}

/** Nearer than this to the next operation no timer is used: they come up to 1 ms late, and that would be measured. */
const SPIN_BELOW_MS = 2;

/** How many late operations begin at once before sockets get their turn. */
const MAX_CATCH_UP = 256;

/**
 * Open loop: operations are due at fixed times, shared out among the lanes, whether or not earlier ones are done. Time
 * counts from when one was due: while a server stalls, everybody who would have come in that time is counted as waiting.
 * (Counting from when it could be sent hides the stall: "coordinated omission".)
 */
export class OpenLoop implements Pace {
  readonly #msEach: number;
  readonly #begin: Begin;
  #lanes: readonly Lane[] = [];
  #startedAt = 0;
  #next = 0;
  #isRunning = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param perSecond of all lanes together. */
  constructor(perSecond: number, begin: Begin) {
    this.#msEach = 1000 / perSecond;
    this.#begin = begin;
  }

  start(lanes: readonly Lane[]): void {
    this.#lanes = lanes;
    this.#startedAt = performance.now();
    this.#next = 0;
    this.#isRunning = true;
    this.#tick();
  }

  onDone(): void {}

  stop(): void {
    this.#isRunning = false;
    clearTimeout(this.#timer);
  }

  readonly #tick = (): void => {
    if (!this.#isRunning) return;
    const now = performance.now();
    for (let i = 0; i < MAX_CATCH_UP && this.#dueAt() <= now; i++) {
      if (!this.#begin(this.#lanes[this.#next % this.#lanes.length]!, this.#dueAt())) return;
      this.#next += 1;
    }
    const waitMs = this.#dueAt() - now;
    if (waitMs < SPIN_BELOW_MS) setImmediate(this.#tick);
    else this.#timer = setTimeout(this.#tick, waitMs - SPIN_BELOW_MS / 2);
  };

  #dueAt(): number {
    return this.#startedAt + this.#next * this.#msEach;
  }
}
