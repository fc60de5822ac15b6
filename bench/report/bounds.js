// What this library promises of its speed, and whether a result keeps it.
import { median, ratios } from '../harness/statistics.js';

/** So many times better than another: less processor time, less memory. */
const times = (factor, against, scenario, peer = 'ours') => ({
  scenario,
  peer,
  text: `${factor} × ${against}`,
  measure: ({ rowsOf }) => median(ratios(rowsOf(scenario, peer), rowsOf(scenario, against))),
  isReached: (measured) => measured >= factor,
});

/** A figure of its own that is no more than this. */
const atMost = (limit, unit, scenario, measure) => ({
  scenario,
  peer: 'ours',
  text: `at most ${limit.toLocaleString('en')} ${unit}`,
  measure: measure ?? (({ rowsOf }) => median(rowsOf(scenario, 'ours').map(({ value }) => value))),
  isReached: (measured) => measured <= limit,
});
const aim = (bound) => ({ ...bound, isAim: true });

const flat = atMost(1.25, 'times the cost at 10', 'connections-10000', ({ rowsOf }) =>
  median(ratios(rowsOf('connections-10', 'ours'), rowsOf('connections-10000', 'ours'))),
);

const BOUNDS = [
  times(1.5, 'ws', 'binary-1'),
  times(1.1, 'net', 'binary-1'),
  aim(times(1, 'bun', 'binary-1')),
  times(1.9, 'ws', 'text-1'),
  aim(times(1, 'bun', 'text-1')),
  times(25, 'ws', 'binary-64'),
  times(1.3, 'bun', 'binary-64'),
  aim(times(1, 'net', 'binary-64')),
  times(8, 'ws', 'binary-64', 'ours-await'),
  aim(times(15, 'ws', 'binary-64', 'ours-await')),
  times(1.9, 'ws', '16k'),
  times(1.5, 'bun', '16k'),
  aim(times(1, 'uws', '16k')),
  times(1.7, 'ws', '1m-binary'),
  times(1.7, 'bun', '1m-binary'),
  aim(times(1, 'uws', '1m-binary')),
  times(1.6, 'ws', '1m-text'),
  aim(times(1, 'bun', '1m-text')),
  times(2, 'ws', 'open-close'),
  aim(times(4, 'ws', 'open-close')),
  times(1.3, 'ws', 'broadcast'),
  aim(times(1.6, 'ws', 'broadcast')),
  times(7, 'ws', 'receive'),
  times(1.8, 'bun', 'receive'),
  aim(atMost(0.1, 'µs', 'receive')),
  times(1.25, 'ws', 'idle'),
  aim(atMost(2_500, 'B', 'idle')),
  times(4, 'ws', 'compressed'),
  aim(times(1, 'bun', 'compressed')),
  times(5, 'ws', 'compressed-memory'),
  aim(times(1, 'bun', 'compressed-memory')),
  times(15, 'ws', 'compressed-broadcast'),
  aim(times(40, 'ws', 'compressed-broadcast')),
  times(1.4, 'ws', 'client-1'),
  times(1, 'undici', 'client-1'),
  aim(times(1, 'bun', 'client-1')),
  times(10, 'ws', 'client-32'),
  times(1, 'undici', 'client-32'),
  aim(times(1, 'bun', 'client-32')),
  times(1.5, 'ws', 'client-1m'),
  times(1, 'undici', 'client-1m'),
  aim(times(1, 'bun', 'client-1m')),
  flat,
];

/** A line for each bound that was measured, a column for each result. */
export function boundsTable(results, scenarios) {
  const titles = new Map(scenarios.map(({ id, title }) => [id, title]));
  const columns = results.map(({ machine, rows }) => ({
    name: `Node ${machine.node}`,
    rowsOf: (scenario, peer) => rows.filter((row) => row.scenario === scenario && row.peer === peer),
  }));
  const lines = [
    `| scenario | bound | ${columns.map(({ name }) => name).join(' | ')} |`,
    `| --- | --- |${' --- |'.repeat(columns.length)}`,
  ];
  for (const { scenario, peer, text, measure, isReached, isAim } of BOUNDS) {
    const measured = columns.map(measure);
    if (measured.every(Number.isNaN)) continue;
    const title = `${titles.get(scenario)}${peer === 'ours-await' ? ', for await' : ''}`;
    const cells = measured.map((value) =>
      Number.isNaN(value)
        ? ''
        : `${value.toLocaleString('en', { maximumSignificantDigits: 3 })} ${isReached(value) ? '✓' : isAim ? '' : '✗'}`.trim(),
    );
    lines.push(`| ${[title, isAim ? `aim: ${text}` : text, ...cells].join(' | ')} |`);
  }
  return lines.join('\n');
}
