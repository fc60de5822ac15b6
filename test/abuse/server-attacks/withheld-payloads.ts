// Frames that are announced with all that is allowed, and of which a byte comes.
import { BINARY } from '../../conformance/wire.ts';
import { KIB, type ServerAttack } from '../attack.ts';
import { announced } from '../hostile-peer.ts';

export const withheldPayloads: ServerAttack = {
  name: 'announced payloads that never come',
  expect: {
    ends: ['open'],
    held: 1000,
    memory: { bytes: 1000 * 24 * KIB, because: '1,000 connections × what has arrived; nothing for what was announced' },
  },
  async run(target) {
    const peers = await target.openMany(target.amount(1000, 200));
    for (const peer of peers) await peer.write(announced(BINARY, 1_048_576n, 'x'));
  },
};
