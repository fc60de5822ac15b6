// Reads choices and content from the bytes that a fuzzer made up. Knows no target.

/** A cursor over the bytes of one execution. Past their end everything is zero, so that each input is a complete one. */
export class Input {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  get isAtEnd() {
    return this.#at >= this.#bytes.length;
  }

  /** 0 to 255. */
  byte() {
    return this.isAtEnd ? 0 : this.#bytes[this.#at++];
  }

  bool() {
    return (this.byte() & 1) === 1;
  }

  /** One of the list. */
  pick(list) {
    return list[this.byte() % list.length];
  }

  /** Up to `count` bytes, in an array of their own. */
  take(count) {
    const taken = new Uint8Array(this.#bytes.subarray(this.#at, this.#at + count));
    this.#at += taken.length;
    return taken;
  }

  /** All that is left. */
  rest() {
    return this.take(this.#bytes.length);
  }

  /** All that is left, a character for each byte. */
  restText() {
    return latin1Text(this.rest());
  }
}

/**
 * Cuts bytes into pieces whose lengths the seed decides, 0 to 255: 0 byte by byte, others a mixture of short and long ones,
 * some of them empty. Each piece is an array of its own. What is very long comes in longer pieces, and never byte by byte.
 */
export function cut(bytes, seed) {
  const pieces = [];
  const scale = Math.ceil(bytes.length / 1024);
  let state = seed * 2654435761;
  for (let at = 0; at < bytes.length; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const length = scale * (seed === 0 ? 1 : (state >>> 28) % 3 === 0 ? state >>> 26 : (state >>> 24) % 5);
    pieces.push(new Uint8Array(bytes.subarray(at, at + length)));
    at += length;
  }
  return pieces;
}

/** A character for each byte. */
export const latin1Text = ({ buffer, byteOffset, length }) =>
  Buffer.from(buffer, byteOffset, length).toString('latin1');

/** A frame of a peer whose payload is all there, masked if `masked` says so; its length in the shortest form. */
export function frameOf({ opcode, fin, rsv, payload }, masked) {
  const { length } = payload;
  const head = [(fin ? 0x80 : 0) | rsv | opcode, masked ? 0x80 : 0];
  if (length < 126) head[1] |= length;
  else if (length < 65_536) {
    head[1] |= 126;
    head.push(length >>> 8, length & 0xff);
  } else {
    head[1] |= 127;
    head.push(0, 0, 0, 0, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff);
  }
  if (masked) head.push(...MASK);
  const frame = new Uint8Array(head.length + length);
  frame.set(head);
  frame.set(payload, head.length);
  if (masked) for (let i = 0; i < length; i++) frame[head.length + i] ^= MASK[i & 3];
  return frame;
}

const MASK = [0x12, 0xfe, 0x34, 0xdc];

/** The bytes of a text that has no character beyond U+00FF: how seeds are written. */
export const latin1 = (text) => Uint8Array.from(Buffer.from(text, 'latin1'));

/** Choices, then content: how seeds for an {@link Input} are written. */
export const seed = (choices, content = '') =>
  Uint8Array.from([...choices, ...(typeof content === 'string' ? latin1(content) : content)]);
