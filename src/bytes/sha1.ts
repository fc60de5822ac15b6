// Knows SHA-1 (FIPS 180-4 §6.1). Here for the key exchange of RFC 6455 §4.2.2 alone: it protects no secret.

const BLOCK_BYTES = 64;
/** The padding is one bit, written as the byte 0x80, and the length of the input in bits as 64 bits. */
const PADDING_BYTES = 9;

/** The SHA-1 digest, 20 bytes. Broken as a signature; do not build anything on it that an attacker may gain from. */
export function sha1(bytes: Uint8Array): Uint8Array {
  const message = pad(bytes);
  const schedule = new Uint32Array(80);
  let h0 = 0x67452301;
  let h1 = 0xefcdab89;
  let h2 = 0x98badcfe;
  let h3 = 0x10325476;
  let h4 = 0xc3d2e1f0;

  for (let block = 0; block < message.byteLength; block += BLOCK_BYTES) {
    for (let t = 0; t < 16; t++) schedule[t] = message.getUint32(block + 4 * t);
    for (let t = 16; t < 80; t++) {
      const mixed = schedule[t - 3]! ^ schedule[t - 8]! ^ schedule[t - 14]! ^ schedule[t - 16]!;
      schedule[t] = rotateLeft(mixed, 1);
    }

    let a = h0;
    let b = h1;
    let c = h2;
    let d = h3;
    let e = h4;
    for (let t = 0; t < 80; t++) {
      const sum = (rotateLeft(a, 5) + mix(t, b, c, d) + e + schedule[t]!) | 0;
      e = d;
      d = c;
      c = rotateLeft(b, 30);
      b = a;
      a = sum;
    }
    h0 = (h0 + a) | 0;
    h1 = (h1 + b) | 0;
    h2 = (h2 + c) | 0;
    h3 = (h3 + d) | 0;
    h4 = (h4 + e) | 0;
  }

  const digest = new DataView(new ArrayBuffer(20));
  for (const [i, word] of [h0, h1, h2, h3, h4].entries()) digest.setInt32(4 * i, word);
  return new Uint8Array(digest.buffer);
}

/** The function and the constant of round t (FIPS 180-4 §4.1.1 and §4.2.1), added up. */
function mix(t: number, b: number, c: number, d: number): number {
  if (t < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (t < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** The message followed by its padding: a whole number of blocks. */
function pad(bytes: Uint8Array): DataView {
  const blocks = Math.ceil((bytes.length + PADDING_BYTES) / BLOCK_BYTES);
  const padded = new Uint8Array(blocks * BLOCK_BYTES);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n);
  return view;
}
