// A conversation of two, or a client that connects again and again, over real sockets and a proxy that harms them: TCP and TLS, by
// handles and by net.Socket. What holds in memory holds here too, and no socket is left.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ClientConnection,
  type Clock,
  type ConnectOptions,
  connect,
  type Server,
  ServerConnection,
  type ServerProtocol,
  State,
  serve,
} from 'websockets-ts';
import { CERT, KEY } from '../support/certificate.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import { type Call, givenUp, watch } from './calls.ts';
import { isRefusal, meet, type Outcome, type Played, stop } from './conversation.ts';
import { HostileProxy } from './hostile-proxy.ts';
import { checkCalls, checkLog, checkSpeakers } from './invariants.ts';
import { checkTraffic, LoopClient, type Traffic, talkToClient } from './reconnection.ts';
import { LOSING_INCIDENTS, LOSING_ROADS, SIDES, type Side } from './schedule.ts';
import type { SocketSchedule } from './socket-schedule.ts';
import { Speaker } from './speaker.ts';
import { Stopwatch } from './stopwatch.ts';

/** How long anything may take that takes half a second at most, on a machine that is busy. */
const PATIENCE_MS = 10_000;

const realClock: Clock = {
  now: () => performance.now(),
  setTimer: (ms, callback) => {
    const timeout = setTimeout(callback, ms);
    return { cancel: () => clearTimeout(timeout) };
  },
};

/** The promise's outcome. @throws {Error} there is none. */
async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timeout = setTimeout(() => reject(new Error(`${what} takes longer than ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timeout);
  }
}

/** What sockets may say to whoever connects, besides what is said in memory. */
function isSocketRefusal(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return isRefusal(error) || code === 'EPIPE' || code.startsWith('ERR_SSL_');
}

/** A server behind a proxy, and the way there. */
interface Place {
  readonly server: Server;
  readonly proxy: HostileProxy;
  readonly accepted: readonly ServerConnection[];
  readonly logger: LogRecorder;
  readonly time: Stopwatch;
  readonly calls: Call[];
  readonly signals: AbortController;
  readonly uri: string;
  /** For the client. */
  readonly options: ConnectOptions;
}

type Handler = Parameters<typeof serve>[0];

async function open(schedule: SocketSchedule, time: Stopwatch, handler: Handler): Promise<Place> {
  const { isTls, handles, harms, seed, stopsListeningAtMs } = schedule;
  const logger = new LogRecorder('error');
  const signals = new AbortController();
  const accepted: ServerConnection[] = [];
  const server = await serve(handler, {
    ...schedule.server.options,
    host: '127.0.0.1',
    socketHandles: handles.server,
    serial: schedule.server.road === 'serial',
    logger,
    signal: signals.signal,
    ...(isTls && { tls: { cert: CERT, key: KEY } }),
    createConnection: (protocol: ServerProtocol, view, options) => {
      const connection = new ServerConnection(protocol, view, options);
      accepted.push(connection);
      return connection;
    },
  });
  const proxy = await HostileProxy.open(Number(server.addresses[0]![1]), seed, harms);
  if (stopsListeningAtMs === 0) proxy.stopListening();
  else if (stopsListeningAtMs !== null) time.after(stopsListeningAtMs, () => proxy.stopListening());
  const options: ConnectOptions = {
    ...schedule.client.options,
    host: proxy.host,
    proxy: null,
    socketHandles: handles.client,
    logger,
    ...(isTls && { tls: { ca: CERT } }),
  };
  const uri = `${isTls ? 'wss' : 'ws'}://localhost:${proxy.port}/`;
  return { server, proxy, accepted, logger, time, calls: [], signals, uri, options };
}

/** Streams hear of the end in a later turn; whoever does not hear of it at all is named by the check behind this. */
async function settle(calls: readonly Call[]): Promise<void> {
  const isPending = (): boolean => calls.some(({ outcome }) => outcome === 'pending');
  for (const until = Date.now() + PATIENCE_MS; isPending() && Date.now() < until; ) await sleep(2);
}

/** Everything is over: looks whether something is left. */
async function leave({ server, proxy, accepted, logger, time, calls }: Place): Promise<void> {
  try {
    const closed = watch(calls, 'server.waitClosed', server.waitClosed());
    server.close();
    // Nobody else tells a server that lets its connections live of a peer that has vanished.
    if (calls.some(({ name }) => name === 'server.close, closeConnections: false')) proxy.hangUp();
    await within('closing the server', closed);
    await within('a socket that is left', proxy.left());
  } finally {
    server.abort();
    await proxy.close();
  }
  while (time.running > 0) await sleep(5);
  for (const { state } of accepted) assert.equal(state, State.CLOSED);
  assert.equal(time.listenersLeft, 0, 'a signal has a listener left');
  checkCalls(
    'both',
    calls.filter(({ outcome }) => !isSocketRefusal(outcome)),
  );
  checkLog(logger);
}

/** Plays it, and says how it ended. @throws {Error} something is not as it must be. */
export function playOverSockets(schedule: SocketSchedule): Promise<Played> {
  return schedule.isLoop ? loop(schedule) : converse(schedule);
}

async function converse(schedule: SocketSchedule): Promise<Played<Outcome>> {
  const time = new Stopwatch(realClock);
  const speakers = { client: new Speaker(schedule.client, time), server: new Speaker(schedule.server, time) };
  const place = await open(schedule, time, speakers.server.handlers() ?? ((connection) => connection.closed));
  let outcome: Outcome;
  try {
    outcome = await talk(schedule, place, speakers);
  } finally {
    await leave(place);
  }
  const calls = [...place.calls, ...SIDES.flatMap((side) => speakers[side].calls)];
  await settle(calls);
  const isLosing = schedule.incidents.some(({ what }) => LOSING_INCIDENTS.includes(what));
  checkSpeakers(speakers, (side) => outcome === 'clean' && !isLosing && !LOSING_ROADS.includes(schedule[side].road));
  return { outcome, isFaulty: outcome !== 'clean', calls };
}

async function talk(
  schedule: SocketSchedule,
  { accepted, time, calls, server, proxy, signals, uri, options }: Place,
  speakers: Readonly<Record<Side, Speaker>>,
): Promise<Outcome> {
  const { client, incidents, talkMs, patienceMs } = schedule;
  const given = { ...options, handlers: speakers.client.handlers(), serial: client.road === 'serial' };
  const connecting =
    patienceMs === null
      ? watch(calls, 'connect', connect(uri, given))
      : watch(
          calls,
          'connect, signal',
          time.during(patienceMs, (signal) => connect(uri, { ...given, signal })),
        );
  let connection: ClientConnection;
  try {
    connection = await within('connecting', connecting);
  } catch (error) {
    if (!isSocketRefusal(error)) throw error;
    return 'refused';
  }
  const both = { client: connection, server: accepted[0]! };
  for (const { atMs, what, side } of incidents) {
    time.after(atMs, () => {
      if (what.startsWith('server ')) stop(what, server, signals, calls);
      else meet(what, both[side], speakers[side], time);
    });
  }
  const talks = SIDES.map((side) => speakers[side].talk(both[side]));
  const listens = SIDES.map((side) => speakers[side].listen(both[side]));
  const all = Promise.all([...talks, ...listens]);
  // It is looked at later.
  all.catch(() => {});
  await sleep(talkMs);
  if (proxy.isCut && incidents.length === 0) {
    // Whoever reads hears of that without doing anything.
    const readers = SIDES.filter((side) => !LOSING_ROADS.includes(schedule[side].road));
    await within('hearing of the end', Promise.all(readers.map((side) => both[side].closed)));
  }
  const closes = SIDES.map((side) => speakers[side].watch('close', both[side].close()));
  await within('closing', Promise.all(closes));
  await within('what waits for the end', all);
  for (const side of SIDES) {
    assert.equal(both[side].state, State.CLOSED);
    assert.ok(both[side].bufferedAmount >= 0, 'less than nothing waits to be sent');
  }
  const isClean = SIDES.every((side) => both[side].closeCode === 1000 || both[side].closeCode === 1001);
  return isClean ? 'clean' : 'lost';
}

/** How many messages each side sends over a connection of a loop. */
const LOOP_MESSAGES = 3;

async function loop(schedule: SocketSchedule): Promise<Played> {
  const time = new Stopwatch(realClock);
  const accepted: Traffic[] = [];
  const client = new LoopClient({ messages: LOOP_MESSAGES, patienceMs: 100, leavesAfter: 3 }, isSocketRefusal);
  const place = await open(schedule, time, (connection: ServerConnection) =>
    talkToClient(connection, LOOP_MESSAGES, accepted, client.calls),
  );
  const { incidents, talkMs } = schedule;
  for (const { atMs, what } of incidents) {
    if (what.startsWith('server ')) {
      time.after(atMs, () => stop(what, place.server, place.signals, place.calls));
    }
  }
  const ending = new AbortController();
  time.after(talkMs * 3, () => {
    ending.abort(givenUp());
    void client.current?.close();
  });
  const reconnectDelays = function* (): Generator<number> {
    for (;;) yield 5;
  };
  const connections = connect(place.uri, { ...place.options, signal: ending.signal, reconnectDelays });
  let outcome: string;
  try {
    outcome = await within('the loop', client.run(connections));
  } finally {
    await leave(place);
  }
  checkTraffic(client.traffic, accepted);
  checkCalls(
    'loop',
    client.calls.filter(({ outcome }) => !isSocketRefusal(outcome)),
  );
  return { outcome: `loop ${outcome}`, isFaulty: true, calls: [...place.calls, ...client.calls] };
}
