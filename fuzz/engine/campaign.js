// Runs one target under Jazzer.js, which is libFuzzer for Node, in a process of its own, and reads what it prints.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keepInputs, keptInputs, readInputs, writeInputs } from './corpus.js';
import { preload } from './native-part.js';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const JAZZER = path('../node_modules/@jazzer.js/core/dist/cli.js');
const workOf = (name) => path(`../../build/fuzz/${name}/`);

/** The names of all targets. */
export const targetNames = () =>
  readdirSync(path('../targets/'))
    .map((file) => file.replace(/\.js$/, ''))
    .sort();

export const loadTarget = (name) => import(`../targets/${name}.js`);

/** Growth of the resident memory between the middle and the end of a run that is no finding, in MiB. */
const GROWTH_MB = 128;
/** Runs shorter than this say nothing about growth: the heap is still being filled. */
const GROWTH_FROM_RUNS = 100_000;

/**
 * Fuzzes a target until one of the bounds. What is found stays in build/fuzz/NAME: the corpus, and a file for each input
 * that failed. With a seed it begins with an empty corpus, and does the same each time.
 *
 * @returns how it went; `problem` is null, or what to tell.
 */
export async function fuzzTarget(name, { runs, seconds, seed }) {
  const target = await loadTarget(name);
  const work = workOf(name);
  const corpus = join(work, corpusFor(seed));
  if (seed !== undefined) rmSync(corpus, { recursive: true, force: true });
  mkdirSync(corpus, { recursive: true });
  rmSync(join(work, 'slow'), { recursive: true, force: true });
  const seeds = writeInputs(join(work, 'seeds'), [...target.seeds(), ...keptInputs(name)]);
  writeFileSync(join(work, 'seeds.txt'), seeds.join());
  writeFileSync(join(work, 'words.txt'), target.words.map(dictionaryLine).join(''));
  const before = readdirSync(corpus).length;
  const start = performance.now();
  const { code, output } = await jazzer(name, target, [corpus], {
    // In the order of this list, whatever the file system's is: it decides what the same seed does.
    seed_inputs: `@${join(work, 'seeds.txt')}`,
    runs,
    max_total_time: seconds,
    max_len: target.maxLength,
    dict: join(work, 'words.txt'),
    artifact_prefix: work,
    rss_limit_mb: 2048,
    timeout: 20,
    reload: 0,
    print_final_stats: 1,
    seed,
  });
  const number = (pattern) => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const result = {
    name,
    executions: number(/stat::number_of_executed_units: (\d+)/),
    seconds: (performance.now() - start) / 1000,
    edges: number(/.*cov: (\d+)/s),
    inputs: seeds.length + readdirSync(corpus).length,
    found: readdirSync(corpus).length - before,
    memory: memoryOf(output),
    problem: null,
  };
  if (code !== 0) result.problem = findingIn(name, code, output);
  else if (!(result.executions > 0)) result.problem = `nothing was executed:\n${lastLines(output)}`;
  else if (result.executions >= GROWTH_FROM_RUNS && result.memory.end - result.memory.middle > GROWTH_MB) {
    result.problem = `memory grows: ${result.memory.middle} MiB in the middle, ${result.memory.end} MiB at the end`;
  } else result.problem = slowInputOf(name);
  return result;
}

/** Measures without a fuzzer what took long under it. Null: nothing does. */
function slowInputOf(name) {
  const slow = join(workOf(name), 'slow');
  const files = readdirSync(slow).map((file) => join(slow, file));
  if (files.length === 0) return null;
  const { status, stderr } = spawnSync(process.execPath, [path('../reproduce.js'), name, ...files], {
    encoding: 'utf8',
  });
  return status === 0 ? null : `${stderr.slice(0, 3000)}\nagain: node fuzz/reproduce.js ${name} ${slow}/*`;
}

/** Where new inputs go: those of a seed are no help for the same seed once more. */
const corpusFor = (seed) => (seed === undefined ? 'corpus' : 'seeded');

/** Takes from what was found the inputs that reach something which seeds do not reach, and keeps them in corpus/NAME.txt. */
export async function keepCorpus(name, seed) {
  const target = await loadTarget(name);
  const merged = join(workOf(name), 'merged');
  const seeds = writeInputs(merged, target.seeds());
  const { code, output } = await jazzer(
    name,
    target,
    [merged, join(workOf(name), 'seeds'), join(workOf(name), corpusFor(seed))],
    {
      merge: 1,
      max_len: target.maxLength,
    },
  );
  if (code !== 0) throw new Error(`cannot merge the corpus of ${name}:\n${lastLines(output)}`);
  for (const file of seeds) rmSync(file);
  return keepInputs(name, readInputs(merged));
}

/** Runs Jazzer.js with options of libFuzzer, and gives its exit code and what it printed: into a file, for into a pipe it loses lines. */
function jazzer(name, { hasEventLoop }, folders, options) {
  const temporary = join(workOf(name), 'temporary');
  const slow = join(workOf(name), 'slow');
  for (const folder of [temporary, slow]) mkdirSync(folder, { recursive: true });
  const log = join(workOf(name), 'log.txt');
  const file = openSync(log, 'w');
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const child = spawn(
    process.execPath,
    [
      JAZZER,
      path('entry.js'),
      ...folders,
      ...(hasEventLoop ? [] : ['--sync']),
      '--includes',
      path('../../dist/'),
      '--excludes',
      'node_modules',
      '--disableBugDetectors',
      '.*',
      '--',
      ...given.map(([option, value]) => `-${option}=${value}`),
    ],
    // Errors are part of the work here, and their stacks cost more than it; reproduce.js shows them.
    {
      env: {
        ...process.env,
        LD_PRELOAD: preload(),
        FUZZ_TARGET: name,
        FUZZ_SLOW_FOLDER: slow,
        NODE_OPTIONS: '--stack-trace-limit=0',
        // Jazzer.js leaves its dictionaries behind there: libFuzzer ends the process before anybody cleans up.
        TMPDIR: temporary,
        TEMP: temporary,
        TMP: temporary,
      },
      stdio: ['ignore', file, file],
    },
  );
  closeSync(file);
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? signal, output: readFileSync(log, 'latin1') }));
  });
  return ended.finally(() => rmSync(temporary, { recursive: true, force: true }));
}

/** The resident memory in MiB when half of the executions were done, and at the end. */
function memoryOf(output) {
  const samples = [...output.matchAll(/^#(\d+)\s.*rss: (\d+)Mb/gm)].map(([, runs, mb]) => [Number(runs), Number(mb)]);
  const last = samples.at(-1) ?? [0, 0];
  const middle = samples.find(([runs]) => runs >= last[0] / 2) ?? last;
  return { middle: middle[1], end: last[1] };
}

function findingIn(name, code, output) {
  const file = /Test unit written to (\S+)/.exec(output)?.[1];
  const text =
    /==\d+== (?:Uncaught Exception:[\s\S]*?(?=\nMS:|\n==\d+==|$)|ERROR:[^\n]*)/.exec(output)?.[0] ?? lastLines(output);
  const command = file === undefined ? '' : `\nagain: node fuzz/reproduce.js ${name} ${file}`;
  return `${text.slice(0, 3000)}\nexit code ${code}${command}`;
}

const lastLines = (output) => output.split('\n').slice(-25).join('\n');

/** A word in the notation of libFuzzer's dictionaries. */
const dictionaryLine = (word) =>
  `"${Buffer.from(word, 'latin1').reduce((text, byte) => `${text}\\x${byte.toString(16).padStart(2, '0')}`, '')}"\n`;
