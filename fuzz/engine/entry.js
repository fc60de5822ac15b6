// What Jazzer.js is given: loads the target that FUZZ_TARGET names, and whatever it imports one file after the other.
//
// Jazzer.js numbers the comparisons of files as they come in from the disk, and libFuzzer goes by those numbers: only in the same
// order does the same seed do the same.
import { readFileSync } from 'node:fs';

const IMPORT = /^(?:import|export)\s(?:[^'";]*\sfrom\s)?'(\.[^']+)'/gm;

/** A file and all that it imports statically, each behind what it needs itself. */
function loadingOrder(url, order = new Set(), seen = new Set()) {
  if (seen.has(url)) return order;
  seen.add(url);
  for (const [, specifier] of readFileSync(new URL(url), 'utf8').matchAll(IMPORT)) {
    loadingOrder(new URL(specifier, url).href, order, seen);
  }
  return order.add(url);
}

const target = new URL(`../targets/${process.env.FUZZ_TARGET}.js`, import.meta.url).href;
for (const url of loadingOrder(target)) await import(url);

export const { fuzz } = await import(target);
