// What a result was measured on.
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { isPinned } from './cores.js';

export const describeMachine = (nodePath) => ({
  date: new Date().toISOString(),
  node: execFileSync(nodePath, ['--version'], { encoding: 'utf8' }).trim(),
  cpu: cpus()[0]?.model,
  cores: availableParallelism(),
  isPinned,
  kernel: release(),
  loadAverage: loadavg().map((load) => Number(load.toFixed(2))),
});
