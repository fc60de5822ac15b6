// Writes docs/security/abuse.md from results. Knows how a table looks, not how anything was measured.
import { cpus, loadavg, release } from 'node:os';
import { type ClientAttack, MIB, type ServerAttack } from './attack.ts';
import type { Result } from './measure.ts';
import { type Service, serviceOf } from './verdict.ts';
import type { Library } from './victim.ts';

/** An attack with what it did to each library. */
export interface Row {
  readonly on: 'server' | 'client';
  readonly attack: ServerAttack | ClientAttack;
  readonly results: readonly Result[];
}

const TITLES: Readonly<Record<Library, string>> = {
  ours: 'websockets-ts',
  'ours-sockets': 'websockets-ts, by `net.Socket`',
  ws: '`ws`',
  python: 'Python `websockets`',
};

const share = ({ count, answered, served }: Service): string => {
  if (count === 0) return '–';
  const inTime = `${Math.round((100 * served) / count)} %`;
  return answered === count ? inTime : `${inTime}, ${count - answered} unanswered`;
};

function endings(result: Result): string {
  const all = Object.entries(result.endings).sort(([, a], [, b]) => b - a);
  const shown = all.slice(0, 3).map(([ending, count]) => (all.length === 1 ? ending : `${count} × ${ending}`));
  return [...shown, ...(all.length > 3 ? ['…'] : [])].join(', ') || '–';
}

function cell(result: Result | undefined): string {
  if (result === undefined) return '–';
  if (result.death !== null) return '**the process ended**';
  const memory = `${Math.round(result.growthBytes / MIB)} MiB`;
  const parts = [memory, `served ${share(serviceOf(result.probes))}`, endings(result)];
  if (result.held > 0) parts.push(`${result.held} held`);
  if (result.left > 0) parts.push(`${result.left} left`);
  if (result.accidents.length > 0) parts.push(`**${result.accidents.length} × uncaught error**`);
  return parts.join('<br>');
}

function table(rows: readonly Row[], libraries: readonly Library[]): string {
  const lines = [
    `| attack | ${libraries.map((library) => TITLES[library]).join(' | ')} |`,
    `| --- | ${libraries.map(() => '---').join(' | ')} |`,
    ...rows.map(({ attack, results }) => {
      const cells = libraries.map((library) => cell(results.find((result) => result.library === library)));
      return `| ${attack.name} | ${cells.join(' | ')} |`;
    }),
  ];
  return lines.join('\n');
}

const bounds = (rows: readonly Row[]): string =>
  [
    '| attack | may end with | memory may grow by | because |',
    '| --- | --- | ---: | --- |',
    ...rows.map(({ attack: { name, expect } }) => {
      const ends = expect.ends.length === 0 ? '–' : expect.ends.join(', ');
      return `| ${name} | ${ends} | ${Math.ceil(expect.memory.bytes / MIB)} MiB | ${expect.memory.because} |`;
    }),
  ].join('\n');

export function report(rows: readonly Row[], libraries: readonly Library[], minutes: number): string {
  const versions = libraries.map((library) => {
    const version = rows.flatMap(({ results }) => results).find((result) => result.library === library)?.version;
    return `${TITLES[library]} ${version ?? '(not installed)'}`;
  });
  const of = (on: Row['on']): Row[] => rows.filter((row) => row.on === on);
  return `# Under attack

<!-- Made by \`npm run abuse -- --against all --write\`; do not edit. -->

Each line is an attack: a program of [test/abuse](../../test/abuse) that talks raw TCP to a process with one library and its
defaults, and breaks every promise that a peer makes. Deadlines that would take long are shortened where a library has them, and
compression is on where the attack needs it. A process of its own asks a fresh connection for an echo, again and again, meanwhile.

Each cell tells by how much resident memory grew at its peak; how many of the fresh clients were **served** within 100 ms more than
a server takes that nobody attacks; and how the hostile connections ended: a status of HTTP, a close code, \`dropped\` without
either, or \`open\`. *Held* are the connections that were still there when the attacker had done all and did not hang up, *left* those
that were there a few seconds after it had. An uncaught error is one that ends a process unless it is caught for all.

Measured on ${cpus()[0]?.model ?? 'an unknown processor'} (${cpus().length} cores, load average ${loadavg()[1]?.toFixed(0)}), Linux ${release()}, Node ${process.versions.node}, on
${new Date().toISOString().slice(0, 10)}, in ${minutes.toFixed(0)} minutes: ${versions.join(', ')}. How many
were served depends on the machine and its load, memory and endings hardly do.
What is asserted, for websockets-ts only, stands at the end; for the other libraries nothing is.

## Servers

${table(of('server'), libraries)}

## Clients

The client visits a hostile server a few times, one after the other, and meanwhile an honest one. It ends with the error that
its user gets, and the close code that it sent.

${table(of('client'), libraries)}

## What we hold ourselves to

\`npm run abuse\` fails when a hostile connection ends in another way, when memory grows by more than this and the 48 MiB that V8 may
not have collected yet, when a connection outlives its attacker, when an error is caught by nobody, or, unless the machine was busy
with something else, when fewer than nine of ten fresh clients are served. \`npm test\` runs the same attacks in a short form.

${bounds(rows)}
`;
}
