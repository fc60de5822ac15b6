// Frames out of bytes: what the parser keeps, copies and forgets. What it accepts stands in test/vectors/protocol.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FrameParser } from '#dist/core/frame-parser.js';
import { decodeWireFrames, encodeWireFrame, type WireFrame } from '../support/wire-frames.js';

const fromClients = (): FrameParser => new FrameParser({ masked: true });
const fromServers = (): FrameParser => new FrameParser({ masked: false });

const binary = (payload: Uint8Array): WireFrame => ({ opcode: 2, fin: true, rsv: 0, payload });
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);
const payloadOf = (parser: FrameParser): Uint8Array => parser.bytes.slice(parser.start, parser.end);

describe('FrameParser', () => {
  test('has nothing to read before anything is pushed, nor after an empty chunk', () => {
    const parser = fromServers();
    assert.equal(parser.read(), false);
    parser.push(new Uint8Array(0));
    parser.push(new Uint8Array(0));
    assert.equal(parser.read(), false);
    assert.equal(parser.violation, null);
    parser.push(encodeWireFrame(binary(counting(3)), false));
    assert.equal(parser.read(), true);
  });

  test('shows opcode, FIN and reserved bits as they stand in the first byte', () => {
    const parser = fromServers();
    for (const [first, expected] of [
      [0x82, { opcode: 2, fin: true, rsv: 0 }],
      [0x00, { opcode: 0, fin: false, rsv: 0 }],
      [0x71, { opcode: 1, fin: false, rsv: 0x70 }],
      [0xca, { opcode: 10, fin: true, rsv: 0x40 }],
    ] as const) {
      parser.push(Uint8Array.of(first, 0));
      assert.equal(parser.read(), true);
      const { opcode, fin, rsv } = parser;
      assert.deepEqual({ opcode, fin, rsv }, expected);
    }
  });

  test('leaves a payload where it lies when it is whole, and unmasks it there', () => {
    const chunk = encodeWireFrame(binary(counting(200)), true);
    const parser = fromClients();
    parser.push(chunk);
    assert.equal(parser.read(), true);
    assert.equal(parser.bytes, chunk);
    assert.deepEqual([parser.start, parser.end], [8, 208]);
    assert.deepEqual(payloadOf(parser), counting(200));
  });

  test('lets go of the chunk once there is no frame in it any more', () => {
    const parser = fromServers();
    parser.push(encodeWireFrame(binary(counting(3)), false));
    parser.read();
    assert.equal(parser.bytes.length, 5);
    assert.equal(parser.read(), false);
    assert.equal(parser.bytes.length, 0);
  });

  test('gathers a payload that comes in pieces, and shows what is there of it', () => {
    const bytes = encodeWireFrame(binary(counting(10)), true);
    const parser = fromClients();
    parser.push(bytes.subarray(0, 6 + 4));
    assert.equal(parser.read(), false);
    assert.equal(parser.partialBytes, 4);
    assert.deepEqual(parser.partial.slice(0, 4), counting(4));
    parser.push(bytes.subarray(10));
    assert.equal(parser.read(), true);
    assert.equal(parser.partialBytes, 0);
    assert.equal(parser.partial.length, 0);
    assert.deepEqual(payloadOf(parser), counting(10));
  });

  test('gathers long payloads from chunks of any size', () => {
    for (const size of [1, 7, 1000, 1024, 5000, 65_536, 99_999]) {
      const payload = counting(100_000);
      const bytes = encodeWireFrame(binary(payload), true);
      const parser = fromClients();
      let at = 0;
      for (; at < bytes.length - size; at += size) {
        parser.push(bytes.slice(at, at + size));
        assert.equal(parser.read(), false);
      }
      parser.push(bytes.slice(at));
      assert.equal(parser.read(), true);
      assert.deepEqual(payloadOf(parser), payload);
    }
  });

  test('takes memory for what has arrived, not for what was announced', () => {
    const parser = fromServers();
    parser.push(encodeWireFrame({ ...binary(counting(100)), announced: 2n ** 40n }, false));
    assert.equal(parser.read(), false);
    assert.equal(parser.partialBytes, 100);
    assert.ok(parser.partial.length <= 1024, `${parser.partial.length} bytes for 100`);
    parser.push(new Uint8Array(100_000));
    assert.equal(parser.read(), false);
    assert.ok(parser.partial.length <= 2 * 100_100, `${parser.partial.length} bytes for 100,100`);
  });

  test('reads frame after frame across chunks that wait for their turn', () => {
    const frames = [binary(counting(5)), binary(counting(0)), binary(counting(300)), binary(counting(1))];
    const bytes = Buffer.concat(frames.map((frame) => encodeWireFrame(frame, false)));
    const parser = fromServers();
    for (let at = 0; at < bytes.length; at += 3) parser.push(Uint8Array.from(bytes.subarray(at, at + 3)));
    for (const { payload } of frames) {
      assert.equal(parser.read(), true);
      assert.deepEqual(payloadOf(parser), payload);
    }
    assert.equal(parser.read(), false);
  });

  test('keeps the rest of its chunk while nobody reads', () => {
    const parser = fromServers();
    const one = encodeWireFrame(binary(counting(1)), false);
    const two = encodeWireFrame(binary(counting(2)), false);
    parser.push(Uint8Array.from([...one, ...two]));
    assert.equal(parser.read(), true);
    parser.push(one.slice());
    assert.equal(parser.read(), true);
    assert.deepEqual(payloadOf(parser), counting(2));
    assert.equal(parser.read(), true);
    assert.deepEqual(payloadOf(parser), counting(1));
    assert.equal(parser.read(), false);
  });

  test('reads nothing any more after a violation', () => {
    const parser = fromServers();
    parser.push(Uint8Array.of(0x83, 0, 0x82, 0));
    assert.equal(parser.read(), false);
    assert.equal(parser.violation?.message, 'invalid opcode');
    parser.push(Uint8Array.of(0x82, 0));
    assert.equal(parser.read(), false);
  });

  test('applies the limit that is set when the header is complete', () => {
    const parser = fromServers();
    parser.maxPayloadBytes = 3;
    parser.push(Uint8Array.of(0x82, 3, 1, 2, 3, 0x82));
    assert.equal(parser.read(), true);
    assert.equal(parser.read(), false);
    parser.maxPayloadBytes = 2;
    parser.push(Uint8Array.of(3, 1, 2, 3));
    assert.equal(parser.read(), false);
    assert.equal(parser.violation?.message, 'frame with 3 bytes exceeds limit of 2 bytes');
  });

  test('forgets on demand what it holds: read and unread, headers and payloads', () => {
    const frame = encodeWireFrame(binary(counting(5)), false);
    for (const cut of [1, 2, 4, 7]) {
      const parser = fromServers();
      parser.push(frame.slice(0, cut));
      parser.read();
      parser.push(frame.slice());
      parser.push(frame.slice());
      parser.clear();
      assert.deepEqual([parser.partialBytes, parser.bytes.length, parser.start, parser.end], [0, 0, 0, 0]);
      assert.equal(parser.endOfStream().message, 'unexpected end of stream');
      assert.equal(parser.read(), false);
      parser.push(frame.slice());
      assert.equal(parser.read(), true);
      assert.deepEqual(payloadOf(parser), counting(5));
    }
  });

  test('takes a view that begins in the middle of its buffer', () => {
    const frame = encodeWireFrame(binary(counting(100)), true);
    const buffer = new Uint8Array(frame.length + 7).fill(0xee);
    buffer.set(frame, 3);
    const parser = fromClients();
    parser.push(buffer.subarray(3, 3 + frame.length));
    assert.equal(parser.read(), true);
    assert.deepEqual(payloadOf(parser), counting(100));
    assert.deepEqual([...buffer.subarray(0, 3), ...buffer.subarray(-4)], new Array(7).fill(0xee));
  });

  test('agrees with its slow twin on what a frame is', () => {
    const bytes = encodeWireFrame({ ...binary(counting(300)), rsv: 0x20, fin: false }, true);
    const [twin] = decodeWireFrames(bytes);
    const parser = fromClients();
    parser.push(bytes.slice());
    parser.read();
    const { opcode, fin, rsv } = parser;
    assert.deepEqual(
      { opcode, fin, rsv, payload: payloadOf(parser) },
      {
        opcode: twin!.opcode,
        fin: twin!.fin,
        rsv: twin!.rsv,
        payload: twin!.payload,
      },
    );
  });
});

test('chunks are read in the order in which they came, however many wait', () => {
  const parser = new FrameParser({ masked: false });
  const read: number[] = [];
  const take = (): void => {
    if (parser.read()) read.push(parser.bytes[parser.start]!);
  };
  const frame = (value: number): Uint8Array => encodeWireFrame(binary(Uint8Array.of(value)), false);
  // Whoever pauses at the last frame of a chunk has read the chunk to its end, with others behind it.
  parser.push(Uint8Array.from([...frame(1), ...frame(2)]));
  take();
  parser.push(frame(3));
  take();
  parser.push(frame(4));
  take();
  parser.push(frame(5));
  for (let i = 0; i < 3; i++) take();
  assert.deepEqual(read, [1, 2, 3, 4, 5]);
});

test('chunks are read in order while others come, though some wait at every moment', () => {
  const parser = new FrameParser({ masked: false });
  let pushed = 0;
  let read = 0;
  const push = (): void => parser.push(encodeWireFrame(binary(Uint8Array.of(pushed++ & 255)), false));
  for (let i = 0; i < 50; i++) push();
  for (let turn = 0; turn < 1000; turn++) {
    // Now more come than are read, now fewer.
    const [comes, goes] = (turn & 64) === 0 ? [3, 2] : [2, 3];
    for (let i = 0; i < comes; i++) push();
    for (let i = 0; i < goes && parser.read(); i++) assert.equal(parser.bytes[parser.start], read++ & 255);
  }
  while (parser.read()) assert.equal(parser.bytes[parser.start], read++ & 255);
  assert.equal(read, pushed);
});

test('reading many chunks that wait takes time in their number', () => {
  const parser = new FrameParser({ masked: false });
  const count = 200_000;
  for (let i = 0; i < count; i++) parser.push(Uint8Array.of(0x82, 0));
  const start = performance.now();
  let read = 0;
  while (parser.read()) read += 1;
  assert.equal(read, count);
  // Some 20 ms; taking them from the front of an array one by one, more than 10 s.
  const ms = performance.now() - start;
  assert.ok(ms < 3000, `${ms} ms`);
});
