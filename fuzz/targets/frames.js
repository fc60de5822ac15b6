// Frames of a peer on both sides: the same events whole and in pieces, on loan and with pauses; a bound on memory.

import { protocolVectorFiles, readProtocolVectors } from '../../build/test/support/protocol-vectors.js';
import { Protocol } from '../../dist/core/protocol.js';
import { Side } from '../../dist/core/state.js';
import { pull, push, stillHost } from '../engine/conversation.js';
import { holds, inLinearTime, same } from '../engine/expect.js';
import { cut, Input, seed } from '../engine/input.js';

const SIDES = [Side.SERVER, Side.CLIENT];
const MAX_SIZES = [1000, 1_048_576, null, [40, 10], 5];

let allocated = 0;
const allocate = (byteLength) => {
  allocated += byteLength;
  return new Uint8Array(byteLength).fill(0x55);
};
const HOSTS = [true, false].map((native) => stillHost({ native, allocate }));

/** Options by what an input asks for: a protocol keeps what they come to as long as it meets the same object. */
const known = new Map();
function optionsFor(flags, sizeIndex, hostIndex) {
  const key = ((flags & 7) * MAX_SIZES.length + sizeIndex) * HOSTS.length + hostIndex;
  if (!known.has(key)) {
    known.set(key, {
      host: HOSTS[hostIndex],
      maxSize: MAX_SIZES[sizeIndex],
      validateUtf8: (flags & 1) !== 0,
      lenientLengths: (flags & 2) !== 0,
      ...((flags & 4) !== 0 && { controlFrameLimit: { burst: 3, perSecond: 1 }, maxEmptyFragments: 2 }),
    });
  }
  return known.get(key);
}

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  const side = input.pick(SIDES);
  const flags = input.byte();
  const sizeIndex = input.byte() % MAX_SIZES.length;
  const cutSeed = input.byte();
  const bytes = input.rest();

  allocated = 0;
  const protocol = (hostIndex) => {
    HOSTS[hostIndex].restart();
    return new Protocol(side, optionsFor(flags, sizeIndex, hostIndex));
  };
  // The input chooses which other way is compared: all three each time take twice as long, and find the same.
  const hostIndex = (flags >> 3) & 1;
  const way = (flags >> 4) % 3;
  const pieces = way === 2 ? [bytes] : cut(bytes, cutSeed);
  const whole = pull(protocol(1 - hostIndex), [bytes]);
  if (way === 0) same(pull(protocol(hostIndex), pieces), whole, 'in pieces');
  else if (way === 1) same(push(protocol(hostIndex), pieces, flags >> 5), whole, 'in pieces, on loan');
  else same(push(protocol(hostIndex), pieces, 8), whole, 'whole, paused after each frame');
  // Buffers that double, a new one for each payload that was cut; two runs.
  holds(
    allocated <= 2 * (4 * bytes.length + 2048 * (1 + pieces.length)),
    `${bytes.length} bytes allocate ${allocated}`,
  );

  const maxSize = MAX_SIZES[sizeIndex];
  const limit = Array.isArray(maxSize) ? maxSize[0] : (maxSize ?? Number.POSITIVE_INFINITY);
  let message = 0;
  for (const event of whole.events) {
    const isControl = Number.parseInt(event, 10) >= 8;
    const length = event.length - event.indexOf(' ') - 1;
    if (isControl) holds(length <= 125, 'a control frame of more than 125 bytes');
    else message = (event.startsWith('0') ? message : 0) + length;
    holds(message <= limit, `a message of ${message} bytes`);
  }
});

export const maxLength = 1024;
export const words = [
  '\x81\x05Hello',
  '\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58',
  '\x01\x03Hel',
  '\x80\x02lo',
  '\x89\x00',
  '\x8a\x00',
  '\x88\x02\x03\xe8',
  '\x88\x82\x00\x00\x00\x00\x03\xe8',
  '\x82\x7e\x01\x00',
  '\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00',
  '\x82\x80\x00\x00\x00\x00',
  '\xff\xff\xff\xff\xff\xff\xff\xff',
];
export function seeds() {
  const vectors = protocolVectorFiles().flatMap(readProtocolVectors);
  const streams = vectors.map(({ side, steps }) => [
    SIDES.indexOf(side),
    Buffer.concat(steps.filter(({ kind }) => kind === 'receive').map(({ bytes }) => bytes)),
  ]);
  return streams
    .filter(([, bytes]) => bytes.length > 0 && bytes.length < 2000)
    .map(([side, bytes], i) => seed([side, i & 255, i % 5, i % 4], bytes));
}
