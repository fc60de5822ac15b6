// Installs what package.json names, when it is not there yet. The versions there are exact.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

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
  process.exit(status ?? 1);
}
