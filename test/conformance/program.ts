// Starts the programs under test and ends them by their handle. Knows nothing of what they say to each other.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

/** A port of the loopback address that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export class Program {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #output = '';

  /** Runs a file of `compliance/` with Node. */
  constructor(file: string, args: readonly string[]) {
    const path = fileURLToPath(new URL(`../../../compliance/${file}`, import.meta.url));
    this.#child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#exited = new Promise((resolve) => this.#child.once('exit', resolve));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-10_000);
      });
    }
  }

  /** Everything that it has printed, or the end of it. */
  get output(): string {
    return this.#output;
  }

  /** Whether it ended by itself and with which code; null while it runs. */
  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** Waits until a line begins with `start`. Throws when the program ends before that or takes too long. */
  async prints(start: string, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    const pattern = new RegExp(`^${start}`, 'm');
    while (!pattern.test(this.#output)) {
      const left = deadline - Date.now();
      if (left <= 0 || this.#child.exitCode !== null) throw new Error(`it did not print "${start}":\n${this.#output}`);
      await Promise.race([once(this.#child.stdout!, 'data'), this.#exited, elapsed(left)]);
    }
  }

  /** Waits for its end; false when it takes longer than this. */
  async ends(timeoutMs: number): Promise<boolean> {
    return Promise.race([this.#exited.then(() => true), elapsed(timeoutMs).then(() => false)]);
  }

  /** Asks it to end, and makes it if it does not. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    if (await this.ends(3000)) return;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

const elapsed = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
