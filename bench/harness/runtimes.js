// The programs that run what is measured, whether they are there, and how each is started.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const BENCH = new URL('../', import.meta.url);
const here = (path) => fileURLToPath(new URL(path, BENCH));

// Bun and Deno come as packages of the platform: their own packages would fetch them with an install script.
const PLATFORMS = { x64: ['linux-x64-baseline', 'linux-x64-glibc'], arm64: ['linux-aarch64', 'linux-arm64-glibc'] };
const [bunPlatform, denoPlatform] = PLATFORMS[process.arch] ?? [];
const BUN = here(`node_modules/@oven/bun-${bunPlatform}/bin/bun`);
const DENO = here(`node_modules/@deno/${denoPlatform}/deno`);
const PYTHON = process.env.PYTHON ?? '/usr/bin/python3';

// Each gives the command for a script of this folder. The garbage collector can be called in all of them.
export const onNode = (script) => (node) => [node, '--expose-gc', here(script)];
export const onBun = (script) => () => [BUN, here(script)];
export const onDeno = (script) => () => [
  DENO,
  'run',
  '--no-config',
  '--allow-all',
  '--v8-flags=--expose-gc',
  here(script),
];
export const onPython = (script) => () => [PYTHON, here(script)];

// Each gives the reason why something can't be measured here, or null.
const lacksProgram = (path) => (existsSync(path) ? null : `not installed: npm install --prefix bench`);
export const lacksBun = () => lacksProgram(BUN);
export const lacksDeno = () => lacksProgram(DENO);

export const lacksPython = () =>
  spawnSync(PYTHON, ['-c', 'import websockets']).status === 0
    ? null
    : 'not installed: apt-get install python3-websockets';

export const lacksPackage = (name) => () => {
  try {
    createRequire(BENCH).resolve(name);
    return null;
  } catch {
    return `${name} is not installed: npm install --prefix bench`;
  }
};

export const lacksWebSocket = (node) =>
  spawnSync(node, ['-e', 'process.exit(typeof WebSocket === "undefined" ? 1 : 0)']).status === 0
    ? null
    : 'this Node has none, it comes with Node 22';

/** What ws would load by itself when it is there. Checking UTF-8 is Node's own work in any case. */
export const WITHOUT_ADDONS = { WS_NO_BUFFER_UTIL: '1', WS_NO_UTF_8_VALIDATE: '1' };
