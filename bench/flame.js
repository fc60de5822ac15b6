// Where the time of a loaded server goes, as a flame graph: node bench/flame.js --only binary-1 --out binary-1.svg
// Prints what a message costs in the kernel, in Node, in V8 and in JavaScript. README.md has the options.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readable } from './flame/frame.js';
import { percent, picture } from './flame/picture.js';
import { profiler } from './flame/profile.js';
import { drawable, fold, ownShares } from './flame/tree.js';
import { describeMachine } from './harness/machine.js';
import { SCENARIOS } from './scenarios/index.js';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: 'binary-1' },
    peer: { type: 'string', default: 'ours' },
    seconds: { type: 'string', default: '10' },
    profiler: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    out: { type: 'string' },
  },
});

/** Calls below this part of the time are not drawn. */
const LEAST = 0.003;

const seconds = Number(options.seconds);
const scenario = SCENARIOS.find(({ id }) => id === options.only);
const peer = scenario?.peers.find(({ name }) => name === options.peer);
if (peer === undefined || !(seconds > 0) || ![undefined, 'perf', 'v8'].includes(options.profiler)) {
  console.error(`scenarios: ${SCENARIOS.map(({ id }) => id).join(', ')}
peers: ${(scenario ?? SCENARIOS[0]).peers.map(({ name }) => name).join(', ')}
profilers: perf, v8`);
  process.exit(2);
}
const problem = peer.whyNot?.(options.node) ?? null;
if (problem !== null || scenario.unit !== 'µs' || scenario.id.startsWith('client')) {
  console.error(problem ?? `${scenario.id} does not load a server`);
  process.exit(1);
}

const { name: profilerName, owners, watched, samples } = profiler(options.profiler);
const { value } = await scenario.measure(watched(peer, seconds), { nodePath: options.node, seconds });
const stacks = await samples();
if (stacks.length === 0) throw new Error('no sample was taken: give it more seconds');
const shares = ownShares(stacks);

console.log(`${scenario.title}, ${peer.title}: ${value.toPrecision(3)} µs a message, profiler included`);
for (const [owner, name] of Object.entries(owners)) {
  const share = shares[owner] ?? 0;
  console.log(`  ${name.padEnd(20)} ${(share * value).toPrecision(2).padStart(6)} µs  ${percent(share).padStart(5)}`);
}
console.log(`${stacks.length.toLocaleString('en')} samples by ${profilerName}`);

if (options.out !== undefined) {
  const tree = drawable(fold(stacks.map(readable)), stacks.length * LEAST);
  const { node, cpu } = describeMachine(options.node);
  writeFileSync(
    options.out,
    picture(tree, { title: `${peer.title}: ${scenario.title}`, subtitle: `Node ${node}, ${cpu}`, owners, shares }),
  );
}
