// Reports what was measured before: node bench/report.js FILE.json… writes the tables and the chart beside each, and prints
// the bounds with a column for each file. With `--readme FILE.json` the README of the repository shows that one.
import { parseArgs } from 'node:util';
import { boundsTable } from './report/bounds.js';
import { readRows, writeReadme, writeReport } from './report/files.js';
import { SCENARIOS } from './scenarios/index.js';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { readme: { type: 'string' } } });

const results = positionals.map((path) => {
  const result = readRows(path);
  writeReport(path.replace(/\.json$/, ''), result, SCENARIOS);
  return result;
});
if (values.readme !== undefined) writeReadme(readRows(values.readme), SCENARIOS);
if (results.length > 0) console.log(boundsTable(results, SCENARIOS));
