// A terminal that remembers what was written to it. For tests of commands.
import type { Output, Terminal } from '#dist/cli/terminal.js';

/** An output that keeps its text. */
export class FakeOutput implements Output {
  text = '';
  readonly isTerminal: boolean;
  readonly hasColors: boolean;

  constructor(isTerminal: boolean) {
    this.isTerminal = isTerminal;
    this.hasColors = isTerminal;
  }

  write(text: string): void {
    this.text += text;
  }
}

export class FakeTerminal implements Terminal {
  readonly out: FakeOutput;
  readonly err: FakeOutput;
  readonly #interrupt = new AbortController();

  /** @param isTerminal a pipe if not. */
  constructor({ isTerminal = false } = {}) {
    this.out = new FakeOutput(isTerminal);
    this.err = new FakeOutput(isTerminal);
  }

  get interrupted(): AbortSignal {
    return this.#interrupt.signal;
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#interrupt.abort();
  }
}
