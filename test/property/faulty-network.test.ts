// Networks that fail and loops that reconnect, some of each kind of test/faults: `npm run faults` plays as many as one likes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { forEachSeed } from 'websockets-ts/testing';
import { playConversation, playCrowd, playReconnection, playSeed, playSlowConversation } from '../faults/campaign.ts';
import { Census } from '../faults/census.ts';

const RUNS = 1000;

/** Otherwise this shows little. */
function assertMixed(census: Census, ...outcomes: readonly string[]): void {
  for (const outcome of outcomes) {
    const count = census.timesOf(outcome);
    assert.ok(count > RUNS / 20, `${count} ended ${outcome}`);
  }
}

describe('a conversation', () => {
  test('over a network that fails comes to an end, answers every call, and tears, swaps and doubles nothing', async () => {
    const census = new Census();
    await forEachSeed((seed) => playConversation(seed, census), { runs: RUNS });
    assertMixed(census, 'failing network: clean', 'failing network: lost', 'failing network: refused');
  });

  test('over a network that is only slow and narrow loses nothing', async () => {
    await forEachSeed((seed) => playSlowConversation(seed, new Census()), { runs: RUNS / 4 });
  });
});

test('a loop over connections to a network and a server that fail leaves nothing behind, and ends when it is told', async () => {
  const census = new Census();
  await forEachSeed((seed) => playReconnection(seed, census), { runs: RUNS / 2 });
  assertMixed(census, 'reconnecting: left', 'reconnecting: given up');
});

test('a server with several clients ends in its time, whatever they do, and spreads its close frames', async () => {
  const census = new Census();
  await forEachSeed((seed) => playCrowd(seed, census), { runs: RUNS / 4 });
  assert.ok(census.timesOf('crowd: in order') > 20 && census.timesOf('crowd: dropped') > 20);
});

test('faults meet every call that there is, and limits of time and room are met', async () => {
  const census = new Census();
  const stop = census.watchLimits();
  await forEachSeed((seed) => playSeed(seed, census), { runs: 600, seed: 1 }).finally(stop);
  assert.deepEqual(census.unmet, []);
});
