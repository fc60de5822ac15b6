// Who keeps a compressor between messages: so many, and not for longer than they use it. Time is the test's.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import type { DeflateLimits } from '#dist/core/host.js';
import { KeptContexts } from '#dist/node/kept-contexts.js';

/** Holders by name, and the names of those who were asked to give back. */
function make(limits: DeflateLimits) {
  const kept = new KeptContexts(limits);
  const given: string[] = [];
  const holders = new Map<string, { giveBack(): void }>();
  const holder = (name: string) => {
    const known = holders.get(name) ?? { giveBack: () => given.push(name) };
    holders.set(name, known);
    return known;
  };
  return {
    kept,
    given,
    use: (name: string) => kept.keep(holder(name)),
    drop: (name: string) => kept.drop(holder(name)),
  };
}

/** One turn after the other: what a timer sets begins when it fires. */
function passTurns(count: number): void {
  for (let i = 0; i < count; i++) mock.timers.tick(1000);
}

describe('contexts that are kept', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  test('are as many as allowed, the first to come', () => {
    const { use, drop } = make({ maxContexts: 2 });
    assert.deepEqual(['a', 'b', 'c', 'a', 'c'].map(use), [true, true, false, true, false]);
    drop('a');
    assert.deepEqual(['c', 'a'].map(use), [true, false]);
  });

  test('are none with 0, any number with null, and 4 unless somebody says', () => {
    const names = [...'abcdefghijkl'];
    for (const [maxContexts, count] of [
      [0, 0],
      [null, 12],
      [undefined, 4],
    ] as const) {
      assert.equal(names.map(make({ maxContexts }).use).filter(Boolean).length, count);
    }
  });

  test('are given back when they were not used for the time, twice the time at the latest, and make room', () => {
    const { given, use } = make({ maxContexts: 2, idleMs: 1000 });
    use('a');
    use('b');
    mock.timers.tick(999);
    use('b');
    mock.timers.tick(1);
    assert.deepEqual(given, []);
    assert.equal(use('b'), true);
    mock.timers.tick(1000);
    assert.deepEqual(given, ['a']);
    assert.deepEqual(['c', 'a'].map(use), [true, false]);
    passTurns(2);
    assert.deepEqual(given, ['a', 'b', 'c']);
  });

  test('are not asked for again once they are dropped', () => {
    const { given, use, drop } = make({ idleMs: 1000 });
    use('a');
    drop('a');
    passTurns(5);
    assert.deepEqual(given, []);
    use('a');
    passTurns(2);
    assert.deepEqual(given, ['a']);
  });

  test('stay with an idle time of null', () => {
    const { given, use } = make({ idleMs: null });
    use('a');
    mock.timers.tick(1e9);
    assert.deepEqual(given, []);
  });
});

test('need one timer for all, that keeps no process alive, and none at rest', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const set = t.mock.method(globalThis, 'setTimeout');
  const { use } = make({ maxContexts: null, idleMs: 1000 });
  assert.equal(set.mock.callCount(), 0);
  for (let i = 0; i < 100; i++) use(String(i));
  assert.equal(set.mock.callCount(), 1);
  t.mock.timers.tick(1000);
  t.mock.timers.tick(1000);
  assert.equal(set.mock.callCount(), 2);
  t.mock.timers.tick(10_000);
  assert.equal(set.mock.callCount(), 2);
});
