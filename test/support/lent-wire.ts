// What a peer may say, as bytes cut anywhere, and arrays that lend those bytes out: one for all reads, overwritten after each.
import fc from 'fast-check';
import {
  ClientPerMessageDeflateFactory,
  ServerPerMessageDeflateFactory,
} from '#dist/core/extensions/permessage-deflate-negotiation.js';
import type { Host } from '#dist/core/host.js';
import { Protocol } from '#dist/core/protocol.js';
import { Side } from '#dist/core/state.js';
import { NodeDeflateEngine } from '#dist/node/deflate-engine.js';
import { readBuffer, unmask } from '#dist/node/io-buffers.js';
import { randomFrom } from '../conformance/link.ts';
import { fakeHost } from './fake-host.ts';

const engine = new NodeDeflateEngine();

/** A message in fragments; pings stand between them. */
export interface Spoken {
  readonly isText: boolean;
  readonly fragments: readonly string[];
  readonly pings: boolean;
  readonly compress: boolean;
}

/** Text that can't be compressed much: what is left of it is so much that a thread decompresses it. */
const NOISE = Buffer.from(Array.from({ length: 90_000 }, randomFrom(1)).map((each) => 32 + each * 95)).toString();

// Around the borders between the classes of length, and more than one read holds.
const fragment = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀'), maxLength: 40 }) },
  { weight: 3, arbitrary: fc.integer({ min: 100, max: 3_000 }).map((length) => 'lorem € '.repeat(length / 8)) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 80_000 }).map((length) => 'x'.repeat(length)) },
  { weight: 1, arbitrary: fc.constant(NOISE) },
);

/** A few messages. */
export const conversation: fc.Arbitrary<readonly Spoken[]> = fc.array(
  fc.record({
    isText: fc.boolean(),
    fragments: fc.array(fragment, { minLength: 1, maxLength: 4 }),
    pings: fc.boolean(),
    compress: fc.boolean(),
  }),
  { minLength: 1, maxLength: 8 },
);

/** Places to cut, of which those beyond the end count from the beginning again. */
export const cuts: fc.Arbitrary<readonly number[]> = fc.array(fc.nat(100_000), { maxLength: 12 });

/** permessage-deflate, as that side has it when the other asked for nothing. */
export function deflateOf(side: Side) {
  if (side === Side.CLIENT) return new ClientPerMessageDeflateFactory({ engine }).processResponseParams([], []);
  return new ServerPerMessageDeflateFactory({ engine }).processRequestParams([], [])[1];
}

/** What the peer of `listener` puts on the wire, ending with a close frame. */
export function wireOf(listener: Side, messages: readonly Spoken[], isCompressed: boolean): Uint8Array {
  const speaker = listener === Side.SERVER ? Side.CLIENT : Side.SERVER;
  const protocol = new Protocol(speaker, { host: fakeHost() });
  if (isCompressed) protocol.extensions = [deflateOf(speaker)];
  for (const { isText, fragments, pings, compress } of messages) {
    for (const [i, text] of fragments.entries()) {
      const fin = i === fragments.length - 1;
      const data = Buffer.from(text);
      if (i > 0) protocol.sendContinuation(data, fin);
      else if (isText) protocol.sendText(data, fin, compress);
      else protocol.sendBinary(data, fin, compress);
      if (pings) protocol.sendPing(Buffer.from(text.slice(0, 20)));
    }
  }
  protocol.sendClose(1000, 'that was all');
  for (const extension of protocol.extensions) extension.close?.();
  return Uint8Array.from(Buffer.concat(protocol.dataToSend()));
}

/** The bytes in pieces, none of them larger than a read. */
export function reads(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const borders = places.map((place) => place % (bytes.length + 1));
  for (let at = 0; at < bytes.length; at += readBuffer.length) borders.push(at);
  const sorted = [...borders, bytes.length].sort((a, b) => a - b);
  return sorted.slice(1).map((end, i) => bytes.slice(sorted[i], end));
}

/** An array that all reads land in, with the way to unmask in it. */
export interface Lender {
  readonly name: string;
  readonly memory: Uint8Array;
  readonly unmask: Host['unmask'];
}

/** The memory that TCP handles are read into, and any other. */
export const LENDERS: readonly Lender[] = [
  { name: 'the read buffer', memory: readBuffer, unmask },
  { name: 'any memory', memory: new Uint8Array(readBuffer.length), unmask: undefined },
];

/** Lends a read to whoever takes it, and overwrites it once it comes back. */
export function lend(memory: Uint8Array, read: Uint8Array, take: (bytes: Uint8Array, end: number) => void): void {
  memory.set(read);
  try {
    take(memory, read.length);
  } finally {
    // Neither UTF-8 nor a frame.
    memory.fill(0x9b, 0, read.length + 16);
  }
}
