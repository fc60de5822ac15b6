// Runs programs as children, and waits for what they print. Knows nothing of what they do.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** How a program ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a child may be given. */
export interface ChildOptions {
  /** What to add to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A running process. Ends with the block that holds it: `await using child = new Child(…)`. */
export class Child implements AsyncDisposable {
  /** All that it printed so far, errors too. */
  output = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ending>;
  readonly #onOutput: Set<() => void> = new Set();

  constructor(command: string, args: readonly string[] = [], { env = {} }: ChildOptions = {}) {
    this.#child = spawn(command, args, { env: { ...process.env, ...env }, stdio: 'pipe' });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        for (const look of this.#onOutput) look();
      });
    }
    // 'close' comes when all that was printed has been read, 'exit' may come before.
    this.#ended = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }) as Ending);
  }

  /** Waits until the output matches, and gives the match. Fails when the program ends first. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.output);
        if (match === null) return;
        this.#onOutput.delete(look);
        resolve(match);
      };
      this.#onOutput.add(look);
      look();
      void this.#ended.then(() => reject(new Error(`ended without printing ${pattern}:\n${this.output}`)));
    });
  }

  /** Types a line. */
  type(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Ends the input. */
  endInput(): void {
    this.#child.stdin?.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until the program has ended. */
  ended(): Promise<Ending> {
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

/** A program of this repository. */
export class Program extends Child {
  /**
   * @param file from the root of the repository.
   * @param env what to add to the environment.
   */
  constructor(file: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    super(process.execPath, [fileURLToPath(new URL(`../../../${file}`, import.meta.url)), ...args], { env });
  }
}
