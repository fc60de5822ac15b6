// One schedule for each seed, always the same. Knows how a schedule is made and played, and how a failure is told.
import fc from 'fast-check';
import type { Census } from './census.ts';
import { type Played, play } from './conversation.ts';
import { gather } from './crowd.ts';
import { reconnect } from './reconnection.ts';
import { crowdSchedule, harmless, loopSchedule, type Schedule, schedule } from './schedule.ts';

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
