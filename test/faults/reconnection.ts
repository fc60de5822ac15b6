// A client that connects again and again, over a network that fails and to a server that has moods: the loop ends as it should,
// nothing is left of any of its connections, and each has what was sent over it, in order. No sockets, no real time.
import assert from 'node:assert/strict';
import {
  type ClientConnection,
  type Connecting,
  type Connection,
  ConnectionClosed,
  type Data,
  ServerConnection,
  type ServerProtocol,
  State,
  TimeoutError,
} from 'websockets-ts';
import { FakeClock, type TestServer, testServer } from 'websockets-ts/testing';
import { LogRecorder } from '../support/log-recorder.ts';
import { type Call, givenUp, isGivenUp, isTyped, mark, watch } from './calls.ts';
import { isRefusal, type Played } from './conversation.ts';
import { checkCalls } from './invariants.ts';
import type { LoopIncident, LoopSchedule } from './schedule.ts';
import { Stopwatch } from './stopwatch.ts';

/** What went over a connection, from one side. */
export interface Traffic {
  readonly connection: Connection;
  readonly received: Data[];
}

/** How the loop ended. */
export type LoopOutcome = 'left' | 'given up' | 'refused';

/** The client's side: so many messages each way over each connection, and no more connections than that. */
export class LoopClient {
  readonly traffic: Traffic[] = [];
  readonly calls: Call[] = [];
  current: ClientConnection | null = null;
  readonly #plan: Pick<LoopSchedule, 'messages' | 'patienceMs' | 'leavesAfter'>;
  readonly #isRefusal: (error: unknown) => boolean;

  constructor(plan: Pick<LoopSchedule, 'messages' | 'patienceMs' | 'leavesAfter'>, refuses = isRefusal) {
    this.#plan = plan;
    this.#isRefusal = refuses;
  }

  async run(connections: Connecting): Promise<LoopOutcome> {
    const loop = connections[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { value: connection } = await watch(this.calls, 'loop next', loop.next());
        this.#checkLast();
        if (connection === undefined) break;
        this.current = connection;
        await this.#talk(connection);
        if (this.traffic.length < this.#plan.leavesAfter) continue;
        await watch(this.calls, 'loop return', loop.return(undefined));
        this.#checkLast();
        return 'left';
      }
    } catch (error) {
      if (isGivenUp(error)) return 'given up';
      if (!this.#isRefusal(error) && !(error instanceof ConnectionClosed)) throw error;
      return 'refused';
    }
    throw new Error('the loop has ended by itself');
  }

  /** The loop closes what it has given. */
  #checkLast(): void {
    if (this.current !== null) assert.equal(this.current.state, State.CLOSED, 'the last connection');
  }

  async #talk(connection: ClientConnection): Promise<void> {
    const { messages, patienceMs } = this.#plan;
    const traffic: Traffic = { connection, received: [] };
    this.traffic.push(traffic);
    try {
      for (let i = 0; i < messages; i++) await watch(this.calls, 'send text', connection.send(`to server ${i}`));
      for (let i = 0; i < messages; i++) {
        traffic.received.push(await watch(this.calls, 'recv, timeoutMs', connection.recv({ timeoutMs: patienceMs })));
      }
    } catch (error) {
      if (!(error instanceof ConnectionClosed) && !(error instanceof TimeoutError)) throw error;
    }
  }
}

/** The server's side. */
export async function talkToClient(
  connection: ServerConnection,
  messages: number,
  accepted: Traffic[],
  calls: Call[],
): Promise<void> {
  const traffic: Traffic = { connection, received: [] };
  accepted.push(traffic);
  try {
    for (let i = 0; i < messages; i++) await watch(calls, 'send text', connection.send(`to client ${i}`));
    for (;;) traffic.received.push(await watch(calls, 'recv', connection.recv()));
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) throw error;
  }
}

function happen(what: LoopIncident['what'], host: TestServer, client: LoopClient, time: Stopwatch): void {
  const { network, server } = host;
  if (what === 'connect too') void connectToo(host, client.calls, time);
  else if (what === 'go down') network.goDown();
  else if (what === 'come up') network.comeUp();
  else if (what === 'server closes') {
    mark(client.calls, 'server.close, graceMs');
    server.close({ graceMs: 500 });
  } else if (what === 'close') void client.current?.close();
  else network[what]();
}

/** Somebody else who waits for his turn, and not for long. */
async function connectToo(host: TestServer, calls: Call[], time: Stopwatch): Promise<void> {
  const options = { serializeConnects: true, openTimeoutMs: 1000, closeTimeoutMs: 100 };
  const connecting = time.during(2000, (signal) => host.connect('/', { ...options, signal }));
  try {
    const connection = await watch(calls, 'connect, serialized', connecting);
    await connection.close();
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}

/** Plays it, and says how the loop ended. @throws {Error} something is not as it must be. */
export async function reconnect(schedule: LoopSchedule): Promise<Played<LoopOutcome>> {
  const { seed, toServer, toClient, options, moods, messages, incidents, endsAtMs } = schedule;
  const clock = new FakeClock();
  const time = new Stopwatch(clock);
  const logger = new LogRecorder('error');
  const client = new LoopClient(schedule);
  const accepted: Traffic[] = [];
  const servers: ServerConnection[] = [];
  const mood = (connection: ServerConnection): string => moods[servers.indexOf(connection)] ?? 'serve';

  async function handle(connection: ServerConnection): Promise<void> {
    if (mood(connection) === 'abort') connection.abort();
    else if (mood(connection) === 'close') await connection.close({ code: 1012 });
    else if (mood(connection) === 'throw') throw givenUp();
    await talkToClient(connection, messages, accepted, client.calls);
  }

  const host = await testServer(handle, {
    ...options,
    clock,
    seed,
    toServer,
    toClient,
    logger,
    createConnection: (protocol: ServerProtocol, server, given) => {
      const connection = new ServerConnection(protocol, server, given);
      servers.push(connection);
      return connection;
    },
    processRequest: async (connection) => {
      await time.sleep(5);
      if (!mood(connection).startsWith('refuse')) return null;
      const response = connection.respond(503, 'later\n');
      if (mood(connection) !== 'refuse') response.headers.append('Retry-After', '3');
      return response;
    },
  });
  for (const { atMs, what } of incidents) time.after(atMs, () => happen(what, host, client, time));
  const controller = new AbortController();
  time.after(endsAtMs, () => {
    controller.abort(givenUp());
    // Who is in the middle of a connection is not asked by the signal.
    void client.current?.close();
  });
  const { serializeConnects, stableAfterMs } = schedule;
  const connections = host.connect('/', {
    ...options,
    logger,
    serializeConnects,
    reconnectPolicy: { stableAfterMs },
    signal: controller.signal,
  });
  const running = client.run(connections);
  const outcome = await clock.runUntil(running).finally(() => host[Symbol.asyncDispose]());
  await clock.advance(10);
  // Those that connect too are still waiting, perhaps, and have their deadlines.
  await clock.advance(25_000);
  assert.equal(host.network.size, 0, 'a transport is left');
  assert.equal(clock.pending, time.running, 'an alarm is left');
  await clock.advance(60_000);
  assert.equal(clock.pending, 0, 'an alarm was set afterwards');
  assert.equal(time.listenersLeft, 0, 'a signal has a listener left');
  await checkTurn(host, clock);
  check(client, accepted, servers);
  const errors = logger.lines.filter(({ context }) => !(context?.error instanceof Error && isTyped(context.error)));
  assert.deepEqual(
    errors.map(({ message, context }) => [message, context?.error]),
    [],
  );
  const { calls } = client;
  const isFaulty = incidents.length > 0 || moods.length > 0 || calls.some((call) => call.outcome instanceof Error);
  return { outcome, isFaulty, calls };
}

/** Whoever comes next has its turn at once. Nobody listens any more. */
async function checkTurn({ network, connect }: TestServer, clock: FakeClock): Promise<void> {
  const connecting = connect('/', { serializeConnects: true, openTimeoutMs: null });
  const error = await clock.runUntil(connecting).catch((error: unknown) => error);
  assert.equal((error as NodeJS.ErrnoException).code, 'ECONNREFUSED', String(error));
  assert.equal(network.size, 0);
}

function check({ traffic, calls }: LoopClient, accepted: readonly Traffic[], servers: readonly Connection[]): void {
  for (const connection of [...servers, ...traffic.map((each) => each.connection)]) {
    assert.equal(connection.state, State.CLOSED);
  }
  checkCalls(
    'loop',
    calls.filter(({ outcome }) => !isRefusal(outcome)),
  );
  checkTraffic(traffic, accepted);
}

/** In order, once, from the first on. */
export function checkTraffic(ofClient: readonly Traffic[], ofServer: readonly Traffic[]): void {
  for (const [to, all] of [
    ['client', ofClient],
    ['server', ofServer],
  ] as const) {
    for (const { received } of all) {
      assert.deepEqual(
        received,
        received.map((_, i) => `to ${to} ${i}`),
      );
    }
  }
}
