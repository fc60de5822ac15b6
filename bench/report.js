// Reports what was measured before: node bench/report.js FILE.json… writes the tables and the chart beside each, and prints
// the bounds with a column for each file.
import { boundsTable } from './report/bounds.js';
import { readRows, writeReport } from './report/files.js';
import { SCENARIOS } from './scenarios/index.js';

const results = process.argv.slice(2).map((path) => {
  const result = readRows(path);
  writeReport(path.replace(/\.json$/, ''), result, SCENARIOS);
  return result;
});
console.log(boundsTable(results, SCENARIOS));
