// The user's own handlers, provoked by peers: they throw, reject, never return. Only their own connection pays.
import { TEXT } from '../../conformance/wire.ts';
import { KIB, MIB, type ServerAttack } from '../attack.ts';
import { framesOf } from '../hostile-peer.ts';

export const throwingHandlers: ServerAttack = {
  name: 'handlers that throw or reject',
  expect: {
    ends: ['1011'],
    memory: { bytes: 24 * MIB, because: '1,000 connections × 24 KiB until `closeTimeoutMs`' },
  },
  async run(target) {
    await target.many(target.amount(1000, 100), (index) =>
      target.open({ path: index % 2 === 0 ? '/throw' : '/reject' }),
    );
  },
};

export const handlersThatNeverReturn: ServerAttack = {
  name: 'handlers that never read and never return',
  server: { pingIntervalMs: 500, pingTimeoutMs: 500 },
  expect: {
    ends: ['1011', '1005', 'dropped'],
    memory: { bytes: 200 * 1280 * KIB, because: '200 connections × 16 frames (`maxQueue`) of 64 KiB, and a read' },
  },
  settleMs: 6000,
  async run(target) {
    const frame = framesOf({ opcode: TEXT, payload: 'x'.repeat(65_536) });
    const peers = await target.openMany(target.amount(200, 50), { path: '/never' });
    await Promise.all(peers.map((peer) => peer.flood(frame, { times: 100, ms: 300 })));
  },
};
