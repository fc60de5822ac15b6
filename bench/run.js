// Measures and reports: node bench/run.js [options]. README.md has the options, and says what the figures mean.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from './harness/machine.js';
import { medianRow } from './harness/statistics.js';
import { boundsTable } from './report/bounds.js';
import { writeReport, writeRows } from './report/files.js';
import { conditions, table } from './report/table.js';
import { SCENARIOS } from './scenarios/index.js';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    peers: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    node: { type: 'string', default: process.execPath },
    out: { type: 'string' },
    bounds: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
  },
});

/** For CI: whether everything works and answers as it should, in half a minute. Its figures mean little. */
const SHORT = {
  only: 'binary-1,text-64,1m-text,open-close,receive,compressed,client-32',
  peers: 'ours,ws,bun',
  rounds: '1',
  seconds: '0.2',
  starts: 1,
  warmUp: 0.1,
};
if (options.short) Object.assign(options, SHORT);

const split = (list) => list.split(',').filter((word) => word !== '');
const words = split(options.only);
const names = split(options.peers);
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const allNames = new Set(SCENARIOS.flatMap(({ peers }) => peers.map(({ name }) => name)));

// An id means that scenario alone, any other word all whose id or title has it.
const ids = new Set(SCENARIOS.map(({ id }) => id));
const isMeant = ({ id, title }) =>
  words.some((word) => (ids.has(word) ? id === word : id.includes(word) || title.includes(word)));
const chosen = words.length === 0 ? SCENARIOS : SCENARIOS.filter(isMeant);
if (chosen.length === 0 || !names.every((name) => allNames.has(name)) || !(rounds >= 1) || !(seconds > 0)) {
  console.error(`scenarios: ${[...ids].join(', ')}\npeers: ${[...allNames].join(', ')}`);
  process.exit(2);
}

/** Whether it can be measured here. What can't is said once. */
const isThere = new Map();
function canMeasure(peer) {
  if (!isThere.has(peer)) {
    const reason = peer.whyNot?.(options.node) ?? null;
    if (reason !== null) console.error(`left out: ${peer.title} (${reason})`);
    isThere.set(peer, reason === null);
  }
  return isThere.get(peer);
}
const scenarios = chosen.map((scenario) => ({
  ...scenario,
  peers: scenario.peers.filter((peer) => (names.length === 0 || names.includes(peer.name)) && canMeasure(peer)),
}));

/** One measurement: the start in the middle, where there are several, with the values of all. */
async function measure(scenario, peer) {
  const starts = [];
  for (let start = 0; start < (options.starts ?? scenario.starts); start += 1) {
    starts.push(await scenario.measure(peer, { nodePath: options.node, seconds, warmUp: options.warmUp }));
  }
  return starts.length === 1 ? starts[0] : { ...medianRow(starts), starts: starts.map(({ value }) => value) };
}

const machine = describeMachine(options.node);
const isWhole = chosen === SCENARIOS && names.length === 0;
const line = machine.node.slice(1).split('.')[0];
const out = options.out ?? (isWhole ? fileURLToPath(new URL(`results/node-${line}`, import.meta.url)) : null);
const rows = [];
const failures = [];
for (let round = 0; round < rounds; round += 1) {
  for (const scenario of scenarios) {
    // Who goes first changes from round to round.
    const order = scenario.peers.map((_, i) => scenario.peers[(i + round) % scenario.peers.length]);
    for (const peer of order) {
      try {
        rows.push({ round, scenario: scenario.id, peer: peer.name, ...(await measure(scenario, peer)) });
        process.stderr.write('.');
      } catch (error) {
        failures.push(`${scenario.title}, ${peer.title}`);
        console.error(`\n${failures.at(-1)}: ${error.message}`);
      }
    }
  }
}
process.stderr.write('\n');

const result = { machine, rounds, seconds, failures, rows };
console.log(`${table(result, scenarios)}\n\n${conditions(result)}`);
if (options.bounds) console.log(`\n${boundsTable([result], scenarios)}`);
if (out !== null) {
  writeRows(out, result);
  writeReport(out, result, scenarios);
}
if (failures.length > 0) process.exit(1);
