// The servers that are compared: how each is started, what it can, and why it is left out where it is missing.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const arch = { x64: ['linux-x64-baseline', 'linux-x64-glibc'], arm64: ['linux-aarch64', 'linux-arm64-glibc'] };
const [bunPlatform, denoPlatform] = arch[process.arch] ?? [];
/** Programs that come as packages of the platform: their own packages would fetch them with an install script. */
export const BUN = here(`node_modules/@oven/bun-${bunPlatform}/bin/bun`);
export const DENO = here(`node_modules/@deno/${denoPlatform}/deno`);
const PYTHON = process.env.PYTHON ?? '/usr/bin/python3';

const isInstalled = (name) => {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
};
const package_ = (name) => (isInstalled(name) ? null : `${name} is not installed: npm install --prefix bench`);
const program = (path) => (existsSync(path) ? null : `${path} is not installed: npm install --prefix bench`);
const python = () =>
  spawnSync(PYTHON, ['-c', 'import websockets']).status === 0
    ? null
    : 'Python has no websockets: apt-get install python3-websockets';

const node = (file) => (nodePath) => [nodePath, '--expose-gc', here(`servers/${file}`)];

// What ws would use by itself when it is there. Checking UTF-8 is Node's own work in any case.
const WS_ALONE = { WS_NO_BUFFER_UTIL: '1', WS_NO_UTF_8_VALIDATE: '1' };

/**
 * `can` names what a server offers beside the echo: `close` (it closes by RFC 6455), `receive`, `broadcast`, `compression`,
 * `tls`. `whyNot` gives the reason to leave it out, or null.
 */
export const PEERS = [
  {
    name: 'ours',
    title: 'websockets-ts',
    command: node('ours.js'),
    can: ['close', 'receive', 'broadcast', 'compression', 'tls'],
  },
  {
    name: 'ours-await',
    title: 'websockets-ts, for await',
    command: node('ours-await.js'),
    can: ['close', 'receive', 'broadcast', 'compression', 'tls'],
  },
  {
    name: 'ws',
    title: 'ws',
    command: node('ws.js'),
    environment: WS_ALONE,
    whyNot: () => package_('ws'),
    can: ['close', 'receive', 'broadcast', 'compression', 'tls'],
  },
  {
    name: 'ws-bufferutil',
    title: 'ws, bufferutil',
    command: node('ws.js'),
    whyNot: () => package_('ws') ?? package_('bufferutil'),
    can: ['close', 'receive', 'broadcast', 'compression', 'tls'],
  },
  { name: 'net', title: 'node:net, bare', command: node('net.js'), can: [] },
  {
    name: 'bun',
    title: 'Bun',
    command: () => [BUN, here('servers/bun.js')],
    whyNot: () => program(BUN),
    can: ['close', 'receive', 'broadcast', 'compression', 'tls'],
  },
  {
    name: 'deno',
    title: 'Deno',
    command: () => [DENO, 'run', '--no-config', '--allow-all', '--v8-flags=--expose-gc', here('servers/deno.js')],
    whyNot: () => program(DENO),
    can: ['close', 'receive', 'broadcast', 'tls'],
  },
  {
    name: 'faye',
    title: 'faye-websocket',
    command: node('faye.js'),
    whyNot: () => package_('faye-websocket'),
    can: ['close', 'receive', 'broadcast'],
  },
  {
    name: 'websocket',
    title: 'websocket',
    command: node('websocket.js'),
    whyNot: () => package_('websocket'),
    can: ['close', 'receive', 'broadcast'],
  },
  {
    name: 'python',
    title: 'Python websockets',
    command: () => [PYTHON, here('servers/python.py')],
    whyNot: python,
    can: ['close', 'receive', 'broadcast', 'compression', 'tls'],
  },
  {
    name: 'uws',
    title: 'uWebSockets.js',
    command: node('uws.js'),
    whyNot: () =>
      isInstalled('uWebSockets.js') ? null : 'uWebSockets.js is not on the registry: install it beside the others',
    can: ['close', 'receive', 'broadcast', 'compression', 'tls'],
  },
];
