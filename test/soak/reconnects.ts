// Reconnects over and over to a server that does all that servers do to their clients, and looks whether anything stays behind.
// Used by a test in its short form and by reconnect.ts in its long one.
import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ConnectionClosed, connect } from 'websockets-ts';
import { nodeRuntime } from '#dist/node/runtime.js';
import { closePayload, switchingProtocols } from '../support/raw-peer.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What to run. */
export interface ReconnectsOptions {
  /** How many connections the loop is to get. */
  readonly cycles: number;
  /** Is called now and then with the number of connections so far and the bytes in use after a collection. */
  readonly onProgress?: (cycles: number, heapBytes: number) => void;
}

/** What happened. */
export interface ReconnectsResult {
  /** How often each kind of server was met. */
  readonly met: Readonly<Record<string, number>>;
  /** Attempts that failed and were repeated. */
  readonly failures: number;
  /** Bytes in use, a tenth of the way apart. */
  readonly heapBytes: readonly number[];
  readonly seconds: number;
}

const GREETING = Buffer.from('\x81\x02hi', 'latin1');
const closeFrame = (code: number): Buffer => {
  const payload = closePayload(code);
  return Buffer.concat([Buffer.of(0x88, payload.length), payload]);
};

/** The closing handshake from the server's side: it ends TCP once the client has answered (RFC 6455 §7.1.1). */
function close(socket: Socket, code: number): void {
  socket.write(closeFrame(code));
  socket.once('data', () => socket.end());
}

/** How a server treats a client whose request it has read; what it never answers is cut off by the client. */
const BEHAVIOURS: Readonly<Record<string, (socket: Socket, accept: () => void) => void>> = {
  'closes in order': (socket, accept) => {
    accept();
    socket.write(GREETING);
    close(socket, 1001);
  },
  'restarts with 1012': (socket, accept) => {
    accept();
    socket.write(GREETING);
    close(socket, 1012);
  },
  'is killed': (socket, accept) => {
    accept();
    socket.write(GREETING, () => socket.resetAndDestroy());
  },
  'ends the stream': (socket, accept) => {
    accept();
    socket.end(GREETING);
  },
  'hangs up in the handshake': (socket) => socket.end('HTTP/1.1 101 Swit'),
  'is not available': (socket) => socket.end('HTTP/1.1 503 x\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n'),
  'resets in the handshake': (socket) => socket.resetAndDestroy(),
};
/** These take their time, and have their turn less often. */
const SLOW: typeof BEHAVIOURS = {
  'is slow to accept': (socket, accept) => {
    setTimeout(() => {
      accept();
      close(socket, 1000);
    }, 10);
  },
  'says nothing': () => {},
};
const SLOW_EVERY = 50;
/** The server is away for a moment after so many connections. */
const AWAY_EVERY = 200;
const AWAY_MS = 20;
const OPEN_TIMEOUT_MS = 250;

/** A server that treats each client in another way, and is away now and then. */
class FlakyServer {
  readonly met: Record<string, number> = {};
  readonly #sockets: Set<Socket> = new Set();
  #server: Server | null = null;
  #port = 0;
  #count = 0;
  #back: NodeJS.Timeout | undefined;

  async start(): Promise<string> {
    this.#server = createServer({ noDelay: true }, (socket) => this.#treat(socket)).listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
    return `ws://127.0.0.1:${this.#port}/`;
  }

  async stop(): Promise<void> {
    clearTimeout(this.#back);
    for (const socket of this.#sockets) socket.destroy();
    this.#server?.close();
    if (this.#server?.listening) await once(this.#server, 'close');
    while (this.#sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  #treat(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {}); // Clients are cut off here, and cut off themselves.
    this.#count += 1;
    if (this.#count % AWAY_EVERY === 0) this.#goAway();
    const kinds = this.#count % SLOW_EVERY === 0 ? SLOW : BEHAVIOURS;
    const names = Object.keys(kinds);
    const turn = kinds === SLOW ? this.#count / SLOW_EVERY : this.#count;
    const name = names[turn % names.length]!;
    this.met[name] = (this.met[name] ?? 0) + 1;
    socket.once('data', (request) => {
      kinds[name]!(socket, () => void socket.write(switchingProtocols(request.toString('latin1'))));
    });
  }

  #goAway(): void {
    this.met['is away'] = (this.met['is away'] ?? 0) + 1;
    this.#server?.close();
    this.#back = setTimeout(() => void this.start(), AWAY_MS);
  }
}

/** Resources that keep the process alive, without those of the test runner and of the console. */
function resources(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /TCP|Timeout|Immediate|GetAddrInfo/i.test(name));
}

/**
 * Runs the loop to its end.
 * @throws {AssertionError} something stayed behind: a socket, a timer, a listener.
 */
export async function reconnects({ cycles, onProgress }: ReconnectsOptions): Promise<ReconnectsResult> {
  const before = resources();
  const timersBefore = nodeRuntime.clock.size;
  const server = new FlakyServer();
  const controller = new AbortController();
  const { signal } = controller;
  const heapBytes: number[] = [];
  const begin = performance.now();
  let failures = 0;
  let count = 0;
  const uri = await server.start();
  const connections = connect(uri, {
    signal,
    openTimeoutMs: OPEN_TIMEOUT_MS,
    closeTimeoutMs: 1000,
    reconnectDelays: function* () {
      for (;;) {
        failures += 1;
        yield 1;
      }
    },
  });
  for await (const connection of connections) {
    count += 1;
    assert.equal(getEventListeners(signal, 'abort').length, 0, 'a listener on the signal');
    try {
      for await (const message of connection) assert.equal(message, 'hi');
    } catch (error) {
      if (!(error instanceof ConnectionClosed)) throw error;
    }
    if (count % Math.ceil(cycles / 10) === 0) {
      collect();
      heapBytes.push(process.memoryUsage().heapUsed);
      onProgress?.(count, heapBytes.at(-1)!);
    }
    if (count === cycles) break;
  }
  await server.stop();
  controller.abort();
  assert.equal(nodeRuntime.clock.size, timersBefore, 'timers of ours');
  // What has just been closed is gone in a moment.
  for (let turn = 0; turn < 100 && resources().length > before.length; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(resources(), before, 'sockets and timers of the process');
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  return { met: server.met, failures, heapBytes, seconds: (performance.now() - begin) / 1000 };
}
