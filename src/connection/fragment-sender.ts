// Sends one message in fragments, and keeps other messages waiting meanwhile (RFC 6455 §5.4), as behind one that is being
// made ready. Knows no frames.
import { ConnectionClosed } from '../core/exceptions.ts';
import { bytesOf, type Fragments } from './message-source.ts';

/** How fragments get out. */
export interface FragmentOutput {
  readonly encode: (text: string) => Uint8Array;
  /** Sends one; settles when there is room for the next. */
  readonly sendFragment: (data: Uint8Array, position: 'text' | 'binary' | 'next' | 'last') => Promise<void>;
  /** The message can't be completed: the peer must not take it for whole. */
  readonly fail: () => void;
}

const NO_BYTES = new Uint8Array(0);

/** First come, first served: a message in fragments has the connection for itself until it is complete. */
export class FragmentSender {
  #isSending = false;
  #isHolding = false;
  #waiting: (() => Promise<void>)[] | null = null;
  #interrupt: ((error: unknown) => void) | null = null;
  /** What ended the connection; null while it lives. */
  #end: (() => unknown) | null = null;

  /** Whether a message in fragments is on its way. */
  get isSending(): boolean {
    return this.#isSending;
  }

  /** Whether a further message has to wait. */
  get isBusy(): boolean {
    return this.#isSending || this.#isHolding || this.#waiting !== null;
  }

  /** Runs when all that came before is sent, unless the signal is aborted first. */
  enqueue(send: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = (): Promise<void> => {
        signal?.removeEventListener('abort', onAbort);
        const sent = send();
        sent.then(resolve, reject);
        return sent;
      };
      const onAbort = (): void => {
        this.#waiting = this.#waiting?.filter((other) => other !== start) ?? null;
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting ??= [];
      this.#waiting.push(start);
    });
  }

  /** Lets nobody pass until the work is done: what it sends keeps its place. */
  async hold(work: () => Promise<void>): Promise<void> {
    this.#isHolding = true;
    try {
      await work();
    } finally {
      this.#isHolding = false;
      this.#startNext();
    }
  }

  /** Sends all fragments, then an empty last one. No fragments, no message. */
  async send(
    { kind, iterator }: Fragments,
    { text, signal }: { readonly text?: boolean | undefined; readonly signal?: AbortSignal | undefined },
    output: FragmentOutput,
  ): Promise<void> {
    this.#isSending = true;
    let isComplete = false;
    try {
      let type: 'string' | 'bytes' | null = null;
      for (;;) {
        const { done, value } = await this.#next(iterator, signal);
        if (done) break;
        const isString = typeof value === 'string';
        const data = isString ? output.encode(value) : bytesOf(value);
        if (data === null && type === null) throw new TypeError(`${kind} must contain bytes or str`);
        if (data === null || (type !== null && isString !== (type === 'string'))) {
          throw new TypeError(`${kind} must contain uniform types`);
        }
        const first = type === null;
        type = isString ? 'string' : 'bytes';
        await output.sendFragment(data, first ? ((text ?? isString) ? 'text' : 'binary') : 'next');
      }
      isComplete = true;
      if (type !== null) await output.sendFragment(NO_BYTES, 'last');
    } catch (error) {
      if (!isComplete) {
        // The source hears that nobody reads on; what it says to that is of no use to anybody.
        if (!(error instanceof ConnectionClosed)) output.fail();
        new Promise((resolve) => resolve(iterator.return?.())).catch(() => {});
      }
      throw error;
    } finally {
      this.#isSending = false;
      this.#interrupt = null;
      this.#startNext();
    }
  }

  /** The connection has ended: a source that is waited for is waited for no longer. */
  interrupt(error: () => unknown): void {
    this.#end = error;
    this.#interrupt?.(error());
  }

  #next(iterator: Fragments['iterator'], signal: AbortSignal | undefined): Promise<IteratorResult<unknown>> {
    if (this.#end !== null) return Promise.reject(this.#end());
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const stop = (): void => signal?.removeEventListener('abort', onAbort);
      const fail = (error: unknown): void => {
        stop();
        reject(error);
      };
      const onAbort = (): void => fail(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      // Not behind the source: one that gives nothing more would leave a listener at a signal that lives longer.
      this.#interrupt = fail;
      new Promise<IteratorResult<unknown>>((next) => next(iterator.next())).then((result) => {
        stop();
        resolve(result);
      }, fail);
    });
  }

  #startNext(): void {
    while (!this.#isSending && !this.#isHolding && this.#waiting !== null) {
      const send = this.#waiting.shift();
      if (this.#waiting.length === 0) this.#waiting = null;
      send?.().catch(() => {});
    }
  }
}
