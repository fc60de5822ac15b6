// Makes a stream of frames, mostly valid, and the settings of the connection that receives it.
import nodeZlib from 'node:zlib';
import { Random } from './random.js';

const { Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_FINISH } = nodeZlib.constants;
const TEXTS = [
  '',
  'a',
  'Hello',
  'é',
  '€uro',
  '😀',
  'x'.repeat(125),
  'y'.repeat(126),
  'κόσμε'.repeat(9),
  '\ufeffbom',
  '\0',
];
const BAD_TEXTS = ['80', 'c328', 'eda080', 'f4908080', 'c080', '61ff', 'e282', 'f09f98', '68c3'];
const CODES = [
  1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1010, 1011, 1012, 1014, 1015, 1016, 2999, 3000, 4999, 5000, 0, 999,
];
const LENGTHS = [0, 1, 2, 7, 30, 124, 125, 126, 127, 128, 300];

/**
 * A case: who receives (`server` or `client`), what was negotiated, the limit, the bytes, and how they are cut for us.
 * The same for the same seed and index.
 */
export function framesCase(seed, index) {
  const random = new Random(seed, index);
  const side = random.pick(['server', 'client']);
  const deflate = random.chance(40)
    ? { noContextTakeover: random.chance(30), windowBits: random.pick([9, 10, 12, 15, 15]) }
    : null;
  const maxSize = random.chance(30) ? random.pick([1, 20, 125, 130, 400]) : null;
  const stream = new Stream(random, side === 'server', deflate);
  const count = 1 + random.below(8);
  for (let i = 0; i < count; i++) stream.add();
  if (random.chance(60)) stream.finish();
  let bytes = Buffer.concat(stream.frames);
  if (random.chance(12)) bytes = mutate(random, bytes);
  return { side, deflate, maxSize, bytes, cutSeed: random.below(256) };
}

class Stream {
  frames = [];
  #random;
  #masks;
  #deflate;
  /** The window of the sender's compressor: what was compressed before. */
  #window = Buffer.alloc(0);
  /** Frames of a message whose end is still to come. */
  #rest = [];

  constructor(random, masks, deflate) {
    this.#random = random;
    this.#masks = masks;
    this.#deflate = deflate;
  }

  add() {
    const random = this.#random;
    if (random.chance(4)) this.frames.push(Buffer.from(random.bytes(random.below(12))));
    else if (random.chance(25)) this.#control();
    else if (this.#rest.length > 0 && random.chance(92)) this.#write(this.#rest.shift());
    else this.#message();
  }

  /** The end of what was begun, and perhaps a close frame. */
  finish() {
    for (const frame of this.#rest) this.#write(frame);
    this.#rest = [];
    if (this.#random.chance(50)) this.#close();
  }

  #control() {
    const random = this.#random;
    if (random.chance(20)) this.#close();
    else {
      const payload = Buffer.from(random.bytes(random.pick([0, 1, 4, 125, 125, 126])));
      this.#write({ opcode: random.pick([9, 9, 10]), fin: !random.chance(3), rsv: 0, payload });
    }
  }

  #close() {
    const random = this.#random;
    const reason = random.chance(15) ? Buffer.from(random.pick(BAD_TEXTS), 'hex') : Buffer.from(random.pick(TEXTS));
    const code = random.chance(70) ? random.pick([1000, 1001, 3000, 4000]) : random.pick(CODES);
    const payload = Buffer.concat([Uint8Array.of(code >> 8, code & 255), reason]);
    this.#write({ opcode: 8, fin: true, rsv: 0, payload: payload.subarray(0, random.pick([0, 1, 2, 125, 125, 125])) });
  }

  #message() {
    const random = this.#random;
    const isText = random.chance(60);
    const content = isText ? this.#text() : Buffer.from(random.bytes(random.pick(LENGTHS)));
    const isCompressed = this.#deflate !== null && random.chance(70);
    const payload = isCompressed ? this.#compressed(content) : content;
    const fragments = random.chance(65) ? 1 : 1 + random.below(4);
    const size = Math.max(1, Math.ceil(payload.length / fragments));
    this.#rest = Array.from({ length: fragments }, (_, i) => ({
      opcode: i > 0 ? 0 : isText ? 1 : 2,
      fin: i === fragments - 1,
      rsv: i === 0 && isCompressed ? 0x40 : 0,
      payload: payload.subarray(i * size, (i + 1) * size),
    }));
    this.#write(this.#rest.shift());
  }

  #text() {
    const random = this.#random;
    const good = Buffer.from(random.pick(TEXTS) + random.pick(TEXTS));
    return random.chance(12) ? Buffer.concat([good, Buffer.from(random.pick(BAD_TEXTS), 'hex')]) : good;
  }

  #compressed(content) {
    const random = this.#random;
    if (random.chance(6)) return Buffer.from(random.bytes(random.below(20)));
    const { noContextTakeover, windowBits } = this.#deflate;
    const finishFlush = random.pick([Z_SYNC_FLUSH, Z_SYNC_FLUSH, Z_SYNC_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_FINISH]);
    const dictionary = noContextTakeover ? Buffer.alloc(0) : this.#window;
    const deflated = nodeZlib.deflateRawSync(random.chance(10) ? Buffer.concat(new Array(30).fill(content)) : content, {
      windowBits,
      memLevel: 1,
      level: random.pick([0, 1, 6]),
      finishFlush,
      ...(dictionary.length > 0 && { dictionary }),
    });
    if (finishFlush === Z_FINISH) {
      this.#window = Buffer.alloc(0);
      return Buffer.concat([deflated, Uint8Array.of(0)]);
    }
    this.#window = Buffer.concat([dictionary, content]).subarray(-(1 << windowBits));
    return deflated.length === 0 ? Buffer.of(0) : deflated.subarray(0, -4);
  }

  /** As bytes; a few frames with something wrong about them. */
  #write({ opcode, fin, rsv, payload }) {
    const random = this.#random;
    const isWrong = random.chance(4);
    const what = isWrong ? random.below(6) : -1;
    if (what === 0) rsv ^= random.pick([0x10, 0x20, 0x40]);
    if (what === 1) opcode = random.below(16);
    if (what === 2) fin = !fin;
    const isMasked = what === 3 ? !this.#masks : this.#masks;
    let announced = BigInt(payload.length);
    if (what === 4)
      announced = random.pick([announced + 1n, 70_000n, 2n ** 32n, 2n ** 53n, 2n ** 62n, 2n ** 63n, 2n ** 64n - 1n]);
    const shortest = announced < 126n ? 7 : announced < 65_536n ? 16 : 64;
    const bits = what === 5 ? random.pick([16, 64]) : shortest;
    const key = random.chance(10) ? Buffer.alloc(4) : Buffer.from(random.bytes(4));
    const head = [(fin ? 0x80 : 0) | rsv | opcode];
    head.push((isMasked ? 0x80 : 0) | (bits === 7 ? Number(announced) : bits === 16 ? 126 : 127));
    const extended =
      bits === 7 ? '' : (announced & (bits === 16 ? 0xffffn : 2n ** 64n - 1n)).toString(16).padStart(bits / 4, '0');
    const body = isMasked ? payload.map((byte, i) => byte ^ key[i % 4]) : payload;
    this.frames.push(
      Buffer.concat([Uint8Array.from(head), Buffer.from(extended, 'hex'), isMasked ? key : Buffer.alloc(0), body]),
    );
  }
}

/** Changes of single bytes and runs, anywhere in the stream. */
function mutate(random, bytes) {
  let changed = Buffer.from(bytes);
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(changed.length + 1);
    const what = random.below(5);
    if (what === 0 && at < changed.length) changed[at] ^= 1 << random.below(8);
    else if (what === 1 && at < changed.length) changed[at] = random.pick([0, 0x7f, 0x80, 0xff]);
    else if (what === 2)
      changed = Buffer.concat([changed.subarray(0, at), random.bytes(1 + random.below(3)), changed.subarray(at)]);
    else if (what === 3) changed = Buffer.concat([changed.subarray(0, at), changed.subarray(at + 1 + random.below(3))]);
    else changed = changed.subarray(0, at);
  }
  return changed;
}
