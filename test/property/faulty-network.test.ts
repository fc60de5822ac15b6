// Networks that fail and loops that reconnect, some of each kind of test/faults: `npm run faults` plays as many as one likes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { forEachSeed } from 'websockets-ts/testing';
import { playConversation, playReconnection, playSlowConversation, type Tally } from '../faults/campaign.ts';

const RUNS = 1000;

/** Otherwise this shows little. */
function assertMixed(tally: Tally, ...outcomes: readonly string[]): void {
  for (const outcome of outcomes) {
    const count = tally.get(outcome) ?? 0;
    assert.ok(count > RUNS / 20, `${count} ended ${outcome}`);
  }
}

describe('a conversation', () => {
  test('over a network that fails comes to an end, answers every call, and tears, swaps and doubles nothing', async () => {
    const tally: Tally = new Map();
    await forEachSeed((seed) => playConversation(seed, tally), { runs: RUNS });
    assertMixed(tally, 'failing network: clean', 'failing network: lost', 'failing network: refused');
  });

  test('over a network that is only slow and narrow loses nothing', async () => {
    await forEachSeed((seed) => playSlowConversation(seed, new Map()), { runs: RUNS / 4 });
  });
});

test('a loop over connections to a network and a server that fail leaves nothing behind, and ends when it is told', async () => {
  const tally: Tally = new Map();
  await forEachSeed((seed) => playReconnection(seed, tally), { runs: RUNS / 2 });
  assertMixed(tally, 'reconnecting: left', 'reconnecting: given up');
});
