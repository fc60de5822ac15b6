// A conversation of two over a network that delays, splits, holds back, refuses, cuts and ends as it likes. Whatever it does, both
// ends come to an end, every call gets its answer, and what arrives is what was sent. No sockets, no real time.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import {
  type ClientConnection,
  type Connection,
  type Data,
  InvalidHandshake,
  ServerConnection,
  type ServerProtocol,
  State,
  TimeoutError,
} from 'websockets-ts';
import { FakeClock, type TestConnectOptions, type TestServer, testServer } from 'websockets-ts/testing';
import { LogRecorder } from '../support/log-recorder.ts';
import { lateExtension } from './late-extension.ts';
import { type Incident, type Schedule, SIDES, type Side } from './schedule.ts';
import { type Call, isGivenUp, isTyped, type Sent, Speaker, watch } from './speaker.ts';
import { Stopwatch } from './stopwatch.ts';

/** A narrow line takes long for a long message. */
const A_WEEK_MS = 7 * 86_400_000;

/** How it ended: in order, somehow else, or before it had begun. */
export type Outcome = 'clean' | 'lost' | 'refused';

/** Everybody who takes part, as far as they are there yet. */
interface Stage {
  readonly clock: FakeClock;
  readonly time: Stopwatch;
  readonly speakers: Readonly<Record<Side, Speaker>>;
  readonly host: TestServer;
  readonly calls: Call[];
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
  const { network, server } = stage.host;
  const direction = side === 'client' ? network.toServer : network.toClient;
  if (what in OF_THE_NETWORK) network[OF_THE_NETWORK[what as keyof typeof OF_THE_NETWORK]]();
  else if (what === 'pause' || what === 'stall' || what === 'end') direction[what]();
  else if (what === 'server aborts') server.abort();
  else if (what === 'server closes') server.close();
  else if (what === 'server closes, graceMs') server.close({ graceMs: 200, spreadMs: 100, code: 1012 });
  const connection = stage[side];
  // Nobody has it before.
  if (connection !== null && connection.state !== State.CONNECTING) {
    meet(what, connection, stage.speakers[side], stage.time);
  }
}

/** What concerns one connection. */
function meet(what: Incident['what'], connection: Connection, speaker: Speaker, time: Stopwatch): void {
  if (what === 'abort') connection.abort();
  else if (what === 'close') void speaker.watch('close', connection.close({ code: 1001, reason: 'enough' }));
  else if (what === 'close, impatient') {
    speaker.watch('close, impatient', connection.close({ signal: time.signal(20) })).catch(() => {});
  } else if (what === 'ping') speaker.ping(connection);
  else if (what === 'pong') speaker.watch('pong', connection.pong('x')).catch(() => {});
  else if (what === 'drained') {
    speaker.watch('drained', connection.drained).catch(() => {});
    speaker.watch('waitDrained', connection.waitDrained({ timeoutMs: 100 })).catch(() => {});
    speaker.watch('waitClosed', connection.waitClosed({ signal: time.signal(100) })).catch(() => {});
  } else if (what === 'trySend') speaker.tryBetween(connection);
  else if (what === 'stop reading') connection.pause();
  else if (what === 'read on') connection.resume();
  else if (what === 'recv in vain') speaker.receiveInVain(connection);
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

/** Plays it, and says how it ended. @throws {Error} something is not as it must be. */
export async function play(schedule: Schedule): Promise<Outcome> {
  const { seed, toServer, toClient, incidents, extensionMs } = schedule;
  const clock = new FakeClock();
  const time = new Stopwatch(clock);
  const logger = new LogRecorder('warn', 'error');
  const speakers = { client: new Speaker(schedule.client, time), server: new Speaker(schedule.server, time) };
  const optionsOf = (side: Side) => ({
    ...schedule[side].options,
    handlers: speakers[side].handlers(),
    serial: schedule[side].road === 'serial',
    logger,
    ...(extensionMs !== null && { compression: null, extensions: [lateExtension(time, extensionMs)] }),
  });
  const { handlers, ...serverOptions } = optionsOf('server');
  const host = await testServer(handlers ?? ((connection: ServerConnection): Promise<void> => connection.closed), {
    ...serverOptions,
    clock,
    seed,
    toServer,
    toClient,
    createConnection: (protocol: ServerProtocol, server, options) => {
      stage.server = new ServerConnection(protocol, server, options);
      return stage.server;
    },
  });
  const stage: Stage = { clock, time, speakers, host, calls: [], client: null, server: null };
  for (const each of incidents) time.after(each.atMs, () => happen(each, stage));
  const outcome = await converse(stage, schedule, optionsOf('client')).finally(() => host[Symbol.asyncDispose]());
  // What waits for the next turn: a stream that hears of the end.
  await clock.advance(1);
  assert.equal(host.network.size, 0, 'a transport is left');
  assert.equal(clock.pending, time.running, 'an alarm is left');
  // Handlers that take their time finish what has come.
  await clock.advance(5000);
  check(stage, schedule, outcome);
  const errors = logger.lines.filter(({ level, context }) => level === 'error' && !isGivenUp(context?.error));
  assert.deepEqual(
    errors.map(({ message, context }) => [message, context?.error]),
    [],
  );
  return outcome;
}

/** From the first byte to the last. */
async function converse(
  stage: Stage,
  { isHarmless, patienceMs }: Schedule,
  options: TestConnectOptions,
): Promise<Outcome> {
  const { clock, time, speakers, host, calls } = stage;
  void watch(calls, 'server.waitClosed', host.server.waitClosed());
  const signal = patienceMs === null ? undefined : time.signal(patienceMs);
  try {
    stage.client = await clock.runUntil(watch(calls, 'connect', host.connect('/', { ...options, signal })));
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
  if (isHarmless) await clock.runUntil(Promise.all(talks), { withinMs: A_WEEK_MS });
  else await clock.advance(3000);
  const closes = SIDES.map((side) => speakers[side].watch('close', both[side].close()));
  await clock.runUntil(Promise.all([all, ...closes]), { withinMs: A_WEEK_MS });
  const isClean = SIDES.every((side) => both[side].closeCode === 1000 || both[side].closeCode === 1001);
  return isClean ? 'clean' : 'lost';
}

/** What must hold in the end, whatever has happened. */
function check({ speakers, calls, client, server }: Stage, schedule: Schedule, outcome: Outcome): void {
  for (const connection of [client, server]) if (connection !== null) assert.equal(connection.state, State.CLOSED);
  for (const call of calls) assert.notEqual(call.outcome, 'pending', `${call.name} is pending`);
  const isLosing = schedule.incidents.some(({ what }) => ['recv in vain', 'end', 'reader cancelled'].includes(what));
  for (const side of SIDES) {
    const { calls, received, open } = speakers[side];
    assert.equal(open, 0, `${side}: its handlers were not told of the end`);
    for (const { name, outcome } of calls) {
      assert.notEqual(outcome, 'pending', `${side}: ${name} is pending`);
      if (outcome instanceof Error && !isTyped(outcome)) throw outcome;
    }
    const { sent } = speakers[side === 'client' ? 'server' : 'client'];
    // A handler that has thrown is called no more.
    const isComplete = outcome === 'clean' && !isLosing && schedule[side].road !== 'throwing';
    checkReceived(received, sent, isComplete);
  }
}

/** Fails unless that is what was sent: all of it in order and once, up to where the connection was lost. */
function checkReceived(received: readonly Data[], sent: readonly Sent[], isComplete: boolean): void {
  const possible = sent.filter(({ outcome }) => outcome !== 'dropped');
  let at = 0;
  for (const data of received) {
    while (possible[at]?.outcome === 'given up' && !isDeepStrictEqual(possible[at]?.data, data)) at++;
    assert.deepEqual(data, possible[at]?.data);
    at++;
  }
  if (isComplete) assert.ok(!possible.slice(at).some(({ outcome }) => outcome === 'sent'), 'a message is missing');
}
