// Runs a target once with an input from a file, without a fuzzer: node fuzz/reproduce.js TARGET FILE. Throws what it throws.
import { readFileSync } from 'node:fs';
import { loadTarget } from './engine/campaign.js';

const [name, file] = process.argv.slice(2);
const bytes = readFileSync(file);
console.log(`${bytes.length} bytes: ${JSON.stringify(bytes.toString('latin1'))}`);
const { fuzz } = await loadTarget(name);
fuzz(bytes);
console.log('nothing is wrong with it');
