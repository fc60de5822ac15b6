// Compressed messages that are none, or whose distances point before the beginning.
import { randomFrom } from '../../conformance/link.ts';
import { BINARY, RSV1 } from '../../conformance/wire.ts';
import { MIB, type ServerAttack } from '../attack.ts';
import { framesOf } from '../hostile-peer.ts';
import { DEFLATE } from '../target.ts';

export const brokenDeflate: ServerAttack = {
  name: 'deflate: broken streams',
  server: { compression: 'on' },
  expect: {
    ends: ['1007'],
    memory: {
      bytes: 36 * MIB,
      because: '100 connections at a time × 100 KB, copied for another thread, and room for the result',
    },
  },
  async run(target) {
    const random = randomFrom(1);
    const frames = [50, 100_000].map((length) => {
      const payload = Buffer.from(Array.from({ length }, () => random() * 256));
      // 11 in the bits for the kind of block: there is no such kind (RFC 1951 §3.2.3).
      payload[0] = 0x07;
      return framesOf({ opcode: BINARY, rsv: RSV1, payload });
    });
    await target.many(target.amount(2000, 100), async (index) => {
      const peer = await target.open(DEFLATE);
      await peer.write(frames[index % 2]!);
      await peer.ended(5000);
      if (index >= 100) target.forget(peer);
    });
  },
};
