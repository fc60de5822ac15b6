// permessage-deflate whose large messages are worked on elsewhere, as the package has it on Node; here the seed says how long
// that takes and whether it works, so that it is over before, after or in the middle of whatever else happens. No threads.

import { defaultRuntime } from 'websockets-ts';
import {
  ClientPerMessageDeflateFactory,
  type DeflateEngine,
  type Inflator,
  ServerPerMessageDeflateFactory,
} from 'websockets-ts/extensions';
import type { Random } from 'websockets-ts/testing';
import { type Call, givenUp, type Operation, watch } from './calls.ts';
import type { Stopwatch } from './stopwatch.ts';

/** Where work is done, and who is told of it. */
interface Workshop {
  readonly time: Stopwatch;
  readonly random: Random;
  readonly calls: Call[];
  /** Whether work fails at times, as where memory is short. */
  readonly fails: boolean;
}

/** Smaller ones are worked on at once, and some larger ones too, so that both roads share a window. */
const LATER_FROM_BYTES = 100;

const zlib: DeflateEngine = defaultRuntime.deflateEngine(null);

function later<T>({ time, random, calls, fails }: Workshop, name: Operation, work: () => T): Promise<T> {
  const ms = random.pick([0, 1, 20, 300, 2000]);
  const isFailing = fails && random.next() < 0.03;
  const done = time.sleep(ms).then(() => {
    if (isFailing) throw givenUp();
    return work();
  });
  return watch(calls, name, done);
}

class SeededInflator implements Inflator {
  readonly #inflator: Inflator;
  readonly #workshop: Workshop;
  #isBusy = false;
  #isOpen = true;

  constructor(inflator: Inflator, workshop: Workshop) {
    this.#inflator = inflator;
    this.#workshop = workshop;
  }

  inflate(data: Uint8Array, options: Parameters<Inflator['inflate']>[1]): Uint8Array | null {
    this.#mustRest();
    return this.#inflator.inflate(data, options);
  }

  inflateLater(data: Uint8Array, options: Parameters<Inflator['inflate']>[1]): Promise<Uint8Array | null> | null {
    this.#mustRest();
    if (data.length < LATER_FROM_BYTES || this.#workshop.random.next() < 0.3) return null;
    this.#isBusy = true;
    // Its answer is known at once: a window that is closed meanwhile is of no further use.
    const inflated = this.#inflator.inflate(data, options);
    return later(this.#workshop, 'inflate on a thread', () => {
      this.#isBusy = false;
      return inflated;
    });
  }

  rest(): void {
    this.#mustRest();
    if (this.#isOpen) this.#inflator.rest();
  }

  release(): void {
    this.#mustRest();
    this.#isOpen = false;
    this.#inflator.release();
  }

  close(): void {
    this.#isOpen = false;
    this.#inflator.close();
  }

  #mustRest(): void {
    if (this.#isBusy) throw new Error('called while a thread works on a message');
  }
}

/** For either side. */
export function seededDeflate(workshop: Workshop) {
  const engine: DeflateEngine = {
    createDeflator: (settings) => zlib.createDeflator(settings),
    createInflator: (settings) => new SeededInflator(zlib.createInflator(settings), workshop),
    deflateLater: (data, settings) => {
      if (workshop.random.next() < 0.3) return null;
      return later(workshop, 'deflate on a thread', () => {
        const deflator = zlib.createDeflator(settings);
        const deflated = deflator.deflate(data);
        deflator.release();
        return deflated;
      });
    },
  };
  return {
    client: new ClientPerMessageDeflateFactory({ engine }),
    server: new ServerPerMessageDeflateFactory({ engine }),
  };
}
