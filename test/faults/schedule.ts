// What happens in a conversation over a network that fails: made up by chance, and all of it repeatable. Does nothing.
import fc from 'fast-check';
import type { CommonOptions } from 'websockets-ts';
import type { Faults } from 'websockets-ts/testing';

export const SIDES = ['client', 'server'] as const;
export type Side = (typeof SIDES)[number];

const WAYS = [
  'text',
  'binary',
  'prepared',
  'corked',
  'fragments',
  'slow fragments',
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

/** How messages are received: by calls, by a stream, by handlers; and by handlers that spoil it. */
const ROADS = [
  'recv',
  'impatient',
  'iterate',
  'recvStreaming',
  'readable',
  'direct',
  'serial',
  'pausing',
  'replying',
  'throwing',
  'hasty',
] as const;
export type Road = (typeof ROADS)[number];

/** What one side does. */
export interface Part {
  readonly messages: readonly Spoken[];
  /** Whether all messages are chunks of the writable stream, however they would be sent else. */
  readonly isStreaming: boolean;
  readonly road: Road;
  /** Milliseconds between two messages that it reads. */
  readonly thinkMs: number;
  readonly options: CommonOptions;
}

const INCIDENTS = [
  // Of the network.
  'cut',
  'go down',
  'come up',
  'pause',
  'stall',
  'resume',
  'end',
  // Of a connection.
  'abort',
  'close',
  'close, impatient',
  'ping',
  'pong',
  'drained',
  'trySend',
  'stop reading',
  'read on',
  'recv in vain',
  'fragments left',
  'reader cancelled',
  'writer closed',
  'writer aborted',
  // Of the server.
  'server closes',
  'server closes, graceMs',
  'server aborts',
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
  /** How long an extension takes for each message; null: there is none, and perhaps compression. */
  readonly extensionMs: number | null;
  /** After how long the client no longer waits for its connection; null: never. */
  readonly patienceMs: number | null;
  readonly incidents: readonly Incident[];
  readonly isHarmless: boolean;
}

const repeats = fc.oneof(
  { weight: 6, arbitrary: fc.nat(2) },
  { weight: 3, arbitrary: fc.nat(40) },
  { weight: 1, arbitrary: fc.nat(4000) },
  // Such payloads are lent, or encoded by and by.
  { weight: 1, arbitrary: fc.constant(3000) },
);
const spoken: fc.Arbitrary<Spoken> = fc.record({
  text: repeats.map((count) => 'abcdefé€😀'.repeat(count)),
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
  openTimeoutMs: fc.constantFrom(500, 20_000, 20_000),
  maxQueue: fc.constantFrom(0, 2, 16),
  writeLimit: fc.constantFrom(0, 100, 32_768),
  maxBuffered: fc.constantFrom(0, 2000, 1_048_576),
  slowTimeoutMs: fc.constantFrom(null, 300, 30_000),
  idleTimeoutMs: fc.constantFrom(null, null, null, 400),
  maxLifetimeMs: fc.constantFrom(null, null, null, 1500),
  validateUtf8: fc.boolean(),
});
const part: fc.Arbitrary<Part> = fc.record({
  messages: fc.array(spoken, { maxLength: 6 }),
  isStreaming: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
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
    atMs: fc.oneof({ weight: 1, arbitrary: fc.nat(50) }, { weight: 3, arbitrary: fc.nat(3000) }),
    what: fc.constantFrom(...INCIDENTS),
    side: fc.constantFrom(...SIDES),
  }),
  { maxLength: 4 },
);

export const schedule: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.nat(2 ** 32 - 1),
  toServer: faults,
  toClient: faults,
  client: part,
  server: part,
  extensionMs: fc.constantFrom(null, null, 1, 50),
  patienceMs: fc.oneof(
    { weight: 19, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom(0, 20, 300) },
  ),
  incidents,
  isHarmless: fc.constant(false),
});

/** Nothing that loses anything, and time for everything. */
export const harmless: fc.Arbitrary<Schedule> = schedule.map((each) => {
  const unhurried = ({ messages, options, road, ...part }: Part): Part => ({
    ...part,
    road: road === 'throwing' || road === 'hasty' ? 'direct' : road,
    messages: messages.map(({ as, ...message }) => ({
      ...message,
      as: as === 'broadcast or close' ? 'broadcast' : as,
      patienceMs: null,
    })),
    options: {
      ...options,
      pingIntervalMs: null,
      closeTimeoutMs: null,
      openTimeoutMs: null,
      slowTimeoutMs: null,
      idleTimeoutMs: null,
      maxLifetimeMs: null,
    },
  });
  return {
    ...each,
    toServer: { ...each.toServer, cutAfterBytes: null },
    toClient: { ...each.toClient, cutAfterBytes: null },
    client: unhurried(each.client),
    server: unhurried(each.server),
    patienceMs: null,
    incidents: [],
    isHarmless: true,
  };
});

const MOODS = ['serve', 'serve', 'serve', 'refuse', 'refuse with Retry-After', 'close', 'abort', 'throw'] as const;

/** What the network or the client's user does to a loop of connections. */
export interface LoopIncident {
  readonly atMs: number;
  readonly what: 'cut' | 'go down' | 'come up' | 'pause' | 'stall' | 'resume' | 'close' | 'server closes';
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
  /** After how many connections the loop is left, and how. */
  readonly leavesAfter: number;
  readonly leavesBy: 'break' | 'throw';
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
      what: fc.constantFrom('cut', 'go down', 'come up', 'pause', 'stall', 'resume', 'close', 'server closes'),
    }),
    { maxLength: 4 },
  ),
  endsAtMs: fc.constantFrom(10, 1000, 60_000, 60_000),
  leavesAfter: fc.integer({ min: 1, max: 4 }),
  leavesBy: fc.constantFrom('break', 'throw'),
});
