// Knows the two values by which client and server prove that both speak WebSocket (RFC 6455 §4.1, §4.2.2). Knows no headers.
import { encodeBase64 } from '../bytes/base64.ts';
import { sha1 } from '../bytes/sha1.ts';
import { encodeUtf8 } from '../bytes/utf8.ts';
import type { Host } from './host.ts';

/** What the server appends to the key: no server that does not know WebSocket does that by accident (RFC 6455 §1.3). */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** How many bytes a `Sec-WebSocket-Key` stands for. */
export const KEY_BYTES = 16;

/** A fresh `Sec-WebSocket-Key`: 16 random bytes in base64 (RFC 6455 §4.1). */
export function generateKey(host: Pick<Host, 'fillRandom'>): string {
  const bytes = new Uint8Array(KEY_BYTES);
  host.fillRandom(bytes);
  return encodeBase64(bytes);
}

/** How many characters 16 bytes have in base64. */
const KEY_CHARACTERS = 24;
/** What is hashed, for the time of one call: a key of the right length, which is ASCII, and the GUID behind it. */
const keyAndGuid = encodeUtf8('='.repeat(KEY_CHARACTERS) + GUID);

/** The `Sec-WebSocket-Accept` that answers a key (RFC 6455 §4.2.2). */
export function acceptKey(key: string): string {
  const bytes = encodeUtf8(key);
  if (bytes.length !== KEY_CHARACTERS) return encodeBase64(sha1(encodeUtf8(key + GUID)));
  keyAndGuid.set(bytes);
  return encodeBase64(sha1(keyAndGuid));
}
