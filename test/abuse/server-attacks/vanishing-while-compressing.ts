// Peers that vanish while what they sent is being decompressed, or what they get is being compressed, on another thread.
import { deflateRawSync } from 'node:zlib';
import { BINARY, RSV1 } from '../../conformance/wire.ts';
import { MIB, type ServerAttack } from '../attack.ts';
import { framesOf } from '../hostile-peer.ts';
import { DEFLATE } from '../target.ts';

export const vanishingWhileCompressing: ServerAttack = {
  name: 'disconnect in the middle of (de)compression, 10,000 times',
  server: { compression: 'on' },
  expect: {
    ends: ['dropped'],
    memory: { bytes: 96 * MIB, because: '200 connections at a time × a message of 200 KB, compressed and not' },
    delayMs: 500,
  },
  settleMs: 10_000,
  async run(target) {
    // Noise: as large compressed as it is, so that another thread takes it both ways.
    const noise = Buffer.from(Array.from({ length: 200_000 }, (_, i) => Math.imul(i, 2_654_435_761) >>> 24));
    const deflated = deflateRawSync(noise, { finishFlush: 2 }).subarray(0, -4);
    const large = framesOf({ opcode: BINARY, rsv: RSV1, payload: deflated });
    const small = framesOf({
      opcode: BINARY,
      rsv: RSV1,
      payload: deflateRawSync(noise.subarray(0, 20_000), { finishFlush: 2 }).subarray(0, -4),
    });
    await target.many(target.amount(10_000, 400), async (index) => {
      const peer = await target.open(DEFLATE);
      await peer.write(index % 2 === 0 ? large : small);
      if (index % 3 === 0) await peer.received(1, 200);
      target.forget(peer, 'reset');
    });
  },
};
