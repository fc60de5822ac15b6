// Which road a process takes, handles or sockets, asked in processes of their own: it depends on their options and environment.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { tcpHandles } from '#dist/node/tcp-handle.js';

const run = promisify(execFile);

/** How to start a program. */
interface Start {
  readonly flags?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs it to its end: a process that is still alive after the time has failed. */
async function outcome(program: string, { flags = [], args = [], env = {} }: Start = {}) {
  const file = fileURLToPath(new URL(`../support/${program}.js`, import.meta.url));
  const { WEBSOCKETS_SOCKET_HANDLES: _, NODE_OPTIONS: __, ...rest } = process.env;
  const { stdout, stderr } = await run(process.execPath, [...flags, file, ...args], {
    env: { ...rest, ...env },
    timeout: 60_000,
  });
  return { stdout: stdout.trim(), stderr };
}

const told = async (start?: Start): Promise<unknown> => JSON.parse((await outcome('road', start)).stdout);

const BY_HANDLES = { echoed: 'hello', sockets: 0, unmask: 'WebAssembly' };
const BY_SOCKETS = { echoed: 'hello', sockets: 2, unmask: 'WebAssembly' };

const { allowedNodeEnvironmentFlags: known } = process;
const permission = [
  known.has('--permission') ? '--permission' : '--experimental-permission',
  '--allow-fs-read=*',
  ...(known.has('--allow-net') ? ['--allow-net'] : []),
];

describe('a process', () => {
  test('takes the road that its environment says: no other is tested by mistake', () => {
    assert.equal(tcpHandles === null, process.env['WEBSOCKETS_SOCKET_HANDLES'] === '0');
  });

  test('does without sockets on both sides, says nothing of it, and ends by itself', async () => {
    const { stdout, stderr } = await outcome('road');
    assert.deepEqual(JSON.parse(stdout), BY_HANDLES);
    assert.equal(stderr, '');
  });

  for (const [title, start] of [
    ['with socketHandles: false', { args: ['--no-handles'] }],
    ['with WEBSOCKETS_SOCKET_HANDLES=0', { env: { WEBSOCKETS_SOCKET_HANDLES: '0' } }],
    ['with --pending-deprecation', { flags: ['--pending-deprecation'] }],
    ['with --pending-deprecation in NODE_OPTIONS', { env: { NODE_OPTIONS: '--pending-deprecation' } }],
    ['with NODE_PENDING_DEPRECATION=1', { env: { NODE_PENDING_DEPRECATION: '1' } }],
    ['that throws at deprecations', { flags: ['--pending-deprecation', '--throw-deprecation'] }],
    [`under ${permission[0]}`, { flags: permission }],
  ] satisfies [string, Start][]) {
    test(`${title} takes sockets on both sides, is warned of nothing, and ends by itself`, async () => {
      const { stdout, stderr } = await outcome('road', start);
      assert.deepEqual(JSON.parse(stdout), BY_SOCKETS);
      assert.doesNotMatch(stderr, /Deprecat/);
    });
  }

  test('without WebAssembly unmasks with the plain loop', async () => {
    assert.deepEqual(await told({ flags: ['--jitless'] }), { ...BY_HANDLES, unmask: 'plain' });
  });

  test('that may not make code from strings unmasks all the same', async () => {
    assert.deepEqual(await told({ flags: ['--disallow-code-generation-from-strings'] }), BY_HANDLES);
  });

  test('of a cluster takes the handles that its primary hands over', async () => {
    assert.equal((await outcome('road-cluster')).stdout, 'handle handle');
  });
});
