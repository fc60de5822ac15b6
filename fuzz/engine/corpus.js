// The inputs of a target: its seeds, those of corpus/NAME.txt that fuzzers found, and the folder that a fuzzer works in.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const kept = (name) => fileURLToPath(new URL(`../corpus/${name}.txt`, import.meta.url));

/** What is kept of one target in the repository: short inputs first, until there are so many bytes. */
const MAX_INPUT_BYTES = 1024;
const MAX_CORPUS_BYTES = 12_288;

/** The inputs of corpus/NAME.txt: a line of base64 for each. */
export const keptInputs = (name) =>
  existsSync(kept(name))
    ? readFileSync(kept(name), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => Buffer.from(line, 'base64'))
    : [];

/** Writes corpus/NAME.txt. Returns how many inputs it has. */
export function keepInputs(name, inputs) {
  let left = MAX_CORPUS_BYTES;
  const chosen = inputs
    .filter(({ length }) => length <= MAX_INPUT_BYTES)
    .sort((a, b) => a.length - b.length || Buffer.compare(a, b))
    .filter(({ length }) => {
      left -= length;
      return left >= 0;
    });
  mkdirSync(new URL('../corpus/', import.meta.url), { recursive: true });
  writeFileSync(kept(name), chosen.map((input) => `${Buffer.from(input).toString('base64')}\n`).join(''));
  return chosen.length;
}

/** Makes a folder of just these inputs, a file for each, as libFuzzer names them. Returns the files, each once. */
export function writeInputs(folder, inputs) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files = new Set();
  for (const input of inputs) {
    const file = join(folder, createHash('sha1').update(input).digest('hex'));
    writeFileSync(file, input);
    files.add(file);
  }
  return [...files];
}

/** Reads all files of such a folder. */
export const readInputs = (folder) => readdirSync(folder).map((file) => readFileSync(join(folder, file)));
