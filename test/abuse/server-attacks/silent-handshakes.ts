// Clients that connect and say nothing. The deadline of the handshake sends them away.
import { KIB, type ServerAttack } from '../attack.ts';

export const silentHandshakes: ServerAttack = {
  name: 'handshakes: nothing is said',
  server: { openTimeoutMs: 1000 },
  expect: {
    ends: ['408', 'dropped'],
    memory: { bytes: 1000 * 16 * KIB, because: '1,000 pending × 16 KiB for a socket and a parser' },
  },
  async run(target) {
    await target.many(target.amount(1000, 200), () => target.dial());
  },
};
