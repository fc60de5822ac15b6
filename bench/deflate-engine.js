// What a message costs to compress and to decompress: node bench/deflate-engine.js, after npm run build.
import { NodeDeflateEngine } from '../dist/node/deflate-engine.js';

const engine = new NodeDeflateEngine();
const WINDOW = { windowBits: 12, memLevel: 5 };

for (const bytes of [64, 1024, 16 * 1024, 1024 * 1024]) {
  // More than a window of them before the first comes again.
  const messages = Array.from({ length: Math.ceil(16_384 / bytes) + 3 }, () => json(bytes));
  const turns = Math.ceil(20_000_000 / (bytes + 1000) / messages.length);

  const deflator = engine.createDeflator(WINDOW);
  const deflateUs = measure(turns, messages, (message) => deflator.deflate(message));
  deflator.close();

  // What is inflated again and again must not refer back to a message that is not there.
  const packed = messages.map((message) => {
    const fresh = engine.createDeflator(WINDOW);
    const output = fresh.deflate(message).subarray(0, -4);
    fresh.close();
    return output;
  });
  const inflator = engine.createInflator(WINDOW);
  const inflateUs = measure(turns, packed, (data) => inflator.inflate(data, { final: true, maxBytes: null }));
  inflator.close();

  // Without context takeover: a context for each message, lent by the engine, or made and freed.
  const alone = (end) => ({
    deflateUs: measure(turns, messages, (message) => {
      const context = engine.createDeflator(WINDOW);
      context.deflate(message);
      context[end]();
    }),
    inflateUs: measure(turns, packed, (data) => {
      const context = engine.createInflator(WINDOW);
      context.inflate(data, { final: true, maxBytes: null });
      context[end]();
    }),
  });

  if (bytes >= 65_536) await elsewhere(messages, packed, bytes);

  print('one context', bytes, { deflateUs, inflateUs });
  print('lent', bytes, alone('release'));
  print('made', bytes, alone('close'));
}

/** By another thread: how long this one is kept from other work, and how long it takes in all. */
async function elsewhere(messages, packed, bytes) {
  const deflator = engine.createDeflator(WINDOW);
  const inflator = engine.createInflator(WINDOW);
  for (const [what, inputs, call] of [
    ['deflate', messages, (message) => deflator.deflateLater(message)],
    ['inflate', packed, (data) => inflator.inflateLater(data, { final: true, maxBytes: null })],
  ]) {
    let keptUs = 0;
    const start = performance.now();
    for (const input of inputs) {
      const began = performance.now();
      const result = call(input);
      keptUs += (performance.now() - began) * 1000;
      await result;
    }
    const totalUs = (performance.now() - start) * 1000;
    const each = (us) => (us / inputs.length).toFixed(0);
    console.log(
      JSON.stringify({ contexts: 'another thread', bytes, what, keptUs: each(keptUs), totalUs: each(totalUs) }),
    );
  }
  inflator.close();
}

function print(contexts, bytes, { deflateUs, inflateUs }) {
  console.log(JSON.stringify({ contexts, bytes, deflateUs: deflateUs.toFixed(2), inflateUs: inflateUs.toFixed(2) }));
}

/** Microseconds a call, the best of five rounds. */
function measure(turns, inputs, call) {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round += 1) {
    const start = performance.now();
    for (let turn = 0; turn < turns; turn += 1) for (const input of inputs) call(input);
    best = Math.min(best, ((performance.now() - start) * 1000) / (turns * inputs.length));
  }
  return best;
}

/** JSON as applications send it, never twice the same. */
function json(byteLength) {
  let text = '';
  while (text.length < byteLength) {
    const id = Math.floor(Math.random() * 1e9);
    text += JSON.stringify({
      id,
      name: `user ${id % 997}`,
      price: Math.random(),
      active: id % 2 === 0,
      tags: ['a', 'b'],
    });
  }
  return new TextEncoder().encode(text.slice(0, byteLength));
}
