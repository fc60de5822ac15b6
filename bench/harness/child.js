// A process that talks in lines of JSON: asks, answers, ends. Knows nothing of servers and loads.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const PATIENCE_MS = 120_000;

export class Child {
  #process;
  #lines;
  #complaints = '';
  #exited;

  constructor([file, ...args], environment = {}) {
    this.#process = spawn(file, args, { env: { ...process.env, ...environment }, stdio: 'pipe' });
    this.#exited = once(this.#process, 'close');
    this.#exited.catch(() => {});
    this.#process.stderr.setEncoding('utf8').on('data', (text) => {
      this.#complaints = (this.#complaints + text).slice(-4000);
    });
    this.#process.stdin.on('error', () => {}); // it may be gone before it is told to go
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  get pid() {
    return this.#process.pid;
  }

  /** The next line that it says. */
  async answer() {
    let timer;
    const tooLate = new Promise((_resolve, reject) => {
      timer = setTimeout(() => reject(this.#failure('says nothing')), PATIENCE_MS);
    });
    try {
      const { done, value } = await Promise.race([this.#lines.next(), tooLate]);
      if (!done) return JSON.parse(value);
    } finally {
      clearTimeout(timer);
    }
    await this.#exited;
    throw this.#failure('ended');
  }

  async ask(question) {
    this.#process.stdin.write(`${question}\n`);
    return this.answer();
  }

  /** Ends it when it has not ended by itself. */
  async stop() {
    this.#process.stdin.end();
    this.#process.kill('SIGKILL');
    await this.#exited;
  }

  #failure(what) {
    return new Error(`${this.#process.spawnargs.join(' ')} ${what}\n${this.#complaints}`.trim());
  }
}
