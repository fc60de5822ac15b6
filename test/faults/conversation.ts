// A conversation of two over a network that delays, splits, holds back, refuses, cuts and ends as it likes. Whatever it does, both
// ends come to an end, every call gets its answer, and what arrives is what was sent. No sockets, no real time.
import assert from 'node:assert/strict';
import {
  ClientConnection,
  type ClientProtocol,
  type Connection,
  type ConnectionOptions,
  InvalidHandshake,
  type Request,
  type Response,
  type Server,
  ServerConnection,
  type ServerProtocol,
  State,
  TimeoutError,
  type Transport,
} from 'websockets-ts';
import { FakeClock, Random, type TestConnectOptions, type TestServer, testServer } from 'websockets-ts/testing';
import type { MemoryTransport } from '#dist/testing/memory-transport.js';
import { LogRecorder } from '../support/log-recorder.ts';
import { type Call, givenUp, isGivenUp, mark, watch } from './calls.ts';
import { checkCalls, checkLog, checkSpeakers } from './invariants.ts';
import { lateExtension } from './late-extension.ts';
import { type Incident, LOSING_INCIDENTS, LOSING_ROADS, type Schedule, SIDES, type Side } from './schedule.ts';
import { seededDeflate } from './seeded-threads.ts';
import { Speaker } from './speaker.ts';
import { Stopwatch } from './stopwatch.ts';

/** A narrow line takes long for a long message. */
const A_WEEK_MS = 7 * 86_400_000;

/** When no opening or closing handshake goes on any more. */
const AFTER_DEADLINES_MS = 40_000;

/** How it ended: in order, somehow else, or before it had begun. */
export type Outcome = 'clean' | 'lost' | 'refused';

/** How a schedule ended, and what was called in it. */
export interface Played<O extends string = string> {
  readonly outcome: O;
  readonly isFaulty: boolean;
  readonly calls: readonly Call[];
}

/** Everybody who takes part, as far as they are there yet. */
interface Stage {
  readonly clock: FakeClock;
  readonly time: Stopwatch;
  readonly speakers: Readonly<Record<Side, Speaker>>;
  readonly host: TestServer;
  /** Those that neither of the two has made. */
  readonly calls: Call[];
  readonly signals: AbortController;
  client: ClientConnection | null;
  server: ServerConnection | null;
}

const OF_THE_NETWORK = {
  cut: 'cut',
  'go down': 'goDown',
  'come up': 'comeUp',
  resume: 'resume',
} as const;

function happen({ what, side }: Incident, stage: Stage): void {
  const { network } = stage.host;
  const direction = side === 'client' ? network.toServer : network.toClient;
  if (what in OF_THE_NETWORK) network[OF_THE_NETWORK[what as keyof typeof OF_THE_NETWORK]]();
  else if (what === 'pause' || what === 'stall' || what === 'end') direction[what]();
  else if (what.startsWith('server ')) stop(what, stage.host.server, stage.signals, stage.calls);
  const connection = stage[side];
  // Nobody has it before.
  if (connection !== null && connection.state !== State.CONNECTING) {
    meet(what, connection, stage.speakers[side], stage.time);
  }
}

/** What concerns the server. */
export function stop(what: Incident['what'], server: Server, signals: AbortController, calls: Call[]): void {
  if (what === 'server aborts') {
    mark(calls, 'server.abort');
    server.abort();
  } else if (what === 'server signal') {
    mark(calls, 'server signal');
    signals.abort(givenUp());
  } else if (what === 'server closes') {
    mark(calls, 'server.close');
    server.close();
  } else if (what === 'server closes, graceMs') {
    mark(calls, 'server.close, graceMs');
    server.close({ graceMs: 200, code: 1012 });
  } else if (what === 'server closes, closeConnections: false') {
    mark(calls, 'server.close, closeConnections: false');
    server.close({ closeConnections: false });
  }
}

/** What concerns one connection. */
export function meet(what: Incident['what'], connection: Connection, speaker: Speaker, time: Stopwatch): void {
  if (what === 'abort') speaker.abort(connection);
  else if (what === 'close') void speaker.watch('close, code', connection.close({ code: 1001, reason: 'enough' }));
  else if (what === 'close, impatient') {
    const closed = time.during(20, (signal) => connection.close({ signal }));
    speaker.watch('close, signal', closed).catch(() => {});
  } else if (what === 'use') speaker.use(connection);
  else if (what === 'ping') speaker.ping(connection);
  else if (what === 'pong') speaker.pong(connection);
  else if (what === 'waits') speaker.waits(connection);
  else if (what === 'trySend') speaker.tryBetween(connection);
  else if (what === 'cork') speaker.cork(connection);
  else if (what === 'stop reading') speaker.pause(connection);
  else if (what === 'read on') speaker.resume(connection);
  else if (what === 'rest from reading') speaker.rest(connection);
  else if (what === 'recv in vain') speaker.receiveInVain(connection);
  else if (what === 'recvStreaming left') speaker.leaveStreaming(connection);
  else if (what === 'fragments left') speaker.leaveFragments(connection);
  else if (what === 'reader cancelled') speaker.cancelReader();
  else if (what === 'writer closed') speaker.endWriter('close');
  else if (what === 'writer aborted') speaker.endWriter('abort');
}

/** Whoever connects may hear that: no answer, no acceptable one, none in time, no network, a caller who does not wait. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof InvalidHandshake ||
  error instanceof TimeoutError ||
  isGivenUp(error) ||
  ['ECONNRESET', 'ECONNREFUSED'].includes(String((error as NodeJS.ErrnoException).code));

/** What the server asks, each by and by. */
function hooksOf({ hook }: Schedule, time: Stopwatch, calls: Call[]) {
  const slowly = async <T>(value: T): Promise<T> => {
    await time.sleep(20);
    return value;
  };
  const authenticate = async (_: Request, connection: Connection): Promise<string | Response> => {
    await time.sleep(20);
    if (hook === 'authenticate throws') throw givenUp();
    return hook === 'authenticate refuses' ? (connection as ServerConnection).respond(401, 'no\n') : 'known';
  };
  return {
    ...(hook === 'processRequest' && { processRequest: () => watch(calls, 'processRequest', slowly(null)) }),
    ...(hook === 'processResponse' && { processResponse: () => watch(calls, 'processResponse', slowly(null)) }),
    ...(hook?.startsWith('authenticate') && {
      authenticate: (request: Request, connection: Connection) =>
        watch(calls, 'authenticate', authenticate(request, connection)),
    }),
  };
}

/** Plays it, and says how it ended. @throws {Error} something is not as it must be. */
export async function play(schedule: Schedule): Promise<Played<Outcome>> {
  const { seed, toServer, toClient, incidents, elsewhere, isHarmless } = schedule;
  const clock = new FakeClock();
  const time = new Stopwatch(clock);
  const logger = new LogRecorder('warn', 'error');
  const speakers = { client: new Speaker(schedule.client, time), server: new Speaker(schedule.server, time) };
  const calls: Call[] = [];
  const signals = new AbortController();
  // Done sooner or later than most of what else happens.
  const late = elsewhere === 'extension' ? lateExtension(time, seed % 2 === 0 ? 1 : 50) : null;
  const threads =
    elsewhere === 'thread' ? seededDeflate({ time, random: new Random(seed), calls, fails: !isHarmless }) : null;
  const optionsOf = (side: Side) => ({
    ...schedule[side].options,
    handlers: speakers[side].handlers(),
    serial: schedule[side].road === 'serial',
    logger,
    ...(late !== null && { compression: null }),
  });
  const { handlers, ...serverOptions } = optionsOf('server');
  const host = await testServer(handlers ?? ((connection: ServerConnection): Promise<void> => connection.closed), {
    ...serverOptions,
    ...hooksOf(schedule, time, calls),
    extensions: late !== null ? [late] : threads !== null ? [threads.server] : null,
    signal: signals.signal,
    clock,
    seed,
    toServer,
    toClient,
    createConnection: (protocol: ServerProtocol, server, options) => {
      stage.server = new ServerConnection(protocol, server, options);
      return stage.server;
    },
  });
  const transports: Transport[] = [];
  const createConnection = (protocol: ClientProtocol, options: ConnectionOptions): ClientConnection => {
    transports.push(options.transport);
    return new ClientConnection(protocol, options);
  };
  const stage: Stage = { clock, time, speakers, host, calls, signals, client: null, server: null };
  for (const each of incidents) time.after(each.atMs, () => happen(each, stage));
  const extensions = late !== null ? [late] : threads !== null ? [threads.client] : null;
  let outcome: Outcome;
  try {
    outcome = await converse(stage, schedule, { ...optionsOf('client'), extensions, createConnection });
    for (const transport of transports)
      assert.ok((transport as MemoryTransport).isGone, 'the client has its transport');
    // Now: what the server's end would take with it is left, too.
    if (outcome === 'refused') await clock.advance(AFTER_DEADLINES_MS);
    await clock.advance(1);
    // A server that has let its client in, and whose network keeps silent, knows of no end without pings.
    if (stage.server?.state !== State.OPEN) assert.equal(host.network.size, 0, 'a transport is left');
  } finally {
    await host[Symbol.asyncDispose]();
  }
  // What waits for the next turn: a stream that hears of the end.
  await clock.advance(1);
  assert.equal(host.network.size, 0, 'a transport is left');
  assert.equal(clock.pending, time.running, 'an alarm is left');
  const lateCalls = SIDES.flatMap((side) => {
    const connection = stage[side];
    return connection === null || outcome === 'refused' ? [] : speakers[side].callAfterwards(connection);
  });
  // Handlers that take their time finish what has come.
  await clock.advance(5000);
  assert.equal(clock.pending, 0, 'an alarm was set afterwards');
  assert.equal(time.listenersLeft, 0, 'a signal has a listener left');
  check(stage, schedule, outcome);
  checkCalls('afterwards', lateCalls);
  checkLog(logger);
  return {
    outcome,
    isFaulty: outcome !== 'clean',
    calls: [...calls, ...SIDES.flatMap((side) => speakers[side].calls)],
  };
}

/** From the first byte to the last. */
async function converse(
  stage: Stage,
  { isHarmless, patienceMs }: Schedule,
  options: TestConnectOptions,
): Promise<Outcome> {
  const { clock, time, speakers, host, calls } = stage;
  void watch(calls, 'server.waitClosed', host.server.waitClosed());
  const connecting =
    patienceMs === null
      ? watch(calls, 'connect', host.connect('/', options))
      : watch(
          calls,
          'connect, signal',
          time.during(patienceMs, (signal) => host.connect('/', { ...options, signal })),
        );
  try {
    stage.client = await clock.runUntil(connecting);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return 'refused';
  }
  const both = { client: stage.client, server: stage.server! };
  const talks = SIDES.map((side) => speakers[side].talk(both[side]));
  const listens = SIDES.map((side) => speakers[side].listen(both[side]));
  const all = Promise.all([...talks, ...listens]);
  // It is looked at later.
  all.catch(() => {});
  if (isHarmless) {
    await clock.runUntil(Promise.all(talks), { withinMs: A_WEEK_MS });
    // A close frame gets through to who reads nothing more.
    for (const side of SIDES) speakers[side].pause(both[side]);
  } else await clock.advance(3000);
  const closes = SIDES.map((side) => speakers[side].watch('close', both[side].close()));
  await clock.runUntil(Promise.all([all, ...closes]), { withinMs: A_WEEK_MS });
  const isClean = SIDES.every((side) => both[side].closeCode === 1000 || both[side].closeCode === 1001);
  return isClean ? 'clean' : 'lost';
}

/** What must hold in the end, whatever has happened. */
function check({ speakers, calls, client, server }: Stage, schedule: Schedule, outcome: Outcome): void {
  for (const connection of [client, server]) {
    if (connection === null) continue;
    assert.equal(connection.state, State.CLOSED);
    assert.equal(connection.bufferedAmount, 0, 'something is left to be sent');
    assert.equal(connection.isPaused, false, 'it is paused');
  }
  checkCalls(
    'both',
    calls.filter(({ outcome }) => !isRefusal(outcome)),
  );
  const isLosing = schedule.incidents.some(({ what }) => LOSING_INCIDENTS.includes(what));
  checkSpeakers(speakers, (side) => outcome === 'clean' && !isLosing && !LOSING_ROADS.includes(schedule[side].road));
}
