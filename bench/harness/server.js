// A server under test, in a process of its own: started for one measurement, asked for its memory, stopped.
import { readFileSync } from 'node:fs';
import { Child } from './child.js';
import { measured } from './cores.js';

/** Starts a peer's server. `orders` are those of servers/common.js. A peer with `onStarted` hears the process's id. */
export async function startServer(peer, nodePath, orders) {
  const [file, ...args] = measured([
    ...peer.command(nodePath),
    JSON.stringify({ mode: 'echo', isCompressed: false, ...orders }),
  ]);
  const child = new Child([file, ...args], peer.environment);
  try {
    const { port, version } = await child.answer();
    peer.onStarted?.(child.pid);
    return {
      pid: child.pid,
      port,
      version,
      /** After garbage was collected, where there is a collector. `heapBytes` is what Node and the like say of it. */
      async memory() {
        const { heapBytes } = await child.ask('memory');
        return { rssBytes: rssBytes(child.pid), heapBytes };
      },
      stop: () => child.stop(),
    };
  } catch (error) {
    await child.stop();
    throw error;
  }
}

function rssBytes(pid) {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(kibibytes) * 1024;
}
