// Request lines and header lines without an end.
import { MIB, type ServerAttack } from '../attack.ts';

export const giantHeaders: ServerAttack = {
  name: 'headers: a line without end',
  expect: {
    ends: ['414', '431', 'dropped'],
    memory: { bytes: 8 * MIB, because: '40 connections × 8 KiB a line, and what is read at once' },
  },
  async run(target) {
    const line = 'x'.repeat(65_536);
    await target.many(40, async (index) => {
      const peer = await target.dial();
      await peer.write(index % 2 === 0 ? 'GET /' : `${peer.request().slice(0, -2)}X-Long: `);
      await peer.flood(line, { times: target.amount(400, 40) });
    });
  },
};
