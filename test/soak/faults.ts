// The long form of the test over a network that fails: `npm run faults`, `npm run faults -- 100000` for another number of
// schedules, `npm run faults -- 1 --seed 1234` to repeat one. Ends with the first that fails.
import { parseArgs } from 'node:util';
import { playSeed } from '../faults/campaign.ts';
import { Census } from '../faults/census.ts';

const { positionals, values } = parseArgs({ allowPositionals: true, options: { seed: { type: 'string' } } });
const count = Number(positionals[0] ?? 10_000);
const first = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const MIB = 1024 * 1024;

const census = new Census();
const startedAt = performance.now();
const seconds = (): string => ((performance.now() - startedAt) / 1000).toFixed(1);

let seed = first;
/** Also what nobody waits for ends this. */
const fail = (error: unknown): never => {
  console.error(error);
  console.error(`failed after ${seconds()} s: repeat with  npm run faults -- 1 --seed ${seed}`);
  process.exit(1);
};
process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);

console.log(`${count} schedules from seed ${first} on`);
for (let i = 1; i <= count; i++) {
  await playSeed(seed, census).catch(fail);
  seed++;
  if (i % Math.ceil(count / 20) === 0) {
    console.log(`${i} in ${seconds()} s, ${(process.memoryUsage().rss / MIB).toFixed(0)} MiB resident`);
  }
}
for (const line of [...census.outcomes(), '', ...census.table(), '']) console.log(`  ${line}`);
// Nothing more is to happen. What were left of a connection, a handle or a timer, would be found here.
const left = process.getActiveResourcesInfo().filter((name) => !name.startsWith('TTY') && !name.startsWith('Pipe'));
if (left.length > 0) fail(new Error(`left behind: ${left.join(', ')}`));
console.log(`${count} schedules in ${seconds()} s, and all is as it must be`);
