// Messages in fragments of one byte, or of none.
import { BINARY, CONTINUATION } from '../../conformance/wire.ts';
import { MIB, type ServerAttack } from '../attack.ts';
import { framesOf, repeated } from '../hostile-peer.ts';

const fragments =
  (payload: string, connections: number): ServerAttack['run'] =>
  async (target) => {
    const first = framesOf({ opcode: BINARY, payload, fin: false });
    const more = repeated({ opcode: CONTINUATION, payload, fin: false }, 10_000);
    const peers = await target.openMany(connections);
    await Promise.all(
      peers.map(async (peer) => {
        await peer.write(first);
        await peer.flood(more, { times: target.amount(110, payload === '' ? 110 : 20), ms: 10_000 });
        if (target.isShort && payload !== '') peer.hangUp();
      }),
    );
  };

export const oneByteFragments: ServerAttack = {
  name: 'fragments of one byte without end',
  expect: {
    ends: ['1009', 'dropped'],
    memory: { bytes: 3 * 3 * MIB, because: '3 connections × 1 MiB (`maxSize`) joined as it comes, at most doubled' },
    delayMs: 500,
  },
  settleMs: 10_000,
  run: fragments('x', 3),
};

export const emptyFragments: ServerAttack = {
  name: 'empty fragments without end',
  expect: {
    ends: ['1008', 'dropped'],
    memory: { bytes: 8 * MIB, because: '1,024 in a row (`maxEmptyFragments`), and none is kept' },
  },
  run: fragments('', 20),
};

/** Nobody reads the messages, so that they are kept as fragments, each of which costs more than its byte. */
export const unreadFragments: ServerAttack = {
  name: 'fragments of one byte that no handler reads',
  // While nothing is read the end of the stream is not seen either: it is keepalive that finds out.
  server: { pingIntervalMs: 1000, pingTimeoutMs: 1000 },
  expect: {
    ends: ['1011', 'dropped'],
    memory: { bytes: 5 * 6 * MIB, because: '5 connections × 16 frames (`maxQueue`), and what was read with them' },
  },
  async run(target) {
    const first = framesOf({ opcode: BINARY, payload: 'x', fin: false });
    const more = repeated({ opcode: CONTINUATION, payload: 'x', fin: false }, 10_000);
    const peers = await target.openMany(5, { path: '/never' });
    await Promise.all(
      peers.map(async (peer) => {
        await peer.write(first);
        await peer.flood(more, { times: 110 });
      }),
    );
  },
  settleMs: 6000,
};
