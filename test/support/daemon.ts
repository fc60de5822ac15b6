// Servers that are not ours, for the length of a test: a free port, a folder for their files, the process and its end. Knows
// none of them.
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from './program.ts';

/** Most take much less; a machine that does other things as well may need it. */
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
/** Below the ports that systems give to outgoing connections: nobody gets ours by chance while a daemon starts. */
const [FIRST_PORT, LAST_PORT] = [10_000, 32_000];
const MAX_ATTEMPTS = 50;

/** A port that nobody listens at, on 127.0.0.1. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false, // taken
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error('no free port found');
}

/** A folder that goes with the block that holds it. Daemons that give up their rights may read and write in it. */
export class TemporaryFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TemporaryFolder> {
    const path = await mkdtemp(join(tmpdir(), 'websockets-'));
    await chmod(path, 0o777);
    return new TemporaryFolder(path);
  }

  /** Writes a file and gives its path. */
  async write(name: string, text: string): Promise<string> {
    const path = join(this.path, name);
    await writeFile(path, text);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** When a daemon is ready: somebody accepts connections at this port of 127.0.0.1, or its output matches. */
export type Ready = { readonly readyPort: number } | { readonly readyPattern: RegExp };

/**
 * Starts a server in the foreground, and waits until it is ready. It ends with the block that holds it:
 *
 *     await using squid = await startDaemon(commandOf('squid'), ['-N', '-f', file], { readyPort: port });
 */
export async function startDaemon(command: string, args: readonly string[], ready: Ready): Promise<Daemon> {
  const daemon = new Daemon(command, args);
  try {
    await ('readyPort' in ready ? daemon.listens(ready.readyPort) : daemon.printed(ready.readyPattern));
    return daemon;
  } catch (error) {
    await daemon[Symbol.asyncDispose]();
    throw error;
  }
}

/** A server that runs. `output` is what it printed. */
export class Daemon extends Child {
  /** Waits until somebody accepts connections at the port. Fails when the daemon has ended, or takes too long. */
  async listens(port: number): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    const end: { way?: unknown } = {};
    void this.ended().then((way) => {
      end.way = way;
    });
    while (!(await accepts(port))) {
      if (end.way !== undefined) throw new Error(`ended with ${JSON.stringify(end.way)}:\n${this.output}`);
      if (Date.now() > deadline) throw new Error(`nobody listens at port ${port}:\n${this.output}`);
      await sleep(20);
    }
  }

  /** Asks it to end, as systems do, so that it takes its own children along; forces it when it does not. */
  override async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGTERM');
    const force = setTimeout(() => this.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.ended();
    clearTimeout(force);
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const accepted = await once(socket, 'connect').then(
    () => true,
    () => false, // refused: not there yet
  );
  socket.destroy();
  return accepted;
}
