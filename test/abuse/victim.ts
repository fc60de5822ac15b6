// A process under attack, from outside: started, asked, ended. Knows the programs, not what they do.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CERT, KEY } from '../support/certificate.ts';
import { commandOf, requires } from '../support/requires.ts';

/** What a process tells of itself. */
export interface Gauge {
  readonly rssBytes: number;
  /** Since `mark`. */
  readonly peakBytes: number;
  /** For how long the event loop did nothing else, since `mark`. */
  readonly delayMaxMs: number;
  readonly delayP99Ms: number;
  readonly cpuMs: number;
  /** For how long it would have worked, had the machine not been busy with something else. */
  readonly waitedMs: number;
  /** Sockets that it holds. */
  readonly sockets: number;
  /** Errors that nobody caught. */
  readonly accidents: readonly string[];
}

/** The libraries that are attacked. `ours-sockets` is ours by net.Socket instead of TCP handles. */
export const LIBRARIES = ['ours', 'ours-sockets', 'ws', 'python'] as const;
export type Library = (typeof LIBRARIES)[number];

export const isOurs = (library: Library): boolean => library.startsWith('ours');

/** Why a library cannot be attacked here; null when it can. */
export const whyNot = (library: Library): string | null =>
  library === 'python' ? requires('python websockets') || null : null;

const compiled = (name: string): string => fileURLToPath(new URL(`./victims/${name}.js`, import.meta.url));
const python = fileURLToPath(new URL('../../../test/abuse/victims/', import.meta.url));

function commandLine(role: 'server' | 'client', library: Library): string[] {
  if (library === 'python') return [commandOf('python websockets'), '-u', join(python, `${role}-python.py`)];
  return [process.execPath, '--expose-gc', compiled(`${role}-${library === 'ws' ? 'ws' : 'ours'}`)];
}

const PATIENCE_MS = 60_000;

/** A process that answers a line with a line of JSON. */
export class Victim implements AsyncDisposable {
  /** The first line that it said. */
  greeting!: { readonly port: number; readonly version: string };
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;
  #complaints = '';
  #hasEnded = false;

  private constructor([file, ...args]: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(file!, args, { env: { ...process.env, ...env }, stdio: 'pipe' });
    this.#ended = once(this.#child, 'close').then(() => {
      this.#hasEnded = true;
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-2000);
    });
    this.#child.stdin.on('error', () => {}); // It may be gone before it is told to go: then the answer says so.
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  static async server(library: Library, settings: object): Promise<Victim> {
    const files = library === 'python' && 'tls' in settings ? certificateFiles() : null;
    const orders = JSON.stringify({ ...settings, ...(files && { tlsFiles: files.names }) });
    const env = library === 'ours-sockets' ? { WEBSOCKETS_SOCKET_HANDLES: '0' } : undefined;
    const victim = new Victim([...commandLine('server', library), orders], env);
    victim.greeting = await victim.#answer();
    files?.remove();
    return victim;
  }

  static async client(library: Library, settings: object): Promise<Victim> {
    const env = library === 'ours-sockets' ? { WEBSOCKETS_SOCKET_HANDLES: '0' } : undefined;
    const victim = new Victim([...commandLine('client', library), JSON.stringify(settings)], env);
    victim.greeting = await victim.#answer();
    return victim;
  }

  /** The program that asks a server again and again whether it serves: see `prober.ts`. */
  static async prober(orders: object): Promise<Victim> {
    const file = fileURLToPath(new URL('./prober.js', import.meta.url));
    const victim = new Victim([process.execPath, file, JSON.stringify(orders)]);
    await victim.#answer();
    return victim;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Says a line and gives the answer. */
  async ask<T = Gauge>(question: string): Promise<T> {
    this.#child.stdin.write(`${question}\n`);
    return this.#answer();
  }

  async #answer<T>(): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#failure(`says nothing for ${PATIENCE_MS} ms`)), PATIENCE_MS);
    });
    try {
      const { done, value } = await Promise.race([this.#lines.next(), tooLate]);
      if (!done) return JSON.parse(value) as T;
    } finally {
      clearTimeout(timer);
    }
    await this.#ended;
    throw this.#failure('ended');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #failure(what: string): Error {
    return new Error(`${this.#child.spawnargs.slice(0, 4).join(' ')} ${what}\n${this.#complaints}`.trim());
  }
}

/** For a library that reads them from files, which are gone once it has. */
function certificateFiles() {
  const folder = mkdtempSync(join(tmpdir(), 'websockets-ts-abuse-'));
  const names = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(names.cert, CERT);
  writeFileSync(names.key, KEY);
  return { names, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
