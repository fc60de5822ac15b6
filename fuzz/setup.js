// Installs what package.json names, when it is not there yet, and makes the fuzzer's native part load on this system.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { prepareNativePart } from './engine/native-part.js';

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));

function isInstalled([name, version]) {
  try {
    return read(`node_modules/${name}/package.json`).version === version;
  } catch {
    return false;
  }
}

if (!Object.entries(read('package.json').dependencies).every(isInstalled)) {
  const { status, error } = spawnSync('npm', ['ci'], { cwd: new URL('.', import.meta.url), stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
prepareNativePart();
