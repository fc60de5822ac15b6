// The long form of the test of streams: `npm run soak:streams`, or `npm run soak:streams -- 60` for another number of
// seconds. Ends after 10 GB or two minutes, shared by three runs.
import { parseArgs } from 'node:util';
import { streamVolume } from './stream-volume.ts';

const { positionals } = parseArgs({ allowPositionals: true });
const seconds = Number(positionals[0] ?? 120) / 3;
const MIB = 1024 * 1024;

let total = 0;
for (const [title, chunkBytes, compression] of [
  ['64 KiB, plain', 65_536, null],
  ['1 KiB, plain', 1024, null],
  ['16 KiB, compressed', 16_384, 'deflate'],
] as const) {
  const rss: number[] = [];
  let next = 0;
  const result = await streamVolume({
    chunkBytes,
    compression,
    seconds,
    bytes: Math.floor(10e9 / 3 / chunkBytes) * chunkBytes,
    onSample: ({ rssBytes }) => {
      if (performance.now() < next) return;
      next = performance.now() + (seconds * 1000) / 10;
      rss.push(Math.round(rssBytes / MIB));
    },
  });
  total += result.bytes;
  console.log(
    `${title}: ${(result.bytes / 1e9).toFixed(2)} GB there and back in ${result.seconds.toFixed(1)} s; ` +
      `at most ${(result.mostOnTheWay / MIB).toFixed(1)} MiB on the way, ` +
      `${(result.mostInConnection / MIB).toFixed(2)} MiB in one connection; RSS in MiB: ${rss.join(' ')}`,
  );
}
console.log(`${(total / 1e9).toFixed(2)} GB each way in all`);
