// Knows SHA-1 (FIPS 180-4 §6.1). Here for the key exchange of RFC 6455 §4.2.2 alone: it protects no secret.

const BLOCK_BYTES = 64;
/** Where the length of the input stands in the last block. */
const LENGTH_AT = 56;

// Arrays for the time of one call: to make them each time took most of it, 4.1 instead of 0.7 µs (bench/handshake.js).
const schedule = new Int32Array(80);
const state = new Int32Array(5);
const tail = new Uint8Array(2 * BLOCK_BYTES);
const tailView = new DataView(tail.buffer);

/** The SHA-1 digest, 20 bytes. Broken as a signature; do not build anything on it that an attacker may gain from. */
export function sha1(bytes: Uint8Array): Uint8Array {
  state[0] = 0x67452301;
  state[1] = 0xefcdab89;
  state[2] = 0x98badcfe;
  state[3] = 0x10325476;
  state[4] = 0xc3d2e1f0;
  let at = 0;
  for (; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) addBlock(bytes, at);

  // The padding is one bit, written as the byte 0x80, zeros, and the length in bits as 64 bits at the end of a block.
  const left = bytes.length - at;
  const end = left < LENGTH_AT ? BLOCK_BYTES : 2 * BLOCK_BYTES;
  tail.fill(0);
  for (let i = 0; i < left; i++) tail[i] = bytes[at + i]!;
  tail[left] = 0x80;
  tailView.setUint32(end - 8, Math.floor(bytes.length / 2 ** 29));
  tailView.setUint32(end - 4, bytes.length << 3);
  for (let block = 0; block < end; block += BLOCK_BYTES) addBlock(tail, block);

  const digest = new Uint8Array(20);
  for (let i = 0; i < digest.length; i++) digest[i] = state[i >> 2]! >>> (24 - 8 * (i & 3));
  return digest;
}

/** Works the block that begins at `at` into the state: 80 rounds in four kinds (FIPS 180-4 §4.1.1, §4.2.1, §6.1.2). */
function addBlock(bytes: Uint8Array, at: number): void {
  for (let t = 0, i = at; t < 16; t++, i += 4) {
    schedule[t] = (bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!;
  }
  for (let t = 16; t < 80; t++) {
    const mixed = schedule[t - 3]! ^ schedule[t - 8]! ^ schedule[t - 14]! ^ schedule[t - 16]!;
    schedule[t] = rotateLeft(mixed, 1);
  }

  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  for (let t = 0; t < 80; t++) {
    let mixed: number;
    if (t < 20) mixed = ((b & c) | (~b & d)) + 0x5a827999;
    else if (t < 40) mixed = (b ^ c ^ d) + 0x6ed9eba1;
    else if (t < 60) mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else mixed = (b ^ c ^ d) + 0xca62c1d6;
    const sum = (rotateLeft(a, 5) + mixed + e + schedule[t]!) | 0;
    e = d;
    d = c;
    c = rotateLeft(b, 30);
    b = a;
    a = sum;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
