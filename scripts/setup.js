// Makes a fresh clone ready: installs what package-lock.json names when it is not there yet, then builds (not with
// `--no-build`). Quick when nothing changed.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

const run = (command, args) => {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
};

const installed = 'node_modules/.package-lock.json';
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync('package-lock.json').mtimeMs) run('npm', ['ci']);
if (!process.argv.includes('--no-build')) run('node', ['node_modules/typescript/bin/tsc', '-b']);
