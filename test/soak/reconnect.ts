// The long form of the reconnect test: `npm run soak:reconnect`, or `npm run soak:reconnect -- 1000` for another number of
// connections. Fails when anything stays behind, or when memory grows.
import { parseArgs } from 'node:util';
import { reconnects } from './reconnects.ts';

const { positionals } = parseArgs({ allowPositionals: true });
const cycles = Number(positionals[0] ?? 10_000);
const MIB = 1024 * 1024;
/** What may come together by the way: code that is compiled late. A connection is 3 KB. */
const MAX_GROWTH_BYTES = MIB;

const { met, failures, heapBytes, seconds } = await reconnects({ cycles });
console.log(`${cycles} connections and ${failures} failed attempts in ${seconds.toFixed(1)} s`);
for (const [name, count] of Object.entries(met)) console.log(`  the server ${name}: ${count}`);
console.log(`heap in MiB: ${heapBytes.map((bytes) => (bytes / MIB).toFixed(2)).join(' ')}`);
const grown = heapBytes.at(-1)! - heapBytes[1]!;
if (grown > MAX_GROWTH_BYTES) {
  console.error(`${grown} bytes more than after the second tenth`);
  process.exitCode = 1;
}
