// Checking UTF-8: our loop, a loop without its ASCII path, and native code. Says from how many bytes on native code pays.
// `npm run build && node bench/utf8.js`
import { isUtf8 } from 'node:buffer';
import { utf8Problem } from '../dist/bytes/utf8.js';
import { measure } from './measure.js';

/** The twin without the path of four: ASCII one byte at a time, the rest as ours. */
function oneByOne(bytes) {
  let i = 0;
  while (i < bytes.length && bytes[i] < 0x80) i += 1;
  return i === bytes.length ? null : utf8Problem(bytes, i);
}

const rows = [];
for (const [text, unit] of Object.entries({ ASCII: 'a', 'two bytes': 'é', 'three bytes': '€', mixed: 'ab€' })) {
  const unitBytes = new TextEncoder().encode(unit).length;
  for (const size of [16, 32, 64, 128, 1024, 65536]) {
    const bytes = new TextEncoder().encode(unit.repeat(size / unitBytes));
    rows.push({
      text,
      bytes: bytes.length,
      'ours ns': measure(() => utf8Problem(bytes)),
      'one by one ns': text === 'ASCII' ? measure(() => oneByOne(bytes)) : '',
      'native ns': measure(() => isUtf8(bytes.subarray(0, bytes.length))),
    });
  }
}
console.table(rows);
