// One schedule for each seed, always the same. Knows how a schedule is made and played, and how a failure is told.
import fc from 'fast-check';
import { play } from './conversation.ts';
import { reconnect } from './reconnection.ts';
import { harmless, loopSchedule, type Schedule, schedule } from './schedule.ts';

/** How many schedules have ended how. */
export type Tally = Map<string, number>;

/**
 * Plays the schedule of a seed, and counts how it ended.
 * @throws {Error} something is not as it must be: the message has the smallest schedule with which it isn't.
 */
export type Player = (seed: number, tally: Tally) => Promise<void>;

function player<S>(name: string, schedules: fc.Arbitrary<S>, run: (schedule: S) => Promise<string>): Player {
  return async (seed, tally) => {
    let outcome = '';
    const property = fc.asyncProperty(schedules, async (each) => {
      outcome = `${name}: ${await run(each)}`;
    });
    // Unbiased: each is the first of its run, and would else be a small one.
    await fc.assert(property, { seed, numRuns: 1, unbiased: true, includeErrorInReport: true });
    tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
  };
}

async function playInOrder(each: Schedule): Promise<string> {
  const outcome = await play(each);
  if (outcome !== 'clean') throw new Error(`nothing fails, and the connection is ${outcome}`);
  return outcome;
}

export const playConversation: Player = player('failing network', schedule, play);
export const playSlowConversation: Player = player('slow network', harmless, playInOrder);
export const playReconnection: Player = player('reconnecting', loopSchedule, reconnect);

/** In turn: a slow network takes longest, and has the least to tell. */
const PLAYERS: readonly Player[] = [
  ...Array<Player>(7).fill(playConversation),
  ...Array<Player>(2).fill(playReconnection),
  playSlowConversation,
];

/** Of all kinds. */
export const playSeed: Player = (seed, tally) => PLAYERS[seed % PLAYERS.length]!(seed, tally);
