// The load of a measurement: the generator in C, with frames made here. Its options are those of load/load.c, in camel case.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { Child } from './child.js';
import { loading } from './cores.js';
import { BUILD, loadProgram } from './programs.js';

/** Loads the server and gives what the generator reports. */
export async function loadServer(server, options) {
  const child = startLoad({ ...options, ...addressOf(server) });
  try {
    return await child.answer();
  } finally {
    await child.stop();
  }
}

/** Serves the client that `startClient` starts, given a port, and gives what the generator reports. */
export async function loadClient(startClient, options) {
  const child = startLoad({ ...options, listen: true });
  let client;
  try {
    const { port } = await child.answer();
    client = startClient(port);
    return await Promise.race([child.ask(client.pid), client.answer()]);
  } finally {
    await client?.stop();
    await child.stop();
  }
}

/** Opens connections, with some messages on each, and keeps them until the generator is stopped. */
export async function holdConnections(server, options) {
  const child = startLoad({ ...options, ...addressOf(server), mode: 'hold' });
  try {
    await child.answer();
    return child;
  } catch (error) {
    await child.stop();
    throw error;
  }
}

const addressOf = ({ port, pid }) => ({ port, pid });

function startLoad({ frames, ...options }) {
  const flags = Object.entries({ frames: frameFile(frames), ...options }).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === true ? [flag] : [flag, String(value)];
  });
  return new Child(loading([loadProgram(), ...flags]));
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
