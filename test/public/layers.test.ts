// The layers of src/ as its imports show them: who may import whom. Reads the sources as text and runs none of them.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { suite, test } from 'node:test';

const ROOT = new URL('../../../', import.meta.url);

/** The folders of src/, lowest first. A layer imports from itself and from those before it. */
const LAYERS = ['bytes', 'core', 'connection', 'node'];
/** The files directly in src/: the package's entries, above every layer. */
const ENTRIES = 'entries';
/** What is built on the entries: a folder each, and the entry of its name. Imports nothing below the entries either. */
const ABOVE = ['router', 'compat', 'testing'];
/** A program over the entries, as its users might write it: it imports nothing below them. */
const PROGRAM = 'cli';
/** Where the machine shows: the only layers that may import Node's own modules. */
const RUNTIMES = ['node', PROGRAM];

/** Packages that somebody may install or not, so that only an import at run time may ask for them: see package.json. */
const OPTIONAL_PACKAGES = ['socks'];

/** What a file imports or exports from elsewhere, types included: the specifiers in order. */
function importsOf(source: string): string[] {
  const code = source.replaceAll(/^\s*(?:\/\/|\*|\/\*).*$/gm, ''); // examples in comments import nothing
  const statements = code.matchAll(/^(?:import|export)\b(?:[^'";]*?\bfrom\s*)?\s*(['"])(.+?)\1/gm);
  const calls = code.matchAll(/\bimport\(\s*(['"])(.+?)\1\s*\)/g);
  return [
    ...Array.from(statements, ([, , specifier]) => specifier!),
    ...Array.from(calls, ([, , specifier]) =>
      OPTIONAL_PACKAGES.includes(specifier!) ? `optional:${specifier}` : specifier!,
    ),
  ];
}

type Graph = ReadonlyMap<string, readonly string[]>;

function layerOf(file: string): string {
  const [first, second] = file.split('/');
  const ownEntry = ABOVE.find((layer) => file === `${layer}.ts`);
  return ownEntry ?? (second === undefined ? ENTRIES : first!);
}

const ALL = [...LAYERS, ENTRIES, ...ABOVE, PROGRAM];
const rankOf = (layer: string): number => ALL.indexOf(layer);

function mayImport(from: string, to: string): boolean {
  if (from === PROGRAM || ABOVE.includes(from)) return rankOf(to) >= rankOf(ENTRIES) && rankOf(to) <= rankOf(from);
  return rankOf(to) <= rankOf(from);
}

/** What is wrong with one import, or null. */
function objection(graph: Graph, from: string, specifier: string): string | null {
  const layer = layerOf(from);
  if (rankOf(layer) === -1) return `${layer}/ is not among the layers`;
  if (specifier.startsWith('optional:')) return RUNTIMES.includes(layer) ? null : `${layer} may not import packages`;
  if (specifier.startsWith('node:')) return RUNTIMES.includes(layer) ? null : `${layer} may not import Node's modules`;
  if (!specifier.startsWith('.')) return 'the package has no dependencies';
  const to = posix.join(posix.dirname(from), specifier);
  if (!graph.has(to)) return 'there is no such file in src/';
  return mayImport(layer, layerOf(to)) ? null : `${layer} may not import from ${layerOf(to)}`;
}

/** The first cycle found, as the files on the way round, or null. */
function findCycle(graph: Graph): string[] | null {
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (file: string): string[] | null => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return null;
    way.push(file);
    for (const specifier of graph.get(file) ?? []) {
      const cycle = specifier.startsWith('.') ? visit(posix.join(posix.dirname(file), specifier)) : null;
      if (cycle) return cycle;
    }
    way.pop();
    done.add(file);
    return null;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle) return cycle;
  }
  return null;
}

/** Every import that breaks a rule, as one line each. */
function violations(graph: Graph): string[] {
  const edges = [...graph].flatMap(([from, specifiers]) =>
    specifiers.flatMap((specifier) => {
      const reason = objection(graph, from, specifier);
      return reason === null ? [] : [`${from} -> ${specifier}: ${reason}`];
    }),
  );
  const cycle = findCycle(graph);
  return cycle ? [...edges, `a cycle: ${cycle.join(' -> ')}`] : edges;
}

suite('layers', () => {
  const files = readdirSync(new URL('src/', ROOT), { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts'));
  const graph = new Map(files.map((file) => [file, importsOf(readFileSync(new URL(`src/${file}`, ROOT), 'utf8'))]));

  test('only packages that are optional peers may be missing', () => {
    const { peerDependencies, peerDependenciesMeta } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));
    assert.deepEqual(Object.keys(peerDependencies), OPTIONAL_PACKAGES);
    for (const name of OPTIONAL_PACKAGES) assert.equal(peerDependenciesMeta[name].optional, true);
  });

  test('imports in src/ point down and never in a circle', () => {
    assert.ok(
      [...graph.values()].some((imports) => imports.length > 0),
      'no import found at all',
    );
    assert.deepEqual(violations(graph), []);
  });
});

suite('the rules of the layers', () => {
  const sound = {
    'bytes/mask.ts': [],
    'core/frame.ts': ['../bytes/mask.ts'],
    'connection/connection.ts': ['../core/frame.ts', '../bytes/mask.ts'],
    'node/connect.ts': ['node:net', 'optional:socks', '../connection/connection.ts'],
    'client.ts': ['./node/connect.ts'],
    'index.ts': ['./client.ts'],
    'cli/main.ts': ['node:util', '../index.ts', './bench.ts'],
    'cli/bench.ts': [],
    'router.ts': ['./router/router.ts'],
    'router/router.ts': ['../client.ts'],
    'compat/names.ts': ['../router.ts', '../router/router.ts', '../index.ts'],
    'testing.ts': ['./testing/pair.ts'],
    'testing/pair.ts': ['../index.ts', './wire.ts'],
    'testing/wire.ts': [],
  };
  const withEdges = (edges: Record<string, readonly string[]>): Graph =>
    new Map(Object.entries({ ...sound, ...edges }));

  const broken: Record<string, { edges: Record<string, readonly string[]>; found: string }> = {
    'an import of a higher layer': {
      edges: { 'bytes/mask.ts': ['../core/frame-names.ts'], 'core/frame-names.ts': [] },
      found: 'bytes/mask.ts -> ../core/frame-names.ts: bytes may not import from core',
    },
    'an import of an entry': {
      edges: { 'node/connect.ts': ['../exceptions.ts'], 'exceptions.ts': [] },
      found: 'node/connect.ts -> ../exceptions.ts: node may not import from entries',
    },
    'an import of the program': {
      edges: { 'index.ts': ['./cli/bench.ts'] },
      found: 'index.ts -> ./cli/bench.ts: entries may not import from cli',
    },
    'an import of the program past the entries': {
      edges: { 'cli/bench.ts': ['../core/frame.ts'] },
      found: 'cli/bench.ts -> ../core/frame.ts: cli may not import from core',
    },
    'an import past the entries by what is built on them': {
      edges: { 'testing/wire.ts': ['../core/frame.ts'] },
      found: 'testing/wire.ts -> ../core/frame.ts: testing may not import from core',
    },
    'an import by an entry of what is built on it': {
      edges: { 'exceptions.ts': ['./testing.ts'] },
      found: 'exceptions.ts -> ./testing.ts: entries may not import from testing',
    },
    "one of Node's modules below the runtimes": {
      edges: { 'core/frame.ts': ['node:crypto'] },
      found: "core/frame.ts -> node:crypto: core may not import Node's modules",
    },
    'a dependency': {
      edges: { 'node/connect.ts': ['ws'] },
      found: 'node/connect.ts -> ws: the package has no dependencies',
    },
    'an optional package that has to be there': {
      edges: { 'node/connect.ts': ['socks'] },
      found: 'node/connect.ts -> socks: the package has no dependencies',
    },
    'an optional package below the runtimes': {
      edges: { 'core/frame.ts': ['optional:socks'] },
      found: 'core/frame.ts -> optional:socks: core may not import packages',
    },
    'a file outside src/': {
      edges: { 'core/frame.ts': ['../../test/support/readme.ts'] },
      found: 'core/frame.ts -> ../../test/support/readme.ts: there is no such file in src/',
    },
    'a folder that is no layer': {
      edges: { 'utils/misc.ts': ['../bytes/mask.ts'] },
      found: 'utils/misc.ts -> ../bytes/mask.ts: utils/ is not among the layers',
    },
    'a cycle': {
      edges: { 'core/frame.ts': ['./close.ts'], 'core/close.ts': ['./opcode.ts'], 'core/opcode.ts': ['./frame.ts'] },
      found: 'a cycle: core/frame.ts -> core/close.ts -> core/opcode.ts -> core/frame.ts',
    },
  };

  test('let a sound graph pass', () => assert.deepEqual(violations(withEdges({})), []));
  for (const [what, { edges, found }] of Object.entries(broken)) {
    test(`catch ${what}`, () => assert.deepEqual(violations(withEdges(edges)), [found]));
  }
});

suite('reading imports', () => {
  const forms: Record<string, string> = {
    'a name': "import { a } from './x.ts';",
    'a type': "import type { A } from './x.ts';",
    'a namespace': "import * as a from './x.ts';",
    'names over several lines': "import {\n  a,\n  type B,\n} from './x.ts';",
    'a side effect': "import './x.ts';",
    'a name passed on': "export { a } from './x.ts';",
    'everything passed on': "export * from './x.ts';",
    'a type passed on': "export type { A } from './x.ts';",
    'a module loaded later': "const { a } = await import('./x.ts');",
    'a type named in place': "let a: import('./x.ts').A;",
  };
  for (const [form, source] of Object.entries(forms)) {
    test(`sees ${form}`, () => assert.deepEqual(importsOf(source), ['./x.ts']));
  }

  test('sees each of several imports', () => {
    assert.deepEqual(importsOf("import a from './a.ts';\nexport const b = 'from';\nexport { c } from './c.ts';"), [
      './a.ts',
      './c.ts',
    ]);
  });
  test('tells packages that may be missing, and are asked for at run time', () => {
    assert.deepEqual(importsOf("const { a } = await import('socks');"), ['optional:socks']);
    assert.deepEqual(importsOf("import { a } from 'socks';"), ['socks']);
  });
  test('passes over examples in comments', () => {
    assert.deepEqual(
      importsOf("/**\n * ```ts\n * import { serve } from 'websockets-ts';\n * ```\n */\n// import './x.ts';"),
      [],
    );
  });
});
