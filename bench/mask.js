// Masking in place: with SIMD where handles read to, whole words through an Int32Array, and one byte at a time.
// `npm run build && node bench/mask.js`
import { applyMask } from '../dist/bytes/mask.js';
import { readBuffer, unmask } from '../dist/node/io-buffers.js';
import { measure } from './measure.js';

/** The slow twin. */
function oneByOne(bytes, start, end, key) {
  for (let i = start; i < end; i++) bytes[i] ^= key >>> (24 - (((i - start) & 3) << 3));
}

const KEY = 0x12345678;
const rows = [];
for (const size of [8, 16, 32, 48, 64, 128, 1024, 16_384, 1_048_576]) {
  // The payload of a frame stands anywhere in a read: at an odd place here.
  const bytes = new Uint8Array(size + 7);
  rows.push({
    bytes: size,
    'SIMD ns': size + 7 > readBuffer.length ? '' : measure(() => unmask(readBuffer, 7, size + 7, KEY)),
    'words ns': measure(() => applyMask(bytes, 7, size + 7, KEY)),
    'one by one ns': measure(() => oneByOne(bytes, 7, size + 7, KEY)),
  });
}
console.table(rows);
