// The event loop is blocked by the user's own code for longer than keepalive waits: no peer that lives may pay for it.
import { setTimeout as sleep } from 'node:timers/promises';
import { TEXT } from '../../conformance/wire.ts';
import { MIB, type ServerAttack } from '../attack.ts';

export const blockedLoop: ServerAttack = {
  name: 'event loop blocked for a minute',
  // A third of the default times; the short form blocks for as many times them.
  server: { pingIntervalMs: 1000, pingTimeoutMs: 1000, closeTimeoutMs: 1000 },
  expect: {
    ends: ['open'],
    held: 201,
    memory: { bytes: 16 * MIB, because: '200 connections with a ping and a pong each' },
    delayMs: Number.POSITIVE_INFINITY,
    serves: false,
  },
  async run(target) {
    const peers = await target.openMany(200);
    const culprit = await target.open({ path: '/block' });
    for (const peer of [...peers, culprit]) peer.answersPings = true;
    const blockMs = target.amount(60_000, 3000);
    await culprit.send({ opcode: TEXT, payload: `${blockMs}` });
    await culprit.received(1, blockMs + 10_000);
    // Two more rounds of keepalive, in which whoever is to be given up would be.
    await sleep(2500);
    if (culprit.messages !== 1) target.complain('the event loop was not blocked');
  },
};
