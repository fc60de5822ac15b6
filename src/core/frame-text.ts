// How a frame reads in one line of a log, never on the wire. Looks at a few hundred bytes, however long the payload is.
import { decodeUtf8, utf8Problem } from '../bytes/utf8.ts';
import { Close } from './close.ts';
import { escapeText } from './escape-text.ts';
import { MAX_CONTROL_BYTES, Opcode } from './opcode.ts';

type PayloadType = 'text' | 'binary';

const NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(Opcode).map(([name, opcode]) => [opcode, name]),
);

/** What a payload is when the line does not say it. The payload of pings, pongs and continuations may be either. */
const EXPECTED_TYPE: Readonly<Record<number, PayloadType>> = {
  [Opcode.TEXT]: 'text',
  [Opcode.BINARY]: 'binary',
  [Opcode.CLOSE]: 'text',
};

/** The longest character of UTF-8. */
const MAX_CHARACTER_BYTES = 4;

/**
 * One line that shows a frame: `TEXT 'hello' [5 bytes]`. For people, not for parsing.
 *
 * @param data the payload, not masked and not compressed.
 * @param maxLength characters of payload to show; a longer one loses its middle. Default 75.
 */
export function frameText(opcode: Opcode, data: Uint8Array, fin: boolean, maxLength = 75): string {
  const { text, type } = payloadText(opcode, data, fin, maxLength);
  const remarks = [`${data.length} ${data.length === 1 ? 'byte' : 'bytes'}`];
  if (type !== null && type !== EXPECTED_TYPE[opcode]) remarks.unshift(type);
  if (!fin) remarks.push('continued');
  return `${NAMES[opcode]} ${text} [${remarks.join(', ')}]`;
}

/** The payload and what it turned out to be; an empty one is neither text nor binary. */
function payloadText(
  opcode: Opcode,
  data: Uint8Array,
  fin: boolean,
  maxLength: number,
): { readonly text: string; readonly type: PayloadType | null } {
  if (data.length === 0) return { text: "''", type: null };
  const text =
    (opcode === Opcode.CLOSE ? closeFrameText(data, maxLength) : null) ??
    quotedText(data, { atStart: opcode === Opcode.CONT, atEnd: !fin }, maxLength);
  return text === null ? { text: hexText(data, maxLength), type: 'binary' } : { text, type: 'text' };
}

/** Code, meaning and reason; null when the payload breaks the rules: then it is shown as any other. */
function closeFrameText(data: Uint8Array, maxLength: number): string | null {
  if (data.length > MAX_CONTROL_BYTES) return null;
  try {
    return elide(escapeText(Close.parse(data).toString()), maxLength);
  } catch {
    return null; // Whoever receives the frame reports what is wrong with it.
  }
}

/** At which ends a character may be cut in two, by fragmentation or by us. */
interface Cuts {
  readonly atStart: boolean;
  readonly atEnd: boolean;
}

/** The payload in quotes; null when it does not look like text. Of a long one only the two ends are looked at. */
function quotedText(data: Uint8Array, cuts: Cuts, maxLength: number): string | null {
  if (data.length <= maxLength * MAX_CHARACTER_BYTES) {
    const text = readableText(data, cuts);
    return text === null ? null : elide(`'${escapeQuoted(text)}'`, maxLength);
  }
  const headBytes = Math.ceil((maxLength / 3) * 2 * MAX_CHARACTER_BYTES);
  const tailBytes = maxLength * MAX_CHARACTER_BYTES - headBytes;
  const head = readableText(data.subarray(0, headBytes), { ...cuts, atEnd: true });
  const tail = readableText(data.subarray(data.length - tailBytes), { ...cuts, atStart: true });
  // Whatever the characters are, each end has more of them than are shown: the seam is in what gets elided.
  return head === null || tail === null ? null : elide(`'${escapeQuoted(head + tail)}'`, maxLength);
}

/** The text, with U+FFFD for a character cut in two; null when it is not UTF-8 or has control characters beyond white space. */
function readableText(data: Uint8Array, { atStart, atEnd }: Cuts): string | null {
  let start = 0;
  while (atStart && start < MAX_CHARACTER_BYTES - 1 && start < data.length && (data[start]! & 0xc0) === 0x80)
    start += 1;
  const problem = utf8Problem(data, start);
  if (problem !== null && !(atEnd && problem.reason === 'unexpected end of data')) return null;
  const text = decodeUtf8(data, start, problem === null ? data.length : start + problem.position);
  if (CONTROL.test(text)) return null;
  return `${start > 0 ? '\ufffd' : ''}${text}${problem === null ? '' : '\ufffd'}`;
}

const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/;

/** Up to a third of the allowed length in bytes, two thirds of them from the beginning: 16 and 8 by default. */
function hexText(data: Uint8Array, maxLength: number): string {
  const maxBytes = Math.floor(maxLength / 3);
  if (data.length <= maxBytes) return hexBytes(data);
  const tailBytes = Math.max(0, Math.floor((maxBytes - 1) / 3));
  return [hexBytes(data.subarray(0, 2 * tailBytes)), '...', hexBytes(data.subarray(data.length - tailBytes))]
    .join(' ')
    .trim();
}

const hexBytes = (data: Uint8Array): string => Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

/** Takes the middle out of a text that is longer than allowed. Counts code points, so that none is cut in two. */
function elide(text: string, maxLength: number): string {
  const characters = Array.from(text);
  if (characters.length <= maxLength) return text;
  const tail = Math.max(0, Math.floor(maxLength / 3) - 1);
  return `${characters.slice(0, 2 * tail).join('')}...${characters.slice(characters.length - tail).join('')}`;
}

/** Keeps the text from leaving its quotes as well. */
const escapeQuoted = (text: string): string => escapeText(text.replace(/[\\']/g, '\\$&'));
