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
  const files = readdirSync(PAGES).filter((file) => file !== 'README.md');

  test('has a page for every entry; those of client and server are parts of the first', () => {
    const { exports } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { exports: object };
    const entries = Object.keys(exports).filter((entry) => !['./client', './server', './package.json'].includes(entry));
    const pages = entries.map((entry) => (entry === '.' ? 'index.md' : `${entry.slice(2)}.md`));
    assert.deepEqual(files, pages.sort());
    const all = new Set(listedNames('websockets-ts'));
    for (const part of ['client', 'server']) {
      assert.deepEqual(
        listedNames(`websockets-ts/${part}`).filter((name) => !all.has(name)),
        [],
      );
    }
  });

  test('has a list of its pages that leads to each', () => {
    const list = readFileSync(new URL('README.md', PAGES), 'utf8');
    const links = Array.from(list.matchAll(/\]\(([^)]*)\)/g), ([, target]) => target!);
    assert.deepEqual([...new Set(links)].sort(), files);
  });

  for (const file of files) {
    const entry = file.replace(/\.md$/, '');
    const specifier = entry === 'index' ? 'websockets-ts' : `websockets-ts/${entry}`;
    const page = readFileSync(new URL(file, PAGES), 'utf8');

    test(`of ${specifier} has a heading for every name that is exported, and for nothing else`, async () => {
      // The errors that the package itself exports, too, have a page of their own.
      const elsewhere = entry === 'index' ? listedNames('websockets-ts/exceptions') : [];
      const names = headings(page).sort();
      const listed = listedNames(specifier).filter((name) => !elsewhere.includes(name));
      assert.deepEqual(names, [...new Set(listed)].sort());
      const values = Object.keys((await import(specifier)) as object).filter((name) => !elsewhere.includes(name));
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
      for (const [, file, anchor] of page.matchAll(/\]\(([\w-]+\.md)(?:#(\w+))?\)/g)) {
        assert.ok(files.includes(file!), file);
        const there = headings(readFileSync(new URL(file!, PAGES), 'utf8')).map((name) => name.toLowerCase());
        assert.ok(anchor === undefined || there.includes(anchor), `${file}#${anchor}`);
      }
      assert.doesNotMatch(page, /file:|\]\(\/|\/(?:home|root|Users|tmp)\/|[A-Z]:\\/);
    });
  }
});
