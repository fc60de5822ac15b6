// Crowds of peers that do nothing forbidden: they all close at once, or come and go.
import { CLOSE } from '../../conformance/wire.ts';
import { KIB, MIB, type ServerAttack } from '../attack.ts';
import { framesOf } from '../hostile-peer.ts';

export const closeStorm: ServerAttack = {
  name: 'close storm of 5,000 clients',
  server: { closeTimeoutMs: 1000 },
  expect: {
    ends: ['1001', 'dropped'],
    memory: { bytes: 5000 * 24 * KIB, because: '5,000 connections × 24 KiB' },
    delayMs: 1000,
  },
  settleMs: 10_000,
  async run(target) {
    const close = framesOf({ opcode: CLOSE, payload: Uint8Array.of(0x03, 0xe9) });
    const peers = await target.openMany(target.amount(5000, 500));
    for (const peer of peers) void peer.write(close);
  },
};

export const churn: ServerAttack = {
  name: 'connect and disconnect, 20,000 times',
  expect: {
    ends: [],
    memory: { bytes: 24 * MIB, because: '200 connections at a time × 24 KiB, and what V8 has not collected' },
    delayMs: 500,
  },
  async run(target) {
    await target.many(target.amount(20_000, 1000), async (index) => {
      // Right after TCP, in the middle of the request, right behind it, or once open.
      const peer = await target.dial();
      if (index % 4 === 1) await peer.write(peer.request().slice(0, 100));
      if (index % 4 === 2) await peer.write(peer.request());
      if (index % 4 === 3) await peer.open();
      target.forget(peer, index % 8 < 4 ? 'reset' : 'destroy');
    });
  },
};
