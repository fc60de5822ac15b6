// Draws a histogram of times in text. Knows nothing of what was timed.
import { countText, timeText } from '../quantities.ts';
import type { Histogram } from './histogram.ts';

const BAR_WIDTH = 40;
const NANOSECONDS_PER_MS = 1e6;
/** The steps of the rows: each begins where the one before ends. */
const STEPS = [1, 2, 5];

/** How much lies in a row: above the row before, up to `upTo` nanoseconds. */
interface Row {
  readonly upTo: number;
  count: number;
}

/** One line for each step of 1, 2, 5, 10, 20 …, from the fastest to the slowest. Empty when nothing was counted. */
export function barChart(histogram: Histogram): string[] {
  const rows: Row[] = [];
  for (const { high, count } of histogram.buckets()) {
    while (high > (rows.at(-1)?.upTo ?? 0)) {
      // A row for each step in between, too: a gap shows as one.
      rows.push({ upTo: stepFrom(rows.length === 0 ? high : rows.at(-1)!.upTo + 1), count: 0 });
    }
    rows.at(-1)!.count += count;
  }
  const most = Math.max(...rows.map(({ count }) => count));
  const texts = rows.map(({ upTo, count }) => ({ count, time: shortTime(upTo), number: countText(count) }));
  const timeWidth = Math.max(...texts.map(({ time }) => time.length));
  const numberWidth = Math.max(...texts.map(({ number }) => number.length));
  return texts.map(({ count, time, number }) => {
    // Something that is there must not look like nothing.
    const bar = '█'.repeat(Math.round((count / most) * BAR_WIDTH)) || (count > 0 ? '▏' : '');
    return `≤ ${time.padStart(timeWidth)}  ${number.padStart(numberWidth)}  ${bar}`.trimEnd();
  });
}

/** The smallest step that is not below the number. */
function stepFrom(number: number): number {
  for (let power = 1; ; power *= 10) for (const step of STEPS) if (step * power >= number) return step * power;
}

/** `20 µs`, not `20.0 µs`: steps are round numbers. */
const shortTime = (nanoseconds: number): string =>
  timeText(nanoseconds / NANOSECONDS_PER_MS).replace(/^[\d.]+/, (number) => String(Number(number)));
