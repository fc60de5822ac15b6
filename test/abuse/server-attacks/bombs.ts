// Messages of a megabyte that decompress to a gigabyte, whole, in pieces, and on many connections at once.
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateRawSync } from 'node:zlib';
import { BINARY, CONTINUATION, RSV1 } from '../../conformance/wire.ts';
import { KIB, MIB, type ServerAttack } from '../attack.ts';
import { framesOf } from '../hostile-peer.ts';
import { DEFLATE } from '../target.ts';

/** Zeros, a thousand times smaller: 1,000 bytes for each megabyte, made once and repeated. */
function bomb(megabytes: number): Buffer {
  const block = deflateRawSync(Buffer.alloc(MIB), { finishFlush: 3 });
  return Buffer.concat(Array.from({ length: megabytes }, () => block));
}

const megabytes = (isShort: boolean): number => (isShort ? 100 : 1000);
const MEMORY = {
  bytes: 12 * MIB,
  because: 'decompression stops at 1 MiB (`maxSize`), gathered in pieces and then joined',
};

export const bombWhole: ServerAttack = {
  name: 'deflate bomb, whole',
  server: { compression: 'on' },
  expect: { ends: ['1009', 'dropped'], memory: MEMORY },
  async run(target) {
    const frame = framesOf({ opcode: BINARY, rsv: RSV1, payload: bomb(megabytes(target.isShort)) });
    await target.many(target.amount(5, 1), async () => (await target.open(DEFLATE)).write(frame, 10_000));
  },
};

export const bombInFragments: ServerAttack = {
  name: 'deflate bomb, in 1,000 fragments',
  server: { compression: 'on' },
  expect: { ends: ['1009', 'dropped'], memory: MEMORY },
  async run(target) {
    const payload = bomb(megabytes(target.isShort));
    const step = Math.ceil(payload.length / 1000);
    const frames = Array.from({ length: 1000 }, (_, index) => ({
      opcode: index === 0 ? BINARY : CONTINUATION,
      rsv: index === 0 ? RSV1 : 0,
      fin: index === 999,
      payload: payload.subarray(index * step, (index + 1) * step),
    }));
    const peer = await target.open(DEFLATE);
    await peer.write(framesOf(...frames), 10_000);
  },
};

export const bombsAtOnce: ServerAttack = {
  name: 'deflate bombs on 50 connections at once',
  server: { compression: 'on' },
  expect: {
    ends: ['1009', 'dropped'],
    memory: {
      bytes: 50 * 2 * MIB + 50 * 1280 * KIB,
      because: '50 connections × the compressed MiB that was read, and 1 MiB (`maxSize`) decompressed',
    },
    delayMs: 500,
  },
  settleMs: 15_000,
  async run(target) {
    const frame = framesOf({ opcode: BINARY, rsv: RSV1, payload: bomb(megabytes(target.isShort)) });
    const peers = await target.openMany(50, DEFLATE);
    await Promise.all(peers.map((peer) => peer.write(frame, 10_000)));
  },
};

/** Each within the limit: what comes of it is a megabyte that the handler sends back, and nobody reads. */
export const allowedBombs: ServerAttack = {
  name: 'deflate: 1 KiB that becomes 1 MiB, again and again',
  server: { compression: 'on' },
  expect: {
    ends: ['open', 'dropped'],
    held: 10,
    memory: {
      bytes: 10 * 18 * MIB,
      because: '10 connections × 4 MiB (`maxQueueBytes`), a message, one being sent, and twice as much that is garbage',
    },
    delayMs: 2000,
  },
  async run(target) {
    const payload = bomb(1).subarray(0, -4);
    const message = framesOf({ opcode: BINARY, rsv: RSV1, payload });
    const peers = await target.openMany(10, DEFLATE);
    await Promise.all(
      peers.map(async (peer) => {
        peer.stopReading();
        await peer.flood(message, { times: target.amount(1000, 50) });
      }),
    );
    // All of it is with the server's system now; it is worked on while nobody looks.
    await sleep(target.amount(4000, 500));
  },
};
