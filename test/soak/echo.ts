// The long form of the volume test: `npm run soak`, or `npm run soak -- 100000` for another number of messages.
import { parseArgs } from 'node:util';
import { volume } from './volume.ts';

const { positionals } = parseArgs({ allowPositionals: true });
const messages = Number(positionals[0] ?? 1_000_000);
const MIB = 1024 * 1024;

for (const compression of ['deflate', null] as const) {
  const half = Math.ceil(messages / 2);
  const rss: number[] = [];
  const { bytes, seconds } = await volume({
    messages: half,
    seed: 1,
    compression,
    onProgress: (done) => {
      if (done % Math.ceil(half / 10) === 0 || done === half) rss.push(process.memoryUsage.rss() / MIB);
    },
  });
  console.log(
    `${compression ?? 'plain'}: ${half} messages, ${(bytes / MIB).toFixed(0)} MiB, ${seconds.toFixed(1)} s; ` +
      `RSS in MiB: ${rss.map((value) => value.toFixed(0)).join(' ')}`,
  );
}
