// From which size on Node's several ways between text and UTF-8 pay, for ASCII: decoding as UTF-8 or, when it is ASCII, as
// ISO-8859-1; encoding into memory of the right size, or by Buffer.from.
// `npm run build && node bench/text.js`
import { isAscii } from 'node:buffer';
import { nodeRuntime } from '../dist/node/runtime.js';
import { measure } from './measure.js';

const { utf8Slice, latin1Slice } = Buffer.prototype;
const { decode, encode } = nodeRuntime.text;

const rows = [];
for (const size of [16, 64, 1024, 4096, 8192, 65_536, 1_048_576]) {
  const bytes = new Uint8Array(size).map((_, i) => 97 + (i % 16));
  const text = latin1Slice.call(bytes, 0, size);
  const intoNew = new TextEncoder();
  rows.push({
    bytes: size,
    'decode ns': measure(() => decode(bytes, 0, size)),
    'as UTF-8 ns': measure(() => utf8Slice.call(bytes, 0, size)),
    'ASCII ns': measure(() => isAscii(bytes.subarray(0, size)) && latin1Slice.call(bytes, 0, size)),
    'encode ns': measure(() => encode(text)),
    'Buffer.from ns': measure(() => Buffer.from(text)),
    'encodeInto ns': measure(() => intoNew.encodeInto(text, Buffer.allocUnsafeSlow(size))),
  });
}
console.table(rows);
