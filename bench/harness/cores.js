// Which side runs on which processor: who is measured on the first, its load on the second.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

const hasTaskset = spawnSync('taskset', ['--version']).status === 0;

/** Whether each side has a processor of its own. Otherwise both run where the system puts them, and the report says so. */
export const isPinned = hasTaskset && availableParallelism() > 1;

/** The command that runs another one on the measured side's processor, with as many open files as the system allows. */
export const measured = (command) => [
  'sh',
  '-c',
  'ulimit -n "$(ulimit -Hn)"; exec "$@"',
  'sh',
  ...(isPinned ? ['taskset', '-c', '0'] : []),
  ...command,
];

/** The options that bind a program of ours in C to the load's processor. */
export const LOAD_CORE = isPinned ? ['--core', '1'] : [];

/** The command that runs another one on the load's processor. */
export const loading = (command) => (isPinned ? ['taskset', '-c', '1', ...command] : command);
