// Servers that accept TCP and do not answer, or do it a byte at a time: the deadline is a total one.
import { setTimeout as sleep } from 'node:timers/promises';
import { switchingProtocols } from '../../support/raw-peer.ts';
import { type ClientAttack, MIB } from '../attack.ts';

const MEMORY = { bytes: 8 * MIB, because: 'nothing has come that could be kept' };

export const silentServer: ClientAttack = {
  name: 'no answer',
  client: { openTimeoutMs: 500 },
  expect: { ends: ['TimeoutError'], memory: MEMORY },
  serve: () => {},
};

export const drippedAnswer: ClientAttack = {
  name: 'an answer byte by byte',
  client: { openTimeoutMs: 500 },
  expect: { ends: ['TimeoutError'], memory: MEMORY },
  async serve(socket, request) {
    for (const byte of switchingProtocols(request)) {
      if (socket.destroyed) return;
      socket.write(byte);
      await sleep(20);
    }
  },
};
