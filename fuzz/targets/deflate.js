// Compressed messages through a protocol with permessage-deflate: zlib's output comes out as it went in, anything else ends in
// the documented code, and nobody gets more than the limit.
import nodeZlib from 'node:zlib';
import { PerMessageDeflate } from '../../dist/core/extensions/permessage-deflate.js';
import { Protocol } from '../../dist/core/protocol.js';
import { Side } from '../../dist/core/state.js';
import { NodeDeflateEngine } from '../../dist/node/deflate-engine.js';
import { pull, push, stillHost } from '../engine/conversation.js';
import { holds, inLinearTime, same } from '../engine/expect.js';
import { cut, frameOf, Input, latin1Text, seed } from '../engine/input.js';

const { Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_FINISH } = nodeZlib.constants;
const TAIL = Uint8Array.of(0, 0, 0xff, 0xff);
const RSV1 = 0x40;
const LIMITS = [null, 10_000, 300, 70_000, 0];
const engine = new NodeDeflateEngine();
const host = stillHost({ native: true });

/** The engine, which must never hand out more than it was allowed to. */
const watched = {
  createDeflator: (settings) => engine.createDeflator(settings),
  createInflator: (settings) => {
    const inflator = engine.createInflator(settings);
    return {
      inflate: (data, options) => {
        const output = inflator.inflate(data, options);
        holds(
          output === null || output.length <= (options.maxBytes ?? Number.POSITIVE_INFINITY),
          'more than the limit',
        );
        return output;
      },
      rest: () => inflator.rest(),
      release: () => inflator.release(),
      close: () => inflator.close(),
    };
  },
};

/** What the peer sends: frames, and the messages that must come out of them. Null: what follows may be anything. */
class Peer {
  frames = [];
  messages = [];
  /** Of a ping since the last message: the limit holds for it too. */
  #pingBytes = 0;
  #isServer;
  #windowBits;
  #noContextTakeover;
  #window = Buffer.alloc(0);

  constructor({ isServer, windowBits, noContextTakeover }) {
    this.#isServer = isServer;
    this.#windowBits = windowBits;
    this.#noContextTakeover = noContextTakeover;
  }

  /** A message of zlib's, in one frame or many. What it may refer back to stands in the dictionary. */
  compress(content, { level, flush, fragments }) {
    const bits = Math.max(9, this.#windowBits);
    const dictionary = this.#noContextTakeover ? Buffer.alloc(0) : this.#window;
    // With little memory blocks are short, and the compressor is made quickly.
    const options = {
      windowBits: bits,
      level,
      memLevel: 1,
      finishFlush: flush,
      ...(dictionary.length > 0 && { dictionary }),
    };
    const flushed = nodeZlib.deflateRawSync(content, options);
    // RFC 7692 §7.2.3.4: a stream that has ended gets a zero byte, and is followed by another one.
    const payload = flush === Z_FINISH ? Buffer.concat([flushed, Uint8Array.of(0)]) : flushed.subarray(0, -4);
    // With an empty window, or with the one that was: both are sent.
    const forgets = flush === Z_FINISH && level % 2 === 0;
    if (flush === Z_FINISH && fragments === 2) {
      this.#twoStreams(flushed, content, bits);
      return;
    }
    this.#window = forgets ? Buffer.alloc(0) : Buffer.concat([dictionary, content]).subarray(-(1 << bits));
    if (flush === Z_SYNC_FLUSH && fragments === 4) this.#flushed(flushed);
    else this.#message(payload, fragments, RSV1);
    this.#expect(content, payload.length);
  }

  plain(content) {
    this.#message(content, 1, 0);
    this.#expect(content, 0);
  }

  garbage(payload, fragments) {
    this.#message(payload, fragments, RSV1);
    this.messages = null;
  }

  ping(content) {
    const payload = content.subarray(0, 125);
    this.#pingBytes = Math.max(this.#pingBytes, payload.length);
    this.#frame({ opcode: 9, fin: true, rsv: 0, payload });
  }

  raw(bytes) {
    this.frames.push(bytes);
    this.messages = null;
  }

  #expect(content, wireBytes) {
    this.messages?.push({ text: latin1Text(content), wireBytes, pingBytes: this.#pingBytes });
    this.#pingBytes = 0;
  }

  /** One message of two streams; the second one refers back to the first. */
  #twoStreams(first, content, bits) {
    const options = {
      windowBits: bits,
      memLevel: 1,
      finishFlush: Z_SYNC_FLUSH,
      dictionary: content.subarray(-(1 << bits)),
    };
    const payload = Buffer.concat([first, nodeZlib.deflateRawSync(content, options).subarray(0, -4)]);
    this.#window = Buffer.concat([content, content]).subarray(-(1 << bits));
    this.#message(payload, 1, RSV1);
    this.#expect(Buffer.concat([content, content]), payload.length);
  }

  /** As who knows only at its end that a message has ended: all of it with its flush, and then an empty frame. */
  #flushed(payload) {
    this.#frame({ opcode: 2, fin: false, rsv: RSV1, payload });
    this.#frame({ opcode: 0, fin: true, rsv: 0, payload: payload.subarray(0, 0) });
  }

  #message(payload, fragments, rsv) {
    const size = Math.max(1, Math.ceil(payload.length / fragments));
    for (let i = 0; i < fragments; i++) {
      const part = payload.subarray(i * size, (i + 1) * size);
      this.#frame({ opcode: i === 0 ? 2 : 0, fin: i === fragments - 1, rsv: i === 0 ? rsv : 0, payload: part });
    }
  }

  #frame(frame) {
    this.frames.push(frameOf(frame, !this.#isServer));
  }
}

function perform(input, peer) {
  while (!input.isAtEnd && peer.frames.length < 24) {
    const what = input.byte() % 8;
    const fragments = 1 + (input.byte() % 4);
    if (what < 3) {
      const level = input.byte() % 10;
      const flush = input.pick([Z_SYNC_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_FINISH]);
      const repeats = input.pick([1, 1, 2, 20, 300]);
      const content = Buffer.from(input.take(1 + input.byte()));
      // An empty message of a stream that was just flushed compresses to nothing, which is no block at all.
      if (content.length === 0) return;
      peer.compress(Buffer.concat(new Array(repeats).fill(content)), { level, flush, fragments });
    } else if (what === 3) peer.plain(input.take(input.byte()));
    else if (what === 4) peer.ping(input.take(input.byte()));
    else if (what < 7) peer.garbage(input.take(input.byte()), fragments);
    else peer.raw(input.take(input.byte()));
  }
}

/** Messages out of events. */
function messagesOf(events) {
  const messages = [];
  let text = '';
  for (const event of events) {
    const opcode = Number.parseInt(event, 10);
    if (opcode >= 8) continue;
    const payload = event.slice(event.indexOf(' ') + 1);
    text = opcode === 0 ? text + payload : payload;
    if (!/^\d\+/.test(event)) messages.push(text);
  }
  return messages;
}

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  const isServer = input.bool();
  const windowBits = 8 + (input.byte() % 8);
  const noContextTakeover = input.bool();
  const maxSize = input.pick(LIMITS);
  const validateUtf8 = input.bool();
  const cutSeed = input.byte();
  const isOneShot = input.byte() % 4 === 3;
  const peer = new Peer({ isServer, windowBits: isOneShot ? 15 : Math.max(9, windowBits), noContextTakeover });
  const garbage = isOneShot ? input.rest() : null;
  if (garbage !== null) peer.garbage(garbage, 1 + (cutSeed % 3));
  else perform(input, peer);

  const options = { maxSize, validateUtf8, host };
  const protocol = () => {
    host.restart();
    const made = new Protocol(isServer ? Side.CLIENT : Side.SERVER, options);
    made.extensions = [
      new PerMessageDeflate({
        remoteMaxWindowBits: isOneShot ? 15 : windowBits,
        remoteNoContextTakeover: noContextTakeover,
        engine: watched,
      }),
    ];
    return made;
  };
  const bytes = Buffer.concat(peer.frames);
  const whole = pull(protocol(), [bytes]);
  const pieces = cut(bytes, cutSeed);
  if (bytes.length % 2 === 0) same(pull(protocol(), pieces), whole, 'in pieces');
  else same(push(protocol(), pieces, cutSeed & 7), whole, 'in pieces, on loan');

  const messages = messagesOf(whole.events);
  const limit = maxSize ?? Number.POSITIVE_INFINITY;
  for (const message of messages) holds(message.length <= limit, `a message of ${message.length} bytes`);
  if (peer.messages !== null && windowBits > 8) {
    const expected = peer.messages.map(({ text }) => text);
    same(messages, expected.slice(0, messages.length), 'messages');
    if (messages.length < expected.length) {
      // The limit also holds for the payload of a frame as it travels.
      const { text, wireBytes, pingBytes } = peer.messages[messages.length];
      holds(whole.because.startsWith('PayloadTooBig'), `because ${whole.because}`);
      holds(
        text.length + wireBytes > limit || pingBytes > limit,
        `${text.length} bytes are refused, compressed to ${wireBytes}`,
      );
    }
  }
  // A message that ends in a flush is complete as it stands (RFC 7692 §7.2.2 would have it go on in the next one).
  const endsInFlush = garbage !== null && (garbage.length === 0 || Buffer.from(garbage.subarray(-4)).equals(TAIL));
  if (garbage !== null && !endsInFlush) checkGarbage(garbage, messages, whole.because, maxSize);
});

/** One message that nobody compressed, held against zlib's one call. */
function checkGarbage(garbage, messages, because, maxSize) {
  let expected;
  try {
    const maxOutputLength = Math.max(1, maxSize ?? 1e9);
    expected = nodeZlib.inflateRawSync(Buffer.concat([garbage, TAIL]), { finishFlush: Z_SYNC_FLUSH, maxOutputLength });
  } catch (error) {
    if (error.code === 'ERR_BUFFER_TOO_LARGE') {
      holds(because.startsWith('PayloadTooBig'), `too much is refused, not: ${because}`);
    } else {
      // What zlib finds wrong may lie behind what passes the limit.
      holds(
        / decompression failed|PayloadTooBig/.test(because),
        `what zlib refuses is refused: ${error.message}, ${because}`,
      );
    }
    return;
  }
  // Behind the end of a stream zlib's call stops; RFC 7692 §7.2.3.4 lets another one follow.
  if (messages.length > 0) holds(messages[0].startsWith(latin1Text(expected)), 'what zlib inflates is received');
}

/** zlib's streams are given up by callbacks, which a campaign without an event loop would keep until its end. */
export const hasEventLoop = true;
export const maxLength = 512;
export const words = [
  '\xf2\x48\xcd\xc9\xc9\x07\x00',
  '\x00\x05\x00\xfa\xffHello\x00',
  '\x00\x00\x00\xff\xff',
  '\xf3\x48\xcd\xc9\xc9\x07\x00\x00',
];
export const seeds = () => [
  // Flushed, then a second one; and streams that end, with what the next one refers back to.
  seed([0, 7, 0, 0, 0, 2, 0, 0, 3, 6, 0, 0, 9], 'abcdefghij\x00\x00\x06\x00\x00\x09abcdefghij'),
  seed([0, 7, 0, 0, 0, 2, 0, 0, 1, 9, 3, 0, 9], 'abcdefghij\x00\x00\x06\x00\x00\x09abcdefghij'),
  seed([0, 7, 0, 0, 0, 2, 0, 0, 0, 9, 3, 0, 9], 'abcdefghij\x00\x00\x06\x00\x00\x09abcdefghij'),
  seed([0, 7, 0, 0, 0, 3, 0, 0, 0, 6, 0, 0, 4], 'Hello'),
  seed([1, 7, 0, 1, 0, 0, 0, 1, 2, 9, 2, 3, 9], '0123456789\x01\x00\x06\x03\x01\x04abcde'),
  seed([0, 4, 1, 2, 1, 9, 0, 0, 3, 1, 3, 4, 20], 'x'.repeat(21)),
  seed([0, 7, 0, 1, 0, 1, 3], '\xf2\x48\xcd\xc9\xc9\x07\x00'),
  seed([0, 7, 0, 1, 0, 1, 3], '\xf3\x48\xcd\xc9\xc9\x07\x00\x00'),
  seed([0, 7, 0, 1, 0, 1, 3], '\x00\x05\x00\xfa\xffHello\x00'),
  seed([0, 7, 0, 1, 0, 1, 0, 4, 0, 3], 'abc\x03\x00\x02hi\x05\x02\x07\xf2\x48\xcd\xc9\xc9\x07\x00'),
];
