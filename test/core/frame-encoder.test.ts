// Frames as bytes: the examples of RFC 6455 §5.7, every class of length, and what happens to the caller's buffer.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { encodeFrame, PIECE_BYTES } from '#dist/core/frame-encoder.js';
import type { ProtocolOutput } from '#dist/core/protocol-pipe.js';
import { unmask, writeBuffer } from '#dist/node/io-buffers.js';
import { decodeWireFrames } from '../support/wire-frames.js';

const KEY = 0x37_fa_21_3d;
const SIZES = [0, 1, 3, 31, 32, 33, 124, 125, 126, 127, 255, 256, 65_534, 65_535, 65_536, 70_000];

/** Collects in one buffer, as a write batch does, between bytes that must stay as they are. */
class Output implements ProtocolOutput {
  readonly appendFromBytes: number;
  bytes: Uint8Array = new Uint8Array(0);
  readonly chunks: Uint8Array[] = [];

  constructor(appendFromBytes: number = Number.POSITIVE_INFINITY) {
    this.appendFromBytes = appendFromBytes;
  }

  reserve(byteLength: number): number {
    this.#checkSurroundings();
    this.bytes = new Uint8Array(byteLength + 10).fill(0xee);
    this.chunks.push(this.bytes.subarray(5, 5 + byteLength));
    return 5;
  }

  append(bytes: Uint8Array): void {
    this.chunks.push(bytes);
  }

  share(): void {
    assert.fail('a frame is shared by whoever knows for whom it is');
  }

  end(): void {
    assert.fail('a frame does not end the stream');
  }

  /** All that was written. */
  take(): Uint8Array {
    this.#checkSurroundings();
    return Uint8Array.from(Buffer.concat(this.chunks));
  }

  /** Nothing may stand beside what was reserved. */
  #checkSurroundings(): void {
    if (this.bytes.length === 0) return;
    assert.deepEqual([...this.bytes.subarray(0, 5), ...this.bytes.subarray(-5)], new Array(10).fill(0xee));
  }
}

function encode(first: number, payload: Uint8Array, key: number | null): Uint8Array {
  const output = new Output();
  encodeFrame(output, first, payload, key);
  assert.equal(output.chunks.length, 1);
  return output.take();
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

describe('encodeFrame', () => {
  test('masks where the runtime does it faster just as with the plain loop', () => {
    if (unmask === undefined || writeBuffer === null) return assert.fail('this Node has WebAssembly');
    for (const size of [...SIZES, 40_000, 200_000]) {
      const payload = randomBytes(size);
      const output = new Output(32_768);
      const written: Uint8Array[] = [];
      // As a batch does it that flushes before each chunk, and always gets the same buffer.
      output.reserve = (byteLength) => {
        written.push(writeBuffer!.slice(7, 7 + (output.chunks[0]?.length ?? 0)));
        output.chunks[0] = new Uint8Array(byteLength);
        output.bytes = writeBuffer!;
        return 7;
      };
      encodeFrame(output, 0x82, payload, KEY, unmask);
      output.reserve(0);
      assert.equal(hex(Buffer.concat(written)), hex(encode(0x82, payload, KEY)), `${size} bytes`);
    }
  });

  test('writes the unmasked text of RFC 6455 §5.7', () => {
    assert.equal(hex(encode(0x81, bytesOf('Hello'), null)), '810548656c6c6f');
  });

  test('writes the masked text of RFC 6455 §5.7', () => {
    assert.equal(hex(encode(0x81, bytesOf('Hello'), KEY)), '818537fa213d7f9f4d5158');
  });

  test('writes the fragments of RFC 6455 §5.7', () => {
    assert.equal(hex(encode(0x01, bytesOf('Hel'), null)), '010348656c');
    assert.equal(hex(encode(0x80, bytesOf('lo'), null)), '80026c6f');
  });

  test('writes lengths of 256 bytes and 64 KiB as RFC 6455 §5.7', () => {
    assert.equal(hex(encode(0x82, new Uint8Array(256), null).subarray(0, 5)), '827e010000');
    assert.equal(hex(encode(0x82, new Uint8Array(65_536), null).subarray(0, 11)), '827f000000000001000000');
  });

  test('masks an empty payload, too', () => {
    assert.equal(hex(encode(0x89, new Uint8Array(0), KEY)), '898037fa213d');
    assert.equal(hex(encode(0x89, new Uint8Array(0), 0)), '898000000000');
  });

  for (const size of SIZES) {
    test(`writes ${size} bytes with the shortest length, masked and not`, () => {
      const payload = Uint8Array.from(randomBytes(size));
      for (const key of [null, KEY, -1]) {
        const [frame, ...more] = decodeWireFrames(encode(0x82, payload, key));
        assert.equal(more.length, 0);
        assert.deepEqual(frame!.payload, payload);
        assert.equal(frame!.lengthBits, size < 126 ? 7 : size < 65_536 ? 16 : 64);
        assert.equal(frame!.mask === null, key === null);
      }
    });

    test(`leaves the buffer of the caller as it is, at ${size} bytes`, () => {
      const whole = Uint8Array.from(randomBytes(size + 2));
      const before = Uint8Array.from(whole);
      encode(0x82, whole.subarray(1, 1 + size), KEY);
      assert.deepEqual(whole, before);
    });
  }

  test('hands a large payload that needs no mask on as it is, behind its header', () => {
    const payload = new Uint8Array(1000);
    const output = new Output(1000);
    encodeFrame(output, 0x82, payload, null);
    assert.equal(output.chunks.length, 2);
    assert.equal(hex(output.chunks[0]!), '827e03e8');
    assert.equal(output.chunks[1], payload);
  });

  test('copies a payload below that size, and one that is masked and not larger than a piece', () => {
    for (const [size, key] of [
      [999, null],
      [1000, KEY],
      [PIECE_BYTES - 8, KEY],
    ] as const) {
      const output = new Output(1000);
      encodeFrame(output, 0x82, new Uint8Array(size), key);
      assert.equal(output.chunks.length, 1);
    }
  });

  for (const size of [PIECE_BYTES - 7, PIECE_BYTES, 2 * PIECE_BYTES - 8, 2 * PIECE_BYTES - 7, 3 * PIECE_BYTES + 1]) {
    test(`masks ${size} bytes in pieces, none of them larger than others are`, () => {
      const payload = Uint8Array.from(randomBytes(size));
      const before = Uint8Array.from(payload);
      const output = new Output(1000);
      encodeFrame(output, 0x82, payload, KEY);
      assert.ok(output.chunks.length > 1);
      for (const { length } of output.chunks) assert.ok(length <= PIECE_BYTES, `${length}`);
      const [frame, ...more] = decodeWireFrames(output.take());
      assert.equal(more.length, 0);
      assert.deepEqual(frame!.payload, payload);
      assert.deepEqual(payload, before);
    });
  }
});
