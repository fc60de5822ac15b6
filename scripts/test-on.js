// Runs the built tests on other lines of Node: `node scripts/test-on.js 22 24 26`. The newest release of each line comes
// from the npm registry into build/nodes/; words after `--` go to scripts/test.js.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, resolve } from 'node:path';

const split = process.argv.indexOf('--');
const lines = process.argv.slice(2, split === -1 ? undefined : split);
const words = split === -1 ? [] : process.argv.slice(split + 1);
if (lines.length === 0 || !lines.every((line) => /^\d+$/.test(line))) {
  console.error('usage: node scripts/test-on.js MAJOR... [-- WORD...]');
  process.exit(2);
}

const onWindows = process.platform === 'win32';
const packageName = `node-${onWindows ? 'win' : process.platform}-${process.arch}`;

function npm(...args) {
  const { status, stdout } = spawnSync('npm', args, {
    shell: onWindows,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`npm ${args[0]} ended with ${status}`);
  return stdout;
}

/** The newest release of each line. The registry's dist-tags lag behind, so the numbers decide. */
const releases = JSON.parse(npm('view', packageName, 'versions', '--json')).filter((version) =>
  /^[\d.]+$/.test(version),
);
const newest = (line) =>
  releases
    .filter((version) => version.startsWith(`${line}.`))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1);

/** The path of that release's binary, fetched when it is not there yet. */
function fetchNode(version) {
  const folder = resolve('build/nodes', version.split('.')[0]);
  const home = `${folder}/node_modules/${packageName}`;
  const installed =
    existsSync(`${home}/package.json`) && JSON.parse(readFileSync(`${home}/package.json`, 'utf8')).version;
  if (installed !== version) {
    npm(
      'install',
      '--prefix',
      folder,
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      `${packageName}@${version}`,
    );
  }
  return onWindows ? `${home}/bin/node.exe` : `${home}/bin/node`;
}

const failed = [];
for (const line of lines) {
  const version = newest(line);
  if (version === undefined) throw new Error(`${packageName} has no release of line ${line}`);
  const node = fetchNode(version);
  console.log(`\n== Node ${version}`);
  const { status } = spawnSync(node, ['scripts/test.js', ...words], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` }, // npm and friends run on it too
  });
  if (status !== 0) failed.push(version);
}
if (failed.length > 0) {
  console.error(`\nfailed on Node ${failed.join(', ')}`);
  process.exit(1);
}
