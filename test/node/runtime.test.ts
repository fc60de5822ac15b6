// What Node brings along for the layers above, where it is more than a name for a function of Node's own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { nodeRuntime } from '#dist/node/runtime.js';

test('has the symbols of disposal on every Node that we support, so that nothing has to add them', () => {
  assert.equal(typeof Symbol.dispose, 'symbol');
  assert.equal(typeof Symbol.asyncDispose, 'symbol');
});

/** Keeps the processor from everything else. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('a timer of the runtime', () => {
  for (const [title, timerMs, blockMs] of [
    ['in the middle of a time in which the process is busy', 20, 60],
    ['at the very moment at which a busy process is free again', 20, 20],
  ] as const) {
    test(`that is due ${title} goes off after what has arrived is read`, async () => {
      await using server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
      const [[socket]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
        [Socket],
        unknown,
      ];
      const events: string[] = [];
      socket.on('data', () => events.push('data'));
      const rung = new Promise<void>((resolve) => {
        nodeRuntime.clock.setTimer(timerMs, () => {
          events.push('timer');
          resolve();
        });
      });
      client.write('pong');
      block(blockMs);
      // Timers do not keep the process alive; this one is for the test runner.
      const alive = setInterval(() => {}, 1000);
      await rung;
      clearInterval(alive);
      client.destroy();
      socket.destroy();
      assert.deepEqual(events, ['data', 'timer']);
    });
  }

  test('that is cancelled between its time and its call does not go off', async () => {
    const events: string[] = [];
    const timer = nodeRuntime.clock.setTimer(5, () => events.push('timer'));
    // Goes off in the same phase of the event loop, behind the timer of the wheel.
    const later = new Promise((resolve) => setTimeout(resolve, 6));
    block(20);
    await later;
    timer.cancel();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(events, []);
  });

  test('that is due in more than 24 days does not go off, and warns of nothing', async () => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): unknown => warnings.push(String(warning));
    process.on('warning', onWarning);
    let hasRung = false;
    const timer = nodeRuntime.clock.setTimer(2 ** 32, () => {
      hasRung = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    timer.cancel();
    process.off('warning', onWarning);
    assert.deepEqual([hasRung, warnings], [false, []]);
  });
});
