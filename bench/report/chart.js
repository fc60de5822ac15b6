// The result as a picture: how many times as good as ws, and what a message costs when there are more connections. Plain
// SVG, with colours for light and dark.
import { median, ratios } from '../harness/statistics.js';
import { CONNECTION_COUNTS } from '../scenarios/connections.js';
import { number } from './amount.js';

const SERIES = [
  { peer: 'ours', colour: '#2f81f7' },
  { peer: 'ours-await', colour: '#8fbffa' },
  { peer: 'bun', colour: '#e3893b' },
  { peer: 'uws', colour: '#3fa45b' },
  { peer: 'net', colour: '#8b949e' },
];
const YARDSTICK = { peer: 'ws', colour: '#c2453f' };

const WIDTH = 880;
const LABELS = 300;
const RIGHT = 60;
const BAR = 9;
const GROUP_GAP = 9;
const TOP = 78;
const LINES_HEIGHT = 220;

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const label = (x, y, text, attributes = '') =>
  `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(text)}</text>`;
const round = (value) => Number(value.toFixed(1));

export function chart({ rows, machine }, scenarios) {
  const rowsOf = (scenario, peer) => rows.filter((row) => row.scenario === scenario && row.peer === peer);
  const titles = new Map(scenarios.flatMap(({ peers }) => peers.map(({ name, title }) => [name, title])));
  const series = SERIES.filter(({ peer }) => rows.some((row) => row.peer === peer));
  const bars = drawBars(scenarios, series, rowsOf);
  const lines = drawLines(
    [...series.filter(({ peer }) => peer !== 'ours-await'), YARDSTICK],
    rowsOf,
    titles,
    TOP + bars.height,
  );
  const height = TOP + bars.height + lines.height;
  let x = 16;
  const legend = series.map(({ peer, colour }) => {
    const at = x;
    x += 34 + titles.get(peer).length * 7;
    return `<rect x="${at}" y="46" width="12" height="12" rx="2" fill="${colour}"/>${label(at + 18, 56, titles.get(peer))}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="websockets-ts compared with ws, Bun and node:net">
<style>
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
.title { font-size: 15px; font-weight: 600; }
.faint { fill: #59636e; }
.page { fill: #ffffff; }
.grid { stroke: #d1d9e0; }
.one { stroke: #c2453f; stroke-width: 1.5; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.faint { fill: #9198a1; }
.page { fill: #0d1117; }
.grid { stroke: #30363d; }
}
</style>
<rect class="page" width="${WIDTH}" height="${height}" rx="6"/>
${label(16, 28, `How many times less processor time, or memory, than ws, on Node ${machine.node}`, 'class="title"')}
${legend.join('\n')}
${bars.svg}
${lines.svg}
</svg>
`;
}

/** A group of bars for each scenario, which begin at the line of ws, on a logarithmic scale. What is worse than half stops there. */
function drawBars(scenarios, series, rowsOf) {
  const groups = scenarios
    .filter(({ id }) => !id.startsWith('connections-'))
    .map(({ id, title }) => ({
      title,
      bars: series.flatMap(({ peer, colour }) => {
        const timesWs = median(ratios(rowsOf(id, peer), rowsOf(id, YARDSTICK.peer)));
        return Number.isNaN(timesWs) ? [] : [{ timesWs, colour }];
      }),
    }))
    .filter(({ bars }) => bars.length > 0);
  const most = Math.max(2, ...groups.flatMap(({ bars }) => bars.map(({ timesWs }) => timesWs)));
  const doublings = Math.ceil(Math.log2(most)) + 1;
  const xOf = (timesWs) => LABELS + ((WIDTH - LABELS - RIGHT) * (Math.log2(Math.max(timesWs, 0.5)) + 1)) / doublings;

  const parts = [];
  let y = TOP + 14;
  for (const { title, bars } of groups) {
    parts.push(label(LABELS - 10, y + (bars.length * BAR) / 2 + 4, title, 'text-anchor="end"'));
    for (const { timesWs, colour } of bars) {
      const [from, to] = [1, timesWs].map((times) => round(xOf(times))).sort((a, b) => a - b);
      parts.push(
        `<rect x="${from}" y="${y}" width="${round(to - from)}" height="${BAR - 1}" rx="1.5" fill="${colour}"/>`,
      );
      parts.push(label(to + 4, y + BAR - 1, number(timesWs), 'class="faint" style="font-size:9px"'));
      y += BAR;
    }
    y += GROUP_GAP;
  }
  const grid = Array.from({ length: doublings + 1 }, (_, i) => {
    const value = 2 ** (i - 1);
    const x = round(xOf(value));
    const line = `<line x1="${x}" x2="${x}" y1="${TOP + 8}" y2="${y}" class="${value === 1 ? 'one' : 'grid'}"/>`;
    return `${line}${label(x, TOP, value === 1 ? 'ws' : `${value} ×`, 'class="faint" text-anchor="middle"')}`;
  });
  return { svg: [...grid, ...parts].join('\n'), height: y - TOP + 14 };
}

/** What an echo of 64 B costs with one message on its way on each of more and more connections. */
function drawLines(series, rowsOf, titles, top) {
  const drawn = series
    .map(({ peer, colour }) => ({
      colour,
      title: titles.get(peer),
      points: CONNECTION_COUNTS.flatMap((count, i) => {
        const own = rowsOf(`connections-${count}`, peer);
        return own.length === 0 ? [] : [{ i, micros: median(own.map(({ value }) => value)) }];
      }),
    }))
    .filter(({ points }) => points.length > 1);
  if (drawn.length === 0) return { svg: '', height: 0 };
  const most = Math.ceil(Math.max(...drawn.flatMap(({ points }) => points.map(({ micros }) => micros))) / 5) * 5;
  const left = 60;
  const bottom = top + LINES_HEIGHT - 30;
  const xOf = (i) => left + (i * (WIDTH - left - 150)) / (CONNECTION_COUNTS.length - 1);
  const yOf = (micros) => bottom - ((LINES_HEIGHT - 80) * micros) / most;
  const parts = [
    label(16, top + 24, 'Processor time of an echo of 64 B, µs, by number of connections', 'class="title"'),
  ];
  for (let micros = 0; micros <= most; micros += most / 5) {
    const y = round(yOf(micros));
    parts.push(`<line x1="${left}" x2="${xOf(CONNECTION_COUNTS.length - 1)}" y1="${y}" y2="${y}" class="grid"/>`);
    parts.push(label(left - 8, y + 4, number(micros), 'class="faint" text-anchor="end"'));
  }
  CONNECTION_COUNTS.forEach((count, i) => {
    parts.push(label(xOf(i), bottom + 18, count.toLocaleString('en'), 'class="faint" text-anchor="middle"'));
  });
  // Names beside the ends of their lines, pushed apart where lines end close to each other.
  let lowest = Number.NEGATIVE_INFINITY;
  const ends = drawn.toSorted((a, b) => b.points.at(-1).micros - a.points.at(-1).micros);
  for (const { colour, title, points } of ends) {
    const path = points.map(({ i, micros }) => `${round(xOf(i))},${round(yOf(micros))}`).join(' ');
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2.5"/>`);
    lowest = Math.max(yOf(points.at(-1).micros) + 4, lowest + 14);
    parts.push(label(xOf(points.at(-1).i) + 8, lowest, title));
  }
  return { svg: parts.join('\n'), height: LINES_HEIGHT + 10 };
}
