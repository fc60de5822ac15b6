// A result on disk: the raw rows, the tables, the chart.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { boundsTable } from './bounds.js';
import { chart } from './chart.js';
import { overview } from './overview.js';
import { conditions, table } from './table.js';

/** Writes `NAME.json`. One row a line, numbers as exact as they are. */
export function writeRows(name, { rows, ...result }) {
  const short = (_key, value) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value);
  const head = JSON.stringify(result, null, 1).slice(0, -2);
  const lines = rows.map((row) => `  ${JSON.stringify(row, short)}`).join(',\n');
  mkdirSync(dirname(name), { recursive: true });
  writeFileSync(`${name}.json`, `${head},\n "rows": [\n${lines}\n ]\n}\n`);
}

export const readRows = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Writes `NAME.md` and `NAME.svg`. */
export function writeReport(name, result, scenarios) {
  const parts = [
    `# Benchmarks on Node ${result.machine.node}`,
    'Processor time per message, or memory per connection: less is better. [What is measured](../README.md#what-is-measured).',
    overview(result, scenarios),
    conditions(result),
    '## Bounds',
    boundsTable([result], scenarios),
    '## All figures',
    table(result, scenarios),
  ];
  writeFileSync(`${name}.md`, `${parts.join('\n\n')}\n`);
  writeFileSync(`${name}.svg`, chart(result, scenarios));
}

const README = new URL('../../README.md', import.meta.url);

/** Puts the figures of a result into the README of the repository. */
export function writeReadme(result, scenarios) {
  const few = scenarios.filter(({ id }) => !id.startsWith('connections-'));
  const table = overview(result, few, ['ours', 'ours-await', 'ws', 'bun', 'net']);
  const text = readFileSync(README, 'utf8');
  const start = text.indexOf('-->\n', text.indexOf('<!-- speed:')) + '-->\n'.length;
  const end = text.indexOf('<!-- /speed -->');
  writeFileSync(README, `${text.slice(0, start)}\n${table}\n\n${conditions(result)}\n\n${text.slice(end)}`);
}
