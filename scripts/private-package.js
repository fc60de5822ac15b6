// Installs what a private package of this repository names (bench/, fuzz/), when it is not there yet. The versions there are exact.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** @param folder the package's, as a URL that ends with a slash. */
export function installPrivatePackage(folder) {
  const read = (path) => JSON.parse(readFileSync(new URL(path, folder), 'utf8'));
  const isInstalled = ([name, version]) => {
    try {
      return read(`node_modules/${name}/package.json`).version === version;
    } catch {
      return false;
    }
  };
  if (Object.entries(read('package.json').dependencies).every(isInstalled)) return;
  const { status, error } = spawnSync('npm', ['ci'], { cwd: folder, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
