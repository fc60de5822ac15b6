// Many more requests without an end than may be pending. The oldest are dropped, so that a real client always gets in.
import { KIB, type ServerAttack } from '../attack.ts';

const MAX_PENDING = 4096;

export const halfOpenHandshakes: ServerAttack = {
  name: 'handshakes: 10,000 half open',
  expect: {
    // 408 on a machine so busy that it takes more than `openTimeoutMs` to connect them all.
    ends: ['dropped', 'open', '408'],
    held: MAX_PENDING,
    memory: {
      bytes: MAX_PENDING * 24 * KIB,
      because: '4,096 pending (`maxPending`) × 24 KiB for a socket and half a request',
    },
    delayMs: 500,
  },
  async run(target) {
    await target.many(target.amount(10_000, 5000), async () => {
      const peer = await target.dial();
      await peer.write(peer.request().slice(0, -2));
    });
  },
};
