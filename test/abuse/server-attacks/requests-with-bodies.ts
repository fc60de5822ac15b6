// Requests with bodies made of frames: whoever reads them as frames can be smuggled past.
import { TEXT } from '../../conformance/wire.ts';
import { MIB, type ServerAttack } from '../attack.ts';
import { framesOf } from '../hostile-peer.ts';

export const requestsWithBodies: ServerAttack = {
  name: 'requests with bodies',
  expect: {
    ends: ['400', 'dropped'],
    memory: { bytes: 8 * MIB, because: 'no byte of a body is kept' },
  },
  async run(target) {
    const body = framesOf({ opcode: TEXT, payload: 'x'.repeat(10_000) });
    await target.many(40, async (index) => {
      const peer = await target.dial();
      const headers =
        index % 2 === 0 ? { 'Content-Length': `${1000 * body.length}` } : { 'Transfer-Encoding': 'chunked' };
      await peer.write(peer.request(headers));
      await peer.flood(body, { times: target.amount(1000, 100) });
      if (peer.messages > 0) target.complain('a body was read as frames');
    });
  },
};
