// Header lines without an end, each of them short.
import { MIB, type ServerAttack } from '../attack.ts';

export const manyHeaders: ServerAttack = {
  name: 'headers: without number',
  expect: {
    ends: ['431', 'dropped'],
    memory: { bytes: 8 * MIB, because: '40 connections × 128 headers or 64 KiB of them' },
  },
  async run(target) {
    const lines = Array.from({ length: 5000 }, (_, index) => `X-${index}: y\r\n`).join('');
    await target.many(40, async () => {
      const peer = await target.dial();
      await peer.write(peer.request().slice(0, -2));
      await peer.flood(lines, { times: target.amount(200, 20) });
    });
  },
};
