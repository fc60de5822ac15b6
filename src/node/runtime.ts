// What Node brings along for the layers above: random numbers, native UTF-8, clock, zlib, console, environment.
import { isAscii, isUtf8 } from 'node:buffer';
import { createHash, randomFillSync } from 'node:crypto';
import { channel } from 'node:diagnostics_channel';
import { ConnectTurns } from '../connection/client/connect-turns.ts';
import type { Timer } from '../connection/clock.ts';
import { consoleLogger } from '../connection/console-logger.ts';
import { environmentSettings } from '../connection/environment.ts';
import type { Runtime } from '../connection/runtime.ts';
import { TimerWheel } from '../connection/timer-wheel.ts';
import { FlushQueue } from '../connection/write-batch.ts';
import { RandomPool } from '../core/random-pool.ts';
import { version } from '../core/version.ts';
import { NodeDeflateEngine, sharedDeflateEngine } from './deflate-engine.ts';
import { unmask, writeBuffer } from './io-buffers.ts';

/** Longer texts get a buffer of their own. */
const SCRATCH_BYTES = 16_383;
const scratch = new Uint8Array(SCRATCH_BYTES);
const encoder = new TextEncoder();

/** From here on it pays to ask whether text is ASCII, and to decode it as ISO-8859-1: 1.7 times as fast, 3.6 at 1 MiB (bench/text.js). */
const ASCII_FROM_BYTES = 8192;
const { utf8Slice, latin1Slice, latin1Write } = Buffer.prototype;

/** From here on it pays to take text for ASCII first, as most is: a third of the time of Buffer.from at 1 MiB (bench/text.js). */
const TRY_ASCII_FROM_LENGTH = 65_536;

function encodeLong(text: string): Uint8Array {
  if (text.length >= TRY_ASCII_FROM_LENGTH) {
    const bytes = Buffer.allocUnsafeSlow(text.length);
    const { read, written } = encoder.encodeInto(text, bytes);
    if (read === text.length && written === bytes.length) return bytes;
  }
  return Buffer.from(text, 'utf8');
}

const random = new RandomPool(randomFillSync);

/** What setTimeout takes for a longer time it takes for none at all. The wheel finds nothing due, and sleeps again. */
const LONGEST_MS = 2 ** 31 - 1;

class NodeTimer implements Timer {
  readonly #timeout: NodeJS.Timeout;
  #immediate: NodeJS.Immediate | undefined;

  constructor(ms: number, callback: () => void) {
    // Node lets timers go off before it reads from sockets, and immediates afterwards: whatever came while the process was
    // busy has been received when we look whether somebody is late.
    this.#timeout = setTimeout(
      () => {
        this.#immediate = setImmediate(callback);
      },
      Math.min(Math.ceil(ms), LONGEST_MS),
    ).unref();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
    clearImmediate(this.#immediate);
  }
}

/** What connections run on here. A runtime of your own may begin with it: `{ ...defaultRuntime, clock }`. */
export const nodeRuntime: Runtime = {
  host: {
    fillRandom: (bytes) => random.fill(bytes),
    nextMask: () => random.nextWord(),
    isUtf8,
    latin1: {
      decode: (bytes, start, end) => latin1Slice.call(bytes, start, end),
      write: (text, bytes, at) => {
        latin1Write.call(bytes, text, at);
      },
    },
    unmask,
    allocate: (byteLength) => new Uint8Array(Buffer.allocUnsafeSlow(byteLength).buffer),
    now: Date.now,
  },
  deflateEngine: (limits) => (limits === null ? sharedDeflateEngine() : new NodeDeflateEngine(undefined, limits)),
  hash: (name, bytes) => createHash(name).update(bytes).digest('hex'),
  text: {
    decode: (bytes, start, end) =>
      end - start >= ASCII_FROM_BYTES && isAscii(bytes.subarray(start, end))
        ? latin1Slice.call(bytes, start, end)
        : utf8Slice.call(bytes, start, end),
    encode: (text) =>
      // A UTF-16 code unit is at most three bytes of UTF-8.
      text.length * 3 <= SCRATCH_BYTES
        ? scratch.subarray(0, encoder.encodeInto(text, scratch).written)
        : encodeLong(text),
  },
  clock: new TimerWheel({
    now: () => performance.now(),
    setTimer: (ms, callback) => new NodeTimer(ms, callback),
  }),
  holdProcess: () => {
    const handle = setInterval(() => {}, LONGEST_MS);
    return () => clearInterval(handle);
  },
  connectTurns: new ConnectTurns(),
  // After the code that is running now and the promises that it settles, in the same turn of the event loop.
  flushQueue: new FlushQueue((callback) => process.nextTick(callback), writeBuffer),
  logger: consoleLogger,
  diagnostics: {
    handshake: channel('websockets:handshake'),
    open: channel('websockets:open'),
    message: channel('websockets:message'),
    close: channel('websockets:close'),
    error: channel('websockets:error'),
    limit: channel('websockets:limit'),
  },
  ...environmentSettings((name) => process.env[name], `Node.js/${process.versions.node} websockets/${version}`),
};
