// Where a process spends its time: by perf, which sees the kernel too, or else by V8's own profiler. Gives stacks of frames.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BUILD } from '../harness/programs.js';
import { frameOfPerf, frameOfV8 } from './frame.js';

const SAMPLES_A_SECOND = 3989; // a prime: in step with nothing
const PERF_DATA = `${BUILD}flame.perf`;
const V8_DATA = `${BUILD}flame.cpuprofile`;
const SAMPLER = fileURLToPath(new URL('v8-sampler.js', import.meta.url));

/**
 * A way to look at a server while it is loaded. `owners` has those whose code it can tell apart, from the bottom of a stack
 * to its top, with the names that people read. `watched` makes the peer one that is looked at; `samples` gives, once the
 * server has ended, a list of stacks, outermost frame first. Only the second half of the run counts: until then functions
 * are being compiled.
 */
export function profiler(name) {
  if (name === 'v8' || (name === undefined && !perfWorks())) return v8();
  return perf();
}

function perfWorks() {
  mkdirSync(BUILD, { recursive: true });
  return spawnSync('perf', ['record', '-q', '-e', 'cpu-clock', '-o', PERF_DATA, 'true']).status === 0;
}

function perf() {
  let ended;
  let pid;
  return {
    name: 'perf',
    owners: { node: 'Node, libuv', v8: 'V8', script: 'JavaScript', kernel: 'kernel' },
    watched: (peer) => ({
      ...peer,
      // Compiled functions have no symbols: V8 writes their names where perf looks for them, and a log that nobody reads,
      // which goes to a file without a name.
      command: (node) =>
        withFlags(peer.command(node), node, ['--perf-basic-prof', '--no-logfile-per-isolate', '--logfile=+']),
      onStarted(started) {
        pid = started;
        const options = ['-q', '-e', 'cpu-clock', '-F', String(SAMPLES_A_SECOND), '-g', '-o', PERF_DATA];
        const recording = spawn('perf', ['record', ...options, '-p', String(pid)], { stdio: 'ignore' });
        ended = once(recording, 'exit');
      },
    }),
    async samples() {
      await ended; // when the server does
      const { stdout } = spawnSync('perf', ['script', '-i', PERF_DATA, '-F', 'time,ip,sym,dso'], {
        encoding: 'utf8',
        maxBuffer: 2 ** 30,
      });
      rmSync(`/tmp/perf-${pid}.map`, { force: true });
      return secondHalf(stdout.split('\n\n').filter((sample) => sample.includes('\n')));
    },
  };
}

/** A sample of perf is a line with the time, and a line for each frame, innermost first. */
function secondHalf(samples) {
  const timeOf = (sample) => Number.parseFloat(sample);
  if (samples.length === 0) return [];
  const middle = (timeOf(samples[0]) + timeOf(samples.at(-1))) / 2;
  return samples
    .filter((sample) => timeOf(sample) >= middle)
    .map((sample) => sample.trim().split('\n').slice(1).reverse().map(frameOfPerf));
}

function v8() {
  return {
    name: "V8's profiler",
    owners: { node: 'Node, libuv, kernel', v8: 'garbage collection', script: 'JavaScript' },
    watched: (peer, seconds) => ({
      ...peer,
      command: (node) => withFlags(peer.command(node), node, ['--import', SAMPLER]),
      environment: { ...peer.environment, FLAME_FILE: V8_DATA, FLAME_SECONDS: String(seconds) },
      onStarted: () => rmSync(V8_DATA, { force: true }),
    }),
    async samples() {
      if (!existsSync(V8_DATA)) throw new Error('the server has written no profile: is it one that runs on Node?');
      const { nodes, samples } = JSON.parse(readFileSync(V8_DATA, 'utf8'));
      const stacks = new Map();
      const visit = (id, above) => {
        const { callFrame, children = [] } = byId.get(id);
        const stack = callFrame.functionName === '(root)' ? [] : [...above, frameOfV8(callFrame)];
        stacks.set(id, stack);
        for (const child of children) visit(child, stack);
      };
      const byId = new Map(nodes.map((node) => [node.id, node]));
      visit(nodes[0].id, []);
      return samples.map((id) => stacks.get(id)).filter(([frame]) => frame !== undefined && frame.name !== '(idle)');
    },
  };
}

const withFlags = ([program, ...args], node, flags) =>
  program === node ? [node, ...flags, ...args] : [program, ...args];
