// Peers that send, and never read what is sent back.
import { BINARY } from '../../conformance/wire.ts';
import { MIB, type ServerAttack } from '../attack.ts';
import { framesOf } from '../hostile-peer.ts';

const CONNECTIONS = 10;

const run: ServerAttack['run'] = async (target) => {
  const frame = framesOf({ opcode: BINARY, payload: new Uint8Array(65_536) });
  const peers = await target.openMany(CONNECTIONS);
  await Promise.all(
    peers.map(async (peer) => {
      peer.stopReading();
      await peer.flood(frame, { times: target.amount(1000, 300), ms: 1000 });
    }),
  );
};

export const unreadEcho: ServerAttack = {
  name: 'echo that nobody reads',
  expect: {
    ends: ['open', 'dropped'],
    held: CONNECTIONS,
    memory: {
      bytes: CONNECTIONS * 6 * MIB,
      because: '10 connections × 4 MiB (`maxQueueBytes`), a message, and the send queue',
    },
  },
  run,
};

/** A handler that does not wait for `send` has given up backpressure: the mark on what waits to be sent has to hold. */
export const unreadEchoDirect: ServerAttack = {
  name: 'echo that nobody reads, handler does not wait',
  server: { handlers: 'direct' },
  expect: {
    ends: ['open', 'dropped', '1013'],
    held: CONNECTIONS,
    memory: {
      bytes: CONNECTIONS * 6 * MIB,
      because: '10 connections × 1 MiB (`maxBuffered`) and what was read meanwhile',
    },
  },
  run,
};

/** One reads nothing of what another says to all. */
export const unreadBroadcast: ServerAttack = {
  name: 'broadcast that one does not read',
  expect: {
    ends: ['open', 'dropped', '1013'],
    held: CONNECTIONS + 1,
    memory: { bytes: CONNECTIONS * 3 * MIB, because: '10 connections × 1 MiB (`maxBuffered`), and a message' },
  },
  async run(target) {
    const frame = framesOf({ opcode: BINARY, payload: new Uint8Array(65_536) });
    const deaf = await target.openMany(CONNECTIONS, { path: '/broadcast' });
    for (const peer of deaf) peer.stopReading();
    const speaker = await target.open({ path: '/broadcast' });
    const messages = target.amount(800, 200);
    for (let i = 0; i < messages && !speaker.hasEnded; i++) {
      await speaker.write(frame);
      await speaker.received(i + 1);
    }
    if (speaker.messages < messages) target.complain(`the speaker heard ${speaker.messages} of ${messages} messages`);
  },
};
