// Attacks libraries and says how they did: `npm run abuse`. With `--against` other libraries than ours, too; with `--write`
// the tables of docs/security/abuse.md are made anew, and with `--json FILE` all figures are kept.
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CLIENT_ATTACKS } from './client-attacks/index.ts';
import { measureClient, measureServer, type Result, startTwin } from './measure.ts';
import { type Row, report } from './report.ts';
import { SERVER_ATTACKS } from './server-attacks/index.ts';
import { hasFailed, mib, serviceOf, type Verdict, verdictOf } from './verdict.ts';
import { isOurs, LIBRARIES, type Library, type Victim, whyNot } from './victim.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    against: { type: 'string', multiple: true, default: [] },
    write: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const isShort = values.short;
const against = values.against.flatMap((name) => (name === 'all' ? LIBRARIES : name.split(','))) as Library[];
const libraries = against.length === 0 ? (['ours'] as const) : against;
for (const library of libraries) {
  if (!LIBRARIES.includes(library)) throw new Error(`--against takes ${LIBRARIES.join(', ')} and all, not ${library}`);
}
const isWanted = (name: string): boolean => positionals.length === 0 || positionals.some((word) => name.includes(word));
const attacks = [
  ...SERVER_ATTACKS.map((attack) => ({ on: 'server', attack }) as const),
  ...CLIENT_ATTACKS.map((attack) => ({ on: 'client', attack }) as const),
].filter(({ on, attack }) => isWanted(`${on}: ${attack.name}`));

function inAWord(verdict: Verdict | null): string {
  if (verdict === null) return '';
  if (hasFailed(verdict)) return 'FAIL';
  return verdict.timing.length > 0 ? 'busy' : 'ok';
}

function say(result: Result, verdict: Verdict | null): void {
  const service = serviceOf(result.probes);
  const endings = Object.entries(result.endings).map(([ending, count]) => `${count}× ${ending}`);
  console.log(
    [
      `${inAWord(verdict).padEnd(4)} ${result.library.padEnd(12)} ${result.attack}`,
      `     ${result.seconds.toFixed(1)} s, sent ${mib(result.sentBytes)} MiB; memory +${mib(result.growthBytes)} MiB; ` +
        `delay ${result.delayMaxMs.toFixed(0)} ms, p99 ${result.delayP99Ms.toFixed(0)}; cpu ${result.cpuMs.toFixed(0)} ms, waited ${result.waitedMs.toFixed(0)}; ` +
        `held ${result.held}, left ${result.left}; served ${service.served}/${service.count}, ` +
        `median ${service.medianMs.toFixed(1)} ms (twin ${service.twinMedianMs.toFixed(1)}), worst ${service.worstMs.toFixed(0)}; ` +
        `${endings.join(', ')}`,
      ...(verdict === null ? result.accidents.slice(0, 1) : [...verdict.faults, ...verdict.timing]).map(
        (line) => `     ! ${line.split('\n', 1)[0]}`,
      ),
    ].join('\n'),
  );
}

/** Times are measured again when they are all that was wrong: the machine has other things to do as well. */
const TRIES = 2;

async function attackOnce(
  which: (typeof attacks)[number],
  library: Library,
  twin: Victim,
): Promise<{ result: Result; verdict: Verdict | null }> {
  for (let tries = 1; ; tries++) {
    const circumstances = { twin, isShort };
    const result =
      which.on === 'server'
        ? await measureServer(which.attack, library, circumstances)
        : await measureClient(which.attack, library, circumstances);
    const verdict = isOurs(library) ? verdictOf(result, which.attack.expect) : null;
    const isOnlySlow = verdict !== null && hasFailed(verdict) && verdict.faults.length === 0;
    if (!isOnlySlow || tries === TRIES) return { result, verdict };
  }
}

/** What is known so far: a run that is broken off leaves it behind. */
function write(): void {
  const folder = new URL('../../../docs/security/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('abuse.md', folder), report(rows, libraries, (performance.now() - begin) / 60_000));
}

await using twin = await startTwin();
const begin = performance.now();
let failed = 0;
let unjudged = 0;
const rows: Row[] = [];
for (const attack of attacks) {
  const results: Result[] = [];
  rows.push({ ...attack, results });
  for (const library of libraries) {
    const reason = whyNot(library);
    if (reason !== null) {
      console.log(`skip ${library}: ${reason}`);
      continue;
    }
    let outcome: Awaited<ReturnType<typeof attackOnce>>;
    try {
      outcome = await attackOnce(attack, library, twin);
    } catch (error) {
      // Ours must not; of another library it is a gap in the table.
      if (isOurs(library)) throw error;
      console.log(`     ${library.padEnd(12)} ${attack.attack.name}: ${String(error).split('\n', 1)[0]}`);
      continue;
    }
    const { result, verdict } = outcome;
    say(result, verdict);
    results.push(result);
    if (values.write) write();
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(rows));
    if (verdict !== null && hasFailed(verdict)) failed++;
    if (verdict !== null && !hasFailed(verdict) && verdict.timing.length > 0) unjudged++;
  }
}
if (unjudged > 0) console.log(`busy: the machine had other things to do, and the times of ${unjudged} were not judged`);
console.log(`${attacks.length} attacks, ${failed} failed, ${((performance.now() - begin) / 1000).toFixed(0)} s`);
process.exitCode = failed > 0 ? 1 : 0;
