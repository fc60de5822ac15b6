// Knows the base64 of RFC 4648 §4: standard alphabet, padding always there. Knows neither base64url nor white space.
import { decodeLatin1 } from './latin1.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PADDING = 61;
const NOT_IN_ALPHABET = 255;

/** The ASCII code that stands for each six bits. */
const CODES: Uint8Array = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0));
/** The six bits that each ASCII code stands for. */
const SIX_BITS: Uint8Array = new Uint8Array(128).fill(NOT_IN_ALPHABET);
for (const [sixBits, code] of CODES.entries()) SIX_BITS[code] = sixBits;

/** Writes bytes as base64 text (RFC 4648 §4), padded with `=` to a multiple of four characters. */
export function encodeBase64(bytes: Uint8Array): string {
  const codes = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(PADDING);
  let length = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = (bytes[i]! << 16) | (left > 1 ? bytes[i + 1]! << 8 : 0) | (left > 2 ? bytes[i + 2]! : 0);
    codes[length] = CODES[group >>> 18]!;
    codes[length + 1] = CODES[(group >>> 12) & 63]!;
    if (left > 1) codes[length + 2] = CODES[(group >>> 6) & 63]!;
    if (left > 2) codes[length + 3] = CODES[group & 63]!;
    length += 4;
  }
  // In one go: a text that grows by pieces keeps them all.
  return decodeLatin1(codes);
}

/**
 * Reads base64 text (RFC 4648 §4), or returns null when it is not exactly that: another alphabet, white space, missing
 * or misplaced padding. Bits that the last character carries and no byte needs are ignored: `ZR==` reads as `ZQ==`.
 */
export function decodeBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0) return null;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let bits = 0;
  let bitCount = 0;
  let length = 0;
  for (let i = 0; i < digits; i++) {
    const value = SIX_BITS[text.charCodeAt(i)] ?? NOT_IN_ALPHABET;
    if (value === NOT_IN_ALPHABET) return null;
    bits = ((bits << 6) | value) & 0xffff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes[length++] = bits >>> bitCount;
    }
  }
  return bytes;
}
