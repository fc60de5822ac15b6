// The order of work for other threads, with work that ends when the test says so.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ThreadQueue } from '#dist/node/thread-queue.js';

/** Work by name, and what has begun so far. */
function make(atATime: number) {
  const queue = new ThreadQueue(atATime);
  const begun: string[] = [];
  const ends = new Map<string, { resolve(value: string): void; reject(error: Error): void }>();
  const owners = new Map<string, object>();
  const add = (name: string): Promise<string> => {
    owners.set(name, {});
    return queue.add(owners.get(name)!, () => {
      begun.push(name);
      return new Promise((resolve, reject) => ends.set(name, { resolve, reject }));
    });
  };
  const cancel = (name: string): void => queue.cancel(owners.get(name)!, new Error(`${name} is taken back`));
  return { add, begun, ends, cancel };
}

suite('a queue of work for other threads', () => {
  test('begins so much at a time, and the rest in order', async () => {
    const { add, begun, ends } = make(2);
    const results = ['a', 'b', 'c', 'd'].map(add);
    assert.deepEqual(begun, ['a', 'b']);
    ends.get('b')!.resolve('B');
    assert.equal(await results[1], 'B');
    await turn();
    assert.deepEqual(begun, ['a', 'b', 'c']);
    for (const name of ['a', 'c']) ends.get(name)!.resolve(name);
    await turn();
    ends.get('d')!.resolve('d');
    assert.deepEqual(await Promise.all(results), ['a', 'B', 'c', 'd']);
  });

  test('goes on behind work that fails', async () => {
    const { add, ends } = make(1);
    const [failing, next] = [add('a'), add('b')];
    ends.get('a')!.reject(new Error('of a'));
    await assert.rejects(failing, { message: 'of a' });
    await turn();
    ends.get('b')!.resolve('b');
    assert.equal(await next, 'b');
  });

  test('takes back what has not begun, and nothing else', async () => {
    const { add, begun, ends, cancel } = make(1);
    const [first, second, third] = [add('a'), add('b'), add('c')];
    cancel('a');
    cancel('b');
    cancel('b');
    await assert.rejects(second, { message: 'b is taken back' });
    ends.get('a')!.resolve('a');
    assert.equal(await first, 'a');
    await turn();
    assert.deepEqual(begun, ['a', 'c']);
    ends.get('c')!.resolve('c');
    assert.equal(await third, 'c');
  });
});
