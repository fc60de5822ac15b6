// Deflate streams that are legal and all work: stored blocks without content, and streams that end and begin again.
import { BINARY, RSV1 } from '../../conformance/wire.ts';
import { MIB, type ServerAttack } from '../attack.ts';
import { framesOf } from '../hostile-peer.ts';
import { DEFLATE } from '../target.ts';

/** A stored block of no bytes; the last one of a stream; and an empty block with the fixed codes that ends one. */
const EMPTY_STORED = Uint8Array.of(0x00, 0x00, 0x00, 0xff, 0xff);
const LAST_STORED = Uint8Array.of(0x01, 0x00, 0x00, 0xff, 0xff);
const LAST_FIXED = Uint8Array.of(0x03, 0x00);

const sending =
  (block: Uint8Array, byteLength: number): ServerAttack['run'] =>
  async (target) => {
    const payload = Buffer.alloc(byteLength - (byteLength % block.length), block);
    const frame = framesOf({ opcode: BINARY, rsv: RSV1, payload });
    const peers = await target.openMany(10, DEFLATE);
    await Promise.all(
      peers.map(async (peer) => {
        // Each message is answered, in whatever way, before the next.
        for (let i = 1; i <= target.amount(20, 3) && !peer.hasEnded; i++) {
          await peer.write(frame);
          await peer.received(i, 2000);
        }
      }),
    );
  };

export const storedBlocks: ServerAttack = {
  name: 'deflate: 200,000 empty stored blocks a message',
  server: { compression: 'on' },
  expect: {
    ends: ['open', '1007', '1009'],
    held: 10,
    memory: {
      bytes: 10 * 7 * MIB,
      because:
        '10 connections × the compressed MiB that was read, twice while it is joined, again for another thread, and garbage',
    },
  },
  run: sending(EMPTY_STORED, 1_000_000),
};

export const finalBlocks: ServerAttack = {
  name: 'deflate: 30,000 final blocks a message',
  server: { compression: 'on' },
  expect: {
    ends: ['1007'],
    memory: { bytes: 8 * MIB, because: '64 ends of a stream a message, each of which begins a window anew' },
  },
  run: sending(LAST_FIXED, 60_000),
};

export const finalStoredBlocks: ServerAttack = {
  name: 'deflate: 200,000 final stored blocks a message',
  server: { compression: 'on' },
  expect: {
    ends: ['1007'],
    memory: {
      bytes: 10 * 4 * MIB,
      because: '10 connections × the compressed MiB that was read, twice while it is joined',
    },
  },
  run: sending(LAST_STORED, 1_000_000),
};

/**
 * As many as are allowed, in messages that are as small as can be: each copies a window of 32 KiB, in 2 µs for two bytes. A
 * byte costs as much as one of a bomb that stays below the limit; a read of 64 KiB, 70 ms.
 */
export const allowedFinalBlocks: ServerAttack = {
  name: 'deflate: 64 final blocks a message, messages without end',
  server: { compression: 'on' },
  expect: {
    ends: ['open'],
    held: 10,
    memory: { bytes: 10 * 6 * MIB, because: '10 connections × the queue (`maxQueueBytes`) and a window' },
    delayMs: 2000,
    serves: false,
  },
  async run(target) {
    const fill = framesOf({ opcode: BINARY, rsv: RSV1, payload: storedText(32_768) });
    const ends = framesOf({ opcode: BINARY, rsv: RSV1, payload: Buffer.alloc(2 * 60, LAST_FIXED) });
    const messages = Buffer.alloc(ends.length * 200, ends);
    const peers = await target.openMany(10, DEFLATE);
    await Promise.all(
      peers.map(async (peer) => {
        await peer.write(fill);
        await peer.flood(messages, { times: target.amount(50, 4) });
      }),
    );
  },
};

/** A stored block: text as it is (RFC 1951 §3.2.4), and the empty block that a message ends in. */
function storedText(byteLength: number): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt16LE(byteLength, 1);
  head.writeUInt16LE(0xffff ^ byteLength, 3);
  return Buffer.concat([head, Buffer.alloc(byteLength, 'text '), Buffer.of(0)]);
}
