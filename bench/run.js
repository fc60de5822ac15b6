// Measures and reports: node bench/run.js [--only WORD,…] [--peers NAME,…] [--rounds N] [--seconds S] [--node PATH]
// [--out FILE]. README.md says what the figures mean.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from './harness/machine.js';
import { medianRow } from './harness/statistics.js';
import { table } from './report/table.js';
import { SCENARIOS } from './scenarios/index.js';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    peers: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    node: { type: 'string', default: process.execPath },
    out: { type: 'string' },
  },
});

const split = (list) => list.split(',').filter((word) => word !== '');
const words = split(options.only);
const names = split(options.peers);
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const allNames = new Set(SCENARIOS.flatMap(({ peers }) => peers.map(({ name }) => name)));

const chosen = SCENARIOS.filter(
  ({ id, title }) => words.length === 0 || words.some((word) => id.includes(word) || title.includes(word)),
);
if (chosen.length === 0 || !names.every((name) => allNames.has(name)) || !(rounds >= 1) || !(seconds > 0)) {
  console.error(`scenarios: ${SCENARIOS.map(({ id }) => id).join(', ')}\npeers: ${[...allNames].join(', ')}`);
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

const machine = describeMachine(options.node);
const rows = [];
for (let round = 0; round < rounds; round += 1) {
  for (const scenario of scenarios) {
    // Who goes first changes from round to round.
    const order = scenario.peers.map((_, i) => scenario.peers[(i + round) % scenario.peers.length]);
    for (const peer of order) {
      const starts = [];
      for (let start = 0; start < scenario.starts; start += 1) {
        starts.push(await scenario.measure(peer, { nodePath: options.node, seconds }));
      }
      rows.push({ round, scenario: scenario.id, peer: peer.name, ...medianRow(starts) });
      process.stderr.write('.');
    }
  }
}
process.stderr.write('\n');

const result = { machine, rounds, seconds, rows };
console.log(table(result, scenarios));
if (options.out !== undefined) {
  mkdirSync(dirname(options.out), { recursive: true });
  writeFileSync(options.out, `${JSON.stringify(result, null, 1)}\n`);
}
