// Compiles the load generator, when its sources are newer than what is there. Knows no measurement.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SOURCES = new URL('../load/', import.meta.url);
export const BUILD = fileURLToPath(new URL('../../build/bench/', import.meta.url));

/** The path of the load generator. Throws when there is no compiler. */
export function loadProgram() {
  const path = `${BUILD}load`;
  const files = readdirSync(SOURCES).map((name) => fileURLToPath(new URL(name, SOURCES)));
  const newest = Math.max(...files.map((file) => statSync(file).mtimeMs));
  if (existsSync(path) && statSync(path).mtimeMs > newest) return path;
  mkdirSync(BUILD, { recursive: true });
  const compiler = process.env.CC ?? 'cc';
  const sources = files.filter((file) => file.endsWith('.c'));
  const { status, error } = spawnSync(compiler, ['-O2', '-Wall', '-Wextra', '-o', path, ...sources], {
    stdio: 'inherit',
  });
  if (error || status !== 0) throw new Error(`${compiler} can't compile the load generator`, { cause: error });
  return path;
}
