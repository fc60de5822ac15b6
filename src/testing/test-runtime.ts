// What connections in memory run on: the runtime at hand, but for time, chance and threads.
import type { DeflateEngine, Deflator, Inflator } from '../extensions.ts';
import { defaultRuntime, FlushQueue, type Runtime } from '../index.ts';
import type { Network } from './network.ts';
import { later } from './turns.ts';

/** When a fake clock begins, for headers: Sun, 06 Nov 1994 08:49:37 GMT, as in the examples of HTTP. */
const EPOCH_MS = 784_111_777_000;

/** One for all: it keeps nothing of what passes through, and its buffers are large. */
const flushQueue = new FlushQueue(later);

/** The runtime for connections over this network. */
export function testRuntime({ clock, random }: Network): Runtime {
  const { host } = defaultRuntime;
  const chance = random.fork();
  return {
    ...defaultRuntime,
    host: {
      ...host,
      fillRandom: (bytes) => {
        for (let i = 0; i < bytes.length; i++) bytes[i] = chance.word();
      },
      nextMask: () => chance.word(),
      now: clock === null ? host.now : () => EPOCH_MS + clock.now(),
    },
    deflateEngine: (limits) => withoutThreads(defaultRuntime.deflateEngine(limits)),
    clock: clock?.wheel ?? defaultRuntime.clock,
    flushQueue,
  };
}

/** Threads are ready when they are ready: the order of what happens would be another in each run. */
function withoutThreads(engine: DeflateEngine): DeflateEngine {
  return {
    createDeflator: (settings, owner) => {
      const deflator: Deflator = engine.createDeflator(settings, owner);
      return {
        deflate: (data) => deflator.deflate(data),
        reset: () => deflator.reset(),
        release: () => deflator.release(),
        close: () => deflator.close(),
      };
    },
    createInflator: (settings) => {
      const inflator: Inflator = engine.createInflator(settings);
      return {
        inflate: (data, options) => inflator.inflate(data, options),
        rest: () => inflator.rest(),
        release: () => inflator.release(),
        close: () => inflator.close(),
      };
    },
  };
}
