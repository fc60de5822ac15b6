// Copying a payload behind its header: a loop and the call of `set`; and what a whole frame costs on either side.
// `npm run build && node bench/frame-encoder.js`
import { encodeFrame } from '../dist/core/frame-encoder.js';
import { measure } from './measure.js';

const output = {
  appendFromBytes: Number.POSITIVE_INFINITY,
  bytes: new Uint8Array(65_600),
  reserve: () => 0,
  append() {},
  end() {},
};

function loop(target, payload) {
  for (let i = 0; i < payload.length; i++) target[6 + i] = payload[i];
}

const rows = [];
for (const size of [4, 8, 16, 24, 32, 48, 64, 125, 1024, 16_384]) {
  const payload = new Uint8Array(size).fill(1);
  rows.push({
    bytes: size,
    'loop ns': size <= 125 ? measure(() => loop(output.bytes, payload)) : '',
    'set ns': measure(() => output.bytes.set(payload, 6)),
    'server frame ns': measure(() => encodeFrame(output, 0x82, payload, null)),
    'client frame ns': measure(() => encodeFrame(output, 0x82, payload, 0x12345678)),
  });
}
console.table(rows);
