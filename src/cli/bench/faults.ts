// Counts what went wrong in a run, by kind, and how connections ended. Knows no connection and no report.
import { errorText } from '../error-text.ts';

/** A kind of error and how often it came. */
export interface ErrorCount {
  readonly kind: string;
  readonly count: number;
}

export class Faults {
  /** Errors of all kinds. */
  count = 0;
  /** Null while there is none. */
  first: unknown = null;
  /** Messages that nobody had asked for. */
  strays = 0;
  readonly closeCodes: Map<number, number> = new Map();
  readonly #kinds: Map<string, number> = new Map();

  countError(error: unknown): void {
    this.first ??= error;
    this.count += 1;
    const kind = errorText(error);
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
  }

  countClose(code: number): void {
    this.closeCodes.set(code, (this.closeCodes.get(code) ?? 0) + 1);
  }

  /** The most frequent first. */
  get kinds(): readonly ErrorCount[] {
    return [...this.#kinds].map(([kind, count]) => ({ kind, count })).sort((a, b) => b.count - a.count);
  }
}
