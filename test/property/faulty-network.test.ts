// Conversations over a network that delays, splits, holds back, cuts and ends as it likes: whatever it does, both ends come to
// an end, every call gets its answer, and what arrives is what was sent. No sockets, no real time.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import {
  type CommonOptions,
  type Connection,
  ConnectionClosed,
  type Data,
  type DirectHandlers,
  InvalidHandshake,
  State,
  TimeoutError,
} from 'websockets-ts';
import { FakeClock, type Faults, type Pair, pair } from 'websockets-ts/testing';
import { LogRecorder } from '../support/log-recorder.ts';

/** How many schedules; `RUNS=100000` looks longer. */
const RUNS = Number(process.env['RUNS'] ?? 1000);

const SIDES = ['client', 'server'] as const;
type Side = (typeof SIDES)[number];

/** A message, and how it is sent. */
interface Spoken {
  readonly text: string;
  readonly as: 'text' | 'binary' | 'fragments';
  /** Whether the next one waits for it. */
  readonly isAwaited: boolean;
  /** After how long the caller no longer waits; null: never. */
  readonly patienceMs: number | null;
  readonly pauseMs: number;
}

type Road = 'recv' | 'impatient' | 'iterate' | 'stream' | 'direct' | 'serial';

/** What one side does. */
interface Part {
  readonly messages: readonly Spoken[];
  readonly road: Road;
  /** Milliseconds between two messages that it reads. */
  readonly thinkMs: number;
  readonly options: CommonOptions;
}

const INCIDENTS = [
  'cut',
  'pause',
  'stall',
  'resume',
  'end',
  'abort',
  'close',
  'ping',
  'recv in vain',
  'fragments left',
] as const;

/** Something that happens on the way. */
interface Incident {
  readonly atMs: number;
  readonly what: (typeof INCIDENTS)[number];
  readonly side: Side;
}

interface Schedule {
  readonly seed: number;
  readonly toServer: Faults;
  readonly toClient: Faults;
  readonly client: Part;
  readonly server: Part;
  readonly incidents: readonly Incident[];
  readonly isHarmless?: boolean;
}

const repeats = fc.oneof(
  { weight: 6, arbitrary: fc.nat(2) },
  { weight: 3, arbitrary: fc.nat(40) },
  { weight: 1, arbitrary: fc.nat(4000) },
);
const spoken: fc.Arbitrary<Spoken> = fc.record({
  text: repeats.map((count) => 'abcdefé€😀'.repeat(count)),
  as: fc.constantFrom('text', 'binary', 'fragments'),
  isAwaited: fc.boolean(),
  patienceMs: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom(0, 20) }),
  pauseMs: fc.constantFrom(0, 0, 0, 5, 700),
});
const options: fc.Arbitrary<CommonOptions> = fc.record({
  compression: fc.constantFrom('deflate', null),
  compressionThreshold: fc.constant(50),
  pingIntervalMs: fc.constantFrom(null, 100, 2000),
  pingTimeoutMs: fc.constantFrom(null, 100, 2000),
  closeTimeoutMs: fc.constantFrom(100, 5000),
  openTimeoutMs: fc.constantFrom(500, 20_000, 20_000),
  maxQueue: fc.constantFrom(0, 2, 16),
  writeLimit: fc.constantFrom(0, 100, 32_768),
  validateUtf8: fc.boolean(),
});
const part: fc.Arbitrary<Part> = fc.record({
  messages: fc.array(spoken, { maxLength: 6 }),
  road: fc.constantFrom<Road>('recv', 'impatient', 'iterate', 'stream', 'direct', 'serial'),
  thinkMs: fc.constantFrom(0, 0, 1, 300),
  options,
});
const faults: fc.Arbitrary<Faults> = fc.record({
  latencyMs: fc.constantFrom(0, 0, 1, 30, 400),
  jitterMs: fc.constantFrom(0, 0, 1, 30, 400),
  bytesPerSecond: fc.constantFrom(null, null, null, 5000, 100_000),
  chunkBytes: fc.oneof(
    fc.constantFrom(65_536, 65_536, 100, 17),
    fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 40, max: 5000 })),
  ),
  coalesce: fc.boolean(),
  capacityBytes: fc.constantFrom(65_536, 65_536, 3000, 100),
  cutAfterBytes: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(2000) }),
});
const incidents: fc.Arbitrary<readonly Incident[]> = fc.array(
  fc.record({
    atMs: fc.oneof(fc.nat(50), fc.nat(3000)),
    what: fc.constantFrom(...INCIDENTS),
    side: fc.constantFrom(...SIDES),
  }),
  { maxLength: 4 },
);

const schedule: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.nat(2 ** 32 - 1),
  toServer: faults,
  toClient: faults,
  client: part,
  server: part,
  incidents,
});

/** A call and what came of it. */
interface Call {
  readonly name: string;
  outcome: 'pending' | 'done' | Error;
}

/** A message, and what `send` said. One that was given up may have been sent or not. */
interface Sent {
  readonly data: Data;
  outcome: 'pending' | 'sent' | 'given up';
}

/** One end of the conversation. */
class Speaker {
  readonly received: Data[] = [];
  readonly calls: Call[] = [];
  /** Messages that `send` has been called for, in order. */
  readonly sent: Sent[] = [];
  /** How many timers are its own. */
  sleeping = 0;
  readonly #part: Part;
  readonly #clock: FakeClock;

  constructor(part: Part, clock: FakeClock) {
    this.#part = part;
    this.#clock = clock;
  }

  handlers(): DirectHandlers<Connection> | undefined {
    const { road, thinkMs } = this.#part;
    if (road !== 'direct' && road !== 'serial') return undefined;
    return {
      message: (_, data) => {
        this.received.push(data);
        return road === 'serial' ? this.sleep(thinkMs) : undefined;
      },
    };
  }

  watch<T>(name: string, promise: Promise<T>): Promise<T> {
    const call: Call = { name, outcome: 'pending' };
    this.calls.push(call);
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

  async sleep(ms: number): Promise<void> {
    if (ms === 0) return;
    this.sleeping++;
    await new Promise<void>((resolve) => void this.#clock.setTimer(ms, resolve));
    this.sleeping--;
  }

  async talk(connection: Connection): Promise<void> {
    const all: Promise<void>[] = [];
    for (const [i, { text, as, isAwaited, patienceMs, pauseMs }] of this.#part.messages.entries()) {
      // Each is another one.
      const whole = `${i}${text}`;
      const message: Sent = { data: as === 'binary' ? Uint8Array.from(Buffer.from(whole)) : whole, outcome: 'pending' };
      this.sent.push(message);
      const source =
        as === 'text' ? whole : as === 'binary' ? Buffer.from(whole) : [whole.slice(0, 5), whole.slice(5), ''];
      const sending = this.watch(`send ${as}`, connection.send(source, { signal: this.#signal(patienceMs) })).then(
        () => {
          message.outcome = 'sent';
        },
        (error: unknown) => {
          if (isGivenUp(error)) message.outcome = 'given up';
          ignoreTyped(error);
        },
      );
      all.push(sending);
      if (isAwaited) await sending;
      await this.sleep(pauseMs);
    }
    await Promise.all(all);
  }

  #signal(patienceMs: number | null): AbortSignal | undefined {
    if (patienceMs === null) return undefined;
    const controller = new AbortController();
    void this.sleep(patienceMs).then(() => controller.abort(new Error('given up')));
    return controller.signal;
  }

  async listen(connection: Connection): Promise<void> {
    await this.#read(connection).catch((error: Error) => {
      // Another reader was there, or the network has failed.
      if (error.name !== 'ConcurrencyError') ignoreTyped(error);
    });
  }

  async #read(connection: Connection): Promise<void> {
    const { road, thinkMs } = this.#part;
    if (road === 'direct' || road === 'serial') return;
    const iterator = connection[Symbol.asyncIterator]();
    for (;;) {
      let data: Data;
      if (road === 'recv') {
        data = await this.watch('recv', connection.recv());
      } else if (road === 'impatient') {
        const attempt = this.watch('recv', connection.recv({ timeoutMs: 300 }));
        const message = await attempt.catch((error: Error) =>
          error instanceof TimeoutError ? null : Promise.reject(error),
        );
        if (message === null) continue;
        data = message;
      } else if (road === 'iterate') {
        const { value, done } = await this.watch('next', iterator.next());
        if (done) return;
        data = value;
      } else {
        const pieces: Data[] = [];
        for await (const piece of connection.recvStreaming()) pieces.push(piece);
        data = typeof pieces[0] === 'string' ? pieces.join('') : Uint8Array.from(Buffer.concat(pieces as Uint8Array[]));
      }
      this.received.push(data);
      await this.sleep(thinkMs);
    }
  }
}

/** Everything that a call of ours may say when the network fails, or its caller gives up. */
function ignoreTyped(error: unknown): void {
  if (!(error instanceof ConnectionClosed) && !isGivenUp(error)) throw error;
}

const isGivenUp = (error: unknown): boolean => error instanceof Error && error.message === 'given up';

/** Fails unless that is what was sent: all of it in order, up to where the connection was lost. */
function checkReceived(received: readonly Data[], sent: readonly Sent[], isComplete: boolean): void {
  let at = 0;
  for (const data of received) {
    while (sent[at]?.outcome === 'given up' && !isDeepStrictEqual(sent[at]?.data, data)) at++;
    assert.deepEqual(data, sent[at]?.data);
    at++;
  }
  if (isComplete) assert.ok(!sent.slice(at).some(({ outcome }) => outcome === 'sent'), 'a message is missing');
}

function happen({ what, side }: Incident, { client, server, network }: Pair, speakers: Record<Side, Speaker>): void {
  const connection: Connection = side === 'client' ? client : server;
  const speaker = speakers[side];
  const direction = side === 'client' ? network.toServer : network.toClient;
  if (what === 'cut') network.cut();
  else if (what === 'resume') network.resume();
  else if (what === 'pause' || what === 'stall' || what === 'end') direction[what]();
  else if (what === 'abort') connection.abort();
  else if (what === 'close') void speaker.watch('close', connection.close({ code: 1001, reason: 'enough' }));
  else if (what === 'fragments left') {
    // Given up in the middle: the connection fails, and nobody sees half a message.
    const fragments = (function* () {
      yield 'begun';
      throw new Error('given up');
    })();
    speaker.watch('send given up', connection.send(fragments)).catch(() => {});
  } else if (what === 'ping') {
    speaker
      .watch('ping', connection.ping())
      .then(({ pong }) => speaker.watch('pong', pong))
      .catch(ignoreTyped);
  } else {
    // Loses nothing, whoever else is reading.
    speaker.watch('recv in vain', connection.recv({ timeoutMs: 50 })).then(
      (data) => speaker.received.push(data),
      () => {},
    );
  }
}

const isTyped = (error: Error): boolean =>
  error instanceof ConnectionClosed ||
  error instanceof TimeoutError ||
  error.name === 'ConcurrencyError' ||
  isGivenUp(error);

/** A narrow line takes long for a long message. */
const A_WEEK_MS = 7 * 86_400_000;

type Outcome = 'clean' | 'lost' | 'refused';

async function play({
  seed,
  toServer,
  toClient,
  client,
  server,
  incidents,
  isHarmless = false,
}: Schedule): Promise<Outcome> {
  const clock = new FakeClock();
  const log = new LogRecorder('warn', 'error');
  const speakers = { client: new Speaker(client, clock), server: new Speaker(server, clock) };
  let both: Pair;
  try {
    both = await pair({
      clock,
      seed,
      toServer,
      toClient,
      client: {
        ...client.options,
        handlers: speakers.client.handlers(),
        serial: client.road === 'serial',
        logger: log,
      },
      server: {
        ...server.options,
        handlers: speakers.server.handlers(),
        serial: server.road === 'serial',
        logger: log,
      },
    });
  } catch (error) {
    const isExpected =
      error instanceof InvalidHandshake ||
      error instanceof TimeoutError ||
      (error as NodeJS.ErrnoException).code === 'ECONNRESET';
    if (!isExpected) throw error;
    assert.equal(clock.pending, 0, 'an alarm is left');
    return 'refused';
  }
  const { network } = both;
  const talks = SIDES.map((side) => speakers[side].talk(both[side]));
  const listens = SIDES.map((side) => speakers[side].listen(both[side]));
  for (const each of incidents) clock.setTimer(each.atMs, () => happen(each, both, speakers));
  if (isHarmless) await clock.runUntil(Promise.all(talks), { withinMs: A_WEEK_MS });
  else await clock.advance(3000);
  const closes = SIDES.map((side) => speakers[side].watch('close', both[side].close()));
  await clock.runUntil(Promise.all([...talks, ...listens, ...closes]), { withinMs: A_WEEK_MS });
  await both[Symbol.asyncDispose]();
  assert.equal(network.size, 0, 'a transport is left');
  assert.equal(clock.pending, speakers.client.sleeping + speakers.server.sleeping, 'an alarm is left');
  // Handlers that take their time finish what has come.
  await clock.advance(5000);

  const isClean = SIDES.every((side) => both[side].closeCode === 1000 || both[side].closeCode === 1001);
  const isRead = !incidents.some(({ what }) => what === 'recv in vain' || what === 'end');
  for (const side of SIDES) {
    const { calls, received } = speakers[side];
    assert.equal(both[side].state, State.CLOSED);
    for (const { name, outcome } of calls) {
      assert.notEqual(outcome, 'pending', `${side}: ${name} is pending`);
      if (outcome instanceof Error && !isTyped(outcome)) throw outcome;
    }
    checkReceived(received, speakers[side === 'client' ? 'server' : 'client'].sent, isClean && isRead);
  }
  const errors = log.lines.filter(({ level }) => level === 'error');
  assert.deepEqual(
    errors.map(({ message, context }) => [message, context?.error]),
    [],
  );
  return isClean ? 'clean' : 'lost';
}

/** Nothing that loses anything, and time for everything. */
const harmless: fc.Arbitrary<Schedule> = schedule.map((each) => {
  const unhurried = ({ messages, options, ...part }: Part): Part => ({
    ...part,
    messages: messages.map((message) => ({ ...message, patienceMs: null })),
    options: { ...options, pingIntervalMs: null, closeTimeoutMs: null, openTimeoutMs: null },
  });
  return {
    ...each,
    toServer: { ...each.toServer, cutAfterBytes: null },
    toClient: { ...each.toClient, cutAfterBytes: null },
    client: unhurried(each.client),
    server: unhurried(each.server),
    incidents: [],
    isHarmless: true,
  };
});

describe('a conversation', () => {
  test('over a network that fails comes to an end, answers every call, and tears, swaps and doubles nothing', async () => {
    const tally: Record<Outcome, number> = { clean: 0, lost: 0, refused: 0 };
    const run = fc.asyncProperty(schedule, async (each) => {
      tally[await play(each)]++;
    });
    await fc.assert(run, { numRuns: RUNS, includeErrorInReport: true });
    // Otherwise this shows little.
    for (const [outcome, count] of Object.entries(tally)) assert.ok(count > RUNS / 20, `${count} ended ${outcome}`);
  });

  test('over a network that is only slow and narrow loses nothing', async () => {
    const run = fc.asyncProperty(harmless, async (each) => {
      assert.equal(await play(each), 'clean');
    });
    await fc.assert(run, { numRuns: RUNS / 2, includeErrorInReport: true });
  });
});
