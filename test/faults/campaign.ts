// One schedule for each seed, always the same. Knows how a schedule is made and played, and how a failure is told.
import fc from 'fast-check';
import type { Census } from './census.ts';
import { type Played, play } from './conversation.ts';
import { gather } from './crowd.ts';
import { reconnect } from './reconnection.ts';
import { crowdSchedule, harmless, loopSchedule, type Schedule, schedule } from './schedule.ts';
import { playOverSockets } from './socket-conversation.ts';
import { socketSchedule } from './socket-schedule.ts';

/**
 * Plays the schedule of a seed, and counts how it ended.
 * @throws {Error} something is not as it must be: the message has the smallest schedule with which it isn't.
 */
export type Player = (seed: number, census: Census) => Promise<void>;

function player<S>(name: string, schedules: fc.Arbitrary<S>, run: (schedule: S) => Promise<Played>): Player {
  return async (seed, census) => {
    let played!: Played;
    const property = fc.asyncProperty(schedules, async (each) => {
      played = await run(each);
    });
    // Unbiased: each is the first of its run, and would else be a small one.
    await fc.assert(property, { seed, numRuns: 1, unbiased: true, includeErrorInReport: true });
    census.count(`${name}: ${played.outcome}`, played.calls, played.isFaulty);
  };
}

async function playInOrder(each: Schedule): Promise<Played> {
  const played = await play(each);
  if (played.outcome !== 'clean') throw new Error(`nothing fails, and the connection is ${played.outcome}`);
  return played;
}

export const playConversation: Player = player('failing network', schedule, play);
export const playSlowConversation: Player = player('slow network', harmless, playInOrder);
export const playReconnection: Player = player('reconnecting', loopSchedule, reconnect);
export const playCrowd: Player = player('crowd', crowdSchedule, gather);

/** In turn: a slow network takes longest, and has the least to tell. */
const PLAYERS: readonly Player[] = [
  ...Array<Player>(6).fill(playConversation),
  ...Array<Player>(2).fill(playReconnection),
  playCrowd,
  playSlowConversation,
];

/** Of all kinds. */
export const playSeed: Player = (seed, census) => PLAYERS[seed % PLAYERS.length]!(seed, census);

/** Not shrunk: real time does not come back. What it throws has its `seed`. */
export const playSockets: Player = async (seed, census) => {
  const [sample] = fc.sample(socketSchedule, { seed, numRuns: 1, unbiased: true });
  const schedule = { ...sample!, seed };
  try {
    const { outcome, calls, isFaulty } = await playOverSockets(schedule);
    const road = schedule.isTls ? 'TLS' : schedule.handles.client ? 'TCP handles' : 'net.Socket';
    census.count(`${road}: ${outcome}`, calls, isFaulty);
  } catch (error) {
    const shortly = (_: string, value: unknown): unknown =>
      typeof value === 'string' && value.length > 60 ? `${value.slice(0, 15)}… (${value.length} characters)` : value;
    throw Object.assign(new Error(`seed ${seed}: ${JSON.stringify(schedule, shortly)}`, { cause: error }), { seed });
  }
};

/**
 * Plays so many seeds, some at the same time.
 * @throws {Error} of the first that fails, when the others have come to their end.
 */
export async function playManySockets(first: number, count: number, census: Census): Promise<void> {
  let next = first;
  let failure: unknown = null;
  const playOn = async (): Promise<void> => {
    while (next < first + count && failure === null) {
      await playSockets(next++, census).catch((error: unknown) => {
        failure ??= error;
      });
    }
  };
  await Promise.all(Array.from({ length: SOCKETS_AT_ONCE }, playOn));
  if (failure !== null) throw failure;
}

/** Most of their time they wait. */
const SOCKETS_AT_ONCE = 40;

/** What still runs or is open, but for the streams of the process itself. */
export const activeResources = (): string[] =>
  process.getActiveResourcesInfo().filter((name) => !name.startsWith('TTY') && !name.startsWith('Pipe'));
