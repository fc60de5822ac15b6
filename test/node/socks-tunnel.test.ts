// SOCKS proxies where the package `socks` is not installed: asked of a copy of the library that cannot find it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROGRAM = `
import { connect, ProxyError } from './dist/index.js';
try {
  await connect('ws://h/', { proxy: 'socks5h://127.0.0.1:1' });
} catch (error) {
  console.log(JSON.stringify([error instanceof ProxyError, error.message, error.cause.code]));
}
`;

test('a SOCKS proxy without the package socks is an error that says what to install', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'websockets-'));
  try {
    await cp(fileURLToPath(new URL('../../../dist', import.meta.url)), join(folder, 'dist'), { recursive: true });
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(join(folder, 'program.js'), PROGRAM);
    const { stdout } = await promisify(execFile)(process.execPath, ['program.js'], { cwd: folder, timeout: 60_000 });
    assert.deepEqual(JSON.parse(stdout), [
      true,
      'SOCKS proxies need the package socks, which is not installed: npm install socks',
      'ERR_MODULE_NOT_FOUND',
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
