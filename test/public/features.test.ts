// docs/features.md: every row of the reference's list is there, and every test that it points to.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';

const PAGE = new URL('../../../docs/features.md', import.meta.url);

/** As many rows as the reference has in each of its tables. */
const ROWS: Readonly<Record<string, number>> = {
  'Both sides': 27,
  Server: 15,
  Client: 15,
  'What the reference does not do': 5,
};

interface Row {
  readonly feature: string;
  readonly proof: string;
}

/** The rows of the table below each heading. */
function tables(markdown: string): ReadonlyMap<string, readonly Row[]> {
  const sections = markdown.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const lines = section.split('\n').filter((line) => line.startsWith('| '));
      const rows = lines.slice(2).map((line) => line.slice(2, -2).split(' | '));
      return [
        section.slice(0, section.indexOf('\n')),
        rows.map(([feature, , proof]) => ({ feature: feature!, proof: proof! })),
      ];
    }),
  );
}

/** What stands in quotes behind `test(` and the like, and in tables that tests are made from: the titles are among it. */
const quotedIn = (source: string): string[] =>
  [...source.matchAll(/(['"`])((?:\\.|(?!\1).)*)\1/g)].map(([, , text]) => text!);

suite('docs/features.md', () => {
  const all = tables(readFileSync(PAGE, 'utf8'));

  for (const [heading, count] of Object.entries(ROWS)) {
    test(`has all rows of "${heading}"`, () => assert.equal(all.get(heading)?.length, count));
  }

  for (const { feature, proof } of [...all.values()].flat()) {
    test(`proves: ${feature}`, () => {
      const links = [...proof.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)];
      assert.ok(links.length > 0, 'no link');
      for (const [, title, path] of links) {
        const titles = quotedIn(readFileSync(new URL(path!, PAGE), 'utf8'));
        assert.ok(
          titles.some((text) => text.includes(title!)),
          `${path} has no test "${title}"`,
        );
      }
    });
  }
});
