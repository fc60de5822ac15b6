// Work for other threads, a little of it at a time. Knows nothing of what the work is.
import { availableParallelism } from 'node:os';

/** libuv's for the whole process (https://docs.libuv.org/en/v1.x/threadpool.html): the user's worker threads share them. */
const THREADS = Number(process.env['UV_THREADPOOL_SIZE']) || 4;

/**
 * How many pieces of work run at a time. One processor is left to this thread, which all connections wait for, and one of
 * the others to files and names, which the user waits for. What waits here can be taken back, what libuv was given cannot:
 * 10,000 clients that sent 200 KB and went away kept two processors busy for 12 s, and now for half of it.
 */
const AT_A_TIME = Math.max(1, Math.min(availableParallelism(), THREADS) - 1);

/** First come, first served. */
export class ThreadQueue {
  readonly #atATime: number;
  /** What waits for its turn, by its owner, in the order in which it came. */
  readonly #waiting: Map<object, { start(): void; cancel(error: Error): void }> = new Map();
  #running = 0;

  constructor(atATime: number = AT_A_TIME) {
    this.#atATime = atATime;
  }

  /** Starts the work now, or when its turn has come. An owner has one piece of work at a time. */
  add<T>(owner: object, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        this.#running += 1;
        work().then(resolve, reject).finally(this.#onDone);
      };
      if (this.#running < this.#atATime) start();
      else this.#waiting.set(owner, { start, cancel: reject });
    });
  }

  /** Makes the owner's work reject with the error, if it has not begun. */
  cancel(owner: object, error: Error): void {
    this.#waiting.get(owner)?.cancel(error);
    this.#waiting.delete(owner);
  }

  readonly #onDone = (): void => {
    this.#running -= 1;
    const [next] = this.#waiting;
    if (next === undefined) return;
    const [owner, { start }] = next;
    this.#waiting.delete(owner);
    start();
  };
}
