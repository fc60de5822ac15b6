// Pings as fast as they go, from peers that read the pongs and from peers that do not.
import { PING, PONG } from '../../conformance/wire.ts';
import { KIB, MIB, type ServerAttack } from '../attack.ts';
import { repeated } from '../hostile-peer.ts';

const BURST = 1000;

const flooding =
  ({ opcode, isReading }: { opcode: number; isReading: boolean }): ServerAttack['run'] =>
  async (target) => {
    const frames = repeated({ opcode, payload: 'x'.repeat(125) }, 500);
    const peers = await target.openMany(target.amount(50, 20));
    await Promise.all(
      peers.map(async (peer) => {
        if (!isReading) peer.stopReading();
        await peer.flood(frames, { times: target.amount(100, 20) });
      }),
    );
  };

export const pingFlood: ServerAttack = {
  name: 'ping flood, pongs read',
  expect: {
    ends: ['1008', 'dropped'],
    memory: { bytes: 50 * BURST * 128, because: '50 connections × 1,000 pongs (`controlFrameLimit`) of 128 bytes' },
  },
  run: flooding({ opcode: PING, isReading: true }),
};

export const pingFloodUnread: ServerAttack = {
  name: 'ping flood, nothing read',
  expect: {
    ends: ['1008', 'dropped'],
    memory: { bytes: 50 * BURST * 128, because: '50 connections × 1,000 pongs (`controlFrameLimit`) of 128 bytes' },
  },
  run: flooding({ opcode: PING, isReading: false }),
};

export const pongFlood: ServerAttack = {
  name: 'pong flood',
  expect: {
    ends: ['1008', 'dropped'],
    memory: { bytes: 8 * MIB, because: 'a pong that nobody waits for is not kept' },
  },
  run: flooding({ opcode: PONG, isReading: true }),
};

/** Below the limit of pings nobody is sent away: then it is the pongs that must not pile up. */
export const pingFloodWithoutLimit: ServerAttack = {
  name: 'ping flood, nothing read, no rate limit',
  server: { controlFrameLimit: null },
  expect: {
    ends: ['open', '1008', 'dropped'],
    held: 20,
    memory: { bytes: 20 * 256 * KIB, because: '20 connections × a batch of 64 KiB and what TCP has not taken of it' },
  },
  run: async (target) => {
    const frames = repeated({ opcode: PING, payload: 'x'.repeat(125) }, 500);
    const peers = await target.openMany(20);
    await Promise.all(
      peers.map(async (peer) => {
        peer.stopReading();
        await peer.flood(frames, { times: target.amount(400, 100) });
      }),
    );
  },
};
