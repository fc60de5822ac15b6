// One end of a conversation: sends, reads, and keeps what became of each call. Knows no network.
import {
  broadcast,
  type Connection,
  ConnectionClosed,
  type Data,
  type DataLike,
  type DirectHandlers,
  type PreparedMessage,
  prepare,
  TimeoutError,
} from 'websockets-ts';
import type { Part, Spoken } from './schedule.ts';
import type { Stopwatch } from './stopwatch.ts';

/** A call and what came of it. */
export interface Call {
  readonly name: string;
  outcome: 'pending' | 'done' | Error;
}

/** A message, and what is known of it: one that was given up, or that fails with its connection, may have been sent or not. */
export interface Sent {
  readonly data: Data;
  outcome: 'unknown' | 'sent' | 'given up' | 'dropped';
}

export const givenUp = (): Error => new Error('given up');

const rejectGivenUp = (): Promise<never> => Promise.reject(givenUp());

const hasHandlers = (road: Part['road']): boolean =>
  ['direct', 'serial', 'pausing', 'replying', 'throwing', 'hasty'].includes(road);

export const isGivenUp = (error: unknown): boolean => error instanceof Error && error.message === 'given up';

/** Everything that a call of ours may say when the network fails, or when its caller or another one is in its way. */
export const isTyped = (error: unknown): boolean =>
  error instanceof ConnectionClosed ||
  error instanceof TimeoutError ||
  (error instanceof Error && error.name === 'ConcurrencyError') ||
  isGivenUp(error);

function ignoreTyped(error: unknown): void {
  if (!isTyped(error)) throw error;
}

/** Remembers what becomes of a promise. */
export function watch<T>(calls: Call[], name: string, promise: Promise<T>): Promise<T> {
  const call: Call = { name, outcome: 'pending' };
  calls.push(call);
  promise.then(
    () => {
      call.outcome = 'done';
    },
    (error: Error) => {
      call.outcome = error;
    },
  );
  return promise;
}

/** One end of the conversation. */
export class Speaker {
  readonly received: Data[] = [];
  readonly calls: Call[] = [];
  /** Messages in the order in which they were to be sent. */
  readonly sent: Sent[] = [];
  /** How often its handlers were told of an opening and not of a close. */
  open = 0;
  readonly #part: Part;
  readonly #time: Stopwatch;
  #reader: ReadableStreamDefaultReader<Data> | null = null;
  #writer: WritableStreamDefaultWriter<DataLike | PreparedMessage> | null = null;
  #hasEndedWriter = false;
  #replies = 0;

  constructor(part: Part, time: Stopwatch) {
    this.#part = part;
    this.#time = time;
  }

  handlers(): DirectHandlers<Connection> | undefined {
    const { road, thinkMs } = this.#part;
    if (!hasHandlers(road)) return undefined;
    return {
      open: (connection) => {
        this.open++;
        if (road === 'hasty') void this.watch('close', connection.close());
      },
      message: (connection, data) => {
        this.received.push(data);
        if (road === 'serial') return this.#time.sleep(thinkMs);
        if (road === 'throwing' && this.received.length === 2) throw givenUp();
        if (road === 'throwing' && this.received.length === 1) return this.#time.sleep(thinkMs).then(rejectGivenUp);
        if (road === 'replying') this.#reply(connection);
        if (road !== 'pausing') return undefined;
        connection.pause();
        void this.#time.sleep(thinkMs).then(() => connection.resume());
        return undefined;
      },
      close: () => this.open--,
    };
  }

  watch<T>(name: string, promise: Promise<T>): Promise<T> {
    return watch(this.calls, name, promise);
  }

  // Sending

  async talk(connection: Connection): Promise<void> {
    if (this.#part.isStreaming) this.#startStreaming(connection);
    const all: Promise<void>[] = [];
    for (const [i, each] of this.#part.messages.entries()) {
      // Each is another one.
      const sending = this.#say(connection, `${i} ${each.text}`, each);
      all.push(sending);
      if (each.isAwaited) await sending;
      await this.#time.sleep(each.pauseMs);
    }
    await Promise.all(all);
  }

  #startStreaming(connection: Connection): void {
    this.#writer = connection.writable.getWriter();
    // Asked for once, as whoever waits at the end of all writes does.
    this.watch('writer.closed', this.#writer.closed).catch(() => {});
  }

  async #say(connection: Connection, text: string, { as, patienceMs }: Spoken): Promise<void> {
    const data = as === 'binary' ? Uint8Array.from(Buffer.from(text)) : text;
    const message: Sent = { data, outcome: 'unknown' };
    this.sent.push(message);
    const name = this.#writer === null ? `send ${as}` : 'write';
    try {
      await this.watch(name, this.#send(connection, message, as, patienceMs));
      if (message.outcome === 'unknown') message.outcome = 'sent';
    } catch (error) {
      if (isGivenUp(error)) message.outcome = 'given up';
      ignoreTyped(error);
    }
  }

  /** Not an async function: what is sent is sent in this turn. */
  #send(connection: Connection, message: Sent, as: Spoken['as'], patienceMs: number | null): Promise<void> {
    const { data } = message;
    // Behind the end of a stream nothing is written; the call would say so.
    if (this.#hasEndedWriter) return Promise.reject(givenUp());
    if (this.#writer !== null) return this.#writer.write(data);
    if (as === 'trySend') {
      this.tryToSend(connection, message);
      return Promise.resolve();
    }
    if (as === 'broadcast' || as === 'broadcast or close') {
      // Nobody is told who was left out.
      message.outcome = 'given up';
      const slow = as === 'broadcast' ? 'drop' : 'close';
      return new Promise((resolve) => resolve(broadcast([connection], data, { slow })));
    }
    const signal = patienceMs === null ? undefined : this.#time.signal(patienceMs);
    const text = String(data);
    if (as === 'prepared') return connection.send(prepare(text), { signal });
    if (as === 'corked') return connection.cork(() => connection.send(text, { signal }));
    if (as === 'fragments') return connection.send([text.slice(0, 5), text.slice(5), ''], { signal });
    if (as === 'slow fragments') return connection.send(this.#slowly(text), { signal });
    return connection.send(data, { signal });
  }

  async *#slowly(text: string): AsyncGenerator<string> {
    yield text.slice(0, 5);
    await this.#time.sleep(30);
    yield text.slice(5);
  }

  /** In the middle of what is read; not for ever, since the peer may do the same. */
  #reply(connection: Connection): void {
    if (this.#part.isStreaming || this.#replies === 5) return;
    const reply = {
      text: 'abcdefé€😀'.repeat(700),
      as: 'text',
      isAwaited: false,
      patienceMs: null,
      pauseMs: 0,
    } as const;
    void this.#say(connection, `reply ${++this.#replies} ${reply.text}`, reply);
  }

  tryToSend(connection: Connection, message: Sent): void {
    message.outcome = connection.trySend(message.data) === 'dropped' ? 'dropped' : 'sent';
  }

  // Receiving

  async listen(connection: Connection): Promise<void> {
    await this.#read(connection).catch(ignoreTyped);
  }

  async #read(connection: Connection): Promise<void> {
    const { road, thinkMs } = this.#part;
    if (hasHandlers(road)) return;
    const next = this.#reading(connection, road);
    for (;;) {
      const data = await next();
      if (data === undefined) return;
      if (data !== null) this.received.push(data);
      await this.#time.sleep(thinkMs);
    }
  }

  /** What gives the next message; null: not yet, undefined: no more. */
  #reading(connection: Connection, road: Part['road']): () => Promise<Data | null | undefined> {
    if (road === 'recv') return () => this.watch('recv', connection.recv());
    if (road === 'impatient') {
      return () =>
        this.watch('recv', connection.recv({ timeoutMs: 40 })).catch((error: unknown) => {
          if (error instanceof TimeoutError) return null;
          throw error;
        });
    }
    if (road === 'iterate') {
      const iterator = connection[Symbol.asyncIterator]();
      return async () => (await this.watch('next', iterator.next())).value;
    }
    if (road === 'readable') {
      const reader = connection.readable.getReader();
      this.#reader = reader;
      this.watch('reader.closed', reader.closed).catch(() => {});
      return async () => (await this.watch('read', reader.read())).value;
    }
    return () => this.watch('recvStreaming', inOne(connection.recvStreaming()));
  }

  // What happens by the way

  tryBetween(connection: Connection): void {
    // The stream may keep what was written before: another road would overtake it.
    if (this.#part.isStreaming) return;
    const message: Sent = { data: `between ${this.sent.length}`, outcome: 'unknown' };
    this.sent.push(message);
    this.tryToSend(connection, message);
  }

  ping(connection: Connection): void {
    this.watch('ping', connection.ping())
      .then(({ pong }) => this.watch('pong', pong))
      .catch(ignoreTyped);
  }

  /** Given up in the middle: the connection fails, and nobody sees half a message. */
  leaveFragments(connection: Connection): void {
    const fragments = (function* () {
      yield 'begun';
      throw givenUp();
    })();
    this.watch('send given up', connection.send(fragments)).catch(() => {});
  }

  /** Loses nothing, whoever else is reading. */
  receiveInVain(connection: Connection): void {
    this.watch('recv in vain', connection.recv({ timeoutMs: 50 })).then(
      (data) => this.received.push(data),
      () => {},
    );
  }

  cancelReader(): void {
    if (this.#reader !== null) this.watch('cancel', this.#reader.cancel()).catch(() => {});
  }

  endWriter(how: 'close' | 'abort'): void {
    if (this.#writer === null || this.#hasEndedWriter) return;
    this.#hasEndedWriter = true;
    const ended = how === 'abort' ? this.#writer.abort(givenUp()) : this.#writer.close();
    // As the platform has it for a stream that has failed before.
    const isOver = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ERR_INVALID_STATE';
    const answered = ended.catch((error: unknown) => (isOver(error) ? undefined : Promise.reject(error)));
    this.watch(`writer.${how}`, answered).catch(() => {});
  }
}

async function inOne(fragments: AsyncIterable<Data>): Promise<Data> {
  const pieces: Data[] = [];
  for await (const piece of fragments) pieces.push(piece);
  return typeof pieces[0] === 'string' ? pieces.join('') : Uint8Array.from(Buffer.concat(pieces as Uint8Array[]));
}
