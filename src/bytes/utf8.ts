// UTF-8 (RFC 3629) checked, decoded and encoded, whole or in parts. Knows no platform: core has no TextDecoder.

/** What is wrong with bytes that should be UTF-8. */
export interface Utf8Problem {
  readonly reason: 'invalid start byte' | 'invalid continuation byte' | 'unexpected end of data';
  /** Where the first bad sequence begins, in bytes from the start of the text. */
  readonly position: number;
}

/**
 * What is wrong first in bytes[start, end), counted from `start`; null when all is valid UTF-8.
 *
 * @param isUtf8 says whether all of `bytes` is valid, in native code: is asked about long texts. Default: nobody is.
 */
export function utf8Problem(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  isUtf8?: (bytes: Uint8Array) => boolean,
): Utf8Problem | null {
  if (isUtf8 !== undefined && end - start >= NATIVE_FROM_BYTES && isUtf8(bytes.subarray(start, end))) return null;
  const bad = validUpTo(bytes, start, end);
  if (bad === end) return null;
  const sound = soundBytes(bytes, bad, end);
  const position = bad - start;
  if (sound === 0) return { reason: 'invalid start byte', position };
  return { reason: bad + sound === end ? 'unexpected end of data' : 'invalid continuation byte', position };
}

/** Text of bytes[start, end), which are valid UTF-8. Meant for short ones; a BOM is kept. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = '';
  for (let i = start; i < end; ) {
    const lead = bytes[i]!;
    if (lead < 0x80) {
      text += String.fromCharCode(lead);
      i += 1;
    } else if (lead < 0xe0) {
      text += String.fromCharCode(((lead & 0x1f) << 6) | (bytes[i + 1]! & 0x3f));
      i += 2;
    } else if (lead < 0xf0) {
      text += String.fromCharCode(((lead & 0x0f) << 12) | ((bytes[i + 1]! & 0x3f) << 6) | (bytes[i + 2]! & 0x3f));
      i += 3;
    } else {
      const high = ((lead & 0x07) << 18) | ((bytes[i + 1]! & 0x3f) << 12);
      text += String.fromCodePoint(high | ((bytes[i + 2]! & 0x3f) << 6) | (bytes[i + 3]! & 0x3f));
      i += 4;
    }
  }
  return text;
}

/** Text of bytes[start, end), with U+FFFD wherever they are not valid, as TextDecoder does it. For logs. */
export function decodeUtf8Lossy(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = '';
  for (let i = start; i < end; ) {
    const bad = validUpTo(bytes, i, end);
    text += decodeUtf8(bytes, i, bad);
    if (bad === end) break;
    text += '\ufffd';
    i = bad + Math.max(1, soundBytes(bytes, bad, end));
  }
  return text;
}

/** UTF-8 of the text; half a surrogate pair becomes U+FFFD, as TextEncoder does it. Meant for short ones. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(encodedLength(text));
  let end = 0;
  for (let i = 0; i < text.length; i++) {
    const point = scalarAt(text, i);
    if (point < 0x80) {
      bytes[end++] = point;
    } else if (point < 0x800) {
      bytes[end++] = 0xc0 | (point >> 6);
      bytes[end++] = 0x80 | (point & 0x3f);
    } else if (point < 0x1_0000) {
      bytes[end++] = 0xe0 | (point >> 12);
      bytes[end++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[end++] = 0x80 | (point & 0x3f);
    } else {
      bytes[end++] = 0xf0 | (point >> 18);
      bytes[end++] = 0x80 | ((point >> 12) & 0x3f);
      bytes[end++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[end++] = 0x80 | (point & 0x3f);
      i += 1;
    }
  }
  return bytes;
}

/** From here on the call into native code pays: it breaks even at 32 bytes of mixed text, at 128 of ASCII (bench/utf8.js). */
const NATIVE_FROM_BYTES = 64;

/**
 * Checks one text that arrives in parts, cut anywhere. An invalid sequence is found with the first byte that makes it so;
 * only a character that may still become whole is carried over, at most three bytes of it.
 */
export class Utf8Validator {
  readonly #isUtf8: (bytes: Uint8Array) => boolean;
  /** The character that the last part cut, and how much of it is there. */
  readonly #cut: Uint8Array = new Uint8Array(4);
  #cutLength = 0;
  /** Bytes of the text before the cut character. */
  #checked = 0;

  /** @param isUtf8 says whether all of `bytes` is valid, faster than we do where it is native. */
  constructor(isUtf8: (bytes: Uint8Array) => boolean) {
    this.#isUtf8 = isUtf8;
  }

  /**
   * Takes the next part, bytes[start, end); `last` says that the text ends with it. The position of a problem counts from
   * the start of the text. After a problem, or after the last part, {@link reset} makes ready for the next text.
   */
  push(bytes: Uint8Array, start: number, end: number, last: boolean): Utf8Problem | null {
    if (this.#cutLength > 0) {
      const length = sequenceLength(this.#cut[0]!);
      while (start < end && this.#cutLength < length) this.#cut[this.#cutLength++] = bytes[start++]!;
      const problem = utf8Problem(this.#cut, 0, this.#cutLength);
      if (problem !== null) return mayStillComplete(problem, last) ? null : { ...problem, position: this.#checked };
      this.#checked += this.#cutLength;
      this.#cutLength = 0;
    }
    const known = end - start < NATIVE_FROM_BYTES ? start : this.#nativelyValidUpTo(bytes, start, end);
    const problem = utf8Problem(bytes, known, end);
    this.#checked += problem === null ? end - start : known - start + problem.position;
    if (problem === null) return null;
    if (!mayStillComplete(problem, last)) return { ...problem, position: this.#checked };
    this.#cut.set(bytes.subarray(known + problem.position, end));
    this.#cutLength = end - known - problem.position;
    return null;
  }

  /** Forgets what was pushed: the next part begins a new text. */
  reset(): void {
    this.#cutLength = 0;
    this.#checked = 0;
  }

  /** `start` when native code finds something wrong, else the beginning of the last character: it may be cut. */
  #nativelyValidUpTo(bytes: Uint8Array, start: number, end: number): number {
    let lastLead = end - 1;
    while (lastLead > end - 4 && isContinuation(bytes[lastLead]!)) lastLead -= 1;
    return this.#isUtf8(bytes.subarray(start, lastLead)) ? lastLead : start;
  }
}

const mayStillComplete = (problem: Utf8Problem, last: boolean): boolean =>
  !last && problem.reason === 'unexpected end of data';

/** Where the first character in bytes[start, end) begins that is not valid or not whole; `end` when there is none. */
function validUpTo(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  while (i < end) {
    // Most text is mostly ASCII: four at a time are 1.3 to 2.5 times as fast as one (bench/utf8.js).
    while (i + 4 <= end && (bytes[i]! | bytes[i + 1]! | bytes[i + 2]! | bytes[i + 3]!) < 0x80) i += 4;
    if (i === end) return end;
    const lead = bytes[i]!;
    if (lead < 0x80) {
      i += 1;
      continue;
    }
    const length = sequenceLength(lead);
    if (length === 0 || i + length > end || !isSecondByte(lead, bytes[i + 1]!)) return i;
    if (length > 2 && !isContinuation(bytes[i + 2]!)) return i;
    if (length > 3 && !isContinuation(bytes[i + 3]!)) return i;
    i += length;
  }
  return i;
}

/** How many bytes from `start` on fit the beginning of a character; 0 when none can begin there. */
function soundBytes(bytes: Uint8Array, start: number, end: number): number {
  const lead = bytes[start]!;
  const length = sequenceLength(lead);
  if (length < 2 || start + 1 === end || !isSecondByte(lead, bytes[start + 1]!)) return Math.min(length, 1);
  let sound = 2;
  while (sound < length && start + sound < end && isContinuation(bytes[start + sound]!)) sound += 1;
  return sound;
}

/** Bytes of the character that this one begins; 0 when it begins none. */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0; // a continuation, or a longer form of ASCII
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0; // from f5 on: above U+10FFFF
}

const isContinuation = (byte: number): boolean => (byte & 0xc0) === 0x80;

/** The second byte is where longer forms than needed, surrogates and points above U+10FFFF show (RFC 3629 §4). */
function isSecondByte(lead: number, byte: number): boolean {
  if (lead === 0xe0) return byte >= 0xa0 && byte <= 0xbf;
  if (lead === 0xed) return byte >= 0x80 && byte <= 0x9f;
  if (lead === 0xf0) return byte >= 0x90 && byte <= 0xbf;
  if (lead === 0xf4) return byte >= 0x80 && byte <= 0x8f;
  return isContinuation(byte);
}

/** The Unicode scalar value at the index: U+FFFD for half a surrogate pair. */
function scalarAt(text: string, index: number): number {
  const point = text.codePointAt(index)!;
  return point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
}

function encodedLength(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const point = scalarAt(text, i);
    length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
    if (point >= 0x1_0000) i += 1;
  }
  return length;
}
