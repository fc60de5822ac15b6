// Runs a target once with the input of each file, without a fuzzer: node fuzz/reproduce.js TARGET FILE…. Throws what it throws.
import { readFileSync } from 'node:fs';
import { loadTarget } from './engine/campaign.js';

const [name, ...files] = process.argv.slice(2);
const { fuzz } = await loadTarget(name);
for (const file of files) {
  const bytes = readFileSync(file);
  console.log(`${bytes.length} bytes: ${JSON.stringify(bytes.toString('latin1'))}`);
  await fuzz(bytes);
}
console.log('nothing is wrong with it');
