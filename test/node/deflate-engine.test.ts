// The deflate engine over node:zlib: limits, the ends of streams, and what it holds.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, suite, test } from 'node:test';
import * as zlib from 'node:zlib';
import { NodeDeflateEngine, sharedDeflateEngine } from '#dist/node/deflate-engine.js';

const engine = new NodeDeflateEngine();
const WHOLE = { final: true, maxBytes: null };
const PART = { final: false, maxBytes: null };
const KIB = 1024;

suite('a deflator', () => {
  test('flushes to a byte boundary at each call, with the window of the calls before', () => {
    const deflator = engine.createDeflator({ windowBits: 15 });
    const data = new Uint8Array(randomBytes(1000));
    const [first, second] = [deflator.deflate(data), deflator.deflate(data)];
    deflator.close();
    for (const output of [first, second]) assert.deepEqual(output.slice(-4), hex('0000ffff'));
    assert(second.byteLength < 100);
    assert.deepEqual(inflateWithZlib([first, second]), new Uint8Array(Buffer.concat([data, data])));
  });

  test('writes an empty block for nothing, at the beginning, again, and between messages', () => {
    const deflator = engine.createDeflator({ windowBits: 15 });
    const outputs = ['', '', 'a', '', 'a', '', ''].map((text) => deflator.deflate(Buffer.from(text)));
    deflator.close();
    for (const n of [0, 1, 3, 5, 6]) assert.deepEqual(outputs[n], hex('000000ffff'));
    assert.deepEqual(inflateWithZlib(outputs), new Uint8Array(Buffer.from('aa')));
  });

  for (const byteLength of [1, 64 * KIB - 100, 64 * KIB, 65 * KIB, 128 * KIB, 300 * KIB]) {
    test(`compresses ${byteLength} random bytes, which take as many`, () => {
      const deflator = engine.createDeflator({ windowBits: 12, memLevel: 5 });
      const data = new Uint8Array(randomBytes(byteLength));
      const output = deflator.deflate(data);
      deflator.close();
      assert(output.byteLength >= byteLength);
      assert.deepEqual(inflateWithZlib([output]), data);
    });
  }

  test('flushes once or twice, but always, where a flush meets the end of its buffer', () => {
    // Stored blocks grow byte by byte with their content: one of these flushes ends at 64 KiB, several lie across it.
    for (let byteLength = 64 * KIB - 40; byteLength < 64 * KIB; byteLength += 1) {
      const deflator = engine.createDeflator({ windowBits: 15, level: 0 });
      const data = new Uint8Array(byteLength).fill(7);
      const outputs = [deflator.deflate(data), deflator.deflate(data)];
      deflator.close();
      for (const output of outputs) assert.deepEqual(output.slice(-4), hex('0000ffff'));
      assert.deepEqual(inflateWithZlib(outputs), new Uint8Array(Buffer.concat([data, data])));
    }
  });

  test('reads the part of a buffer that a view shows', () => {
    const deflator = engine.createDeflator({ windowBits: 15 });
    const output = deflator.deflate(new Uint8Array(Buffer.from('<<Hello>>')).subarray(2, 7));
    deflator.close();
    assert.equal(Buffer.from(inflateWithZlib([output])).toString(), 'Hello');
  });

  test('gives results of their own, with a buffer of their own', () => {
    const deflator = engine.createDeflator({ windowBits: 15 });
    const first = deflator.deflate(randomBytes(100));
    const copy = first.slice();
    const second = deflator.deflate(randomBytes(100));
    deflator.close();
    assert.deepEqual(first, copy);
    assert.equal(first.buffer.byteLength, first.byteLength);
    assert.notEqual(first.buffer, second.buffer);
  });

  test('is refused where zlib would take another window than it was told', () => {
    assert.throws(() => engine.createDeflator({ windowBits: 8 }), {
      name: 'RangeError',
      message: 'zlib cannot compress with a window of 8 bits',
    });
    assert.throws(() => engine.createDeflator({ windowBits: 16 }), RangeError);
    assert.throws(() => engine.createDeflator({ windowBits: 15, level: 10 }), RangeError);
  });
});

suite('an inflator', () => {
  test('keeps its window from call to call, and completes what is final', () => {
    const inflator = engine.createInflator({ windowBits: 15 });
    assert.equal(textOf(inflator.inflate(hex('f248'), PART)), 'H');
    assert.equal(textOf(inflator.inflate(hex('cdc9c90700'), WHOLE)), 'ello');
    assert.equal(textOf(inflator.inflate(hex('f200110000'), WHOLE)), 'Hello');
    inflator.close();
  });

  for (const windowBits of [8, 9, 12, 15]) {
    test(`follows a compressor with a window of ${Math.max(9, windowBits)} bits with one of ${windowBits}`, () => {
      const deflator = engine.createDeflator({
        windowBits: Math.max(9, windowBits),
        strategy: windowBits === 8 ? 3 : 0,
      });
      const inflator = engine.createInflator({ windowBits });
      const text = 'abcdefgh'.repeat(1000);
      for (let message = 0; message < 20; message += 1) {
        const data = Buffer.from(text.slice(message, message * 397));
        assert.deepEqual(inflator.inflate(deflator.deflate(data), PART), new Uint8Array(data));
      }
      deflator.close();
      inflator.close();
    });
  }

  test('gives results of their own, with a buffer of their own', () => {
    const inflator = engine.createInflator({ windowBits: 15 });
    const first = inflator.inflate(hex('f248cdc9c90700'), WHOLE)!;
    const second = inflator.inflate(hex('f200110000'), WHOLE)!;
    inflator.close();
    first.fill(0);
    assert.equal(textOf(second), 'Hello');
    assert.equal(first.buffer.byteLength, 5);
  });

  test('throws what zlib says about corrupt data, now and from then on', () => {
    const inflator = engine.createInflator({ windowBits: 15 });
    assert.throws(() => inflator.inflate(hex('ffff'), WHOLE), { message: 'invalid block type' });
    assert.throws(() => inflator.inflate(hex('f248cdc9c90700'), WHOLE), { message: 'invalid block type' });
    inflator.close();
  });

  test('tells one connection nothing of another', () => {
    const broken = engine.createInflator({ windowBits: 15 });
    const sound = engine.createInflator({ windowBits: 15 });
    assert.throws(() => broken.inflate(hex('ffff'), WHOLE));
    assert.equal(textOf(sound.inflate(hex('f248cdc9c90700'), WHOLE)), 'Hello');
    broken.close();
    assert.equal(textOf(sound.inflate(hex('f200110000'), WHOLE)), 'Hello');
    sound.close();
  });

  describe('with a limit', () => {
    for (const size of [0, 1, 5, 1000, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 128 * KIB, 200 * KIB]) {
      for (const [kind, data] of [
        ['zeros', new Uint8Array(size)],
        ['random bytes', new Uint8Array(randomBytes(size))],
      ] as const) {
        test(`gives ${size} ${kind} when so many are allowed, and null for one less`, () => {
          const deflator = engine.createDeflator({ windowBits: 15 });
          const packed = deflator.deflate(data).subarray(0, -4);
          deflator.close();
          for (const [maxBytes, expected] of [
            [size - 1, null],
            [size, data],
            [size + 1, data],
            [null, data],
          ] as const) {
            if (maxBytes === -1) continue;
            const inflator = engine.createInflator({ windowBits: 15 });
            assert.deepEqual(inflator.inflate(packed, { final: true, maxBytes }), expected);
            inflator.close();
          }
        });
      }
    }

    test('sees the byte that only the end of the message brings out', () => {
      // A literal in a fixed block that is cut before its last bits: they come with the next call.
      const packed = hex('f248cdc9c90700');
      for (let cut = 1; cut < packed.byteLength; cut += 1) {
        const inflator = engine.createInflator({ windowBits: 15 });
        const first = inflator.inflate(packed.subarray(0, cut), { final: false, maxBytes: 4 });
        if (first !== null) {
          assert.equal(inflator.inflate(packed.subarray(cut), { final: true, maxBytes: 4 - first.byteLength }), null);
        }
        inflator.close();
      }
    });

    test('stops right behind it, however much a bomb would give', () => {
      const { observed, written } = observeOutput();
      const bomb = zlib.deflateRawSync(new Uint8Array(64 * KIB * KIB), { level: 9 });
      const inflator = new NodeDeflateEngine(observed).createInflator({ windowBits: 15 });
      written.bytes = 0;
      const before = process.memoryUsage().arrayBuffers;
      assert.equal(inflator.inflate(bomb, { final: true, maxBytes: 1_000_000 }), null);
      const after = process.memoryUsage().arrayBuffers;
      inflator.close();
      assert.equal(written.bytes, 1_000_001);
      assert(after - before < 2_000_000, `${after - before} bytes`);
    });
  });

  describe('at the end of a stream within', () => {
    test('goes on with the next, in the same call and in later ones', () => {
      const inflator = engine.createInflator({ windowBits: 15 });
      // Two BFINAL blocks and a third one that is none.
      assert.equal(
        textOf(inflator.inflate(hex('f348cdc9c90700f348cdc9c90700f248cdc9c90700'), WHOLE)),
        'HelloHelloHello',
      );
      assert.equal(textOf(inflator.inflate(hex('f200110000'), WHOLE)), 'Hello');
      inflator.close();
    });

    test('has nothing to complete', () => {
      const inflator = engine.createInflator({ windowBits: 15 });
      for (let message = 0; message < 3; message += 1) {
        assert.equal(textOf(inflator.inflate(hex('f348cdc9c90700'), WHOLE)), 'Hello');
      }
      inflator.close();
    });

    test('finds it one call later when it came with the last byte of a fragment', () => {
      const inflator = engine.createInflator({ windowBits: 15 });
      assert.equal(textOf(inflator.inflate(hex('f348cdc9c90700'), PART)), 'Hello');
      assert.equal(textOf(inflator.inflate(hex('f248cdc9c90700'), WHOLE)), 'Hello');
      assert.equal(textOf(inflator.inflate(hex('f200110000'), WHOLE)), 'Hello');
      inflator.close();
    });

    for (const byteLength of [1000, 40 * KIB, 64 * KIB, 70 * KIB, 130 * KIB]) {
      test(`lets the next refer back to the ${byteLength} bytes before`, () => {
        const first = new Uint8Array(randomBytes(byteLength));
        const second = first.subarray(-1000);
        const deflator = engine.createDeflator({ windowBits: 15 });
        deflator.deflate(first);
        const packed = Buffer.concat([zlib.deflateRawSync(first), deflator.deflate(second)]);
        deflator.close();
        assert(packed.byteLength < byteLength + 600);
        const inflator = engine.createInflator({ windowBits: 15 });
        const whole = new Uint8Array(Buffer.concat([first, second]));
        assert.deepEqual(inflator.inflate(packed.subarray(0, -4), WHOLE), whole);
        inflator.close();
      });
    }

    test('still counts the output before it', () => {
      for (const [maxBytes, expected] of [
        [9, null],
        [10, 'HelloHello'],
      ] as const) {
        const inflator = engine.createInflator({ windowBits: 15 });
        const output = inflator.inflate(hex('f348cdc9c90700f248cdc9c90700'), { final: true, maxBytes });
        assert.equal(output === null ? null : textOf(output), expected);
        inflator.close();
      }
    });

    test('gives up on data that consists of ends', () => {
      const inflator = engine.createInflator({ windowBits: 15 });
      assert.deepEqual(inflator.inflate(hex('0300'.repeat(64)), WHOLE), new Uint8Array());
      assert.throws(() => inflator.inflate(hex('0300'.repeat(100)), WHOLE), { message: 'too many final blocks' });
      inflator.close();
    });
  });
});

suite('the contexts of an engine', () => {
  test('are given back by close, one of each is kept, and they cannot be used any more', () => {
    const { observed, streams } = observeOutput();
    const own = new NodeDeflateEngine(observed, { maxContexts: 2 });
    streams.length = 0;
    const deflators = [1, 2].map(() => own.createDeflator({ windowBits: 14 }));
    const inflators = [1, 2].map(() => own.createInflator({ windowBits: 14 }));
    const [packed] = deflators.map((deflator) => deflator.deflate(Buffer.from('Hello'))) as [Uint8Array];
    for (const inflator of inflators) inflator.inflate(packed.subarray(0, 3), PART);
    assert.deepEqual(streams.map(holdsMemory), [true, true, true, true]);
    for (const context of [...deflators, ...inflators]) {
      context.close();
      context.close();
    }
    assert.deepEqual(streams.map(holdsMemory), [true, false, true, false]);
    assert.throws(() => deflators[0]!.deflate(Buffer.from('Hello')), { message: 'this zlib context is closed' });
    assert.throws(() => inflators[0]!.inflate(packed, PART), { message: 'this zlib context is closed' });
    const next = own.createInflator({ windowBits: 14 });
    assert.equal(textOf(next.inflate(packed, PART)), 'Hello');
    next.close();
  });

  test('are lent to the next when they are given back, and know nothing of the one before', () => {
    const { observed, streams } = observeOutput();
    const own = new NodeDeflateEngine(observed);
    streams.length = 0;
    const hello = Buffer.from('Hello');
    const packed: Uint8Array[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const deflator = own.createDeflator({ windowBits: 12, memLevel: 5 });
      const inflator = own.createInflator({ windowBits: 12 });
      const data = deflator.deflate(hello);
      packed.push(data);
      assert.equal(textOf(inflator.inflate(data, PART)), 'Hello');
      for (const context of [deflator, inflator]) {
        context.release();
        context.release();
        context.close();
      }
      assert.throws(() => deflator.deflate(hello), { message: 'this zlib context is closed' });
      assert.throws(() => inflator.inflate(data, PART), { message: 'this zlib context is closed' });
    }
    assert.equal(streams.length, 2);
    assert.deepEqual(packed[1], packed[0]);
    assert.deepEqual(packed[2], packed[0]);
    // A reference back to what another connection received finds nothing.
    const next = own.createInflator({ windowBits: 12 });
    assert.throws(() => next.inflate(hex('f200110000'), WHOLE), { message: 'invalid distance too far back' });
    next.close();
  });

  test('that are given back go to whoever asks for the same settings only', () => {
    const { observed, streams } = observeOutput();
    const own = new NodeDeflateEngine(observed);
    streams.length = 0;
    own.createDeflator({ windowBits: 12 }).release();
    own.createInflator({ windowBits: 12 }).release();
    assert.equal(streams.length, 2);
    for (const settings of [{ windowBits: 13 }, { windowBits: 12, level: 1 }, { windowBits: 12, memLevel: 5 }]) {
      own.createDeflator(settings).close();
    }
    own.createDeflator({ windowBits: 12, strategy: 3 }).close();
    own.createInflator({ windowBits: 13 }).close();
    assert.equal(streams.length, 7);
    assert.throws(() => own.createDeflator({ windowBits: 12, level: 10 }), RangeError);
  });

  test('that are given back are kept one at a time, and freed when they failed', () => {
    const { observed, streams } = observeOutput();
    const own = new NodeDeflateEngine(observed);
    streams.length = 0;
    const three = [1, 2, 3].map(() => own.createInflator({ windowBits: 12 }));
    assert.throws(() => three[0]!.inflate(hex('ffff'), WHOLE));
    for (const inflator of three) inflator.release();
    assert.deepEqual(streams.map(holdsMemory), [false, true, false]);
    const lent = own.createInflator({ windowBits: 12 });
    assert.equal(streams.length, 3);
    assert.equal(textOf(lent.inflate(hex('f248cdc9c90700'), WHOLE)), 'Hello');
    lent.close();
  });

  test('leave nothing of a result that failed to the next', () => {
    const { observed, streams } = observeOutput();
    const own = new NodeDeflateEngine(observed);
    streams.length = 0;
    const failing = own.createDeflator({ windowBits: 15 });
    const sound = own.createDeflator({ windowBits: 15 });
    const handle = streams[0]!._handle!;
    const { writeSync } = handle;
    let writes = 0;
    handle.writeSync = (...args) => {
      writes += 1;
      if (writes === 2) throw new Error('zlib fails');
      writeSync(...args);
    };
    assert.throws(() => failing.deflate(new Uint8Array(randomBytes(200 * KIB))), { message: 'zlib fails' });
    failing.close();
    assert.equal(inflateWithZlib([sound.deflate(Buffer.from('Hello'))]).byteLength, 5);
    sound.close();
  });

  test('of messages that come in stay with nobody: between them a window is text', () => {
    const { observed, streams } = observeOutput();
    const own = new NodeDeflateEngine(observed);
    streams.length = 0;
    const inflators = [1, 2, 3].map(() => own.createInflator({ windowBits: 12 }));
    for (const inflator of inflators) inflator.rest();
    const made = streams.length;
    for (let turn = 0; turn < 3; turn += 1) {
      for (const inflator of inflators) {
        assert.equal(textOf(inflator.inflate(hex(turn === 0 ? 'f248cdc9c90700' : 'f200110000'), WHOLE)), 'Hello');
        inflator.rest();
        inflator.rest();
      }
    }
    assert.equal(streams.length, made);
    assert.equal(streams.filter(holdsMemory).length, 1);
    for (const inflator of inflators) inflator.close();
  });

  test('keep their window through a rest, and refuse what lies beyond it', () => {
    const data = new Uint8Array(randomBytes(700));
    const deflator = engine.createDeflator({ windowBits: 15 });
    const first = deflator.deflate(data);
    const near = deflator.deflate(data.subarray(300, 400));
    const far = deflator.deflate(data.subarray(0, 100));
    deflator.close();
    for (const rests of [false, true]) {
      const inflator = engine.createInflator({ windowBits: 9 });
      assert.deepEqual(inflator.inflate(first, PART), data);
      if (rests) inflator.rest();
      assert.deepEqual(inflator.inflate(near, PART), data.slice(300, 400));
      if (rests) inflator.rest();
      assert.throws(() => inflator.inflate(far, PART), { message: 'invalid distance too far back' });
      inflator.close();
    }
  });

  test('go on behind a final block with all that came before, also before a rest', () => {
    const hello = Buffer.from('Hello');
    const inflator = engine.createInflator({ windowBits: 15 });
    inflator.inflate(hex('f248cdc9c90700'), WHOLE);
    inflator.rest();
    // An empty final block, then a reference to the message before it.
    const next = inflator.inflate(hex('0300f200110000'), WHOLE);
    assert.deepEqual(next, new Uint8Array(hello));
    inflator.rest();
    assert.equal(textOf(inflator.inflate(hex('f200110000'), WHOLE)), 'Hello');
    inflator.close();
  });

  test('that compress are kept by as many as allowed; all others begin each message with an empty window', () => {
    const { observed, streams } = observeOutput();
    const own = new NodeDeflateEngine(observed, { maxContexts: 2 });
    streams.length = 0;
    const text = Buffer.from(randomBytes(200).toString('hex'));
    const deflators = [1, 2, 3, 4].map(() => own.createDeflator({ windowBits: 12 }));
    const sizes = (): string[] =>
      deflators.map((deflator) => (deflator.deflate(text).byteLength < 50 ? 'small' : 'large'));
    sizes();
    assert.deepEqual(sizes(), ['small', 'small', 'large', 'large']);
    assert.equal(streams.filter(holdsMemory).length, 3);
    deflators[0]!.close();
    deflators[1]!.release();
    deflators.splice(0, 2);
    sizes();
    assert.deepEqual(sizes(), ['small', 'small']);
    deflators[0]!.reset();
    assert.deepEqual(sizes(), ['large', 'small']);
    for (const deflator of deflators) deflator.close();
  });

  test('that compress are freed when nobody used them for a while, and what comes next is still right', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { observed, streams } = observeOutput();
    const own = new NodeDeflateEngine(observed, { idleMs: 1000 });
    streams.length = 0;
    const deflators = [1, 2, 3].map(() => own.createDeflator({ windowBits: 12 }));
    const packed = deflators.map((deflator) => [deflator.deflate(Buffer.from('Hello'))]);
    for (let turn = 0; turn < 2; turn += 1) t.mock.timers.tick(1000);
    assert.equal(streams.filter(holdsMemory).length, 1);
    for (const [i, deflator] of deflators.entries()) {
      packed[i]!.push(deflator.deflate(Buffer.from('Hello')));
      assert.equal(textOf(inflateWithZlib(packed[i]!)), 'HelloHello');
      deflator.close();
    }
  });

  test('stay the same when a stream within has ended', () => {
    const { observed, streams } = observeOutput();
    const inflator = new NodeDeflateEngine(observed).createInflator({ windowBits: 15 });
    streams.length = 0;
    for (let message = 0; message < 3; message += 1) inflator.inflate(hex('f348cdc9c9070000'), WHOLE);
    inflator.close();
    assert.equal(streams.length, 0);
  });

  test('interleave, with large results on their way', () => {
    const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(100 * KIB));
    const deflators = texts.map(() => engine.createDeflator({ windowBits: 12 }));
    const inflators = texts.map(() => engine.createInflator({ windowBits: 12 }));
    for (let turn = 0; turn < 3; turn += 1) {
      const packed = texts.map((text, n) => deflators[n]!.deflate(Buffer.from(text)));
      for (const [n, data] of packed.entries()) assert.equal(textOf(inflators[n]!.inflate(data, PART)), texts[n]);
    }
    for (const context of [...deflators, ...inflators]) context.close();
  });
});

suite('a large message', () => {
  test('is compressed by another thread, in one stream that ends in a flush', async () => {
    const data = Buffer.from(randomBytes(50 * KIB).toString('hex'));
    for (const windowBits of [9, 15]) {
      const deflator = engine.createDeflator({ windowBits, level: 1 });
      const packed = (await deflator.deflateLater?.(data))!;
      deflator.close();
      assert.deepEqual(packed.slice(-4), hex('0000ffff'));
      assert(packed.byteLength < 0.7 * data.byteLength);
      const inflator = engine.createInflator({ windowBits });
      assert.deepEqual(inflator.inflate(packed, PART), new Uint8Array(data));
      inflator.close();
    }
  });

  test('is one of 64 KiB', () => {
    const deflator = engine.createDeflator({ windowBits: 12 });
    const inflator = engine.createInflator({ windowBits: 12 });
    assert.equal(deflator.deflateLater?.(new Uint8Array(64 * KIB - 1)), null);
    assert.equal(inflator.inflateLater?.(new Uint8Array(64 * KIB - 1), WHOLE), null);
    deflator.close();
    inflator.close();
  });

  describe('that was received', () => {
    const data = new Uint8Array(randomBytes(70 * KIB));
    const small = data.subarray(-200);
    const smallBefore = new Uint8Array(randomBytes(200));

    test('goes on where the window stands, and the next where it ends', async () => {
      for (const windowBits of [9, 12, 15]) {
        const deflator = engine.createDeflator({ windowBits });
        const inflator = engine.createInflator({ windowBits });
        for (let turn = 0; turn < 3; turn += 1) {
          assert.deepEqual(inflator.inflate(deflator.deflate(smallBefore), PART), smallBefore);
          inflator.rest();
          const both = Buffer.concat([smallBefore, data]);
          const packed = deflator.deflate(both);
          assert(packed.byteLength < both.byteLength, 'refers back');
          const loan = Uint8Array.from(packed.subarray(0, -4));
          const inflating = inflator.inflateLater?.(loan, WHOLE);
          loan.fill(0);
          assert.deepEqual(await inflating, new Uint8Array(both));
          assert.deepEqual(inflator.inflate(deflator.deflate(small), PART), Uint8Array.from(small));
          inflator.rest();
        }
        inflator.close();
        deflator.close();
      }
    });

    test('stops at its limit, and not before', async () => {
      const packed = engineDeflate(data);
      for (const [maxBytes, expected] of [
        [data.length - 1, null],
        [1, null],
        [data.length, data],
        [data.length + 1, data],
        [null, data],
      ] as const) {
        const inflator = engine.createInflator({ windowBits: 15 });
        inflator.inflate(hex('f248cdc9c90700'), WHOLE);
        assert.deepEqual(await inflator.inflateLater?.(packed, { final: true, maxBytes }), expected);
        inflator.close();
      }
    });

    test('is refused when it is corrupt, or refers back too far', async () => {
      const inflator = engine.createInflator({ windowBits: 15 });
      const broken = engineDeflate(data);
      broken.fill(0xff, 100);
      await assert.rejects(async () => inflator.inflateLater?.(broken, WHOLE), /invalid/);
      inflator.close();
      const tooFar = Buffer.concat([hex('f200110000'), engineDeflate(data)]);
      const other = engine.createInflator({ windowBits: 15 });
      await assert.rejects(async () => other.inflateLater?.(tooFar, WHOLE), {
        message: 'invalid distance too far back',
      });
      other.close();
    });

    test('is not worth another thread where nothing is allowed', () => {
      const inflator = engine.createInflator({ windowBits: 15 });
      const packed = engineDeflate(data);
      assert.equal(inflator.inflateLater?.(packed, { final: true, maxBytes: 0 }), null);
      assert.equal(inflator.inflate(packed, { final: true, maxBytes: 0 }), null);
      inflator.close();
    });

    test('is too large where it passes its limit before it is corrupt, as when it is decompressed at once', async () => {
      const corrupt = hex('07');
      const packed = Buffer.concat([engineDeflate(data), hex('0000ffff'), corrupt]);
      for (const maxBytes of [data.length - 100, 1]) {
        const [now, later] = [engine.createInflator({ windowBits: 15 }), engine.createInflator({ windowBits: 15 })];
        assert.equal(now.inflate(packed, { final: true, maxBytes }), null);
        assert.equal(await later.inflateLater?.(packed, { final: true, maxBytes }), null);
        now.close();
        later.close();
      }
      const inflator = engine.createInflator({ windowBits: 15 });
      await assert.rejects(async () => inflator.inflateLater?.(packed, { final: true, maxBytes: data.length }), {
        message: 'invalid block type',
      });
      inflator.close();
    });

    test('may end and begin again within', async () => {
      const packed = Buffer.concat([
        hex('f348cdc9c90700'),
        engineDeflate(data),
        hex('0000ffff'),
        hex('f348cdc9c90700'),
      ]);
      for (const maxBytes of [null, data.length + 9]) {
        const inflator = engine.createInflator({ windowBits: 15 });
        const inflated = await inflator.inflateLater?.(packed, { final: true, maxBytes });
        const hello = new TextEncoder().encode('Hello');
        assert.deepEqual(inflated, maxBytes === null ? new Uint8Array([...hello, ...data, ...hello]) : null);
        inflator.close();
      }
    });

    test('may come too late', async () => {
      const inflator = engine.createInflator({ windowBits: 15 });
      const inflating = inflator.inflateLater?.(engineDeflate(data), WHOLE);
      inflator.close();
      assert.deepEqual(await inflating, data);
    });
  });

  test('is taken back by close while others are worked on', async () => {
    const data = new Uint8Array(randomBytes(70 * KIB));
    const packed = engineDeflate(data);
    const first = [1, 2, 3].map(() => engine.createInflator({ windowBits: 15 }));
    const last = [engine.createInflator({ windowBits: 15 }), engine.createDeflator({ windowBits: 15 })] as const;
    const done = first.map((inflator) => inflator.inflateLater?.(packed, WHOLE));
    const waiting = [last[0].inflateLater?.(packed, WHOLE), last[1].deflateLater?.(data)];
    for (const context of last) context.close();
    for (const result of waiting) await assert.rejects(async () => result, { message: 'this zlib context is closed' });
    for (const result of done) assert.deepEqual(await result, data);
    for (const inflator of first) inflator.close();
  });

  test('leaves the compressor that its connection has kept to others', async () => {
    const own = new NodeDeflateEngine(undefined, { maxContexts: 1 });
    const deflator = own.createDeflator({ windowBits: 15 });
    const other = own.createDeflator({ windowBits: 15 });
    deflator.deflate(Buffer.from('Hello'));
    await deflator.deflateLater?.(new Uint8Array(70 * KIB));
    const [first, again] = [1, 2].map(() => other.deflate(Buffer.from('Hello')).byteLength) as [number, number];
    assert(again < first);
    for (const context of [deflator, other]) context.close();
  });
});

suite('an engine', () => {
  test('is shared by all who ask for the shared one', () => {
    assert.equal(sharedDeflateEngine(), sharedDeflateEngine());
  });

  for (const [title, stream] of [
    ['without a handle', {}],
    ['without writeSync', { _handle: {}, _writeState: new Uint32Array(2) }],
    ['without a state', { _handle: { writeSync() {} } }],
    ['that writes nothing', { _handle: { writeSync() {} }, _writeState: Uint32Array.of(6, 0) }],
  ] as const) {
    test(`says so when it meets a zlib ${title}`, () => {
      const foreign = { createInflateRaw: () => ({ ...stream, close() {} }) } as unknown as typeof zlib;
      assert.throws(() => new NodeDeflateEngine(foreign), {
        message: 'permessage-deflate needs the writeSync of zlib streams, which this runtime does not have',
      });
    });
  }
});

/** A message as a peer sends it. */
function engineDeflate(data: Uint8Array): Uint8Array {
  const deflator = engine.createDeflator({ windowBits: 15 });
  const packed = deflator.deflate(data).slice(0, -4);
  deflator.close();
  return packed;
}

type WriteSync = (...args: [number, Uint8Array, number, number, Uint8Array, number, number]) => void;
interface Insides {
  readonly _handle: { writeSync: WriteSync } | null;
  readonly _writeState: Uint32Array;
}

/** zlib, counting the bytes that its streams write, and keeping the streams. */
function observeOutput() {
  const written = { bytes: 0 };
  const streams: Insides[] = [];
  const observe = <Stream>(stream: Stream): Stream => {
    const insides = stream as Insides;
    streams.push(insides);
    const handle = insides._handle!;
    const writeSync = handle.writeSync.bind(handle);
    handle.writeSync = (...args) => {
      writeSync(...args);
      written.bytes += args[6] - insides._writeState[0]!;
    };
    return stream;
  };
  const observed = {
    createDeflateRaw: (options?: zlib.ZlibOptions) => observe(zlib.createDeflateRaw(options)),
    createInflateRaw: (options?: zlib.ZlibOptions) => observe(zlib.createInflateRaw(options)),
    deflateRaw: zlib.deflateRaw,
    inflateRaw: zlib.inflateRaw,
  };
  return { observed, written, streams };
}

/** Whether the native half of a stream is still there. */
function holdsMemory(stream: Insides): boolean {
  return stream._handle !== null;
}

/** The slow twin: zlib's one-shot call over everything that was written. */
function inflateWithZlib(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(zlib.inflateRawSync(Buffer.concat(parts), { finishFlush: zlib.constants.Z_SYNC_FLUSH }));
}

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

function textOf(bytes: Uint8Array | null): string {
  assert(bytes !== null);
  return new TextDecoder().decode(bytes);
}
