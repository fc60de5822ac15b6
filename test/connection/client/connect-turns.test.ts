// Turns to connect: one at a time for an address, in order, and who gives up is passed over.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import { settled } from 'websockets-ts/testing';
import { ConnectTurns } from '#dist/connection/client/connect-turns.js';

const { signal } = new AbortController();

describe('turns to connect', () => {
  test('come one after the other, first come first served', async () => {
    const turns = new ConnectTurns();
    const log: string[] = [];
    const ends: (() => void)[] = [];
    for (const name of ['a', 'b', 'c']) {
      void turns.take('host 80', signal).then((end) => {
        log.push(name);
        ends.push(end);
      });
    }
    await settled();
    assert.deepEqual(log, ['a']);
    ends.shift()!();
    await settled();
    assert.deepEqual(log, ['a', 'b']);
    ends.shift()!();
    await settled();
    ends.shift()!();
    assert.deepEqual(log, ['a', 'b', 'c']);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    const end = await turns.take('host 80', signal);
    end();
  });

  test('of other addresses are their own', async () => {
    const turns = new ConnectTurns();
    await turns.take('host 80', signal);
    await turns.take('host 81', signal);
  });

  test('are not for whoever gives up, waiting or before', async () => {
    const turns = new ConnectTurns();
    const end = await turns.take('host 80', signal);
    const controller = new AbortController();
    const reason = new Error('enough');
    const waiting = turns.take('host 80', controller.signal);
    const next = turns.take('host 80', signal);
    controller.abort(reason);
    await assert.rejects(waiting, reason);
    await assert.rejects(turns.take('host 80', controller.signal), reason);
    end();
    (await next)();
    (await turns.take('host 80', signal))();
  });
});
