import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { NumberQueue } from '#dist/cli/bench/number-queue.js';

suite('a queue of numbers', () => {
  test('gives numbers back in their order, while it grows and after it wrapped', () => {
    const queue = new NumberQueue();
    const twin: number[] = [];
    for (let i = 0; i < 1000; i++) {
      queue.push(i);
      twin.push(i);
      if (i % 3 === 0) assert.equal(queue.shift(), twin.shift());
      assert.equal(queue.length, twin.length);
    }
    while (twin.length > 0) assert.equal(queue.shift(), twin.shift());
    assert.equal(queue.length, 0);
  });

  test('has nothing to give when it is empty', () => {
    assert.equal(new NumberQueue().shift(), undefined);
  });
});
