// The pages that people read: what they link to is there, and the pages of docs/howto are all listed. The reference has tests
// of its own.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';

const ROOT = new URL('../../../', import.meta.url);
const HOWTO = new URL('docs/howto/', ROOT);

/** The Markdown files of these folders, by their path from the root. */
const pages = ['', 'docs/', 'docs/howto/', 'examples/', 'bench/', 'compliance/'].flatMap((folder) =>
  readdirSync(new URL(folder, ROOT))
    .filter((name) => name.endsWith('.md'))
    .map((name) => folder + name),
);

const read = (url: URL): string => readFileSync(url, 'utf8');

/** A Markdown text without its blocks of code. */
const withoutBlocks = (markdown: string): string => markdown.replace(/^```.*?^```$/gms, '');

/** Where the links of a Markdown text lead. Between backticks brackets mean something else. */
const links = (markdown: string): string[] =>
  Array.from(
    withoutBlocks(markdown)
      .replace(/`[^`\n]*`/g, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
    ([, target]) => target!,
  );

/** The names by which the headings of a Markdown text are linked to. */
const anchors = (markdown: string): string[] =>
  Array.from(withoutBlocks(markdown).matchAll(/^#+ (.*)$/gm), ([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

suite('the pages', () => {
  for (const page of pages) {
    test(`${page} links to what is there`, () => {
      const url = new URL(page, ROOT);
      for (const link of links(read(url))) {
        if (/^[a-z]+:/.test(link)) continue;
        const target = new URL(link, url);
        const anchor = target.hash.slice(1);
        target.hash = '';
        assert.ok(existsSync(target), link);
        if (anchor !== '') assert.ok(anchors(read(target)).includes(anchor), link);
      }
    });
  }
});

suite('docs/howto/README.md', () => {
  const listed = links(read(new URL('README.md', HOWTO))).filter((link) => /^[\w-]+\.md$/.test(link));

  test('lists each of the pages beside it once', () => {
    const files = readdirSync(HOWTO).filter((name) => name.endsWith('.md') && name !== 'README.md');
    assert.deepEqual([...listed].sort(), files.sort());
  });
});
