// Runs the tests that open sockets a second time, by the other road: net.Socket instead of TCP handles. On this Node, and on
// the lines given: `node scripts/test-roads.js 22 24 26`.
import { spawnSync } from 'node:child_process';

/** What talks over the network. The rest does not know which road there is. */
const WORDS = ['behaviour/', 'conformance/', 'interop/', 'test/node/'];

const lines = process.argv.slice(2);
const env = { ...process.env, WEBSOCKETS_SOCKET_HANDLES: '0' };
const passes = (...args) => spawnSync(process.execPath, args, { stdio: 'inherit', env }).status === 0;

const passed = [passes('scripts/test.js', ...WORDS)];
if (lines.length > 0) passed.push(passes('scripts/test-on.js', ...lines, '--', ...WORDS));
if (passed.includes(false)) process.exit(1);
