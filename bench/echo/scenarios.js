// The loads of the echo benchmark: how many connections, how many messages on their way in each, and the frames they send.
import { constants, deflateRawSync } from 'node:zlib';

/** A client's frame (RFC 6455 §5.2), masked, whole. */
function frame(payload, { opcode = 2, rsv1 = false } = {}) {
  const key = [0x37, 0xfa, 0x21, 0x3d];
  const length = payload.length;
  let head;
  if (length < 126) head = Buffer.from([0, 0x80 | length]);
  else if (length < 65_536) head = Buffer.from([0, 0x80 | 126, length >> 8, length & 255]);
  else {
    head = Buffer.alloc(10);
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  head[0] = 0x80 | (rsv1 ? 0x40 : 0) | opcode;
  return Buffer.concat([head, Buffer.from(key), payload.map((byte, i) => byte ^ key[i & 3])]);
}

/** RFC 7692 §7.2.1. Looks back at no earlier message, so that the frame can be sent in any order. */
function compressed(payload) {
  const flushed = deflateRawSync(payload, { windowBits: 12, finishFlush: constants.Z_SYNC_FLUSH });
  return frame(flushed.subarray(0, -4), { opcode: 1, rsv1: true });
}

/** About a KiB of what applications send, another one for each `seed`. */
function json(seed) {
  const items = Array.from({ length: 10 }, (_, i) => ({
    id: seed * 1009 + i,
    name: `user ${(seed * 7919 + i * 104_729) % 9973}`,
    price: ((seed + 1) * (i + 3) * 31) / 97,
    tags: ['a', 'b', i % 2 ? 'c' : 'd'],
  }));
  return Buffer.from(JSON.stringify(items).slice(0, 1024));
}

const random = (length) => Buffer.from(Array.from({ length }, (_, i) => (i * 2_654_435_761) >>> 24));
const text = (length) => Buffer.from('Hello, world! '.repeat(Math.ceil(length / 14)).slice(0, length));
const repeat = (count, one) => Array.from({ length: count }, () => one);

/** `frames` makes a ring that each connection sends round and round: at least as many as are on their way at once. */
export const SCENARIOS = [
  {
    name: '64 B binary, 1 in flight × 64',
    connections: 64,
    inFlight: 1,
    frames: () => [frame(random(64))],
  },
  {
    name: '64 B text, 1 in flight × 64',
    connections: 64,
    inFlight: 1,
    frames: () => [frame(text(64), { opcode: 1 })],
  },
  {
    name: '64 B binary, 64 in flight × 32',
    connections: 32,
    inFlight: 64,
    frames: () => repeat(64, frame(random(64))),
  },
  {
    name: '64 B text, 64 in flight × 32',
    connections: 32,
    inFlight: 64,
    frames: () => repeat(64, frame(text(64), { opcode: 1 })),
  },
  {
    name: '16 KiB binary, 4 in flight × 16',
    connections: 16,
    inFlight: 4,
    frames: () => repeat(4, frame(random(16_384))),
  },
  {
    name: '1 MiB binary, 1 in flight × 4',
    connections: 4,
    inFlight: 1,
    frames: () => [frame(random(1_048_576))],
  },
  {
    name: '1 KiB JSON, compressed, 1 in flight × 32',
    connections: 32,
    inFlight: 1,
    isCompressed: true,
    frames: () => Array.from({ length: 64 }, (_, seed) => compressed(json(seed))),
  },
].map((scenario, index) => ({ isCompressed: false, ...scenario, index }));
