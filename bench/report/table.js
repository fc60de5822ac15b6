// The result as a table in Markdown.
import { median, ratios } from '../harness/statistics.js';
import { amount, number } from './amount.js';

const REFERENCE = 'ours';

export function table({ rows }, scenarios) {
  const lines = [
    '| scenario | who | figure | × ours (min to max) | per second | p50, p99, p99.9 µs | heap |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: |',
  ];
  for (const { id, title, unit, peers } of scenarios) {
    const rowsOf = (peer) => rows.filter((row) => row.scenario === id && row.peer === peer);
    for (const peer of peers) {
      const own = rowsOf(peer.name);
      if (own.length === 0) continue;
      lines.push(
        `| ${[title, peer.title, ...cells(own, peer.name === REFERENCE ? [] : rowsOf(REFERENCE), unit)].join(' | ')} |`,
      );
    }
  }
  if (rows.some((row) => row.loadBusy > row.busy)) lines.push('', '† The load was busier than what it loads.');
  return lines.join('\n');
}

/** What one has to know to read the figures. */
export function conditions({ machine, seconds, rows, failures }) {
  const { node, cores, cpu, kernel, loadAverage, date, isPinned } = machine;
  const versions = new Map(rows.flatMap(({ peer, version }) => (version === undefined ? [] : [[peer, version]])));
  const others = ['bun', 'deno', 'python']
    .filter((peer) => versions.has(peer))
    .map((peer) => `${peer} ${versions.get(peer)}`);
  return [
    `${[`Node ${node}`, ...others].join(', ')}; ${cores} × ${cpu}, Linux ${kernel}, load average ${loadAverage.join(' ')} at the start, ${date}.`,
    ...(isPinned ? [] : ['Both sides shared the processors: there was only one, or no taskset.']),
    `Medians of ${roundsOf(rows)} rounds of ${seconds} s.`,
    ...failures.map((failure) => `Failed: ${failure}.`),
  ].join('\n');
}

/** A result may be put together from several runs: not every scenario has as many rounds. */
function roundsOf(rows) {
  const rounds = new Map();
  for (const { scenario, round } of rows) rounds.set(scenario, Math.max(rounds.get(scenario) ?? 0, round + 1));
  const fewest = Math.min(...rounds.values());
  const most = Math.max(...rounds.values());
  return fewest === most ? `${most}` : `${fewest} to ${most}`;
}

function cells(own, reference, unit) {
  const middle = (name) => median(own.map((row) => row[name]));
  const isLoadTheLimit = middle('loadBusy') > middle('busy');
  const timesOurs = ratios(reference, own);
  const ratio =
    timesOurs.length === 0
      ? ''
      : `${median(timesOurs).toFixed(2)} (${Math.min(...timesOurs).toFixed(2)} to ${Math.max(...timesOurs).toFixed(2)})`;
  const has = (name) => own[0][name] !== undefined;
  return [
    amount(middle('value'), unit),
    ratio,
    has('perSecond') ? `${Math.round(middle('perSecond')).toLocaleString('en')}${isLoadTheLimit ? ' †' : ''}` : '',
    has('p50Us') ? ['p50Us', 'p99Us', 'p999Us'].map((name) => number(middle(name))).join(', ') : '',
    has('heapBytes') ? amount(middle('heapBytes'), 'B') : '',
  ];
}
