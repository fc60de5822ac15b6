// What loads send: payloads, and the frames of a client around them.
import { constants, deflateRawSync } from 'node:zlib';

const TEXT = 1;
const BINARY = 2;
const KEY = [0x37, 0xfa, 0x21, 0x3d];

/** A message in one frame (RFC 6455 §5.2): a client's, which is masked, or a server's. */
function frame(payload, opcode, { isCompressed = false, isMasked = true } = {}) {
  const { length } = payload;
  const maskBit = isMasked ? 0x80 : 0;
  let head;
  if (length < 126) head = Buffer.from([0, maskBit | length]);
  else if (length < 65_536) head = Buffer.from([0, maskBit | 126, length >> 8, length & 255]);
  else {
    head = Buffer.alloc(10);
    head[1] = maskBit | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  head[0] = 0x80 | (isCompressed ? 0x40 : 0) | opcode;
  if (!isMasked) return Buffer.concat([head, payload]);
  return Buffer.concat([head, Buffer.from(KEY), payload.map((byte, i) => byte ^ KEY[i & 3])]);
}

/** So many bytes without a pattern, the same ones each time. */
export const binary = (length, options) =>
  frame(Buffer.from(Array.from({ length }, (_, i) => Math.imul(i + 1, 0x9e37_79b1) >>> 24)), BINARY, options);

/** So many characters of ASCII. */
export const ascii = (length) =>
  frame(Buffer.from('Hello, world! '.repeat(Math.ceil(length / 14)).slice(0, length)), TEXT);

/** A KiB of what applications send, another one for each seed. */
function json(seed) {
  const items = Array.from({ length: 16 }, (_, i) => ({
    id: seed * 1009 + i,
    name: `user ${(seed * 7919 + i * 104_729) % 9973}`,
    price: ((seed + 1) * (i + 3) * 31) / 97,
    tags: ['a', 'b', i % 2 ? 'c' : 'd'],
  }));
  return Buffer.from(JSON.stringify(items).slice(0, 1024));
}

const SEEDS = Array.from({ length: 64 }, (_, seed) => seed);

/** 64 messages of 1 KiB JSON, as they are. */
export const jsonMessages = () => SEEDS.map((seed) => frame(json(seed), TEXT));

/**
 * The same compressed (RFC 7692 §7.2.1). No message refers to an earlier one, so that they can be sent in any order and
 * to any server, whatever it has agreed to.
 */
export const compressedJsonMessages = () =>
  SEEDS.map((seed) => {
    const flushed = deflateRawSync(json(seed), { windowBits: 10, finishFlush: constants.Z_SYNC_FLUSH });
    return frame(flushed.subarray(0, -4), TEXT, { isCompressed: true });
  });
