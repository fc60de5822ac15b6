// The result in few words: a line for each scenario, a column for each of those who are compared.
import { median } from '../harness/statistics.js';
import { amount } from './amount.js';

/** Columns, in this order, where somebody was measured. */
const COLUMNS = ['ours', 'ours-await', 'ws', 'bun', 'deno', 'net', 'uws', 'undici'];

export function overview({ rows }, scenarios, names = COLUMNS) {
  const titles = new Map(scenarios.flatMap(({ peers }) => peers.map(({ name, title }) => [name, title])));
  const columns = names.filter((name) => rows.some(({ peer }) => peer === name));
  const lines = [
    `| scenario | ${columns.map((name) => titles.get(name)).join(' | ')} |`,
    `| --- |${' ---: |'.repeat(columns.length)}`,
  ];
  for (const { id, title, unit } of scenarios) {
    const values = columns.map((name) => {
      const own = rows.filter((row) => row.scenario === id && row.peer === name);
      return own.length === 0 ? '' : amount(median(own.map(({ value }) => value)), unit);
    });
    if (values.some((value) => value !== '')) lines.push(`| ${title} | ${values.join(' | ')} |`);
  }
  return lines.join('\n');
}
