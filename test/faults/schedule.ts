// What happens in a conversation over a network that fails: made up by chance, and all of it repeatable. Does nothing.
import fc from 'fast-check';
import type { CommonOptions, ServerCloseOptions } from 'websockets-ts';
import type { Faults } from 'websockets-ts/testing';

export const SIDES = ['client', 'server'] as const;
export type Side = (typeof SIDES)[number];

const WAYS = [
  'text',
  'binary',
  'prepared',
  'prepared binary',
  'corked',
  'fragments',
  'binary fragments',
  'slow fragments',
  'slow binary fragments',
  'fragments without end',
  'trySend',
  'broadcast',
  'broadcast or close',
] as const;

/** A message, and how it is sent. */
export interface Spoken {
  readonly text: string;
  readonly as: (typeof WAYS)[number];
  /** Whether the next one waits for it. */
  readonly isAwaited: boolean;
  /** After how long the caller no longer waits; null: never. */
  readonly patienceMs: number | null;
  readonly pauseMs: number;
}

/** By handlers, and by handlers that spoil it. */
const HANDLER_ROADS = ['direct', 'async', 'serial', 'pausing', 'replying', 'throwing', 'hasty', 'aborting'] as const;

/** How messages are received: by calls, by a stream, by handlers. */
const ROADS = [
  'recv',
  'impatient',
  'signalled',
  'resting',
  'iterate',
  'iterate again',
  'recvStreaming',
  'recvStreaming, signalled',
  'readable',
  'readable, cancelled',
  'readable, idle',
  'piped',
  ...HANDLER_ROADS,
] as const;
export type Road = (typeof ROADS)[number];

export const hasHandlers = (road: Road): boolean => (HANDLER_ROADS as readonly Road[]).includes(road);

/** After these a side may have missed something, whatever the network did. */
export const LOSING_ROADS: readonly Road[] = [
  'throwing',
  'aborting',
  'recvStreaming, signalled',
  'readable, cancelled',
  'readable, idle',
];

/** What one side does. */
export interface Part {
  readonly messages: readonly Spoken[];
  /** Whether all messages are chunks of the writable stream, however they would be sent else. */
  readonly isStreaming: boolean;
  /** How that stream is ended behind the last message; null: with the connection. */
  readonly endsWriter: 'close' | 'abort' | null;
  readonly road: Road;
  /** Milliseconds between two messages that it reads. */
  readonly thinkMs: number;
  readonly options: CommonOptions;
}

export const NETWORK_INCIDENTS = ['cut', 'go down', 'come up', 'pause', 'stall', 'resume'] as const;

export const INCIDENTS = [
  // Of the network.
  ...NETWORK_INCIDENTS,
  'end',
  // Of a connection.
  'abort',
  'close',
  'close, impatient',
  'use',
  'ping',
  'pong',
  'waits',
  'trySend',
  'cork',
  'stop reading',
  'read on',
  'rest from reading',
  'rest from reading',
  'recv in vain',
  'recvStreaming left',
  'fragments left',
  'reader cancelled',
  'writer closed',
  'writer aborted',
  // Of the server.
  'server closes',
  'server closes, graceMs',
  'server closes, closeConnections: false',
  'server aborts',
  'server signal',
] as const;

/** What a side may lose by what its own user has done. */
export const LOSING_INCIDENTS: readonly Incident['what'][] = [
  'recv in vain',
  'recvStreaming left',
  'end',
  'reader cancelled',
  // What a thread works on is dropped.
  'abort',
  'server aborts',
  'server closes, graceMs',
];

/** What the server asks before it lets a client in, and how that ends. */
const HOOKS = [
  ...Array<null>(12).fill(null),
  'processRequest',
  'authenticate',
  'processResponse',
  'authenticate refuses',
  'authenticate throws',
] as const;

/** Something that happens on the way, from the first byte of the handshake on. */
export interface Incident {
  readonly atMs: number;
  readonly what: (typeof INCIDENTS)[number];
  readonly side: Side;
}

/** A conversation of two. */
export interface Schedule {
  readonly seed: number;
  readonly toServer: Faults;
  readonly toClient: Faults;
  readonly client: Part;
  readonly server: Part;
  /** What works on messages outside the connection: an extension that takes its time, compression on a thread, nothing. */
  readonly elsewhere: 'extension' | 'thread' | null;
  readonly hook: (typeof HOOKS)[number];
  /** After how long the client no longer waits for its connection; null: never. */
  readonly patienceMs: number | null;
  readonly incidents: readonly Incident[];
  readonly isHarmless: boolean;
}

const WORD = 'abcdefé€😀';
/** Such payloads are lent, or encoded by and by. */
const LARGE = WORD.repeat(3000);

const repeats = fc.oneof(
  { weight: 6, arbitrary: fc.nat(2) },
  { weight: 3, arbitrary: fc.nat(40) },
  { weight: 1, arbitrary: fc.nat(4000) },
  { weight: 1, arbitrary: fc.constant(3000) },
);
const spoken: fc.Arbitrary<Spoken> = fc.record({
  text: repeats.map((count) => WORD.repeat(count)),
  as: fc.constantFrom(...WAYS),
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
  openTimeoutMs: fc.constantFrom(500, ...Array<number>(9).fill(20_000)),
  maxQueue: fc.constantFrom(0, 2, 16),
  writeLimit: fc.constantFrom(0, 100, 32_768),
  maxBuffered: fc.constantFrom(0, 2000, 1_048_576),
  slowTimeoutMs: fc.constantFrom(null, 30, 30, 300),
  idleTimeoutMs: fc.constantFrom(null, null, null, 400),
  maxLifetimeMs: fc.constantFrom(null, null, null, 1500),
  validateUtf8: fc.boolean(),
});
export const part: fc.Arbitrary<Part> = fc.record({
  messages: fc.array(spoken, { maxLength: 6 }),
  isStreaming: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  endsWriter: fc.constantFrom(null, null, 'close', 'abort'),
  road: fc.constantFrom(...ROADS),
  thinkMs: fc.constantFrom(0, 0, 1, 300),
  options,
});
const cutAfterBytes = fc.oneof({ weight: 7, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(5000) });
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
  cutAfterBytes,
});
const incidents: fc.Arbitrary<readonly Incident[]> = fc.array(
  fc.record({
    atMs: fc.oneof(
      { weight: 1, arbitrary: fc.nat(100) },
      { weight: 8, arbitrary: fc.integer({ min: 100, max: 900 }) },
      { weight: 5, arbitrary: fc.integer({ min: 100, max: 3000 }) },
    ),
    what: fc.constantFrom(...INCIDENTS),
    side: fc.constantFrom(...SIDES),
  }),
  { maxLength: 6 },
);

const mixed: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.nat(2 ** 32 - 1),
  toServer: faults,
  toClient: faults,
  client: part,
  server: part,
  elsewhere: fc.constantFrom(null, 'extension', 'thread', 'thread'),
  hook: fc.constantFrom(...HOOKS),
  patienceMs: fc.oneof(
    { weight: 19, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom(0, 20, 300) },
  ),
  incidents,
  isHarmless: fc.constant(false),
});

/** A first message that a thread works on. */
const withFirst = ({ messages: [first, ...rest], ...part }: Part, text: string): Part => ({
  ...part,
  messages: first === undefined ? [] : [{ ...first, text, as: first.isAwaited ? 'text' : 'binary' }, ...rest],
});

export const schedule: fc.Arbitrary<Schedule> = mixed.map((each) =>
  each.elsewhere === 'thread'
    ? { ...each, client: withFirst(each.client, LARGE), server: withFirst(each.server, LARGE) }
    : each,
);

/** All that ends a connection by itself. */
const UNHURRIED = {
  pingIntervalMs: null,
  closeTimeoutMs: null,
  openTimeoutMs: null,
  slowTimeoutMs: null,
  idleTimeoutMs: null,
  maxLifetimeMs: null,
} as const;

/** Instead of those that end a connection, or never end. */
const PATIENT_WAYS: Partial<Record<Spoken['as'], Spoken['as']>> = {
  'broadcast or close': 'broadcast',
  'fragments without end': 'slow fragments',
};

/** Nothing that loses anything, and time for everything. */
export const harmless: fc.Arbitrary<Schedule> = schedule.map((each) => {
  const unhurried = ({ messages, options, road, ...part }: Part): Part => ({
    ...part,
    endsWriter: null,
    road: [...LOSING_ROADS, 'hasty'].includes(road) ? 'direct' : road,
    messages: messages.map(({ as, ...message }) => ({
      ...message,
      as: PATIENT_WAYS[as] ?? as,
      patienceMs: null,
    })),
    options: { ...options, ...UNHURRIED },
  });
  return {
    ...each,
    toServer: { ...each.toServer, cutAfterBytes: null },
    toClient: { ...each.toClient, cutAfterBytes: null },
    client: unhurried(each.client),
    server: unhurried(each.server),
    hook: null,
    patienceMs: null,
    incidents: [],
    isHarmless: true,
  };
});

const MOODS = ['serve', 'serve', 'serve', 'refuse', 'refuse with Retry-After', 'close', 'abort', 'throw'] as const;

const LOOP_INCIDENTS = [...NETWORK_INCIDENTS, 'close', 'server closes', 'connect too', 'connect too'] as const;

/** What the network or the client's users do to a loop of connections. */
export interface LoopIncident {
  readonly atMs: number;
  readonly what: (typeof LOOP_INCIDENTS)[number];
}

/** A client that connects again and again. */
export interface LoopSchedule {
  readonly seed: number;
  readonly toServer: Faults;
  readonly toClient: Faults;
  readonly options: CommonOptions;
  readonly serializeConnects: boolean;
  readonly stableAfterMs: number;
  /** What the server does with one request after the other; afterwards it serves. */
  readonly moods: readonly (typeof MOODS)[number][];
  /** How many messages each side sends over a connection, and how many the client waits for. */
  readonly messages: number;
  readonly patienceMs: number;
  readonly incidents: readonly LoopIncident[];
  /** When the signal is aborted. */
  readonly endsAtMs: number;
  /** After how many connections the loop is left. */
  readonly leavesAfter: number;
}

export const loopSchedule: fc.Arbitrary<LoopSchedule> = fc.record({
  seed: fc.nat(2 ** 32 - 1),
  toServer: faults,
  toClient: faults,
  options,
  serializeConnects: fc.boolean(),
  stableAfterMs: fc.constantFrom(0, 1000),
  moods: fc.array(fc.constantFrom(...MOODS), { maxLength: 4 }),
  messages: fc.nat(4),
  patienceMs: fc.constantFrom(100, 3000),
  incidents: fc.array(
    fc.record({
      atMs: fc.oneof(fc.nat(50), fc.nat(20_000)),
      what: fc.constantFrom(...LOOP_INCIDENTS),
    }),
    { maxLength: 4 },
  ),
  endsAtMs: fc.constantFrom(10, 1000, 60_000, 60_000),
  leavesAfter: fc.integer({ min: 1, max: 4 }),
});

/** One of several clients, and what it does or meets once. */
export interface Guest {
  readonly seed: number;
  readonly toServer: Faults;
  readonly toClient: Faults;
  readonly options: CommonOptions;
  readonly comesAtMs: number;
  readonly what: 'cut' | 'pause' | 'stall' | 'end' | 'abort' | 'close' | 'pause reading' | null;
  readonly atMs: number;
  /** Whether its network is as fast and reliable as can be. */
  readonly isUndisturbed: boolean;
}

/** A server that comes to its end while it has clients. */
export interface CrowdSchedule {
  readonly seed: number;
  readonly guests: readonly Guest[];
  readonly options: CommonOptions;
  readonly endsBy: 'close' | 'signal' | 'serveForever';
  readonly closing: ServerCloseOptions;
  readonly closesAtMs: number;
  /** How long after that it is dropped; null: it isn't. */
  readonly abortsAfterMs: number | null;
  /** How long a handler needs after the end of its connection. */
  readonly handlerMs: number;
  /** How long the server thinks before it lets a client in; 0: it has no hook. */
  readonly hookMs: number;
}

const guest: fc.Arbitrary<Guest> = fc
  .record({
    seed: fc.nat(2 ** 32 - 1),
    toServer: faults,
    toClient: faults,
    options,
    comesAtMs: fc.constantFrom(0, 0, 10, 200, 650, 900),
    what: fc.constantFrom(null, null, null, 'cut', 'pause', 'stall', 'end', 'abort', 'close', 'pause reading'),
    atMs: fc.nat(1200),
    isUndisturbed: fc.boolean(),
  })
  .map(({ toServer, toClient, options, ...rest }) =>
    rest.isUndisturbed
      ? { ...rest, toServer: {}, toClient: {}, options: { ...options, ...UNHURRIED } }
      : { ...rest, toServer, toClient, options },
  );

export const crowdSchedule: fc.Arbitrary<CrowdSchedule> = fc
  .record({
    seed: fc.nat(2 ** 32 - 1),
    guests: fc.array(guest, { minLength: 1, maxLength: 5 }),
    options,
    isCalm: fc.boolean(),
    endsBy: fc.constantFrom('close', 'close', 'close', 'signal', 'serveForever'),
    closing: fc
      .record({
        code: fc.constantFrom(1001, 1012, 4000),
        graceMs: fc.constantFrom(null, 100, 400, 1000),
        spreadMs: fc.constantFrom(0, 100, 400),
        closeConnections: fc.constantFrom(true, true, true, false),
        retryAfterSeconds: fc.constantFrom(null, 2),
      })
      .map((closing) => ({ ...closing, spreadMs: Math.min(closing.spreadMs, closing.graceMs ?? closing.spreadMs) })),
    closesAtMs: fc.constantFrom(0, 15, 250, 700),
    abortsAfterMs: fc.constantFrom(null, null, null, 0, 60, 300),
    handlerMs: fc.constantFrom(0, 0, 150, 20_000),
    hookMs: fc.constantFrom(0, 0, 20, 600),
  })
  // The order in which clients are sent away shows only where nothing else sends them away.
  .map(({ isCalm, ...each }) => ({
    ...each,
    ...(isCalm && {
      options: { ...each.options, ...UNHURRIED },
      guests: each.guests.map(({ seed, options, comesAtMs, atMs }) => ({
        seed,
        toServer: {},
        toClient: {},
        options: { ...options, ...UNHURRIED },
        comesAtMs,
        what: null,
        atMs,
        isUndisturbed: true,
      })),
    }),
  }));
