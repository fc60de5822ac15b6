// Several clients, each over a network of its own that may fail, at a server that is closed or dropped in one of the ways there are.
// It ends in its time whatever they do, and each client has what was broadcast, in order and once. No sockets, no real time.
import assert from 'node:assert/strict';
import {
  broadcast,
  type ClientConnection,
  ConnectionClosed,
  type Data,
  type Server,
  type ServerCloseOptions,
  ServerConnection,
  type ServerProtocol,
  State,
} from 'websockets-ts';
import { FakeClock, Network, type TestServer, testServer } from 'websockets-ts/testing';
import { LogRecorder } from '../support/log-recorder.ts';
import { type Call, givenUp, mark, type Operation, watch } from './calls.ts';
import { isRefusal, type Played } from './conversation.ts';
import { checkCalls, checkLog } from './invariants.ts';
import type { CrowdSchedule, Guest } from './schedule.ts';
import { Stopwatch } from './stopwatch.ts';

/** How it ended: with a close frame for all who were there, or not. */
export type CrowdOutcome = 'in order' | 'dropped';

/** Timers of connections go off at multiples of 50 ms. */
const TOLERANCE_MS = 51;

/** A client, and what it has seen. */
class Visitor {
  readonly received: Data[] = [];
  readonly network: Network;
  readonly calls: Call[] = [];
  readonly #leaving: AbortController = new AbortController();
  connection: ClientConnection | null = null;
  isRefused = false;
  endedAt = 0;
  readonly #guest: Guest;
  readonly #time: Stopwatch;
  readonly #clock: FakeClock;

  constructor(guest: Guest, clock: FakeClock, time: Stopwatch) {
    this.#guest = guest;
    this.#clock = clock;
    this.#time = time;
    this.network = new Network({ clock, seed: guest.seed, toServer: guest.toServer, toClient: guest.toClient });
  }

  get isGone(): boolean {
    return this.isRefused || this.endedAt > 0;
  }

  async visit({ connect }: TestServer, logger: LogRecorder): Promise<void> {
    const { options, comesAtMs } = this.#guest;
    await this.#time.sleep(comesAtMs);
    try {
      const given = { ...options, network: this.network, logger, signal: this.#leaving.signal };
      this.connection = await watch(this.calls, 'connect', connect('/', given));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.isRefused = true;
      return;
    }
    try {
      for (;;) this.received.push(await watch(this.calls, 'recv', this.connection.recv()));
    } catch (error) {
      if (!(error instanceof ConnectionClosed)) throw error;
    }
    this.endedAt = this.#clock.now();
  }

  /** Whatever it waits for; and the server hears of it. */
  leave(): void {
    this.#leaving.abort(givenUp());
    this.connection?.abort();
    this.network.heal();
  }

  meet(): void {
    const { what } = this.#guest;
    if (what === 'abort') {
      mark(this.calls, 'abort');
      this.connection?.abort();
    } else if (what === 'close') void this.connection?.close();
    else if (what === 'pause reading') this.connection?.pause();
    else if (what === 'end') this.network.toServer.end();
    else if (what !== null) this.network[what]();
  }
}

const operationOf = ({ graceMs, spreadMs = 0, closeConnections = true }: ServerCloseOptions): Operation => {
  if (!closeConnections) return 'server.close, closeConnections: false';
  if (spreadMs > 0) return 'server.close, spreadMs';
  return graceMs == null ? 'server.close' : 'server.close, graceMs';
};

/** Plays it, and says how it ended. @throws {Error} something is not as it must be. */
export async function gather(schedule: CrowdSchedule): Promise<Played<CrowdOutcome>> {
  const { seed, guests, options, closing, closesAtMs, abortsAfterMs, handlerMs, hookMs, endsBy } = schedule;
  const clock = new FakeClock();
  const time = new Stopwatch(clock);
  const logger = new LogRecorder('error');
  const calls: Call[] = [];
  const accepted: ServerConnection[] = [];
  const signals = new AbortController();
  const handle = async (connection: ServerConnection): Promise<void> => {
    await connection.closed;
    await time.sleep(handlerMs);
  };
  const host = await testServer(handle, {
    ...options,
    clock,
    seed,
    logger,
    ...(endsBy === 'signal' && { signal: signals.signal }),
    createConnection: (protocol: ServerProtocol, server, given) => {
      const connection = new ServerConnection(protocol, server, given);
      accepted.push(connection);
      return connection;
    },
    ...(hookMs > 0 && { authenticate: () => watch(calls, 'authenticate', time.sleep(hookMs)) }),
  });
  const { server } = host;
  const visitors = guests.map((guest) => new Visitor(guest, clock, time));
  for (const [i, { atMs }] of guests.entries()) time.after(atMs, () => visitors[i]!.meet());
  const visits = Promise.all(visitors.map((visitor) => visitor.visit(host, logger)));
  visits.catch(() => {});
  let number = 0;
  const speak = (): void => {
    if (clock.now() > closesAtMs + 500) return;
    mark(calls, 'broadcast');
    broadcast(server.connections, String(number++));
    time.after(40, speak);
  };
  speak();

  const served = endsBy === 'serveForever' ? server.serveForever({ signal: signals.signal }) : Promise.resolve();
  served.catch(() => {});
  await clock.advance(closesAtMs);
  const open = new Set(server.connections);
  close(server, schedule, signals, calls);
  let alarmsLeft = 0;
  const hasEnded = watch(calls, 'server.waitClosed', server.waitClosed()).then(() => clock.now());
  if (abortsAfterMs !== null) {
    time.after(abortsAfterMs, () => {
      mark(calls, 'server.abort');
      server.abort();
      time.after(TOLERANCE_MS, () => {
        if (visitors.every(({ isGone }) => isGone)) alarmsLeft = clock.pending - time.running;
      });
    });
  }
  await clock.advance(3000);
  // Who was let alone, or has nobody to tell him, goes now.
  for (const visitor of visitors) visitor.leave();
  await clock.runUntil(visits);
  const endedAt = await clock.runUntil(hasEnded);
  assert.equal(alarmsLeft, 0, 'an alarm is left where everybody has gone');
  assert.equal(clock.pending, time.running, 'an alarm is left');
  if (endsBy === 'serveForever') await assert.rejects(watch(calls, 'serveForever, signal', served), givenUp());
  await host[Symbol.asyncDispose]();
  await clock.advance(30_000);

  const { graceMs = null, spreadMs = 0, closeConnections = true } = endsBy === 'close' ? closing : {};
  const latest = Math.min(graceMs ?? Number.POSITIVE_INFINITY, abortsAfterMs ?? Number.POSITIVE_INFINITY);
  assert.ok(endedAt - closesAtMs <= latest + TOLERANCE_MS, `closed after ${endedAt - closesAtMs} ms`);
  const isFaulty = guests.some(({ what, isUndisturbed }) => what !== null || !isUndisturbed);
  if (!isFaulty && closeConnections && open.size > 1 && latest > spreadMs) {
    const last = Math.max(...visitors.map((visitor) => visitor.endedAt));
    assert.ok(last - closesAtMs >= spreadMs, `${open.size} clients are gone after ${last - closesAtMs} ms`);
  }
  assert.equal(clock.pending, 0, 'an alarm is left');
  assert.equal(host.network.size, 0, 'a transport is left');
  for (const { network, received, connection, isRefused } of visitors) {
    assert.equal(network.size, 0, 'a transport is left');
    assert.ok(isRefused || connection?.state === State.CLOSED);
    assert.deepEqual(
      received,
      [...new Set(received)].sort((a, b) => Number(a) - Number(b)),
    );
  }
  for (const { state } of accepted) assert.equal(state, State.CLOSED);
  const all = [...calls, ...visitors.flatMap((visitor) => visitor.calls)];
  checkCalls(
    'crowd',
    all.filter(({ outcome }) => !isRefusal(outcome)),
  );
  checkLog(logger);
  const isInOrder = [...open].every(({ closeCode }) => closeCode !== 1006);
  return { outcome: isInOrder ? 'in order' : 'dropped', isFaulty: isFaulty || abortsAfterMs !== null, calls: all };
}

function close(server: Server, { closing, endsBy }: CrowdSchedule, signals: AbortController, calls: Call[]): void {
  if (endsBy === 'close') {
    mark(calls, operationOf(closing));
    server.close(closing);
    return;
  }
  if (endsBy === 'signal') mark(calls, 'server signal');
  signals.abort(givenUp());
}
