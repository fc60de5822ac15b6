// Random UUIDs (RFC 9562 §5.4).
import type { Host } from './host.ts';

/** A fresh UUID, version 4. */
export function randomUuid({ fillRandom }: Pick<Host, 'fillRandom'>): string {
  const bytes = new Uint8Array(16);
  fillRandom(bytes);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
