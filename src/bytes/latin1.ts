// ISO-8859-1, in which HTTP heads travel: one byte is one character. Knows nothing of HTTP.

/** Text to bytes and back; a runtime may have it in native code. Called without `this`. */
export interface Latin1Codec {
  /** The characters of bytes[start, end): one for each byte, so nothing can be wrong with them. */
  readonly decode: (bytes: Uint8Array, start: number, end: number) => string;
  /** Writes one byte for each character, from `at` on. The caller knows that none is beyond U+00FF, and that there is room. */
  readonly write: (text: string, bytes: Uint8Array, at: number) => void;
}

/** Bytes turned into text by one call: as many arguments as every engine takes on its stack without complaint. */
const RUN = 4096;

/**
 * The text as one byte for each character.
 * @throws {RangeError} a character has no byte: it is beyond U+00FF.
 */
export function encodeLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0xff) throw new RangeError(`not an ISO-8859-1 character at ${i}: ${JSON.stringify(text[i])}`);
    bytes[i] = unit;
  }
  return bytes;
}

/** The characters of bytes[start, end): one for each byte, so nothing can be wrong with them. */
export function decodeLatin1(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  if (start === 0 && end === bytes.length && end <= RUN) return runText(bytes);
  let text = '';
  for (let i = start; i < end; i += RUN) text += runText(bytes.subarray(i, Math.min(i + RUN, end)));
  return text;
}

const runText = (run: Uint8Array): string => Reflect.apply(String.fromCharCode, null, run);

/** The codec for hosts that have none of their own. */
export const plainLatin1: Latin1Codec = {
  decode: decodeLatin1,
  write: (text, bytes, at) => {
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  },
};
