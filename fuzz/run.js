// Fuzzes and compares: node fuzz/run.js [options]. README.md has the options.

import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fuzzTarget, keepCorpus, targetNames } from './engine/campaign.js';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    runs: { type: 'string', default: '600000' },
    seconds: { type: 'string' },
    cases: { type: 'string', default: '1000000' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string' },
    keep: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    minute: { type: 'boolean', default: false },
  },
});
/**
 * For CI, two to three minutes: a number of executions and a seed, so that each run of it does the same where nothing has changed. A time
 * would not, and by chance it would find something in a change that has nothing to do with it. That is for every night.
 */
const SHORT = { runs: '20000', cases: '6000', seed: '1' };
/** Which get other numbers: more for what reads the bytes of strangers first, few where one execution is a large message. */
const SHORT_RUNS = {
  'close-payload': '200000',
  deflate: '200000',
  'deflate-later': '1000',
  'extension-parameters': '200000',
  frames: '200000',
  handshake: '100000',
  headers: '200000',
  'http-request': '200000',
  'http-response': '200000',
  'proxy-answer': '200000',
  uri: '200000',
};
/** For every night: as much of each as a minute allows, by another seed each time. */
const MINUTE = { runs: '1000000000', cases: '1000000000', seconds: '60' };
if (options.short) Object.assign(options, { ...SHORT, seed: options.seed ?? SHORT.seed });
if (options.minute) Object.assign(options, MINUTE);

const DIFFERENTIAL = 'differential';
const words = options.only.split(',').filter((word) => word !== '');
const all = [...targetNames(), DIFFERENTIAL];
const chosen = words.length === 0 ? all : all.filter((name) => words.some((word) => name.includes(word)));
const jobs = Number(options.jobs);
if (chosen.length === 0 || !(jobs >= 1) || !(Number(options.runs) >= 1)) {
  console.error(`targets: ${all.join(', ')}`);
  process.exit(2);
}

const { runs, seconds, seed } = options;
const runsOf = (name) => (options.short ? SHORT_RUNS[name] : undefined) ?? runs;
const results = [];
const waiting = [...chosen].reverse();
/** The differential fuzzer prints its own report. */
function differ() {
  const args = ['--cases', options.cases];
  const seedOfCases = seed ?? (options.minute ? String(randomInt(2 ** 31)) : undefined);
  if (seedOfCases !== undefined) args.push('--seed', seedOfCases);
  if (seconds !== undefined) args.push('--seconds', seconds);
  const child = spawn(process.execPath, [fileURLToPath(new URL('differential/run.js', import.meta.url)), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let report = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    report += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ name: DIFFERENTIAL, report, problem: code === 0 ? null : `exit code ${code}` }),
    );
  });
}

function show({ name, report, problem, executions, ...rest }) {
  if (report !== undefined) console.log(report.trimEnd());
  else {
    const { seconds: took, edges, inputs, found, memory } = rest;
    const speed = Math.round(executions / took).toLocaleString('en');
    console.log(
      `${problem === null ? 'ok      ' : 'FAILED  '}  ${name.padEnd(22)} ${executions.toLocaleString('en').padStart(11)} executions  ` +
        `${speed.padStart(7)}/s  ${String(edges).padStart(5)} edges  ${String(inputs).padStart(5)} inputs, ${found} new  ` +
        `${memory.middle} to ${memory.end} MiB`,
    );
  }
  if (problem !== null) console.log(`${name}: ${problem}\n`);
}

async function work() {
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const result =
      name === DIFFERENTIAL ? await differ() : await fuzzTarget(name, { runs: runsOf(name), seconds, seed });
    results.push(result);
    show(result);
    if (options.keep && result.executions > 0)
      console.log(`          ${name}: ${await keepCorpus(name, seed)} inputs kept`);
  }
}
await Promise.all(Array.from({ length: jobs }, work));

const executions = results.reduce((sum, { executions: count }) => sum + (count || 0), 0);
const failed = results.filter(({ problem }) => problem !== null).map(({ name }) => name);
console.log(
  `${executions.toLocaleString('en')} executions of ${results.length} targets, ${failed.length} failed ${failed.join(', ')}`,
);
process.exitCode = failed.length > 0 ? 1 : 0;
