// Conversations and loops over real sockets, TCP and TLS by both roads, through a proxy that harms them: some of each kind of
// test/faults; `npm run faults -- N --sockets` plays as many as one likes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { activeResources, playManySockets } from '../faults/campaign.ts';
import { Census } from '../faults/census.ts';

const RUNS = 400;

test('whatever happens to sockets, every call has its answer, no message comes twice, and no socket is left', async () => {
  const before = activeResources();
  const census = new Census();
  // What nobody waits for and fails, fails the test, too.
  await playManySockets(Math.floor(Math.random() * 2 ** 31), RUNS, census);
  const left = (): string[] => {
    const others = [...before];
    return activeResources().filter((name) => {
      const index = others.indexOf(name);
      if (index !== -1) others.splice(index, 1);
      return index === -1;
    });
  };
  // Sockets take a turn to go.
  for (const until = Date.now() + 5000; left().length > 0 && Date.now() < until; ) await sleep(5);
  assert.deepEqual(left(), []);
  for (const road of ['TLS', 'TCP handles', 'net.Socket']) {
    for (const outcome of ['clean', 'lost', 'refused']) {
      assert.ok(census.timesOf(`${road}: ${outcome}`) > 0, `no conversation over ${road} was ${outcome}`);
    }
  }
});
