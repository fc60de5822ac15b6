// What all servers under test share: their orders, how they tell their port, and what they do when they are asked for
// their memory. Runs on Node, Bun and Deno.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/**
 * The orders: `mode` is `echo`, `broadcast` (what comes goes to everybody) or `receive` (binary messages are counted, text
 * is answered with their number); `isCompressed` switches compression on, otherwise as the server has it by default.
 */
export const { mode, isCompressed, tls } = JSON.parse(process.argv[2]);

/** Key and certificate, for the servers that speak TLS. */
export const tlsFiles = tls && { key: readFileSync(tls.key), cert: readFileSync(tls.cert) };

export const HOST = '127.0.0.1';

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** Gives back to the system what is free, where V8 can be asked for it (from Node 22 on). */
const collectAll = () => globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });

/** Tells where the server listens, and serves until stdin ends. `collect` collects garbage. */
export function listening(port, collect = collectAll) {
  createInterface({ input: process.stdin })
    .on('line', async () => {
      // What the first collection lets go, its finalizers included, only the next one frees.
      for (let i = 0; i < 3; i += 1) {
        collect();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const { heapUsed, external } = process.memoryUsage();
      say({ heapBytes: heapUsed + external });
    })
    .on('close', () => process.exit());
  say({ port, version: process.versions.bun ?? process.versions.deno ?? process.version });
}
