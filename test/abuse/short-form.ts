// Attacks on our library as tests, in their short form. Times are left to the long form: a machine that runs tests has other
// things to do as well. Files of tests are for groups, so that none takes long.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ClientAttack, ServerAttack } from './attack.ts';
import { measureClient, measureServer, startTwin } from './measure.ts';
import { verdictOf } from './verdict.ts';
import type { Victim } from './victim.ts';

/** Attacks servers and clients, by the road to the network that this run of the tests is for: victims inherit the environment. */
export function attackInShort(
  title: string,
  { servers = [], clients = [] }: { servers?: readonly ServerAttack[]; clients?: readonly ClientAttack[] },
): void {
  describe(title, () => {
    let twin: Victim;
    before(async () => {
      twin = await startTwin();
    });
    after(() => twin[Symbol.asyncDispose]());

    for (const attack of servers) {
      test(attack.name, async () => {
        const result = await measureServer(attack, 'ours', { twin, isShort: true });
        assert.deepEqual(verdictOf(result, attack.expect).faults, []);
      });
    }
    for (const attack of clients) {
      test(attack.name, async () => {
        const result = await measureClient(attack, 'ours', { twin, isShort: true });
        assert.deepEqual(verdictOf(result, attack.expect).faults, []);
      });
    }
  });
}
