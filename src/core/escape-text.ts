// Text of a peer in our own: in log lines and in messages of errors. Knows not where it comes from.

/** Keeps what a peer wrote from ending its line, from steering the terminal that shows it, and from reordering what stands around it. */
export const escapeText = (text: string): string =>
  text.replace(
    /[\x00-\x1f\x7f-\x9f\u2028\u2029]|\p{Bidi_Control}/gu,
    (character) => SHORT_ESCAPES[character] ?? `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };
