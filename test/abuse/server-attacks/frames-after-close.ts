// Peers that go on sending behind their close frame.
import { BINARY, CLOSE, TEXT } from '../../conformance/wire.ts';
import { MIB, type ServerAttack } from '../attack.ts';
import { framesOf } from '../hostile-peer.ts';

export const framesAfterClose: ServerAttack = {
  name: 'frames after close',
  expect: {
    ends: ['1000'],
    memory: { bytes: 8 * MIB, because: 'what follows a close frame is dropped unread' },
  },
  async run(target) {
    const close = framesOf(
      { opcode: CLOSE, payload: Uint8Array.of(0x03, 0xe8) },
      { opcode: TEXT, payload: 'too late' },
    );
    const more = framesOf({ opcode: BINARY, payload: new Uint8Array(65_536) });
    const peers = await target.openMany(20);
    await Promise.all(
      peers.map(async (peer) => {
        await peer.write(close);
        await peer.flood(more, { times: target.amount(500, 50) });
        if (peer.messages > 0) target.complain('a message behind the close frame came back');
      }),
    );
  },
};
