// Finding the frames in a read: how long one takes, in batches of small ones and alone, masked and not.
// `npm run build && node bench/frame-parser.js`
import { encodeFrame } from '../dist/core/frame-encoder.js';
import { FrameParser } from '../dist/core/frame-parser.js';
import { Recorder } from '../dist/core/recorder.js';
import { measure } from './measure.js';

/** The bytes of some frames one behind the other. */
function frames(count, size, key) {
  const recorder = new Recorder();
  for (let i = 0; i < count; i++) encodeFrame(recorder, 0x82, new Uint8Array(size), key);
  return Buffer.concat(recorder.takeChunks());
}

const rows = [];
for (const [count, size] of [
  [1, 0],
  [1, 64],
  [64, 64],
  [500, 64],
  [4, 16_384],
]) {
  const row = { frames: count, bytes: size };
  for (const masked of [false, true]) {
    // A key of zero would be skipped; unmasking twice gives the first bytes again, so one buffer serves for ever.
    const bytes = frames(count, size, masked ? 0x12345678 : null);
    const parser = new FrameParser({ masked });
    const all = measure(() => {
      parser.push(bytes);
      while (parser.read());
    });
    row[masked ? 'masked ns a frame' : 'ns a frame'] = Math.round((all / count) * 10) / 10;
  }
  rows.push(row);
}
console.table(rows);
