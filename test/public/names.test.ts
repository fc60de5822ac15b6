// The names that each entry of the package exports, values and types, as names.txt lists them. A name comes or goes on
// purpose only: `UPDATE_NAMES=1 npm test -- public/names` writes the list anew.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { suite, test } from 'node:test';

const ROOT = new URL('../../../', import.meta.url);
const LIST = new URL('test/public/names.txt', ROOT);

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
}
const manifest = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as Manifest;

/** The names that a compiled declaration file exports. */
function declaredNames(file: URL): string[] {
  const text = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '');
  const own = text.matchAll(
    /^export (?:declare )?(?:abstract )?(?:class|const|let|function\*?|interface|type|namespace) ([\w$]+)/gm,
  );
  const listed = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) => names!.split(','));
  const passedOn = text.matchAll(/^export (?:type )?\* from ['"](.+)['"]/gm);
  return [
    ...Array.from(own, ([, name]) => name!),
    ...listed.map((name) => name.trim().split(/\s+/).at(-1)!).filter((name) => name !== ''),
    ...[...passedOn].flatMap(([, path]) => declaredNames(new URL(path!.replace(/\.[jt]s$/, '.d.ts'), file))),
  ];
}

/** The list as it stands in names.txt: the entry, then its names, indented and sorted. */
async function namesOf(entry: string, types: string): Promise<string> {
  const specifier = `${manifest.name}${entry.slice(1)}`;
  const values = Object.keys((await import(specifier)) as object);
  const typesOnly = declaredNames(new URL(types, ROOT)).filter((name) => !values.includes(name));
  const lines = [...values.sort(), ...[...new Set(typesOnly)].sort().map((name) => `type ${name}`)];
  return `${[specifier, ...lines.map((line) => `  ${line}`)].join('\n')}\n`;
}

const entries = Object.entries(manifest.exports).flatMap(([entry, target]) =>
  typeof target === 'string' ? [] : [{ entry, types: target.types }],
);

if (process.env['UPDATE_NAMES']) {
  const lists = await Promise.all(entries.map(({ entry, types }) => namesOf(entry, types)));
  writeFileSync(LIST, lists.join('\n'));
}

suite('the names of the entries', () => {
  const listed = readFileSync(LIST, 'utf8')
    .split(/\n(?=\S)/)
    .map((list) => `${list.trimEnd()}\n`);

  for (const { entry, types } of entries) {
    const specifier = `${manifest.name}${entry.slice(1)}`;
    test(`${specifier} exports what names.txt lists`, async () => {
      const expected = listed.find((list) => list.startsWith(`${specifier}\n`));
      assert.equal(await namesOf(entry, types), expected);
    });
  }

  test('names.txt lists no entry that package.json does not have', () => {
    const known = entries.map(({ entry }) => `${manifest.name}${entry.slice(1)}`);
    assert.deepEqual(
      listed.map((list) => list.split('\n')[0]),
      known,
    );
  });
});
