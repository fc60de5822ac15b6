// How the head of an HTTP message reads in a log: a line each, and of a body only how long it is. Never on the wire.
import { escapeText } from './escape-text.ts';
import type { Request, Response } from './http-message.ts';

/** The lines of a request or response, as they are shown. For people, not for parsing. */
export function headLines(message: Request | Response): string[] {
  const isResponse = 'statusCode' in message;
  const first = isResponse
    ? `HTTP/1.1 ${message.statusCode} ${message.reasonPhrase}`
    : `${message.method} ${message.path} ${message.protocol}`;
  const lines = [first, ...Array.from(message.headers.rawItems(), ([name, value]) => `${name}: ${value}`)];
  if (isResponse && message.body.length > 0) lines.push(`[body] (${message.body.length} bytes)`);
  // Fields may have characters beyond ASCII, and some of those steer terminals.
  return lines.map(escapeText);
}
