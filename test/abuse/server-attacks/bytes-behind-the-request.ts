// Megabytes behind a request while its answer takes time.
import { BINARY } from '../../conformance/wire.ts';
import { KIB, type ServerAttack } from '../attack.ts';
import { framesOf } from '../hostile-peer.ts';

export const bytesBehindTheRequest: ServerAttack = {
  name: 'bytes behind the request',
  expect: {
    ends: ['400', 'dropped'],
    memory: { bytes: 100 * 192 * KIB, because: '100 connections × 64 KiB behind a request, twice that while it grows' },
  },
  settleMs: 5000,
  async run(target) {
    const frame = framesOf({ opcode: BINARY, payload: new Uint8Array(60_000) });
    await target.many(100, async () => {
      const peer = await target.dial();
      await peer.write(peer.request({}, '/late'));
      await peer.flood(frame, { times: target.amount(200, 20), ms: 500 });
    });
  },
};
