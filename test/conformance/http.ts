// The HTTP of the opening handshake, as text (RFC 6455 §4, RFC 9112). Knows nothing of sockets or frames.
import { createHash } from 'node:crypto';
import type { DeflateTerms } from './deflate.ts';

/** The first line and the header fields of a message. */
export interface Head {
  readonly startLine: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Takes apart a head that must be well formed to the byte. Throws when it is not. */
export function parseHead(bytes: Buffer): Head {
  const lines = bytes.toString('latin1').split('\r\n');
  const [startLine, ...rest] = lines.slice(0, -2);
  const fields = rest.map((line): [string, string] => {
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/.exec(line);
    if (match === null) throw new Error(`malformed header line ${JSON.stringify(line)}`);
    return [match[1]!, match[2]!];
  });
  return { startLine: startLine ?? '', fields };
}

/** All values of a field, in order. */
export const allValues = (head: Head, name: string): string[] =>
  head.fields.filter(([found]) => found.toLowerCase() === name.toLowerCase()).map(([, value]) => value);

/** The value of a field that must stand there exactly once. */
export function soleValue(head: Head, name: string): string {
  const values = allValues(head, name);
  if (values.length !== 1) throw new Error(`${values.length} ${name} headers after "${head.startLine}"`);
  return values[0]!;
}

/** `Sec-WebSocket-Accept` for a key (RFC 6455 §4.2.2). */
export const acceptFor = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

/** The terms that an answer of permessage-deflate sets; null when the answer names no extension (RFC 7692 §7.1). */
export function deflateTerms(answer: string | undefined): DeflateTerms | null {
  if (answer === undefined) return null;
  const [name, ...rest] = answer.split(';').map((part) => part.trim());
  if (name !== 'permessage-deflate') throw new Error(`unknown extension in the answer "${answer}"`);
  const found = new Map(rest.map((part): [string, string] => [part.split('=')[0]!, part.split('=')[1] ?? '']));
  const known = /^((client|server)_no_context_takeover|(client|server)_max_window_bits=([89]|1[0-5]))$/;
  if (found.size !== rest.length || !rest.every((part) => known.test(part)))
    throw new Error(`illegal answer "${answer}"`);
  const side = (role: 'client' | 'server') => ({
    windowBits: Number(found.get(`${role}_max_window_bits`) ?? 15),
    noContextTakeover: found.has(`${role}_no_context_takeover`),
  });
  return { client: side('client'), server: side('server') };
}
