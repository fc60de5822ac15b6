// Measures and reports: node bench/run.js [--only WORD,…] [--peers NAME,…] [--rounds N] [--seconds S] [--node PATH]
// [--out FILE]. README.md says what the figures mean.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from './harness/machine.js';
import { medianRow } from './harness/statistics.js';
import { PEERS } from './peers.js';
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

const words = options.only.split(',').filter((word) => word !== '');
const scenarios = SCENARIOS.filter(
  ({ id, title }) => words.length === 0 || words.some((word) => id.includes(word) || title.includes(word)),
);
const names = options.peers.split(',').filter((name) => name !== '');
const unknown = names.filter((name) => !PEERS.some((peer) => peer.name === name));
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
if (scenarios.length === 0 || unknown.length > 0 || !(rounds >= 1) || !(seconds > 0)) {
  console.error(
    `scenarios: ${SCENARIOS.map(({ id }) => id).join(', ')}\npeers: ${PEERS.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

const peers = PEERS.filter((peer) => {
  if (names.length > 0 && !names.includes(peer.name)) return false;
  const reason = peer.whyNot?.() ?? null;
  if (reason !== null) console.error(`left out: ${peer.title} (${reason})`);
  return reason === null;
});

const rows = [];
for (let round = 0; round < rounds; round += 1) {
  for (const scenario of scenarios) {
    const able = peers.filter((peer) => scenario.needs.every((need) => peer.can.includes(need)));
    // Who goes first changes from round to round.
    for (let i = 0; i < able.length; i += 1) {
      const peer = able[(i + round) % able.length];
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

const result = { machine: describeMachine(options.node), rounds, seconds, rows };
console.log(table(result, { scenarios, peers }));
if (options.out !== undefined) {
  mkdirSync(dirname(options.out), { recursive: true });
  writeFileSync(options.out, `${JSON.stringify(result, null, 1)}\n`);
}
