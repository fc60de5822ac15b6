// One end of a conversation: sends, reads, and keeps what became of each call. Knows no network.
import {
  broadcast,
  type Connection,
  type Data,
  type DataLike,
  type DirectHandlers,
  type PreparedMessage,
  prepare,
  TimeoutError,
} from 'websockets-ts';
import { settled } from 'websockets-ts/testing';
import { type Call, givenUp, ignoreTyped, isGivenUp, mark, type Operation, watch } from './calls.ts';
import { hasHandlers, type Part, type Spoken } from './schedule.ts';
import type { Stopwatch } from './stopwatch.ts';

/** A message, and what is known of it: one that was given up, or that fails with its connection, may have been sent or not. */
export interface Sent {
  readonly data: Data;
  outcome: 'unknown' | 'sent' | 'given up' | 'dropped';
}

const rejectGivenUp = (): Promise<never> => Promise.reject(givenUp());

/** One end of the conversation. */
export class Speaker {
  readonly received: Data[] = [];
  readonly calls: Call[] = [];
  /** Messages in the order in which they were to be sent. */
  readonly sent: Sent[] = [];
  /** How often its handlers were told of an opening and not of a close. */
  open = 0;
  /** Whether messages may have gone to somebody who did not keep them. */
  hasHoles = false;
  /** What its handlers were told that they must not be: nobody hears of it where it happens. */
  readonly mistakes: string[] = [];
  readonly #part: Part;
  readonly #time: Stopwatch;
  #reader: ReadableStreamDefaultReader<Data> | null = null;
  #writer: WritableStreamDefaultWriter<DataLike | PreparedMessage> | null = null;
  #hasEndedWriter = false;
  #replies = 0;
  #pings = 0;
  /** The pings whose pong has not come, by number. */
  readonly #unanswered: Set<number> = new Set();

  constructor(part: Part, time: Stopwatch) {
    this.#part = part;
    this.#time = time;
  }

  handlers(): DirectHandlers<Connection> | undefined {
    const { road } = this.#part;
    if (!hasHandlers(road)) return undefined;
    return {
      open: (connection) => {
        mark(this.calls, 'on open');
        if (++this.open !== 1) this.mistakes.push('opened twice');
        if (road === 'hasty') void this.watch('close', connection.close());
      },
      message: (connection, data) => {
        if (this.open !== 1) this.mistakes.push('a message before the opening or after the end');
        this.received.push(data);
        return this.#onMessage(connection, road);
      },
      drain: () => mark(this.calls, 'on drain'),
      close: () => {
        mark(this.calls, 'on close');
        this.open--;
      },
    };
  }

  #onMessage(connection: Connection, road: Part['road']): Promise<unknown> | undefined {
    const { thinkMs } = this.#part;
    const count = this.received.length;
    if (road === 'serial') return this.watch('on message, serial', this.#time.sleep(thinkMs));
    if (road === 'async') return this.watch('on message, async', this.#time.sleep(thinkMs));
    mark(this.calls, 'on message');
    if (road === 'aborting' && count === 2) this.abort(connection);
    if (road === 'throwing' && count === 2) throw givenUp();
    if (road === 'throwing' && count === 1) return this.#time.sleep(thinkMs).then(rejectGivenUp);
    if (road === 'replying') this.#reply(connection);
    if (road !== 'pausing') return undefined;
    // While the peer has more to send, perhaps: it may leave out pongs.
    this.ping(connection);
    this.pause(connection);
    void this.#time.sleep(thinkMs).then(() => this.resume(connection));
    return undefined;
  }

  watch<T>(name: Operation, promise: Promise<T>): Promise<T> {
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
    if (this.#part.endsWriter !== null) this.endWriter(this.#part.endsWriter);
  }

  #startStreaming(connection: Connection): void {
    this.#writer = connection.writable.getWriter();
    // Asked for once, as whoever waits at the end of all writes does.
    this.watch('writer.closed', this.#writer.closed).catch(() => {});
  }

  async #say(connection: Connection, text: string, { as, patienceMs }: Spoken): Promise<void> {
    const data = as.includes('binary') ? Uint8Array.from(Buffer.from(text)) : text;
    const message: Sent = { data, outcome: 'unknown' };
    this.sent.push(message);
    try {
      await this.watch(this.#nameOf(as, patienceMs), this.#send(connection, message, as, patienceMs));
      if (message.outcome === 'unknown') message.outcome = 'sent';
    } catch (error) {
      if (isGivenUp(error)) message.outcome = 'given up';
      ignoreTyped(error);
    }
  }

  #nameOf(as: Spoken['as'], patienceMs: number | null): Operation {
    if (this.#writer !== null) return 'write';
    if (as === 'trySend' || as === 'broadcast' || as === 'broadcast or close') return as;
    return patienceMs === null ? `send ${as}` : 'send, signal';
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
    if (patienceMs !== null)
      return this.#time.during(patienceMs, (signal) => this.#sendAs(connection, data, as, signal));
    return this.#sendAs(connection, data, as, undefined);
  }

  #sendAs(connection: Connection, data: Data, as: Spoken['as'], signal: AbortSignal | undefined): Promise<void> {
    if (as === 'prepared' || as === 'prepared binary') return connection.send(prepare(data), { signal });
    if (as === 'corked') return connection.cork(() => connection.send(data, { signal }));
    const pieces = [data.slice(0, 5), data.slice(5), data.slice(0, 0)] as string[] | Uint8Array[];
    if (as === 'fragments' || as === 'binary fragments') return connection.send(pieces, { signal });
    if (as === 'fragments without end') return connection.send(this.#startingWith(pieces[0]!), { signal });
    if (as === 'slow fragments' || as === 'slow binary fragments') {
      return connection.send(this.#slowly<string | Uint8Array>(pieces), { signal });
    }
    return connection.send(data, { signal });
  }

  async *#slowly<T>(pieces: readonly T[]): AsyncGenerator<T, void, undefined> {
    for (const piece of pieces) {
      yield piece;
      await this.#time.sleep(30);
    }
  }

  /** Nobody knows whether more will come. */
  async *#startingWith<T>(piece: T): AsyncGenerator<T, void, undefined> {
    yield piece;
    await new Promise(() => {});
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
    mark(this.calls, 'trySend');
    message.outcome = connection.trySend(message.data) === 'dropped' ? 'dropped' : 'sent';
  }

  // Receiving

  async listen(connection: Connection): Promise<void> {
    await this.#read(connection).catch(ignoreTyped);
  }

  async #read(connection: Connection): Promise<void> {
    const { road, thinkMs } = this.#part;
    if (hasHandlers(road)) return;
    if (road === 'readable, idle') {
      await this.#onlyWait(connection);
      return;
    }
    const next = this.#reading(connection, road);
    for (;;) {
      const data = await next();
      if (data === undefined) return;
      if (data !== null) this.received.push(data);
      await this.#time.sleep(thinkMs);
    }
  }

  /** Who has a stream and reads nothing hears of the end, unless there is something to read. */
  async #onlyWait(connection: Connection): Promise<void> {
    const reader = connection.readable.getReader();
    // Nobody may be looking.
    reader.closed.catch(() => {});
    await connection.closed;
    if (connection.stats.queuedFrames === 0) await this.watch('reader.closed', reader.closed);
  }

  /** What gives the next message; null: not yet, undefined: no more. */
  #reading(connection: Connection, road: Part['road']): () => Promise<Data | null | undefined> {
    if (road === 'recv') return () => this.watch('recv', connection.recv());
    if (road === 'impatient') {
      return () => nullIf(isTimeout, this.watch('recv, timeoutMs', connection.recv({ timeoutMs: 40 })));
    }
    if (road === 'signalled') {
      return () => {
        const received = this.#time.during(40, (signal) => connection.recv({ signal }));
        return nullIf(isGivenUp, this.watch('recv, signal', received));
      };
    }
    if (road === 'resting') {
      return () => {
        this.pause(connection);
        void this.#time.sleep(20).then(() => this.resume(connection));
        return this.watch('recv', connection.recv());
      };
    }
    if (road === 'iterate') {
      const iterator = connection[Symbol.asyncIterator]();
      return async () => (await this.watch('next', iterator.next())).value;
    }
    if (road === 'iterate again') return () => this.watch('iterator left', firstOf(connection));
    if (road === 'readable' || road === 'readable, cancelled') {
      const reader = connection.readable.getReader();
      this.#reader = reader;
      this.watch('reader.closed', reader.closed).catch(() => {});
      return async () => {
        const reading = this.watch('read', reader.read());
        // While it is reading.
        if (road === 'readable, cancelled' && this.received.length >= 1) this.cancelReader();
        return (await reading).value;
      };
    }
    if (road === 'piped') {
      const write = (data: Data): Promise<void> => {
        this.received.push(data);
        return this.#time.sleep(this.#part.thinkMs);
      };
      return async () => {
        await this.watch('pipeTo', connection.readable.pipeTo(new WritableStream({ write })));
        return undefined;
      };
    }
    if (road === 'recvStreaming, signalled') {
      return () => {
        const received = this.#time.during(400, (signal) => inOne(connection.recvStreaming({ signal })));
        return nullIf(isGivenUp, this.watch('recvStreaming, signal', received));
      };
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

  /** Three at once; and pongs that nobody asked for in between. */
  ping(connection: Connection): void {
    const answered = this.#time.during(50, async (signal) => {
      const { pong } = await this.watch('ping, signal', connection.ping(undefined, { signal }));
      await this.watch('pong of a ping', pong);
    });
    this.#ping(connection, 'pong of a ping', false);
    this.pong(connection);
    this.#ping(connection, 'pong of a ping, ackOnClose', true);
    answered.catch(ignoreTyped);
  }

  #ping(connection: Connection, answer: Operation, ackOnClose: boolean): void {
    const number = ++this.#pings;
    this.watch('ping', connection.ping(undefined, { ackOnClose }))
      .then(({ pong }) => this.#waitFor(number, this.watch(answer, pong)))
      .catch(ignoreTyped);
  }

  /** A pong answers its ping and all older ones (RFC 6455 §5.5.3). */
  async #waitFor(number: number, pong: Promise<number>): Promise<void> {
    this.#unanswered.add(number);
    try {
      // It has come to NaN with the end of the connection.
      if (Number.isNaN(await pong)) return;
      this.#unanswered.delete(number);
      await settled();
      if ([...this.#unanswered].some((other) => other < number)) this.mistakes.push('an older ping has no answer');
    } finally {
      this.#unanswered.delete(number);
    }
  }

  pong(connection: Connection): void {
    this.watch('pong', connection.pong('x')).catch(() => {});
    const sent = this.#time.during(20, (signal) => connection.pong('y', { signal }));
    this.watch('pong, signal', sent).catch(() => {});
  }

  waits(connection: Connection): void {
    const waits = {
      drained: connection.drained,
      'waitDrained, timeoutMs': connection.waitDrained({ timeoutMs: 60_000 }),
      'waitDrained, signal': this.#time.during(100, (signal) => connection.waitDrained({ signal })),
      closed: connection.closed,
      'waitClosed, timeoutMs': connection.waitClosed({ timeoutMs: 60_000 }),
      'waitClosed, signal': this.#time.during(100, (signal) => connection.waitClosed({ signal })),
    } as const;
    for (const [name, wait] of Object.entries(waits)) this.watch(name as keyof typeof waits, wait).catch(() => {});
  }

  abort(connection: Connection): void {
    mark(this.calls, 'abort');
    connection.abort();
  }

  pause(connection: Connection): void {
    mark(this.calls, 'pause');
    connection.pause();
  }

  resume(connection: Connection): void {
    mark(this.calls, 'resume');
    connection.resume();
  }

  rest(connection: Connection): void {
    this.pause(connection);
    void this.#time.sleep(100).then(() => this.resume(connection));
  }

  /** All that can be gathered, in one write. */
  cork(connection: Connection): void {
    mark(this.calls, 'cork');
    connection.cork(() => {
      this.tryBetween(connection);
      this.ping(connection);
      this.tryBetween(connection);
    });
  }

  use(connection: Connection): void {
    const used = connection.use(() => this.#time.sleep(20));
    void this.watch('use', used);
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
    this.watch('recv, timeoutMs', connection.recv({ timeoutMs: 50 })).then(
      (data) => this.received.push(data),
      () => {},
    );
  }

  /** What it has been given is lost, and nobody can read after it. */
  leaveStreaming(connection: Connection): void {
    if (hasHandlers(this.#part.road)) return;
    this.hasHoles = true;
    const pieces = connection.recvStreaming();
    this.watch('recvStreaming left', pieces.next()).catch(() => {});
    void this.#time.sleep(50).then(() => pieces.return?.());
  }

  /** Whatever is called when it is over has its answer at once. */
  callAfterwards(connection: Connection): Call[] {
    const before = this.calls.length;
    this.waits(connection);
    this.ping(connection);
    void this.watch('close', connection.close());
    if (!hasHandlers(this.#part.road)) this.watch('recv', connection.recv()).catch(() => {});
    if (this.#writer === null) {
      this.watch('send text', connection.send('late')).catch(() => {});
      if (connection.trySend('late') !== 'dropped') this.mistakes.push('a closed connection sends');
    }
    return this.calls.splice(before);
  }

  cancelReader(): void {
    if (this.#reader !== null) this.watch('reader.cancel', this.#reader.cancel()).catch(() => {});
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

const isTimeout = (error: unknown): boolean => error instanceof TimeoutError;

async function nullIf<T>(is: (error: unknown) => boolean, promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (is(error)) return null;
    throw error;
  }
}

async function firstOf(connection: Connection): Promise<Data | undefined> {
  for await (const data of connection) return data;
  return undefined;
}

async function inOne(fragments: AsyncIterable<Data>): Promise<Data> {
  const pieces: Data[] = [];
  for await (const piece of fragments) pieces.push(piece);
  return typeof pieces[0] === 'string' ? pieces.join('') : Uint8Array.from(Buffer.concat(pieces as Uint8Array[]));
}
