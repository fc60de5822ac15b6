// Peers that are told to go, and stay: they answer no close frame, and end no stream.
import { KIB, type ServerAttack } from '../attack.ts';

export const closeUnanswered: ServerAttack = {
  name: 'close that nobody answers',
  expect: {
    ends: ['1000'],
    memory: { bytes: 1000 * 24 * KIB, because: '1,000 connections × 24 KiB until `closeTimeoutMs`' },
  },
  async run(target) {
    await target.openMany(target.amount(1000, 200), { path: '/return' });
  },
};
