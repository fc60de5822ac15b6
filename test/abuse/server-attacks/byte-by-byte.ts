// A byte in each segment: work for the server that costs the peer as little.
import { BINARY } from '../../conformance/wire.ts';
import { MIB, type ServerAttack } from '../attack.ts';
import { framesOf } from '../hostile-peer.ts';

export const byteByByte: ServerAttack = {
  name: 'one byte a segment',
  expect: {
    ends: ['open'],
    held: 10,
    memory: { bytes: 8 * MIB, because: '10 connections × a message of 20 KB' },
  },
  async run(target) {
    const size = target.amount(20_000, 2000);
    const frame = framesOf({ opcode: BINARY, payload: new Uint8Array(size) });
    await target.many(10, async () => {
      const peer = await target.open();
      for (const byte of frame) {
        await peer.write(Uint8Array.of(byte));
        await new Promise(setImmediate);
      }
      await peer.received(1);
      if (peer.messages !== 1) target.complain('the message did not come back');
    });
  },
};
