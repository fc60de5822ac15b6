// Assembles src/node/unmask.wat and embeds it in src/node/unmask-wasm.ts: `npm run wasm`. With --check it only says
// whether the two agree.
import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const SOURCE = 'src/node/unmask.wat';
const TARGET = 'src/node/unmask-wasm.ts';

const { parseWat } = await wabt();
const module = parseWat(SOURCE, readFileSync(SOURCE, 'utf8'), { simd: true });
const { buffer } = module.toBinary({});
module.destroy();

const lines = Buffer.from(buffer)
  .toString('base64')
  .match(/.{1,110}/g)
  .map((line) => `  '${line}'`);
const text = `// Made from unmask.wat by scripts/wasm.js: don't edit.

/** The WebAssembly module in base64. */
export const UNMASK_WASM: string =
${lines.join(' +\n')};
`;

if (!process.argv.includes('--check')) {
  writeFileSync(TARGET, text);
} else if (readFileSync(TARGET, 'utf8') !== text) {
  throw new Error(`${TARGET} does not come from ${SOURCE}: npm run wasm`);
}
