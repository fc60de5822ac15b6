// When a connection has been read for long enough.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { giveWay, isTurnOver, NO_TURN, turnBegun } from '#dist/node/read-turn.js';

suite('a turn of reading', () => {
  test('takes a millisecond', () => {
    const began = turnBegun(NO_TURN);
    assert.equal(turnBegun(began), began);
    while (performance.now() < began + 1);
    assert(isTurnOver(began));
    assert(!isTurnOver(began + 1000));
  });

  test('is over after one read when four others have had theirs, until the event loop comes round', async () => {
    const later = performance.now() + 1000;
    const wentOn: number[] = [];
    for (let i = 0; i < 4; i++) {
      assert(!isTurnOver(later));
      giveWay((value: number) => wentOn.push(value), i);
    }
    assert(isTurnOver(later));
    await turn();
    await turn();
    assert.deepEqual(wentOn, [0, 1, 2, 3]);
    assert(!isTurnOver(later));
  });
});
