// Counts the operations of a phase, and how long each took. Knows no connection and no report.
import { Histogram } from './histogram.ts';

const NANOSECONDS_PER_MS = 1e6;

export class Tally {
  begun = 0;
  done = 0;
  failed = 0;
  /** Of everything that is done, in nanoseconds. */
  readonly latency: Histogram = new Histogram();

  countDone(latencyMs: number): void {
    this.done += 1;
    this.latency.record(Math.round(latencyMs * NANOSECONDS_PER_MS));
  }
}
