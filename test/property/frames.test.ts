// Frames that are encoded and parsed again, by our code and by its slow twin, whatever they are and however they are cut.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFrame } from '#dist/core/frame-encoder.js';
import { FrameParser } from '#dist/core/frame-parser.js';
import { Recorder } from '#dist/core/recorder.js';
import { decodeWireFrames, encodeWireFrame, type WireFrame } from '../support/wire-frames.js';

/** Around the borders between the classes of length, where mistakes live. */
const size = fc.oneof(
  { weight: 6, arbitrary: fc.nat(40) },
  { weight: 3, arbitrary: fc.integer({ min: 120, max: 130 }) },
  { weight: 1, arbitrary: fc.integer({ min: 65_530, max: 65_540 }) },
);

/** A frame by its numbers, which read better in a counterexample than 64 KiB of payload. */
const frame = fc
  .tuple(
    fc.constantFrom(0, 1, 2, 8, 9, 10),
    fc.boolean(),
    fc.constantFrom(0, 0x10, 0x20, 0x40, 0x70),
    size,
    fc.nat(254),
  )
  .map(
    ([opcode, fin, rsv, length, step]): WireFrame => ({
      opcode,
      fin,
      rsv,
      payload: new Uint8Array(length).map((_, i) => i * (step + 1)),
    }),
  );

const key = fc.integer();

/** Places to cut, of which those beyond the end count from the beginning again. */
const cuts = fc.array(fc.nat(200_000), { maxLength: 12 });

function pieces(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return sorted.slice(1).map((end, i) => bytes.slice(sorted[i], end));
}

function parse(parts: readonly Uint8Array[], masked: boolean): WireFrame[] {
  const parser = new FrameParser({ masked });
  const frames: WireFrame[] = [];
  for (const part of parts) {
    parser.push(part);
    while (parser.read()) {
      const { opcode, fin, rsv, bytes, start, end } = parser;
      frames.push({ opcode, fin, rsv, payload: bytes.slice(start, end) });
    }
  }
  assert.equal(parser.violation, null);
  assert.equal(parser.endOfStream().message, 'unexpected end of stream', 'nothing is left');
  return frames;
}

const essence = ({ opcode, fin, rsv, payload }: WireFrame): WireFrame => ({ opcode, fin, rsv, payload });

for (const masked of [true, false]) {
  const who = masked ? 'a client' : 'a server';

  test(`frames of ${who} come out of the parser as they went into the encoder, at any cut`, () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(frame, key), { maxLength: 6 }), cuts, (sent, places) => {
        const recorder = new Recorder();
        for (const [{ opcode, fin, rsv, payload }, mask] of sent) {
          encodeFrame(recorder, (fin ? 0x80 : 0) | rsv | opcode, payload, masked ? mask : null);
        }
        const bytes = Uint8Array.from(Buffer.concat(recorder.takeChunks()));
        const expected = sent.map(([each]) => each);
        assert.deepEqual(decodeWireFrames(bytes).map(essence), expected);
        assert.deepEqual(parse(pieces(bytes, places), masked), expected);
      }),
      { numRuns: 150 },
    );
  });

  test(`frames of ${who} come out of the parser as the slow encoder wrote them, at any cut`, () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), cuts, (sent, places) => {
        const bytes = Uint8Array.from(Buffer.concat(sent.map((each) => encodeWireFrame(each, masked))));
        assert.deepEqual(parse(pieces(bytes, places), masked), sent);
      }),
      { numRuns: 150 },
    );
  });
}
