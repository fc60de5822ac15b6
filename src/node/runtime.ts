// What Node brings along for the layers above: random numbers, native UTF-8, clock, zlib, console, environment.
import { isUtf8 } from 'node:buffer';
import { randomFillSync } from 'node:crypto';
import type { Timer } from '../connection/clock.ts';
import { consoleLogger } from '../connection/console-logger.ts';
import { environmentSettings } from '../connection/environment.ts';
import type { Runtime } from '../connection/runtime.ts';
import { FlushQueue } from '../connection/write-batch.ts';
import { MaskPool } from '../core/mask-pool.ts';
import { version } from '../core/version.ts';
import { sharedDeflateEngine } from './deflate-engine.ts';

/** Longer texts get a buffer of their own. */
const SCRATCH_BYTES = 16_383;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

const masks = new MaskPool(randomFillSync);

class NodeTimer implements Timer {
  readonly #timeout: NodeJS.Timeout;

  constructor(timeout: NodeJS.Timeout) {
    this.#timeout = timeout;
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }
}

/** Node as the connection layer sees it. */
export const nodeRuntime: Runtime = {
  host: {
    fillRandom: (bytes) => {
      randomFillSync(bytes);
    },
    nextMask: () => masks.next(),
    isUtf8,
    latin1: {
      decode: (bytes, start, end) => Buffer.prototype.latin1Slice.call(bytes, start, end),
      write: (text, bytes, at) => {
        Buffer.prototype.latin1Write.call(bytes, text, at);
      },
    },
    now: Date.now,
  },
  get deflate() {
    return sharedDeflateEngine();
  },
  text: {
    decode: (bytes, start, end) => Buffer.prototype.utf8Slice.call(bytes, start, end),
    encode: (text) =>
      // A UTF-16 code unit is at most three bytes of UTF-8.
      text.length * 3 <= SCRATCH_BYTES ? scratch.subarray(0, scratch.write(text)) : Buffer.from(text, 'utf8'),
  },
  clock: {
    now: () => performance.now(),
    setTimer: (ms, callback) => new NodeTimer(setTimeout(callback, Math.min(ms, MAX_TIMER_MS)).unref()),
  },
  // After the code that is running now and the promises that it settles, in the same turn of the event loop.
  flushQueue: new FlushQueue((callback) => process.nextTick(callback)),
  logger: consoleLogger,
  ...environmentSettings((name) => process.env[name], `Node.js/${process.versions.node} websockets/${version}`),
};

/** Beyond this setTimeout calls back at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
