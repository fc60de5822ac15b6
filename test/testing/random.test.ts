// Chance that can be repeated.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Network, Random, randomFaults } from 'websockets-ts/testing';

const take = (random: Random): number[] => Array.from({ length: 1000 }, () => random.next());

describe('a seeded random', () => {
  test('gives the same numbers for the same seed, and others for others', () => {
    assert.deepEqual(take(new Random(5)), take(new Random(5)));
    assert.notDeepEqual(take(new Random(5)), take(new Random(6)));
    assert.equal(new Random(-1).seed, 4_294_967_295);
    const random = new Random();
    assert.deepEqual(take(random), take(new Random(random.seed)));
  });

  test('spreads evenly over its range', () => {
    const random = new Random(1);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 4000; i++) counts[random.between(2, 5) - 2]!++;
    assert.ok(
      counts.every((count) => count > 900 && count < 1100),
      counts.join(),
    );
    assert.ok(take(random).every((number) => number >= 0 && number < 1));
  });

  test('makes others that do not follow from it', () => {
    const random = new Random(1);
    const fork = random.fork();
    assert.notDeepEqual(take(fork), take(random));
  });
});

test('randomFaults are always possible, differ by seed, and lose nothing', () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 500; seed++) {
    const faults = randomFaults(new Random(seed));
    new Network({ faults });
    assert.equal(faults.cutAfterBytes, undefined);
    assert.deepEqual(randomFaults(new Random(seed)), faults);
    seen.add(JSON.stringify(faults));
  }
  assert.ok(seen.size > 300);
});
