// The reference pages against the names that the entries export: no name without a heading, no heading without a name.
// That the pages say what the doc comments say is for `node scripts/reference.js --check`.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

const ROOT = new URL('../../../', import.meta.url);
const PAGES = new URL('docs/reference/', ROOT);

const headings = (page: string): string[] => Array.from(page.matchAll(/^## (.+)$/gm), ([, name]) => name!);

/** What names.txt lists for the entry; public/names compares that with what it exports. */
function listedNames(specifier: string): string[] {
  const lists = readFileSync(new URL('test/public/names.txt', ROOT), 'utf8').split(/\n(?=\S)/);
  const list = lists.find((one) => one.startsWith(`${specifier}\n`));
  assert.ok(list, `names.txt lists ${specifier}`);
  const names = list.trimEnd().split('\n').slice(1);
  return names.map((line) => line.trim().replace(/^type /, ''));
}

describe('the reference', () => {
  const files = readdirSync(PAGES);

  test('has a page for the exceptions', () => assert.ok(files.includes('exceptions.md')));

  for (const file of files) {
    const entry = file.replace(/\.md$/, '');
    const specifier = entry === 'index' ? 'websockets-ts' : `websockets-ts/${entry}`;
    const page = readFileSync(new URL(file, PAGES), 'utf8');

    test(`of ${specifier} has a heading for every name that is exported, and for nothing else`, async () => {
      const names = headings(page).sort();
      assert.deepEqual(names, [...new Set(listedNames(specifier))].sort());
      const values = Object.keys((await import(specifier)) as object);
      assert.deepEqual(
        values.filter((name) => !names.includes(name)),
        [],
      );
    });

    test(`of ${specifier} says something about every name`, () => {
      for (const section of page.split(/^## /m).slice(1)) {
        const [, afterCode = ''] = section.split(/^```$/m);
        assert.match(afterCode, /\w/, section.split('\n')[0]);
      }
    });

    test(`of ${specifier} links to headings that exist, and names no path of the machine that made it`, () => {
      const anchors = headings(page).map((name) => name.toLowerCase());
      for (const [, anchor] of page.matchAll(/\]\(#([^)]*)\)/g)) assert.ok(anchors.includes(anchor!), anchor);
      assert.doesNotMatch(page, /file:|\]\(\/|\/(?:home|root|Users|tmp)\/|[A-Z]:\\/);
    });
  }
});
