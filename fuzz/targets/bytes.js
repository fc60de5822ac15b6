// Base64, SHA-1, ISO-8859-1 and masks, held against Node's own.
import { createHash } from 'node:crypto';
import { decodeBase64, encodeBase64 } from '../../dist/bytes/base64.js';
import { decodeLatin1, encodeLatin1 } from '../../dist/bytes/latin1.js';
import { applyMask, maskedCopy } from '../../dist/bytes/mask.js';
import { sha1 } from '../../dist/bytes/sha1.js';
import { nodeRuntime } from '../../dist/node/runtime.js';
import { inLinearTime, same } from '../engine/expect.js';
import { Input, seed } from '../engine/input.js';

function base64(bytes) {
  const text = encodeBase64(bytes);
  same(text, Buffer.from(bytes).toString('base64'), 'base64');
  same(decodeBase64(text), bytes, 'base64 read again');

  const any = Buffer.from(bytes).toString('latin1');
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(any);
  const expected = isBase64 ? Uint8Array.from(Buffer.from(any, 'base64')) : null;
  same(decodeBase64(any), expected, 'any text as base64');
}

function hash(bytes) {
  same(Buffer.from(sha1(bytes)).toString('hex'), createHash('sha1').update(bytes).digest('hex'), 'SHA-1');
}

function latin1(bytes) {
  const text = Buffer.from(bytes).toString('latin1');
  same(decodeLatin1(bytes), text, 'ISO-8859-1');
  same(encodeLatin1(text), bytes, 'ISO-8859-1 written');
}

function mask(bytes) {
  const key = [...bytes.subarray(0, 4), 0, 0, 0, 0].slice(0, 4);
  const word = (key[0] << 24) | (key[1] << 16) | (key[2] << 8) | key[3];
  const start = Math.min(bytes.length, (bytes[4] ?? 0) % 9);
  const offset = (bytes[5] ?? 0) % 4;
  const end = Math.max(start, bytes.length - ((bytes[6] ?? 0) % 5));
  const expected = bytes.map((byte, i) => (i < start || i >= end ? byte : byte ^ key[(i - start + offset) & 3]));
  const plain = bytes.slice();
  applyMask(plain, start, end, word, offset);
  same(plain, expected, 'masked');
  if (offset === 0) {
    const native = bytes.slice();
    nodeRuntime.host.unmask(native, start, end, word);
    same(native, expected, 'masked by the host');
  }
  same(maskedCopy(maskedCopy(bytes, Uint8Array.from(key)), Uint8Array.from(key)), bytes, 'masked twice');
}

const PARTS = [base64, hash, latin1, mask];

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  input.pick(PARTS)(input.rest());
});

export const maxLength = 1200;
export const words = ['==', '=', 'AAAA', '+/'];
export const seeds = () =>
  [
    '',
    'TWFu',
    'TWE=',
    'TQ==',
    'ZR==',
    'a'.repeat(55),
    'b'.repeat(56),
    'c'.repeat(64),
    '\x37\xfa\x21\x3d\x00\x00\x00Hello, masked world',
  ].flatMap((text) => PARTS.map((_, part) => seed([part], text)));
