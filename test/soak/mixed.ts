// The long form of mixed traffic: `npm run soak:mixed`, or `npm run soak:mixed -- --minutes 30 --connections 500`. Fails when
// memory still grows by more than 5 % over the second half.
import { parseArgs } from 'node:util';
import { growth, mixedTraffic, type Sample } from './mixed-traffic.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    connections: { type: 'string', default: '2000' },
  },
});
const MIB = 1024 * 1024;
const ALLOWED = 0.05;

const seconds = 60 * Number(values.minutes);
let nextLine = 0;
const result = await mixedTraffic({
  connections: Number(values.connections),
  seconds,
  seed: 1,
  onSample: (sample) => {
    if (sample.seconds < nextLine) return;
    nextLine = sample.seconds + seconds / 20;
    const mib = (bytes: number): string => `${(bytes / MIB).toFixed(0)} MiB`.padStart(8);
    console.log(
      `${sample.seconds.toFixed(0).padStart(5)} s  server ${mib(sample.serverBytes)}  clients ${mib(sample.clientBytes)}`,
    );
  },
});
console.log(`${result.opened} connections, ${result.messages} messages and ${result.pings} pings came back`);
const sides: readonly (readonly [string, (sample: Sample) => number])[] = [
  ['server', ({ serverBytes }) => serverBytes],
  ['clients', ({ clientBytes }) => clientBytes],
];
for (const [name, of] of sides) {
  const grown = growth(result.samples, of);
  console.log(`${name}: ${(100 * grown).toFixed(1)} % from the third quarter to the last`);
  if (grown > ALLOWED) process.exitCode = 1;
}
for (const complaint of result.complaints) console.log(`! ${complaint}`);
if (result.complaints.length > 0) process.exitCode = 1;
