// Peers that go silent in the middle of a frame: keepalive finds them out.
import { BINARY } from '../../conformance/wire.ts';
import { KIB, type ServerAttack } from '../attack.ts';
import { announced } from '../hostile-peer.ts';

export const halfAFrame: ServerAttack = {
  name: 'half a frame, then silence',
  server: { pingIntervalMs: 500, pingTimeoutMs: 500 },
  expect: {
    ends: ['1011'],
    memory: {
      bytes: 500 * 24 * KIB,
      because: '500 connections × 24 KiB until `pingIntervalMs` and `pingTimeoutMs` are over',
    },
  },
  settleMs: 5000,
  async run(target) {
    const peers = await target.openMany(target.amount(500, 100));
    for (const peer of peers) await peer.write(announced(BINARY, 1000n, 'half'));
  },
};
