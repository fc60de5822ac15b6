// Measures how much of src/bytes and src/core the unit and property tests reach, in lines and branches of the TypeScript,
// and fails below the threshold: `npm run coverage`. Words choose other tests; build/coverage/ has pages to look at.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { relative } from 'node:path';

const FOLDERS = ['src/bytes', 'src/core'];
const THRESHOLD = 98; // percent of lines and of branches, in each of the folders
const TESTS = ['test/bytes/', 'test/core/', 'test/property/'];
const REPORT = 'build/coverage';

/** c8's report by source path: what V8 counted in all test processes, mapped back to TypeScript. */
function measure(words) {
  rmSync(REPORT, { recursive: true, force: true });
  const { status } = spawnSync(
    process.execPath,
    [
      ...['node_modules/c8/bin/c8.js', '--reporter=json', '--reporter=html', `--reports-dir=${REPORT}`],
      ...['--exclude-after-remap', ...FOLDERS.map((folder) => `--include=${folder}/**`)],
      ...[process.execPath, 'scripts/test.js', ...words],
    ],
    { stdio: 'inherit' },
  );
  if (status !== 0) process.exit(status ?? 1);
  const files = Object.values(JSON.parse(readFileSync(`${REPORT}/coverage-final.json`, 'utf8')));
  return new Map(files.map((file) => [relative('.', file.path).replaceAll('\\', '/'), file]));
}

/**
 * The lines of a source that became code, from 1. For c8 every line counts, comments, types and closing braces too, which
 * flatters the figure; here only what the source map points to counts.
 */
function codeLines(source) {
  const compiled = source.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js');
  const map = new SourceMap(JSON.parse(readFileSync(`${compiled}.map`, 'utf8')));
  const sourceLines = readFileSync(source, 'utf8').split('\n');
  const lines = new Set();
  for (const [generatedLine, text] of readFileSync(compiled, 'utf8').split('\n').entries()) {
    if (/^\s*(\/\/|\/\*|\*|$)/.test(text)) continue;
    for (let column = 0; column < text.length; column++) {
      const entry = map.findEntry(generatedLine, column); // the nearest one before, perhaps of an earlier line
      if (entry.generatedLine === generatedLine && /\w/.test(sourceLines[entry.originalLine])) {
        lines.add(entry.originalLine + 1);
      }
    }
  }
  return lines;
}

/** Lines and branches of one file: how many there are, and where the missed ones stand. */
function judge(source, report) {
  const lines = codeLines(source);
  if (report === undefined) return { source, lines: lines.size, missed: [...lines], branches: 0, untaken: [] };
  const missed = Object.keys(report.s)
    .filter((id) => report.s[id] === 0)
    .map((id) => report.statementMap[id].start.line)
    .filter((line) => lines.has(line));
  // c8 also counts the body of each called function as a branch taken: leave those out.
  const at = ({ start, end }) => `${start.line}:${start.column}-${end.line}:${end.column}`;
  const bodies = new Set(Object.values(report.fnMap).map(({ loc }) => at(loc)));
  const branches = Object.keys(report.b).filter((id) => !bodies.has(at(report.branchMap[id].loc)));
  const untaken = branches.filter((id) => report.b[id][0] === 0).map((id) => report.branchMap[id].line);
  return { source, lines: lines.size, missed, branches: branches.length, untaken };
}

const sum = (rows, field) => rows.reduce((total, row) => total + (row[field].length ?? row[field]), 0);
const percent = (missed, all) => (all === 0 ? 100 : (100 * (all - missed)) / all);
const shares = (rows) => ({
  lines: percent(sum(rows, 'missed'), sum(rows, 'lines')),
  branches: percent(sum(rows, 'untaken'), sum(rows, 'branches')),
});

function print(title, rows, note) {
  const cell = (share, all) => (all === 0 ? '–' : `${share.toFixed(1)} % of ${String(all).padStart(4)}`).padStart(17);
  const { lines, branches } = shares(rows);
  console.log(`${title.padEnd(54)}${cell(lines, sum(rows, 'lines'))}${cell(branches, sum(rows, 'branches'))}  ${note}`);
}

/** Lines as people write them: 3-5 9. */
function ranges(lines) {
  const found = [];
  for (const line of [...new Set(lines)].sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last?.[1] === line - 1) last[1] = line;
    else found.push([line, line]);
  }
  return found.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(' ');
}

const reports = measure(process.argv.length > 2 ? process.argv.slice(2) : TESTS);
const below = [];
console.log(`\n${''.padEnd(54)}${'lines'.padStart(17)}${'branches'.padStart(17)}  missed at line`);
for (const folder of FOLDERS) {
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.ts'))
    .sort();
  const rows = sources.map((source) => judge(source, reports.get(source)));
  for (const row of rows) {
    const places = reports.has(row.source) ? ranges([...row.missed, ...row.untaken]) : 'never loaded';
    print(row.source, [row], row.lines === 0 ? 'types only' : places);
  }
  print(`${folder}, all of it`, rows, '');
  console.log('');
  for (const [what, share] of Object.entries(shares(rows))) {
    if (share < THRESHOLD) below.push(`${what} of ${folder}: ${share.toFixed(2)} %`);
  }
}
if (below.length > 0) {
  console.error(`below ${THRESHOLD} %: ${below.join(', ')}`);
  process.exit(1);
}
