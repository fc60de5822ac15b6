// Everything that can be said about the repository without running the behaviour tests: `npm run check`. Steps run side by
// side where they do not need each other; each is named with its time, and the end lists what failed.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const scratch = mkdtempSync(join(tmpdir(), 'websockets-ts-check-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

/** Runs a program to its end and gives what it printed to stdout; rejects with all that it printed when it fails. */
function run(command, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { shell: command === 'npm' && process.platform === 'win32' });
    const printed = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        printed[name] += text;
      });
    }
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve(printed.stdout);
      else reject(new Error(`${printed.stdout}${printed.stderr}`.trim() || `${command} ended with ${status}`));
    });
  });
}
const node = (...args) => run(process.execPath, ...args);

/** The lock files name versions and hashes, never the registry they came from: each .npmrc sees to it. */
function checkLockFiles() {
  for (const file of ['package-lock.json', 'bench/package-lock.json', 'fuzz/package-lock.json']) {
    const { packages } = JSON.parse(readFileSync(file, 'utf8'));
    const addressed = Object.keys(packages).filter((name) => /^(https?|git)/.test(packages[name].resolved ?? ''));
    if (addressed.length > 0) throw new Error(`download addresses in ${file}: ${addressed.join(', ')}`);
  }
}

/** Packs what would be published and gives the tarball's path. The compiler deletes nothing, so look for leftovers too. */
async function pack() {
  const printed = await run('npm', 'pack', '--json', '--ignore-scripts', '--silent', '--pack-destination', scratch);
  const [{ filename, files }] = JSON.parse(printed);
  const source = (path) => path.replace(/^dist\//, 'src/').replace(/(\.d)?\.[jt]s(\.map)?$/, '.ts');
  const stale = files.map(({ path }) => path).filter((path) => path.startsWith('dist/') && !existsSync(source(path)));
  if (stale.length > 0) throw new Error(`compiled files without a source, run \`npm run clean\`: ${stale.join(', ')}`);
  return join(scratch, filename);
}

// The heads of the chains come first: what is started first gets the processor first.
const STEPS = [
  { name: 'types', work: () => node('node_modules/typescript/bin/tsc', '-b') },
  {
    name: 'lint and format',
    work: () => node('node_modules/@biomejs/biome/bin/biome', 'ci', '--colors=off', '--error-on-warnings', '.'),
  },
  { name: 'lock files', work: checkLockFiles },
  { name: 'package', needs: 'types', work: pack },
  {
    name: 'publint',
    needs: 'package',
    work: (tarball) => node('node_modules/publint/src/cli.js', 'run', '--strict', tarball),
  },
  {
    name: 'attw',
    needs: 'package',
    work: (tarball) => node('node_modules/@arethetypeswrong/cli/dist/index.js', '--profile', 'esm-only', tarball),
  },
  { name: 'layers and names', needs: 'types', work: () => node('scripts/test.js', 'public/layers', 'public/names') },
  { name: 'reference', needs: 'types', work: () => node('scripts/reference.js', '--check') },
  { name: 'WebAssembly', work: () => node('scripts/wasm.js', '--check') },
];

const failed = [];
const finished = new Map(); // name -> promise of the step's result; undefined after a failure
async function perform({ name, needs, work }) {
  const given = needs === undefined ? true : await finished.get(needs);
  if (given === undefined) {
    failed.push(`${name} (not run: it needs ${needs})`);
    return undefined;
  }
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  try {
    const result = (await work(given)) ?? true;
    console.log(`ok      ${name}, ${seconds()}`);
    return result;
  } catch (error) {
    console.log(`FAILED  ${name}, ${seconds()}\n${error.message}\n`);
    failed.push(name);
    return undefined;
  }
}
for (const step of STEPS) finished.set(step.name, perform(step));
await Promise.all(finished.values());

if (failed.length > 0) console.log(`\ncheck failed: ${failed.join(', ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;
