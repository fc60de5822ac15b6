// Reads the head of an HTTP/1.1 message that lies there complete and without a flaw, as heads nearly always do. Any other is
// left to http-parser.ts, which reads by lines, keeps the limits, and knows what to say.
import { TOKEN_CHARACTER, VALUE_CHARACTER } from './http-characters.ts';

/** No character can end two of its parts: what does not match is given up in linear time. */
const HEAD = new RegExp(`${VALUE_CHARACTER}*\\r\\n(?:${TOKEN_CHARACTER}+:${VALUE_CHARACTER}*\\r\\n)*\\r\\n`, 'y');

/**
 * How many characters of the text are a head, with the empty line that ends it; 0 when it is not complete, or not flawless.
 * The first line is only known to be one.
 */
export function headLength(text: string): number {
  HEAD.lastIndex = 0;
  return HEAD.test(text) ? HEAD.lastIndex : 0;
}

/** The fields of such a head: name, value, name, value … */
export function splitFields(head: string): string[] {
  const fields: string[] = [];
  const end = head.length - 2;
  for (let at = head.indexOf('\n') + 1; at < end; ) {
    const colon = head.indexOf(':', at);
    const lineEnd = head.indexOf('\r', colon);
    fields.push(head.slice(at, colon), trimSpaces(head, colon + 1, lineEnd));
    at = lineEnd + 2;
  }
  return fields;
}

/** text[start, end) without SP and HTAB around it. A pattern for the end would take quadratic time on inner spaces. */
export function trimSpaces(text: string, start: number, end: number = text.length): string {
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

const isSpace = (unit: number): boolean => unit === 0x20 || unit === 0x09;
