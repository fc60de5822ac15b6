// Which side runs on which processor: who is measured on one, its load on another.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const hasTaskset = spawnSync('taskset', ['--version']).status === 0;
const [own, other] = allowedCores();

/** Whether each side has a processor of its own. Otherwise both run where the system puts them, and the report says so. */
export const isPinned = hasTaskset && other !== undefined;

/** The command that runs another one on the measured side's processor, with as many open files as the system allows. */
export const measured = (command) => [
  'sh',
  '-c',
  'ulimit -n "$(ulimit -Hn)"; exec "$@"',
  'sh',
  ...(isPinned ? ['taskset', '-c', String(own)] : []),
  ...command,
];

/** The command that runs another one on the load's processor. */
export const loading = (command) => (isPinned ? ['taskset', '-c', String(other), ...command] : command);

/** The processors that we may use, which a container may have fewer of than the machine: `0-3,6` in words of the kernel. */
function allowedCores() {
  const [, list] = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
