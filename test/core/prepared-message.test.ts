// Messages for many connections: what is made of them is shared by all that can share it, and every peer can read it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { constants, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import type { Extension } from '#dist/core/extension.js';
import { PerMessageDeflate, type PerMessageDeflateOptions } from '#dist/core/extensions/permessage-deflate.js';
import { Frame } from '#dist/core/frame.js';
import { Opcode } from '#dist/core/opcode.js';
import { PreparedMessage } from '#dist/core/prepared-message.js';
import { Protocol } from '#dist/core/protocol.js';
import type { Compress, ProtocolOptions } from '#dist/core/protocol-options.js';
import { Side } from '#dist/core/state.js';
import { NodeDeflateEngine } from '#dist/node/deflate-engine.js';
import { fakeHost } from '../support/fake-host.ts';

const engine = new NodeDeflateEngine(undefined, { maxContexts: null });
const HELLO = Buffer.from('Hello');
const REPEATING = Buffer.from('the quick brown fox '.repeat(50));

const text = (data: Uint8Array, compress: Compress = 'auto'): PreparedMessage =>
  new PreparedMessage(Opcode.TEXT, data, compress);

const deflate = (options: Partial<PerMessageDeflateOptions> = {}): PerMessageDeflate =>
  new PerMessageDeflate({ engine, ...options });

function open(extensions: readonly Extension[] = [], options: Partial<ProtocolOptions> = {}, side: Side = Side.SERVER) {
  const protocol = new Protocol(side, { host: fakeHost(), ...options });
  protocol.extensions = extensions;
  return protocol;
}

/** The chunk that a protocol sends for a message. */
function sent(protocol: Protocol, message: PreparedMessage): Uint8Array {
  protocol.sendPrepared(message);
  const [chunk, ...more] = protocol.dataToSend();
  assert.equal(more.length, 0);
  return chunk!;
}

/** Counts the messages that an engine compresses. */
function counting() {
  const count = { messages: 0 };
  const counted = {
    createInflator: engine.createInflator.bind(engine),
    createDeflator: (settings: Parameters<typeof engine.createDeflator>[0]) => {
      count.messages += 1;
      return engine.createDeflator(settings);
    },
  };
  return { count, counted };
}

describe('a prepared message', () => {
  test('says how long it is, in bytes', () => {
    assert.equal(text(Buffer.from('é')).byteLength, 2);
  });

  test('is framed once for all connections of servers', () => {
    const message = text(HELLO);
    const wire = sent(open(), message);
    assert.deepEqual(wire, Uint8Array.from([0x81, 5, ...HELLO]));
    assert.equal(sent(open(), message), wire);
    assert.equal(sent(open([deflate()]), new PreparedMessage(Opcode.BINARY, HELLO, false))[0], 0x82);
  });

  test('is masked for each connection of a client', () => {
    const message = text(HELLO);
    const first = sent(open([], {}, Side.CLIENT), message);
    const server = open();
    server.receiveData(first);
    assert.deepEqual(server.eventsReceived(), [new Frame({ opcode: Opcode.TEXT, data: Uint8Array.from(HELLO) })]);
  });

  test('is compressed once for all connections with the same settings', () => {
    const { count, counted } = counting();
    const message = text(REPEATING);
    const first = sent(open([deflate({ engine: counted, localMaxWindowBits: 12 })]), message);
    assert.equal(sent(open([deflate({ engine: counted, localMaxWindowBits: 12 })]), message), first);
    // What we receive, and whether we look back in our own messages, make no difference.
    const other = { remoteMaxWindowBits: 9, remoteNoContextTakeover: true, localNoContextTakeover: true };
    assert.equal(sent(open([deflate({ engine: counted, localMaxWindowBits: 12, ...other })]), message), first);
    assert.equal(count.messages, 1);
    sent(open([deflate({ engine: counted, localMaxWindowBits: 9 })]), message);
    assert.equal(count.messages, 2);
    sent(open([deflate({ engine: counted, localMaxWindowBits: 9, compressSettings: { level: 1 } })]), message);
    sent(open([deflate({ engine: counted, localMaxWindowBits: 9, compressSettings: { memLevel: 1 } })]), message);
    sent(open([deflate({ engine: counted, localMaxWindowBits: 9, compressSettings: { strategy: 3 } })]), message);
    assert.equal(count.messages, 5);
  });

  test('leaves no compressor behind', () => {
    let open_ = 0;
    const message = text(REPEATING);
    const watched = {
      createInflator: engine.createInflator.bind(engine),
      createDeflator: (settings: Parameters<typeof engine.createDeflator>[0]) => {
        open_ += 1;
        const deflator = engine.createDeflator(settings);
        const end = () => {
          open_ -= 1;
        };
        return { deflate: (data: Uint8Array) => deflator.deflate(data), reset() {}, release: end, close: end };
      },
    };
    sent(open([deflate({ engine: watched })]), message);
    assert.equal(open_, 0);
  });

  for (const [compress, threshold, isCompressed] of [
    ['auto', 1000, true],
    ['auto', 1001, false],
    [true, 1001, true],
    [false, 0, false],
  ] as const) {
    test(`of 1,000 bytes, compress ${compress}, threshold ${threshold}: ${isCompressed ? '' : 'not '}compressed`, () => {
      const protocol = open([deflate()], { compressionThreshold: threshold });
      const [first] = sent(protocol, text(REPEATING, compress));
      assert.equal(first, isCompressed ? 0xc1 : 0x81);
    });
  }

  test('is refused in the middle of a message, and by a connection that is closing', () => {
    const protocol = open();
    protocol.sendText(HELLO, false);
    assert.throws(() => protocol.sendPrepared(text(HELLO)), { code: 'EXPECTED_CONTINUATION' });
    protocol.sendContinuation(HELLO, true);
    protocol.sendClose(1000);
    assert.throws(() => protocol.sendPrepared(text(HELLO)), { name: 'InvalidState' });
  });
});

/** What one connection is told to send. */
type Step =
  | { readonly how: 'prepared'; readonly to: readonly boolean[]; readonly what: number; readonly compress: boolean }
  | {
      readonly how: 'own';
      readonly who: number;
      readonly what: readonly number[];
      readonly compress: boolean;
    };

const CONNECTIONS = 4;
// Texts that repeat each other, so that a reference to the wrong place gives other text and not an error.
const TEXTS = ['', 'a', 'abcdefgh'.repeat(30), 'abcdefgh'.repeat(80), 'bcdefgha'.repeat(30), 'abXdefgh'.repeat(50)];
const what = fc.nat(TEXTS.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    how: fc.constant('prepared' as const),
    to: fc.array(fc.boolean(), { minLength: CONNECTIONS, maxLength: CONNECTIONS }),
    what,
    compress: fc.boolean(),
  }),
  fc.record({
    how: fc.constant('own' as const),
    who: fc.nat(CONNECTIONS - 1),
    what: fc.array(what, { minLength: 1, maxLength: 3 }),
    compress: fc.boolean(),
  }),
);

test('prepared and own messages in any order are read by an inflater that has the whole conversation', () => {
  const settings = fc.record({
    localMaxWindowBits: fc.integer({ min: 9, max: 15 }),
    localNoContextTakeover: fc.boolean(),
  });
  const conversations = fc.tuple(
    fc.array(settings, { minLength: CONNECTIONS, maxLength: CONNECTIONS }),
    fc.array(step, { maxLength: 40 }),
  );
  fc.assert(
    fc.property(conversations, ([connections, steps]) => {
      const extensions = connections.map((options) => deflate({ ...options, compressSettings: { memLevel: 5 } }));
      const protocols = extensions.map((extension) => open([extension]));
      const prepared = TEXTS.map((data) => [false, true].map((compress) => text(Buffer.from(data), compress)));
      const expected = protocols.map(() => '');
      for (const step of steps) {
        if (step.how === 'prepared') {
          for (const [i, isTold] of step.to.entries()) {
            if (!isTold) continue;
            protocols[i]!.sendPrepared(prepared[step.what]![Number(step.compress)]!);
            expected[i] += `${TEXTS[step.what]!}|`;
          }
        } else {
          for (const [i, part] of step.what.entries()) {
            const fin = i === step.what.length - 1;
            const data = Buffer.from(TEXTS[part]!);
            if (i === 0) protocols[step.who]!.sendText(data, fin, step.compress);
            else protocols[step.who]!.sendContinuation(data, fin);
          }
          expected[step.who] += `${step.what.map((part) => TEXTS[part]!).join('')}|`;
        }
      }
      for (const [i, protocol] of protocols.entries()) {
        assert.equal(readAll(protocol.dataToSend(), connections[i]!.localMaxWindowBits), expected[i]);
        extensions[i]!.close();
      }
    }),
    { numRuns: 200 },
  );
});

/**
 * The slow twin: zlib's one-shot call over all that was ever compressed, which is what RFC 7692 §7.2.2 says a peer sees.
 * Shows the messages with a bar behind each.
 */
function readAll(frames: readonly Uint8Array[], windowBits: number): string {
  let shown = '';
  let compressed = Buffer.alloc(0);
  let inflatedBytes = 0;
  let isCompressed = false;
  for (const frame of frames) {
    const [first, second] = [frame[0]!, frame[1]!];
    const payload = frame.subarray(second < 126 ? 2 : 4);
    if ((first & 0x0f) !== Opcode.CONT) isCompressed = (first & 0x40) !== 0;
    if (isCompressed) {
      const fin = first >= 0x80;
      compressed = Buffer.concat([compressed, payload, Buffer.from(fin ? [0, 0, 0xff, 0xff] : [])]);
      const all = inflateRawSync(compressed, { windowBits, finishFlush: constants.Z_SYNC_FLUSH });
      shown += all.subarray(inflatedBytes).toString();
      inflatedBytes = all.length;
    } else {
      shown += Buffer.from(payload).toString();
    }
    if (first >= 0x80) shown += '|';
  }
  return shown;
}
