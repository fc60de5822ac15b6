// permessage-deflate frame by frame, against RFC 7692's examples, and against zlib's own streams as an independent peer.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, suite, test } from 'node:test';
import {
  constants,
  createDeflateRaw,
  createInflateRaw,
  type DeflateRaw,
  type InflateRaw,
  inflateRawSync,
} from 'node:zlib';
import fc from 'fast-check';
import { InvalidState, PayloadTooBig, ProtocolError } from '#dist/core/exceptions/protocol-errors.js';
import { PerMessageDeflate, type PerMessageDeflateOptions } from '#dist/core/extensions/permessage-deflate.js';
import { Frame, type FrameInit } from '#dist/core/frame.js';
import type { DeflateEngine } from '#dist/core/host.js';
import { Opcode } from '#dist/core/opcode.js';
import { NodeDeflateEngine } from '#dist/node/deflate-engine.js';

const { BINARY, CLOSE, CONT, PING, PONG, TEXT } = Opcode;
const engine = new NodeDeflateEngine(undefined, { maxContexts: null });
const UNLIMITED = { maxSize: null };

suite('PerMessageDeflate, decoding', () => {
  describe("RFC 7692's examples", () => {
    test('one compressed message (§7.2.3.1)', () => {
      assert.equal(textOf(decodeHex(extension(), 'f248cdc9c90700')), 'Hello');
    });

    test('the same message again refers back to the first (§7.2.3.2)', () => {
      const deflate = extension();
      assert.equal(textOf(decodeHex(deflate, 'f248cdc9c90700')), 'Hello');
      assert.equal(textOf(decodeHex(deflate, 'f200110000')), 'Hello');
    });

    test('a stored block (§7.2.3.3)', () => {
      assert.equal(textOf(decodeHex(extension(), '000500faff48656c6c6f00')), 'Hello');
    });

    test('a block with BFINAL set (§7.2.3.4)', () => {
      assert.equal(textOf(decodeHex(extension(), 'f348cdc9c9070000')), 'Hello');
    });

    test('two blocks in one message (§7.2.3.5)', () => {
      assert.equal(textOf(decodeHex(extension(), 'f24805000000ffffcac9c90700')), 'Hello');
    });

    test('a fragmented message', () => {
      const deflate = extension();
      const first = decodeHex(deflate, 'f248', { fin: false });
      const second = decodeHex(deflate, 'cdc9c90700', { opcode: CONT, rsv1: false });
      assert.equal(textOf(first) + textOf(second), 'Hello');
    });

    test('an empty message (§7.2.3.6)', () => {
      assert.equal(decodeHex(extension(), '00').data.byteLength, 0);
      assert.equal(decodeHex(extension(), '0200').data.byteLength, 0);
    });
  });

  test('clears RSV1 and keeps everything else', () => {
    const frame = extension().decode(
      new Frame({ opcode: BINARY, data: hex('f248cdc9c90700'), fin: false, rsv1: true, rsv2: true, rsv3: true }),
      UNLIMITED,
    );
    const { opcode, fin, rsv1, rsv2, rsv3 } = frame;
    assert.deepEqual(
      { opcode, fin, rsv1, rsv2, rsv3 },
      { opcode: BINARY, fin: false, rsv1: false, rsv2: true, rsv3: true },
    );
  });

  for (const opcode of [PING, PONG, CLOSE]) {
    test(`lets control frames of type ${opcode} through, with and without RSV1`, () => {
      for (const rsv1 of [false, true]) {
        const frame = new Frame({ opcode, data: hex('f248'), rsv1 });
        assert.equal(extension().decode(frame, UNLIMITED), frame);
      }
    });
  }

  test('lets uncompressed messages through, whole and in fragments, and they leave the window alone', () => {
    const deflate = extension();
    decodeHex(deflate, 'f248cdc9c90700');
    for (const frame of [
      new Frame({ opcode: TEXT, data: bytesOf('plain') }),
      new Frame({ opcode: BINARY, data: bytesOf('in '), fin: false }),
      new Frame({ opcode: CONT, data: bytesOf('three '), fin: false }),
      new Frame({ opcode: CONT, data: bytesOf('parts') }),
    ]) {
      assert.equal(deflate.decode(frame, UNLIMITED), frame);
    }
    assert.equal(textOf(decodeHex(deflate, 'f200110000')), 'Hello');
  });

  test('lets control frames through between the fragments of a compressed message', () => {
    const deflate = extension();
    const first = decodeHex(deflate, 'f248', { fin: false });
    const ping = new Frame({ opcode: PING, data: bytesOf('?') });
    assert.equal(deflate.decode(ping, UNLIMITED), ping);
    const last = decodeHex(deflate, 'cdc9c90700', { opcode: CONT, rsv1: false });
    assert.equal(textOf(first) + textOf(last), 'Hello');
  });

  test('refuses RSV1 on a continuation of a compressed message', () => {
    const deflate = extension();
    decodeHex(deflate, 'f248', { fin: false });
    assert.throws(() => decodeHex(deflate, 'cdc9c90700', { opcode: CONT }), {
      name: 'ProtocolError',
      code: 'RSV1_ON_CONTINUATION',
      message: 'RSV1 bit set in continuation frame',
    });
  });

  test('leaves RSV1 on a continuation of an uncompressed message to the check of reserved bits', () => {
    const deflate = extension();
    deflate.decode(new Frame({ opcode: TEXT, data: bytesOf('a'), fin: false }), UNLIMITED);
    const frame = new Frame({ opcode: CONT, data: bytesOf('b'), rsv1: true });
    assert.equal(deflate.decode(frame, UNLIMITED), frame);
  });

  test('takes a continuation behind the end of a compressed message for an uncompressed one', () => {
    const deflate = extension();
    decodeHex(deflate, 'f248', { fin: false });
    decodeHex(deflate, 'cdc9c90700', { opcode: CONT, rsv1: false });
    const frame = new Frame({ opcode: CONT, data: bytesOf('b') });
    assert.equal(deflate.decode(frame, UNLIMITED), frame);
  });

  test('reports corrupt data with the cause', () => {
    assert.throws(
      () => decodeHex(extension(), 'ffffffff'),
      (error) => {
        assert(error instanceof ProtocolError);
        assert.equal(error.code, 'DECOMPRESSION_FAILED');
        assert.equal(error.message, 'decompression failed');
        assert(error.cause instanceof Error);
        assert.equal(error.cause.message, 'invalid block type');
        return true;
      },
    );
  });

  test('turns random garbage into a payload or an error of the protocol, never into anything else', () => {
    let refused = 0;
    for (let round = 0; round < 300; round += 1) {
      const deflate = extension();
      try {
        for (let frame = 0; frame < 3; frame += 1) {
          const data = new Uint8Array(randomBytes(1 + (round % 40)));
          const decoded = deflate.decode(new Frame({ opcode: BINARY, data, rsv1: true }), { maxSize: 5000 });
          assert(decoded.data.byteLength <= 5000);
        }
      } catch (error) {
        assert(error instanceof ProtocolError || error instanceof PayloadTooBig, String(error));
        refused += 1;
      }
      deflate.close();
    }
    assert(refused > 200, `only ${refused} of 300 were refused`);
  });

  test('refuses a reference back beyond the window that was agreed on', async () => {
    const peer = new PeerDeflator({ windowBits: 15, noContextTakeover: false });
    const payload = new Uint8Array(randomBytes(640));
    const first = await peer.message([payload]);
    const second = await peer.message([payload.subarray(0, 40)]);
    peer.close();
    assert(second.byteLength < 40);

    for (const [remoteMaxWindowBits, follows] of [
      [10, true],
      [9, false],
    ] as const) {
      const deflate = extension({ remoteMaxWindowBits });
      deflate.decode(new Frame({ opcode: BINARY, data: first, rsv1: true }), UNLIMITED);
      const decode = () => deflate.decode(new Frame({ opcode: BINARY, data: second, rsv1: true }), UNLIMITED);
      if (follows) assert.deepEqual(decode().data, payload.slice(0, 40));
      else assert.throws(decode, { code: 'DECOMPRESSION_FAILED' });
    }
  });

  describe('of messages whose compressed form has no end of its own', () => {
    test('takes no bytes at all for an empty message, and the next one decodes', () => {
      const deflate = extension();
      assert.equal(decodeHex(deflate, '').data.byteLength, 0);
      assert.equal(textOf(decodeHex(deflate, 'f248cdc9c90700')), 'Hello');
      assert.equal(decodeHex(deflate, '').data.byteLength, 0);
      assert.equal(textOf(decodeHex(deflate, 'f200110000')), 'Hello');
    });

    test('accepts the bytes that should have been cut off, and the next one decodes', () => {
      const deflate = extension();
      assert.equal(textOf(decodeHex(deflate, 'f248cdc9c907000000ffff')), 'Hello');
      assert.equal(textOf(decodeHex(deflate, 'f200110000')), 'Hello');
    });

    test('accepts an empty last fragment behind a flushed one, and the next one decodes', () => {
      const deflate = extension();
      assert.equal(textOf(decodeHex(deflate, 'f248cdc9c907000000ffff', { fin: false })), 'Hello');
      assert.equal(decodeHex(deflate, '', { opcode: CONT, rsv1: false }).data.byteLength, 0);
      assert.equal(textOf(decodeHex(deflate, 'f200110000')), 'Hello');
    });

    test('accepts an empty last fragment behind a flush that was cut in two, wherever, and the next one decodes', () => {
      for (const flush of ['|0000ffff', '00|00ffff', '0000|ffff', '0000ff|ff', '00|00|ff|ff', '00|00|ff||ff']) {
        const deflate = extension();
        const fragments = [...`f248cdc9c90700${flush}`.split('|'), ''].map(hex);
        assert.equal(decodeFragments(deflate, fragments), 'Hello', flush);
        assert.equal(textOf(decodeHex(deflate, 'f200110000')), 'Hello', flush);
      }
    });

    test('completes a message whose last fragment is empty', () => {
      const deflate = extension();
      const first = decodeHex(deflate, 'f248cdc9c90700', { fin: false });
      const last = decodeHex(deflate, '', { opcode: CONT, rsv1: false });
      assert.equal(textOf(first) + textOf(last), 'Hello');
      assert.equal(textOf(decodeHex(deflate, 'f200110000')), 'Hello');
    });
  });

  describe('behind a BFINAL block', () => {
    for (const title of ['whole', 'byte by byte']) {
      for (const bytes of ['f348cdc9c9070000', 'f348cdc9c90700']) {
        for (const remoteNoContextTakeover of [false, true]) {
          test(`following messages decode: ${bytes}, ${title}, no context takeover ${remoteNoContextTakeover}`, () => {
            const deflate = extension({ remoteNoContextTakeover });
            for (let message = 0; message < 3; message += 1) {
              const parts = title === 'whole' ? [bytes] : bytes.match(/../g)!;
              assert.equal(decodeFragments(deflate, parts.map(hex)), 'Hello');
              assert.equal(decodeFragments(deflate, [hex('f248cdc9c90700')]), 'Hello');
            }
          });
        }
      }
    }
  });

  describe('with a limit', () => {
    const compressible = new Uint8Array(1000).fill(0x61);
    const incompressible = new Uint8Array(randomBytes(1000));
    for (const [title, payload] of [
      ['compressible', compressible],
      ['incompressible', incompressible],
    ] as const) {
      for (const size of [0, 1, 2, 999, 1000]) {
        test(`${size} bytes of ${title} data pass limits of as much and more, and no smaller one`, () => {
          const data = pack(payload.subarray(0, size));
          for (const maxSize of [size, size + 1, null]) {
            const decoded = extension().decode(new Frame({ opcode: BINARY, data, rsv1: true }), { maxSize });
            assert.deepEqual(decoded.data, payload.slice(0, size));
          }
          if (size === 0) return;
          assert.throws(
            () => extension().decode(new Frame({ opcode: BINARY, data, rsv1: true }), { maxSize: size - 1 }),
            (error) => {
              assert(error instanceof PayloadTooBig);
              assert.equal(error.message, `frame exceeds limit of ${size - 1} bytes`);
              assert.equal(error.size, null);
              return true;
            },
          );
        });
      }
    }

    test('each fragment has the limit it is given', () => {
      const sender = extension();
      const [first, second] = [
        sender.encode(new Frame({ opcode: BINARY, data: compressible, fin: false })),
        sender.encode(new Frame({ opcode: CONT, data: compressible })),
      ];
      const deflate = extension();
      assert.equal(deflate.decode(first, { maxSize: 1000 }).data.byteLength, 1000);
      assert.throws(() => deflate.decode(second, { maxSize: 999 }), { name: 'PayloadTooBig' });
    });

    test('a final fragment without output fits a budget of nothing', () => {
      const deflate = extension();
      const sender = extension();
      const first = sender.encode(new Frame({ opcode: BINARY, data: compressible, fin: false }));
      const last = sender.encode(new Frame({ opcode: CONT, data: new Uint8Array() }));
      assert.equal(deflate.decode(first, { maxSize: 1000 }).data.byteLength, 1000);
      assert.equal(deflate.decode(last, { maxSize: 0 }).data.byteLength, 0);
    });
  });
});

suite('PerMessageDeflate, encoding', () => {
  for (const opcode of [PING, PONG, CLOSE]) {
    test(`lets control frames of type ${opcode} through`, () => {
      const frame = new Frame({ opcode, data: bytesOf('ab') });
      assert.equal(extension().encode(frame), frame);
    });
  }

  test('sets RSV1 on the first frame of a message only, and keeps everything else', () => {
    const deflate = extension();
    for (const [opcode, fin, rsv1] of [
      [TEXT, true, true],
      [BINARY, false, true],
      [CONT, false, false],
      [CONT, true, false],
    ] as const) {
      const frame = deflate.encode(new Frame({ opcode, fin, data: bytesOf('ab'), rsv2: true, rsv3: true }));
      assert.deepEqual(
        { opcode: frame.opcode, fin: frame.fin, rsv1: frame.rsv1, rsv2: frame.rsv2, rsv3: frame.rsv3 },
        { opcode, fin, rsv1, rsv2: true, rsv3: true },
      );
    }
  });

  test('cuts the end of the flush off a message, and leaves it on what is not its end', () => {
    const deflate = extension();
    const end = hex('0000ffff');
    const part = deflate.encode(new Frame({ opcode: TEXT, data: bytesOf('Hello'), fin: false }));
    assert.deepEqual(part.data.slice(-4), end);
    const last = deflate.encode(new Frame({ opcode: CONT, data: bytesOf('Hello') }));
    assert.notDeepEqual(last.data.slice(-4), end);
    const peer = inflateRawSync(Buffer.concat([part.data, last.data, end]), { finishFlush: constants.Z_SYNC_FLUSH });
    assert.equal(peer.toString(), 'HelloHello');
  });

  test('sends an empty message as one byte, again and again', () => {
    for (const localNoContextTakeover of [false, true]) {
      const deflate = extension({ localNoContextTakeover });
      const receiver = extension({ remoteNoContextTakeover: localNoContextTakeover });
      for (let message = 0; message < 3; message += 1) {
        const frame = deflate.encode(new Frame({ opcode: TEXT, data: new Uint8Array() }));
        assert.deepEqual(frame.data, hex('00'));
        assert.equal(receiver.decode(frame, UNLIMITED).data.byteLength, 0);
        const hello = deflate.encode(new Frame({ opcode: TEXT, data: bytesOf('Hello') }));
        assert.equal(textOf(receiver.decode(hello, UNLIMITED)), 'Hello');
      }
    }
  });

  test('large messages that are compressed elsewhere are read between others, and leave the next with an empty window', async () => {
    for (const localNoContextTakeover of [false, true]) {
      const deflate = extension({ localNoContextTakeover, localMaxWindowBits: 10 });
      const peer = extension({ remoteNoContextTakeover: localNoContextTakeover, remoteMaxWindowBits: 10 });
      const small = bytesOf('abcdefgh'.repeat(20));
      const large = bytesOf('bcdefgha'.repeat(10_000));
      for (let turn = 0; turn < 3; turn += 1) {
        const first = deflate.encode(new Frame({ opcode: TEXT, data: small }));
        assert.equal(textOf(peer.decode(first, UNLIMITED)), textOf(new Frame({ opcode: TEXT, data: small })));
        const later = (await deflate.encodeLater(new Frame({ opcode: BINARY, data: large }), { compress: true }))!;
        assert.deepEqual(
          { opcode: later.opcode, fin: later.fin, rsv1: later.rsv1 },
          { opcode: BINARY, fin: true, rsv1: true },
        );
        assert.deepEqual(peer.decode(later, UNLIMITED).data, new Uint8Array(large));
      }
      deflate.close();
      peer.close();
    }
  });

  test('large messages that are decompressed elsewhere are read between others, with windows and without', async () => {
    for (const noContextTakeover of [false, true]) {
      const sender = extension({ localNoContextTakeover: noContextTakeover });
      const deflate = extension({ remoteNoContextTakeover: noContextTakeover });
      const large = new Uint8Array(randomBytes(100_000));
      for (let turn = 0; turn < 3; turn += 1) {
        const small = new Frame({ opcode: TEXT, data: bytesOf('Hello') });
        assert.equal(textOf(deflate.decode(sender.encode(small), UNLIMITED)), 'Hello');
        const frame = sender.encode(new Frame({ opcode: BINARY, data: large, rsv3: true }));
        const decoded = (await deflate.decodeLater(frame, { maxSize: 100_000 }))!;
        assert.deepEqual(decoded, new Frame({ opcode: BINARY, data: large, rsv3: true }));
      }
      const next = sender.encode(new Frame({ opcode: BINARY, data: large }));
      await assert.rejects(async () => deflate.decodeLater(next, { maxSize: 99_999 }), { name: 'PayloadTooBig' });
      deflate.close();
      sender.close();
    }
  });

  test('large messages that are decompressed elsewhere are refused as others are', async () => {
    const data = new Uint8Array(100_000).fill(0xff);
    const decoding = extension().decodeLater(new Frame({ opcode: BINARY, data, rsv1: true }), UNLIMITED);
    await assert.rejects(async () => decoding, { code: 'DECOMPRESSION_FAILED' });
  });

  test('nothing is decompressed elsewhere but whole messages that are compressed and large', () => {
    const deflate = extension();
    const data = new Uint8Array(100_000);
    for (const init of [
      { opcode: BINARY, data },
      { opcode: BINARY, data, rsv1: true, fin: false },
      { opcode: CONT, data, rsv1: true },
      { opcode: PING, data, rsv1: true },
      { opcode: BINARY, data: data.subarray(0, 100), rsv1: true },
    ]) {
      assert.equal(deflate.decodeLater(new Frame(init), UNLIMITED), null);
    }
    decodeHex(deflate, 'f248', { fin: false });
    assert.equal(deflate.decodeLater(new Frame({ opcode: BINARY, data, rsv1: true }), UNLIMITED), null);
    const other = extension({ engine: countContexts().counting });
    assert.equal(other.decodeLater(new Frame({ opcode: BINARY, data, rsv1: true }), UNLIMITED), null);
  });

  test('nothing is compressed elsewhere that is small, or not to be compressed, or by an engine that cannot', () => {
    const large = new Frame({ opcode: TEXT, data: new Uint8Array(100_000) });
    assert.equal(extension().encodeLater(new Frame({ opcode: TEXT, data: bytesOf('a') }), {}), null);
    assert.equal(extension().encodeLater(large, { compress: false }), null);
    assert.equal(extension({ engine: countContexts().counting }).encodeLater(large, {}), null);
  });

  test('a second message is shorter for the first, unless each starts anew', () => {
    const data = new Uint8Array(randomBytes(300));
    const sizes = (options: Partial<PerMessageDeflateOptions>) => {
      const deflate = extension(options);
      return [1, 2].map(() => deflate.encode(new Frame({ opcode: BINARY, data })).data.byteLength);
    };
    const [first, second] = sizes({});
    assert(second! < first! / 10);
    const [alone, again] = sizes({ localNoContextTakeover: true });
    assert.equal(again, alone);
  });

  test('neither changes nor keeps what it is given', () => {
    const deflate = extension();
    const data = bytesOf('Hello');
    const frame = new Frame({ opcode: TEXT, data });
    const encoded = deflate.encode(frame);
    const before = encoded.data.slice();
    assert.equal(textOf(frame), 'Hello');
    data.fill(0);
    deflate.encode(new Frame({ opcode: TEXT, data: bytesOf('another') }));
    assert.deepEqual(encoded.data, before);
    assert.equal(textOf(extension().decode(encoded, UNLIMITED)), 'Hello');
  });

  test('hands its settings to the compressor', () => {
    const data = new Uint8Array(1000);
    const stored = extension({ compressSettings: { level: 0 } }).encode(new Frame({ opcode: BINARY, data }));
    assert(stored.data.byteLength > 1000);
  });
});

suite('PerMessageDeflate, contexts', () => {
  test('are made when the first message needs them, and freed by close', () => {
    const { counting, open } = countContexts();
    const deflate = extension({ engine: counting });
    assert.deepEqual(open, { deflators: 0, inflators: 0 });
    deflate.encode(new Frame({ opcode: PING, data: bytesOf('a') }));
    deflate.decode(new Frame({ opcode: TEXT, data: bytesOf('a') }), UNLIMITED);
    assert.deepEqual(open, { deflators: 0, inflators: 0 });
    const hello = deflate.encode(new Frame({ opcode: TEXT, data: bytesOf('Hello') }));
    assert.deepEqual(open, { deflators: 1, inflators: 0 });
    deflate.decode(hello, UNLIMITED);
    deflate.decode(hello, UNLIMITED);
    assert.deepEqual(open, { deflators: 1, inflators: 1 });
    deflate.close();
    deflate.close();
    assert.deepEqual(open, { deflators: 0, inflators: 0 });
  });

  for (const [title, maxContexts, settings, told] of [
    ['that has no window kept for it tells so once', 0, {}, ['maxCompressionContexts']],
    ['that has one tells nothing', 1, {}, []],
    ['that needs none tells nothing', 0, { localNoContextTakeover: true }, []],
  ] as const) {
    test(`a connection ${title}`, () => {
      const limits: string[] = [];
      const deflate = extension({ engine: new NodeDeflateEngine(undefined, { maxContexts }), ...settings });
      deflate.watch({ reportLimit: (limit) => limits.push(limit) });
      const hello = new Frame({ opcode: TEXT, data: bytesOf('Hello') });
      deflate.encodeShared(hello, {}, new Map());
      assert.deepEqual(limits, [], 'what goes to many has a window of its own');
      for (let message = 0; message < 3; message += 1) deflate.encode(hello);
      assert.deepEqual(limits, told);
      deflate.close();
    });
  }

  test('without takeover, live from the first frame of a message to the last', () => {
    const { counting, open } = countContexts();
    const deflate = extension({ engine: counting, localNoContextTakeover: true, remoteNoContextTakeover: true });
    const first = deflate.encode(new Frame({ opcode: TEXT, data: bytesOf('Hel'), fin: false }));
    deflate.decode(first, UNLIMITED);
    assert.deepEqual(open, { deflators: 1, inflators: 1 });
    const last = deflate.encode(new Frame({ opcode: CONT, data: bytesOf('lo') }));
    deflate.decode(last, UNLIMITED);
    assert.deepEqual(open, { deflators: 0, inflators: 0 });
  });

  test('without takeover, are replaced when a message begins inside another', () => {
    const { counting, open } = countContexts();
    const deflate = extension({ engine: counting, localNoContextTakeover: true, remoteNoContextTakeover: true });
    for (let message = 0; message < 3; message += 1) {
      const first = deflate.encode(new Frame({ opcode: TEXT, data: bytesOf('Hello'), fin: false }));
      assert.equal(textOf(deflate.decode(first, UNLIMITED)), 'Hello');
      assert.deepEqual(open, { deflators: 1, inflators: 1 });
    }
    deflate.close();
    assert.deepEqual(open, { deflators: 0, inflators: 0 });
  });

  test('are made once for messages that were asked about first, as large ones are', () => {
    const { counting, made } = countContexts();
    const deflate = extension({ engine: counting, localNoContextTakeover: true });
    const frame = new Frame({ opcode: TEXT, data: bytesOf('Hello') });
    for (let turn = 1; turn <= 3; turn += 1) {
      assert.equal(deflate.encodeLater(frame, {}), null);
      deflate.encode(frame);
      assert.equal(made.deflators, turn);
    }
    deflate.close();
  });

  test('are not made after close', () => {
    const deflate = extension();
    deflate.close();
    assert.throws(() => deflate.encode(new Frame({ opcode: TEXT, data: bytesOf('a') })), InvalidState);
    assert.throws(() => decodeHex(deflate, 'f248cdc9c90700'), InvalidState);
  });

  test('have the windows that were agreed on', () => {
    const asked: unknown[] = [];
    const recording: DeflateEngine = {
      createDeflator: (settings) => {
        asked.push(settings);
        return engine.createDeflator(settings);
      },
      createInflator: (settings) => {
        asked.push(settings);
        return engine.createInflator(settings);
      },
    };
    const deflate = new PerMessageDeflate({
      remoteMaxWindowBits: 10,
      localMaxWindowBits: 11,
      compressSettings: { level: 3 },
      engine: recording,
    });
    deflate.decode(deflate.encode(new Frame({ opcode: TEXT, data: bytesOf('Hello') })), UNLIMITED);
    assert.deepEqual(asked, [{ level: 3, windowBits: 11 }, { windowBits: 10 }]);
  });
});

/** A run of messages over a few building blocks, so that they repeat each other near and far. */
const conversations = fc
  .record({
    blocks: fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { minLength: 1, maxLength: 4 }),
    messages: fc.array(
      fc.record({
        fragments: fc.array(fc.array(fc.nat({ max: 3 }), { maxLength: 5 }), { minLength: 1, maxLength: 4 }),
        isCompressed: fc.integer({ min: 0, max: 4 }).map((n) => n > 0),
        cuts: fc.array(fc.nat({ max: 1000 }), { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  })
  .map(({ blocks, messages }) =>
    messages.map(({ fragments, isCompressed, cuts }) => ({
      fragments: fragments.map((picks) => new Uint8Array(Buffer.concat(picks.map((n) => blocks[n % blocks.length]!)))),
      isCompressed,
      cuts,
    })),
  );

suite('PerMessageDeflate, any conversation comes back as it went', () => {
  for (const noContextTakeover of [false, true]) {
    for (const remoteNoContextTakeover of [false, true]) {
      const title = `our context takeover ${!noContextTakeover}, the peer's ${!remoteNoContextTakeover}`;
      const combinations = windowPairs().map(([local, remote]) => ({
        localNoContextTakeover: noContextTakeover,
        remoteNoContextTakeover,
        localMaxWindowBits: local,
        remoteMaxWindowBits: remote,
      }));

      test(`between two of ours, all windows, ${title}`, () => {
        for (const options of combinations) {
          fc.assert(
            fc.property(conversations, (conversation) => {
              const here = extension(options);
              const there = mirror(options);
              for (const [from, to] of [
                [here, there],
                [there, here],
              ] as const) {
                for (const { fragments, isCompressed } of conversation) {
                  for (const [index, data] of fragments.entries()) {
                    const frame = fragmentOf(fragments, index, data);
                    const received = to.decode(isCompressed ? from.encode(frame) : frame, { maxSize: data.byteLength });
                    assert.deepEqual({ ...received }, { ...frame });
                  }
                }
              }
              here.close();
              there.close();
            }),
            { numRuns: 3 },
          );
        }
      });

      test(`with zlib's streams as the peer, all windows, ${title}`, async () => {
        for (const options of combinations) {
          await fc.assert(
            fc.asyncProperty(conversations, async (conversation) => {
              const ours = extension(options);
              const inflator = new PeerInflator({
                windowBits: options.localMaxWindowBits,
                noContextTakeover: options.localNoContextTakeover,
              });
              const deflator = new PeerDeflator({
                windowBits: options.remoteMaxWindowBits,
                noContextTakeover: options.remoteNoContextTakeover,
              });
              for (const { fragments, cuts } of conversation) {
                const sent = fragments.map((data, index) => ours.encode(fragmentOf(fragments, index, data)).data);
                assert.deepEqual(await inflator.message(sent), new Uint8Array(Buffer.concat(fragments)));

                // The peer may cut its compressed bytes wherever it likes (RFC 7692 §6.1).
                const pieces = cutUp(await deflator.message(fragments), cuts);
                const received = pieces.map((data, index) =>
                  ours.decode(new Frame({ ...fragmentOf(pieces, index, data), rsv1: index === 0 }), UNLIMITED),
                );
                assert.deepEqual(Buffer.concat(received.map(({ data }) => data)), Buffer.concat(fragments));
              }
              ours.close();
              inflator.close();
              deflator.close();
            }),
            { numRuns: 2 },
          );
        }
      });
    }
  }
});

/** All that can be negotiated: we never compress with 8 bits, the peer may. */
function windowPairs(): [local: number, remote: number][] {
  const local = [9, 10, 11, 12, 13, 14, 15];
  return local.flatMap((ours) => [8, ...local].map((theirs): [number, number] => [ours, theirs]));
}

/** What is negotiated. */
type Parameters = Pick<
  PerMessageDeflate,
  'localNoContextTakeover' | 'remoteNoContextTakeover' | 'localMaxWindowBits' | 'remoteMaxWindowBits'
>;

/** The other end of a connection. */
function mirror(options: Parameters): PerMessageDeflate {
  const tiny = options.remoteMaxWindowBits === 8;
  return extension({
    localNoContextTakeover: options.remoteNoContextTakeover,
    remoteNoContextTakeover: options.localNoContextTakeover,
    localMaxWindowBits: Math.max(9, options.remoteMaxWindowBits),
    remoteMaxWindowBits: options.localMaxWindowBits,
    // Run lengths only ever refer one byte back: that is how an 8-bit window can be kept to.
    compressSettings: tiny ? { strategy: constants.Z_RLE } : {},
  });
}

/** A peer's compressor, through zlib's public streams. */
class PeerDeflator {
  readonly #settings: { readonly windowBits: number; readonly noContextTakeover: boolean };
  #stream: DeflateRaw | null = null;

  constructor(settings: { readonly windowBits: number; readonly noContextTakeover: boolean }) {
    this.#settings = settings;
  }

  /** The compressed message, without the end of its last flush. */
  async message(parts: readonly Uint8Array[]): Promise<Uint8Array> {
    const { windowBits, noContextTakeover } = this.#settings;
    if (noContextTakeover) this.close();
    const strategy = windowBits === 8 ? constants.Z_RLE : constants.Z_DEFAULT_STRATEGY;
    this.#stream ??= createDeflateRaw({ windowBits: Math.max(9, windowBits), strategy });
    const whole = Buffer.concat(parts);
    if (whole.byteLength === 0) return hex('00');
    return (await pass(this.#stream, [whole])).slice(0, -4);
  }

  close(): void {
    this.#stream?.close();
    this.#stream = null;
  }
}

/** A peer's decompressor, through zlib's public streams. */
class PeerInflator {
  readonly #settings: { readonly windowBits: number; readonly noContextTakeover: boolean };
  #stream: InflateRaw | null = null;

  constructor(settings: { readonly windowBits: number; readonly noContextTakeover: boolean }) {
    this.#settings = settings;
  }

  /** The message that these frames hold. */
  message(parts: readonly Uint8Array[]): Promise<Uint8Array> {
    if (this.#settings.noContextTakeover) this.close();
    this.#stream ??= createInflateRaw({ windowBits: this.#settings.windowBits });
    return pass(this.#stream, [...parts, hex('0000ffff')]);
  }

  close(): void {
    this.#stream?.close();
    this.#stream = null;
  }
}

function pass(stream: DeflateRaw | InflateRaw, parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const { promise, resolve, reject } = withResolvers<Uint8Array>();
  const output: Buffer[] = [];
  const onData = (chunk: Buffer) => output.push(chunk);
  stream.on('data', onData).once('error', reject);
  for (const part of parts) stream.write(part);
  stream.flush(constants.Z_SYNC_FLUSH, () => {
    stream.off('data', onData).off('error', reject);
    resolve(new Uint8Array(Buffer.concat(output)));
  });
  return promise;
}

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

function extension(options: Partial<PerMessageDeflateOptions> = {}): PerMessageDeflate {
  return new PerMessageDeflate({ engine, ...options });
}

/** An engine that knows how many of its contexts have not been closed, and how many there were. */
function countContexts() {
  const open = { deflators: 0, inflators: 0 };
  const made = { deflators: 0 };
  const counting: DeflateEngine = {
    createDeflator: (settings) => {
      open.deflators += 1;
      made.deflators += 1;
      const deflator = engine.createDeflator(settings);
      const close = () => {
        open.deflators -= 1;
      };
      return { deflate: (data) => deflator.deflate(data), reset: () => deflator.reset(), release: close, close };
    },
    createInflator: (settings) => {
      open.inflators += 1;
      const inflator = engine.createInflator(settings);
      const close = () => {
        open.inflators -= 1;
      };
      return {
        inflate: (data, options) => inflator.inflate(data, options),
        rest: () => inflator.rest(),
        release: close,
        close,
      };
    },
  };
  return { counting, open, made };
}

function fragmentOf(fragments: readonly Uint8Array[], index: number, data: Uint8Array): Frame {
  return new Frame({ opcode: index === 0 ? BINARY : CONT, data, fin: index === fragments.length - 1 });
}

function cutUp(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const offsets = [0, ...cuts.map((cut) => cut % (bytes.byteLength + 1)).sort((a, b) => a - b), bytes.byteLength];
  return offsets.slice(1).map((end, index) => bytes.subarray(offsets[index], end));
}

function decodeHex(deflate: PerMessageDeflate, data: string, changes: Partial<FrameInit> = {}): Frame {
  return deflate.decode(new Frame({ opcode: TEXT, data: hex(data), rsv1: true, ...changes }), UNLIMITED);
}

function decodeFragments(deflate: PerMessageDeflate, parts: readonly Uint8Array[]): string {
  return parts
    .map((data, index) =>
      deflate.decode(new Frame({ ...fragmentOf(parts, index, data), rsv1: index === 0 }), UNLIMITED),
    )
    .map(textOf)
    .join('');
}

function pack(payload: Uint8Array): Uint8Array {
  return extension().encode(new Frame({ opcode: BINARY, data: payload })).data;
}

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(frame: Frame): string {
  return new TextDecoder().decode(frame.data);
}
