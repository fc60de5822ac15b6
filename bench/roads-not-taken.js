// What was tried and is not in the library, beside what is: so that nobody has to try it again, or so that somebody does on
// a newer Node. docs/performance.md says why each was left.
// `npm run build && node bench/roads-not-taken.js`
import { readBuffer, unmask } from '../dist/node/io-buffers.js';
import { nodeRuntime } from '../dist/node/runtime.js';
import { measure } from './measure.js';

const SLAB_BYTES = 65_536;
let slab = new Uint8Array(SLAB_BYTES);
let slabUsed = 0;

/** A copy that shares its buffer with other messages. */
function copyToSlab(bytes, start, end) {
  const length = end - start;
  if (slabUsed + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    slabUsed = 0;
  }
  const copy = slab.subarray(slabUsed, slabUsed + length);
  if (length < 32) for (let i = 0; i < length; i++) copy[i] = bytes[start + i];
  else copy.set(bytes.subarray(start, end));
  slabUsed += length;
  return copy;
}

/** ASCII only: the loop that would have to be the faster one. */
function decodeInScript(bytes, start, end) {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

/** Masks through words that are there already: for a payload that begins and ends at a whole word. */
function maskWords(words, start, end, word) {
  for (let i = start; i < end; i++) words[i] ^= word;
}

const decoder = new TextDecoder();
const { text } = nodeRuntime;
const rows = [];
for (const size of [8, 16, 64, 128, 1024]) {
  const read = new Uint8Array(SLAB_BYTES).map((_, i) => 97 + (i % 16));
  const words = new Int32Array(SLAB_BYTES >> 2);
  rows.push({
    bytes: size,
    'copy: own ns': measure(() => read.slice(7, 7 + size)),
    'and its buffer ns': measure(() => read.slice(7, 7 + size).buffer),
    'of a slab ns': measure(() => copyToSlab(read, 7, 7 + size)),
    'mask: ours ns': measure(() => unmask(readBuffer, 8, 8 + size, 0x12345678)),
    'kept words ns': measure(() => maskWords(words, 2, 2 + (size >> 2), 0x12345678)),
    'decode: ours ns': measure(() => text.decode(read, 8, 8 + size)),
    'in script ns': measure(() => decodeInScript(read, 8, 8 + size)),
    'TextDecoder ns': measure(() => decoder.decode(read.subarray(8, 8 + size))),
  });
}
console.table(rows);
