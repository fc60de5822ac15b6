// The package as its users get it: packed, installed into a scratch project, type-checked in each kind of project, run
// from ES modules and through `require`. The examples of the README and of docs/howto run too, as they stand there.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { documents, type Example, readExamples, runsOf } from '../support/readme.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'websockets-ts-packed-'));
after(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 }));

const { name, version, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
};
const entries = Object.keys(exports)
  .filter((entry) => !entry.endsWith('.json'))
  .map((entry) => `${name}${entry.slice(1)}`);

function npm(...args: string[]): string {
  return execFileSync('npm', args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
}

/** Runs a program to its end; what it printed is the message when it fails. */
function run(cwd: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8', timeout: 60_000 });
  assert.equal(status, 0, `node ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

const packed = npm('pack', '--json', '--ignore-scripts', '--silent', '--pack-destination', scratch);
const [{ filename }] = JSON.parse(packed) as [{ readonly filename: string }];
writeFileSync(join(scratch, 'package.json'), '{ "private": true }');
npm(
  'install',
  '--prefix',
  scratch,
  '--offline',
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  join(scratch, filename),
);

// The examples name one port; here each run has a free one of its own.
const WRITTEN_PORT = '8765';
const port = await freePort();
const programsOf = (document: string): Example[] => readExamples(document).filter(({ language }) => language === 'ts');
const pages = documents().map((document) => ({ document, examples: programsOf(document) }));

/** Where the examples of a document are, in a project. */
const folderOf = (document: string): string => join('examples', basename(document, '.md').toLowerCase());

/** Makes a project with the files of scratch/, the examples, and a line for each entry; gives its folder. */
function makeProject(type: 'module' | 'commonjs', moduleResolution: 'nodenext' | 'bundler'): string {
  const folder = join(scratch, `${type}-${moduleResolution}`);
  cpSync(join(root, 'test/public/scratch'), folder, { recursive: true });
  for (const { document, examples } of pages) {
    mkdirSync(join(folder, folderOf(document)), { recursive: true });
    for (const example of examples) {
      const code = example.code.replaceAll(WRITTEN_PORT, String(port));
      // Examples wait at the top level, which only ES modules may: .mts is one in either type of project.
      writeFileSync(join(folder, folderOf(document), example.name.replace(/\.ts$/, '.mts')), code);
    }
  }
  const imports = entries.map((entry, index) => `import * as entry${index} from '${entry}';`);
  const uses = entries.map((_, index) => `entry${index}`).join(', ');
  writeFileSync(join(folder, 'entries.ts'), `${imports.join('\n')}\nexport const all: object[] = [${uses}];\n`);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type }));
  const compilerOptions = {
    target: 'es2023',
    // Users on Node need no types of the DOM, and have them all the same where the page is in the same project.
    lib: ['es2023', 'esnext.disposable', ...(moduleResolution === 'bundler' ? ['dom', 'dom.asynciterable'] : [])],
    module: moduleResolution === 'bundler' ? 'preserve' : moduleResolution,
    moduleResolution,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    rootDir: '.',
    outDir: 'out',
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['.'], exclude: ['out'] }));
  return folder;
}

const compiled = new Map<string, string>();

/** The folder of a project, type-checked and compiled. */
function project(...kind: Parameters<typeof makeProject>): string {
  const key = kind.join();
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const folder = makeProject(...kind);
  run(folder, join(root, 'node_modules/typescript/bin/tsc'), '-p', '.');
  compiled.set(key, folder);
  return folder;
}

suite('the packed package', () => {
  for (const type of ['module', 'commonjs'] as const) {
    test(`has types for a bundler's project of type ${type}`, () => {
      project(type, 'bundler');
    });

    test(`has types for Node's project of type ${type}, and runs in it`, () => {
      const folder = project(type, 'nodenext');
      for (const program of ['import.mjs', 'require.cjs']) {
        assert.equal(run(folder, join('out', program)), 'TypeError: mine\n');
      }
      run(folder, join('out', 'entries.js'));
    });
  }

  test('gives `require` the same names as `import`', () => {
    const folder = project('module', 'nodenext');
    assert.equal(run(folder, 'require-names.cjs', ...entries), run(folder, 'import-names.mjs', ...entries));
  });

  // By its own name, which npm links to where scripts find it, and by that of the package, as anywhere.
  for (const program of ['websockets', name]) {
    test(`brings a program that runs with \`npx ${program}\``, () => {
      const { stdout, stderr, status } = spawnSync('npm', ['exec', '--offline', '--', program, '--version'], {
        cwd: scratch,
        encoding: 'utf8',
        shell: process.platform === 'win32',
        timeout: 60_000,
      });
      assert.equal(status, 0, stderr);
      assert.equal(stdout, `${version}\n`);
    });
  }
});

for (const { document, examples } of pages) {
  suite(`the examples of ${document}`, () => {
    const folder = (): string => join(project('module', 'nodenext'), 'out', folderOf(document));

    for (const { server, others } of runsOf(examples)) {
      if (server !== null) {
        test(`${server.name} serves ${others.map(({ name }) => name).join(', ')}`.trimEnd(), async () => {
          await whileServing(folder(), server, () => {
            for (const example of others) run(folder(), program(example));
          });
        });
        continue;
      }
      for (const example of others) test(`${example.name} runs`, () => void run(folder(), program(example)));
    }
  });
}

test('the README has examples of a server and of a client at least', () => {
  const [first] = runsOf(programsOf('README.md'));
  assert.ok(first?.server, 'no example of a server');
  assert.ok(first.others.length > 0, 'no example of a client');
});

const program = ({ name }: Example): string => name.replace(/\.ts$/, '.mjs');

/** Runs a server while the callback does; the server runs until it is told to stop. */
async function whileServing(folder: string, server: Example, callback: () => void): Promise<void> {
  const child = spawn(process.execPath, [program(server)], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collect(child);
  try {
    await listening(child, output);
    callback();
  } finally {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  server.close();
  await once(server, 'close');
  return address.port;
}

/** What a child prints, growing while it runs. */
function collect(child: ChildProcess): { text: string } {
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output.text += text;
    });
  }
  return output;
}

/** Waits until somebody accepts connections at the examples' port. */
async function listening(child: ChildProcess, output: { readonly text: string }): Promise<void> {
  for (;;) {
    assert.equal(child.exitCode, null, `the server ended by itself:\n${output.text}`);
    const socket = connect(port, 'localhost');
    const accepted = await Promise.race([
      once(socket, 'connect').then(
        () => true,
        () => false, // refused: not there yet
      ),
      sleep(1000, false),
    ]);
    socket.destroy();
    if (accepted) return;
    await sleep(50);
  }
}
