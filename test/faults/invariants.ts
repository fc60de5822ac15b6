// What must hold when a conversation is over, whatever has happened to it.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { LogRecorder } from '../support/log-recorder.ts';
import { type Call, isGivenUp, isTyped } from './calls.ts';
import { SIDES, type Side } from './schedule.ts';
import type { Sent, Speaker } from './speaker.ts';

/** Fails unless every call has its answer: a result, or an error of ours. */
export function checkCalls(who: string, calls: readonly Call[]): void {
  for (const { name, outcome } of calls) {
    assert.notEqual(outcome, 'pending', `${who}: ${name} is pending`);
    if (outcome instanceof Error && !isTyped(outcome)) throw outcome;
  }
}

/** @param isComplete whether a side must have had all that was sent to it. */
export function checkSpeakers(speakers: Readonly<Record<Side, Speaker>>, isComplete: (side: Side) => boolean): void {
  for (const side of SIDES) {
    const { calls, open, mistakes } = speakers[side];
    assert.equal(open, 0, `${side}: its handlers were not told of the end`);
    assert.deepEqual(mistakes, [], side);
    checkCalls(side, calls);
    checkReceived(speakers[side], speakers[side === 'client' ? 'server' : 'client'].sent, isComplete(side));
  }
}

/** Fails unless that is what was sent: all of it in order and once, up to where the connection was lost. */
function checkReceived({ received, hasHoles }: Speaker, sent: readonly Sent[], isComplete: boolean): void {
  const possible = sent.filter(({ outcome }) => outcome !== 'dropped');
  let at = 0;
  for (const data of received) {
    const isSkipped = (each: Sent): boolean =>
      (hasHoles || each.outcome === 'given up') && !isDeepStrictEqual(each.data, data);
    while (at < possible.length && isSkipped(possible[at]!)) at++;
    assert.deepEqual(data, possible[at]?.data);
    at++;
  }
  if (isComplete) assert.ok(!possible.slice(at).some(({ outcome }) => outcome === 'sent'), 'a message is missing');
}

/** Fails unless the log tells of our own mistakes only. */
export function checkLog({ lines }: LogRecorder): void {
  const errors = lines.filter(({ level, context }) => level === 'error' && !isGivenUp(context?.error));
  assert.deepEqual(
    errors.map(({ message, context }) => [message, context?.error]),
    [],
  );
}
