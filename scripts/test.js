// Runs every test file of test/, or those whose path contains one of the words given: `npm test -- frame-parser`; `!word`
// leaves out. What starts with a dash goes to node's test runner: `npm test -- core/ --test-name-pattern=mask`.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const options = process.argv.slice(2).filter((argument) => argument.startsWith('-'));
const words = process.argv.slice(2).filter((argument) => !/^[-!]/.test(argument));
const leftOut = process.argv.slice(2).flatMap((argument) => (argument.startsWith('!') ? [argument.slice(1)] : []));

// The sources are listed, not the build: what the build still holds of a deleted test is not run, and a test that was not
// built is missed.
const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => `test/${name.replaceAll('\\', '/')}`)
  .filter((name) => name.endsWith('.test.ts') && !name.includes('/node_modules/'))
  .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
  .filter((name) => !leftOut.some((word) => name.includes(word)))
  .map((name) => `build/${name.replace(/\.ts$/, '.js')}`)
  .sort();
if (files.length === 0) {
  console.error(`no test file matches ${words.join(', ')}`);
  process.exit(2);
}

// src/node has two roads to the network. npm run test:roads takes the second one.
const road = process.env.WEBSOCKETS_SOCKET_HANDLES === '0' ? 'sockets' : 'TCP handles';
console.log(`== ${files.length} files by ${road}, Node ${process.versions.node}`);
const { status } = spawnSync(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    '--test-reporter=spec',
    '--test-timeout=120000', // a test that waits for ever fails by name
    `--test-concurrency=${Math.max(2, availableParallelism())}`,
    ...options,
    ...files,
  ],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
