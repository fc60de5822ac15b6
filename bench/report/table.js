// The result as a table in Markdown.
import { median, ratios } from '../harness/statistics.js';

const REFERENCE = 'ours';

export function table({ machine, rounds, seconds, rows }, scenarios) {
  const lines = [
    '| scenario | who | figure | × ours (min to max) | per second | p50, p99, p99.9 µs |',
    '| --- | --- | ---: | ---: | ---: | ---: |',
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
  lines.push('');
  if (rows.some((row) => row.loadBusy > row.busy)) lines.push('† the load was busier than what it loads', '');
  lines.push(
    `Node ${machine.node}, ${machine.cores} × ${machine.cpu}, Linux ${machine.kernel}, load average ${machine.loadAverage.join(' ')}.`,
  );
  if (!machine.isPinned) lines.push('Both sides shared the processors: there was only one, or no taskset.');
  lines.push(`Medians of ${rounds} rounds of ${seconds} s.`);
  return lines.join('\n');
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
    `${number(middle('value'))} ${unit}`,
    ratio,
    has('perSecond') ? `${Math.round(middle('perSecond')).toLocaleString('en')}${isLoadTheLimit ? ' †' : ''}` : '',
    has('p50Us') ? ['p50Us', 'p99Us', 'p999Us'].map((name) => number(middle(name))).join(', ') : '',
  ];
}

const number = (value) => value.toLocaleString('en', { maximumSignificantDigits: 3 });
