// Compiles the programs in C, when their sources are newer than what is there. Knows no measurement.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SOURCES = new URL('../load/', import.meta.url);
export const BUILD = fileURLToPath(new URL('../../build/bench/', import.meta.url));

const PARTS = {
  load: ['load.c', 'connection.c', 'frames.c', 'measure.c'],
};

/** The path of a compiled program. Throws when there is no compiler. */
export function program(name) {
  const path = `${BUILD}${name}`;
  const newest = Math.max(...readdirSync(SOURCES).map((file) => statSync(new URL(file, SOURCES)).mtimeMs));
  if (existsSync(path) && statSync(path).mtimeMs > newest) return path;
  mkdirSync(BUILD, { recursive: true });
  const sources = PARTS[name].map((file) => fileURLToPath(new URL(file, SOURCES)));
  const compiler = process.env.CC ?? 'cc';
  const { status, error } = spawnSync(compiler, ['-O2', '-o', path, ...sources], { stdio: 'inherit' });
  if (error || status !== 0) throw new Error(`${compiler} can't compile the load generator`, { cause: error });
  return path;
}
