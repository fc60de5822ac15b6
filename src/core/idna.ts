// Knows how a host name with non-ASCII letters is written in ASCII: Punycode (RFC 3492) after a mapping close to UTS 46.
// Checks neither the direction of writing (RFC 5893) nor the context rules of RFC 5892: a registry does.

const MAX_LABEL_LENGTH = 63;
const MAX_NAME_LENGTH = 253;

/** The dots of Chinese and Japanese keyboards separate labels too (UTS 46 §2.3). */
const IDEOGRAPHIC_FULL_STOP = /\u3002/g;
/** Ask for a picture or a letter form; a name is the same without them. */
const VARIATION_SELECTORS = /\p{Variation_Selector}/gu;
/** Controls, invisible formatting, unassigned, private use, lone surrogates and spaces. */
const NEVER_IN_A_NAME = /[\p{C}\p{Z}]/u;
const NON_ASCII = /[^\0-\x7f]/;

/**
 * The ASCII form of a host name, lower-cased: `BÜCHER.example` is `xn--bcher-kva.example`. A trailing dot stays.
 *
 * Null when there is none: an empty label, a label of more than 63 or a name of more than 253 characters, a label that
 * begins with a combining mark, or characters that are invisible or belong to nobody. ASCII characters are all let
 * through: what an ASCII host may look like is for the caller to say.
 */
export function hostNameToAscii(name: string): string | null {
  const labels = normalise(name).split('.');
  const isRooted = labels.length > 1 && labels.at(-1) === '';
  if (isRooted) labels.pop();

  const asciiLabels: string[] = [];
  for (const label of labels) {
    const ascii = labelToAscii(label);
    if (ascii === null) return null;
    asciiLabels.push(ascii);
  }
  const ascii = asciiLabels.join('.');
  if (ascii.length > MAX_NAME_LENGTH) return null;
  return isRooted ? `${ascii}.` : ascii;
}

/** One spelling for what people take for one name: compatibility forms folded, lower case, accents composed. */
function normalise(name: string): string {
  const folded = name.normalize('NFKC').replace(IDEOGRAPHIC_FULL_STOP, '.').replace(VARIATION_SELECTORS, '');
  return lowerCase(folded).normalize('NFKC');
}

/** Letter by letter, because `toLowerCase` on a word makes its last Σ a ς, which is another name. */
function lowerCase(text: string): string {
  let lower = '';
  for (const character of text) lower += character.toLowerCase();
  return lower;
}

function labelToAscii(label: string): string | null {
  if (label === '') return null;
  if (!NON_ASCII.test(label)) return label.length <= MAX_LABEL_LENGTH ? label : null;
  if (NEVER_IN_A_NAME.test(label) || /^\p{M}/u.test(label)) return null;
  const codePoints = Array.from(label, (character) => character.codePointAt(0)!);
  // Each code point costs one character at least. Asked first, because the time of the encoder grows with the square.
  if (codePoints.length > MAX_LABEL_LENGTH) return null;
  const ascii = `xn--${encodePunycode(codePoints)}`;
  return ascii.length <= MAX_LABEL_LENGTH ? ascii : null;
}

// RFC 3492 §5: the parameters of Bootstring for host names.
const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const INITIAL_BIAS = 72;
const INITIAL_N = 128;
const DIGITS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Encodes a label's code points (RFC 3492 §6.3), without the prefix `xn--`. */
export function encodePunycode(codePoints: readonly number[]): string {
  let output = '';
  for (const codePoint of codePoints) if (codePoint < INITIAL_N) output += String.fromCharCode(codePoint);
  const basicCount = output.length;
  if (basicCount > 0) output += '-';

  let handled = basicCount;
  let n = INITIAL_N;
  let delta = 0;
  let bias = INITIAL_BIAS;
  while (handled < codePoints.length) {
    let next = Number.POSITIVE_INFINITY;
    for (const codePoint of codePoints) if (codePoint >= n && codePoint < next) next = codePoint;
    delta += (next - n) * (handled + 1);
    n = next;
    for (const codePoint of codePoints) {
      if (codePoint < n) delta++;
      if (codePoint !== n) continue;
      output += encodeDelta(delta, bias);
      bias = adapt(delta, { handled: handled + 1, isFirst: handled === basicCount });
      delta = 0;
      handled++;
    }
    delta++;
    n++;
  }
  return output;
}

/** A number as digits of variable weight, the lowest first (RFC 3492 §3.3). */
function encodeDelta(delta: number, bias: number): string {
  let text = '';
  let rest = delta;
  for (let k = BASE; rest >= thresholdAt(k, bias); k += BASE) {
    const threshold = thresholdAt(k, bias);
    const span = BASE - threshold;
    text += DIGITS[threshold + ((rest - threshold) % span)]!;
    rest = Math.floor((rest - threshold) / span);
  }
  return text + DIGITS[rest]!;
}

/** Below it a digit is the last of its number. */
const thresholdAt = (k: number, bias: number): number => Math.min(Math.max(k - bias, T_MIN), T_MAX);

/** The bias for the next number (RFC 3492 §6.1). */
function adapt(delta: number, { handled, isFirst }: { handled: number; isFirst: boolean }): number {
  let rest = Math.floor(isFirst ? delta / DAMP : delta / 2);
  rest += Math.floor(rest / handled);
  let k = 0;
  while (rest > ((BASE - T_MIN) * T_MAX) / 2) {
    rest = Math.floor(rest / (BASE - T_MIN));
    k += BASE;
  }
  return k + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + SKEW));
}
