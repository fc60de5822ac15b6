// Processor time of a server per echoed message: ours against `ws` and a bare TCP echo, interleaved. See README.md.
// `node bench/echo.js [--rounds 5] [--seconds 2] [--only WORD] [--out DIRECTORY]`
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SCENARIOS } from './echo/scenarios.js';

const OURS = 'websockets-ts';
const SERVERS = [OURS, 'websockets-ts, for await', 'ws', 'TCP'];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    out: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const scenarios = SCENARIOS.filter(({ name }) => name.includes(values.only));
if (!(rounds >= 1 && seconds > 0 && scenarios.length > 0)) {
  console.error('usage: node bench/echo.js [--rounds N] [--seconds N] [--only WORD] [--out DIRECTORY]');
  process.exit(2);
}

const start = (file, ...args) => fork(new URL(`echo/${file}`, import.meta.url), args);

/** Asks a child for something, by name. */
async function ask(child, question) {
  child.send(question);
  const [answer] = await once(child, 'message');
  return answer;
}

/** One measurement. Processor times are in microseconds. */
async function measure(scenario, serverName) {
  const server = start('server.js', serverName, String(scenario.isCompressed));
  const [{ port }] = await once(server, 'message');
  const load = start('load.js', String(scenario.index), String(port));
  try {
    await once(load, 'message'); // warm
    const before = [await ask(server, 'usage'), await ask(load, 'usage')];
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const after = [await ask(server, 'usage'), await ask(load, 'usage')];
    const messages = after[1].messages - before[1].messages;
    const cpuOf = (i) => after[i].cpuMicros - before[i].cpuMicros;
    const busyOf = (i) => cpuOf(i) / (after[i].nowMicros - before[i].nowMicros);
    return {
      messages,
      microsPerMessage: cpuOf(0) / messages,
      messagesPerSecond: (messages * 1e6) / (after[1].nowMicros - before[1].nowMicros),
      serverBusy: busyOf(0),
      loadBusy: busyOf(1),
      serverRssBytes: after[0].rssBytes,
    };
  } finally {
    load.kill();
    await once(load, 'exit');
    server.kill();
    await once(server, 'exit');
  }
}

const rows = [];
for (let round = 0; round < rounds; round += 1) {
  const order = SERVERS.map((_, i) => SERVERS[(i + round) % SERVERS.length]);
  for (const scenario of scenarios) {
    for (const server of order) {
      rows.push({ round, scenario: scenario.name, server, ...(await measure(scenario, server)) });
      process.stderr.write('.');
    }
  }
}
process.stderr.write('\n');

const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const rowsOf = (scenario, server) => rows.filter((row) => row.scenario === scenario && row.server === server);

console.log('| scenario | server | µs of processor per message | × ours (min to max) | messages per second |');
console.log('| --- | --- | ---: | ---: | ---: |');
for (const { name } of scenarios) {
  const ours = rowsOf(name, OURS);
  for (const server of SERVERS) {
    const own = rowsOf(name, server);
    const ratios = own.map((row, i) => row.microsPerMessage / ours[i].microsPerMessage);
    const isLoadTheLimit = median(own.map((row) => row.loadBusy - row.serverBusy)) > 0;
    const ratio = `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;
    const cells = [
      name,
      server,
      median(own.map((row) => row.microsPerMessage)).toLocaleString('en', { maximumSignificantDigits: 3 }),
      server === OURS ? '1' : ratio,
      `${Math.round(median(own.map((row) => row.messagesPerSecond))).toLocaleString('en')}${isLoadTheLimit ? ' †' : ''}`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}
const machine = {
  node: process.version,
  cpu: cpus()[0]?.model,
  cores: availableParallelism(),
  loadAverage: loadavg().map((load) => Number(load.toFixed(2))),
};
console.log('\n† the load generator was busier than the server');
console.log(`Node ${machine.node}, ${machine.cores} × ${machine.cpu}, load average ${machine.loadAverage.join(' ')}`);
console.log(`medians of ${rounds} rounds of ${seconds} s`);

if (values.out !== undefined) {
  mkdirSync(values.out, { recursive: true });
  const file = join(values.out, `echo-${new Date().toISOString().replaceAll(':', '-')}.json`);
  writeFileSync(file, JSON.stringify({ machine, rounds, seconds, rows }, null, 1));
  console.log(`all rows: ${file}`);
}
