// Requests that come a byte at a time, each byte a sign of life: the deadline is a total one.
import { setTimeout as sleep } from 'node:timers/promises';
import { KIB, type ServerAttack } from '../attack.ts';

export const drippedHandshakes: ServerAttack = {
  name: 'handshakes: a byte now and then',
  server: { openTimeoutMs: 1000 },
  expect: {
    ends: ['408', 'dropped'],
    memory: { bytes: 200 * 16 * KIB, because: '200 pending × 16 KiB for a socket and a parser' },
  },
  async run(target) {
    await target.many(target.amount(200, 50), async () => {
      const peer = await target.dial();
      for (const byte of peer.request()) {
        if (peer.hasEnded || !(await peer.write(byte))) break;
        await sleep(25);
      }
    });
  },
};
