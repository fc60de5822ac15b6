// The load of a measurement: the generator in C, with frames made here.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { Child } from './child.js';
import { LOAD_CORE } from './cores.js';
import { BUILD, program } from './programs.js';

/** Loads the server and gives what the generator reports. `options` are those of load/load.c, in camel case. */
export async function runLoad(server, options) {
  const child = startLoad(server, options);
  try {
    return await child.answer();
  } finally {
    await child.stop();
  }
}

/** Opens connections, with some messages on each, and keeps them until the generator is stopped. */
export async function holdConnections(server, options) {
  const child = startLoad(server, { ...options, mode: 'hold' });
  try {
    await child.answer();
    return child;
  } catch (error) {
    await child.stop();
    throw error;
  }
}

function startLoad({ port, pid }, { frames, compressed = false, ...options }) {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return new Child([
    program('load'),
    ...LOAD_CORE,
    ...['--port', String(port), '--pid', String(pid), '--frames', frameFile(frames)],
    ...(compressed ? ['--compressed'] : []),
    ...given.flatMap(([name, value]) => [
      `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      String(value),
    ]),
  ]);
}

/** The frames in a file, named for what is in it. */
function frameFile(frames) {
  const bytes = Buffer.concat(frames);
  const path = `${BUILD}frames-${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
  if (!existsSync(path)) {
    mkdirSync(BUILD, { recursive: true });
    writeFileSync(path, bytes);
  }
  return path;
}
