// permessage-deflate whose large messages are worked on elsewhere, as the package has it on Node; here the seed says how long
// that takes and whether it works, so that it is over before, after or in the middle of whatever else happens. No threads.

import { defaultRuntime } from 'websockets-ts';
import {
  ClientPerMessageDeflateFactory,
  type DeflateEngine,
  type Deflator,
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

/** A piece of work that waits for a thread, and then takes its time there. */
class Job<T> {
  readonly result: Promise<T>;
  isOver = false;
  #takeBack!: (error: Error) => void;
  #hasBegun = false;

  constructor({ time, random, calls, fails }: Workshop, name: Operation, work: () => T) {
    const waitMs = random.pick([0, 0, 1, 300]);
    const workMs = random.pick([0, 1, 20, 300, 2000]);
    const isFailing = fails && random.next() < 0.03;
    const takenBack = new Promise<never>((_, reject) => {
      this.#takeBack = reject;
    });
    takenBack.catch(() => {});
    const begun = time.sleep(waitMs).then(() => {
      this.#hasBegun = true;
    });
    const done = Promise.race([begun, takenBack])
      .then(() => time.sleep(workMs))
      .then(() => {
        this.isOver = true;
        if (isFailing) throw givenUp();
        return work();
      });
    this.result = watch(calls, name, done);
  }

  takeBack(): void {
    if (this.#hasBegun) return;
    this.isOver = true;
    this.#takeBack(givenUp());
  }
}

class SeededDeflator implements Deflator {
  readonly #deflator: Deflator;
  readonly #createDeflator: () => Deflator;
  readonly #workshop: Workshop;
  #job: Job<Uint8Array> | null = null;

  constructor(createDeflator: () => Deflator, workshop: Workshop) {
    this.#deflator = createDeflator();
    this.#createDeflator = createDeflator;
    this.#workshop = workshop;
  }

  deflate(data: Uint8Array): Uint8Array {
    this.#mustRest();
    return this.#deflator.deflate(data);
  }

  deflateLater(data: Uint8Array): Promise<Uint8Array> | null {
    this.#mustRest();
    if (data.length < LATER_FROM_BYTES || this.#workshop.random.next() < 0.3) return null;
    this.#job = new Job(this.#workshop, 'deflate on a thread', () => {
      const own = this.#createDeflator();
      const deflated = own.deflate(data);
      own.release();
      return deflated;
    });
    return this.#job.result;
  }

  reset(): void {
    this.#mustRest();
    this.#deflator.reset();
  }

  release(): void {
    this.#mustRest();
    this.#deflator.release();
  }

  close(): void {
    this.#job?.takeBack();
    this.#deflator.close();
  }

  #mustRest(): void {
    if (this.#job?.isOver === false) throw new Error('called while a thread works on a message');
  }
}

class SeededInflator implements Inflator {
  readonly #inflator: Inflator;
  readonly #workshop: Workshop;
  #job: Job<Uint8Array | null> | null = null;
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
    // Its answer is known at once: a window that is closed meanwhile is of no further use.
    const inflated = this.#inflator.inflate(data, options);
    this.#job = new Job(this.#workshop, 'inflate on a thread', () => inflated);
    return this.#job.result;
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
    this.#job?.takeBack();
    this.#isOpen = false;
    this.#inflator.close();
  }

  #mustRest(): void {
    if (this.#job?.isOver === false) throw new Error('called while a thread works on a message');
  }
}

/** For either side. */
export function seededDeflate(workshop: Workshop) {
  const engine: DeflateEngine = {
    createDeflator: (settings) => new SeededDeflator(() => zlib.createDeflator(settings), workshop),
    createInflator: (settings) => new SeededInflator(zlib.createInflator(settings), workshop),
  };
  return {
    client: new ClientPerMessageDeflateFactory({ engine }),
    server: new ServerPerMessageDeflateFactory({ engine }),
  };
}
