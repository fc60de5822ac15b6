// The differential fuzzer: the same bytes to our protocol and to independent implementations. Every difference is explained or
// a finding: node fuzz/differential/run.js [--cases N] [--seed N] [--seconds S] [--case SEED:INDEX] [--kind frames|handshake|answer].
// An interrupt ends it after the batch, with a report.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ourReading, readingDifference } from './answer.js';
import { answerCase } from './answer-case.js';
import { difference, PEERS } from './differences.js';
import { framesCase } from './frames-case.js';
import { answerDifference, ourAnswer } from './handshake.js';
import { handshakeCase } from './handshake-case.js';
import { ours } from './ours.js';
import { Python } from './python.js';
import * as ws from './ws.js';
import * as wsClient from './ws-client.js';

const { values: options } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string' },
    case: { type: 'string' },
    kind: { type: 'string' },
  },
});

const BATCH = 400;
/** Where no time is given. Timers of Node know no longer one. */
const LONGEST_SECONDS = 2_000_000;
/** How many findings are printed; all are counted. */
const MOST_PRINTED = 10;
const WORK = fileURLToPath(new URL('../../build/fuzz/differential/', import.meta.url));

/** Of each kind: how a case is made, and the outcomes of all for some cases, with what they come to. */
const KINDS = {
  frames: { share: 0.8, make: framesCase, compare: compareFrames },
  handshake: { share: 0.1, make: handshakeCase, compare: compareHandshakes },
  answer: { share: 0.1, make: answerCase, compare: compareAnswers },
};

const python = new Python();
const counts = new Map();
let findings = 0;
let isStopped = false;
/** Whether the time of a kind is over. */
let isOver = false;
process.once('SIGINT', () => {
  isStopped = true;
});

/** Each kind of case gets its share of the time, too. */
async function runFor(kind, seed, count, seconds) {
  const timer = setTimeout(() => {
    isOver = true;
  }, seconds * 1000);
  try {
    return await run(kind, seed, 0, count);
  } finally {
    clearTimeout(timer);
    isOver = false;
  }
}

async function compareFrames(cases) {
  const waiting = python.outcomes('frames', cases);
  const own = new Map();
  const outcomeOf = (peer, theCase) => {
    const { settings, isUnlimited } = PEERS[peer];
    const key = isUnlimited ? 'strict' : 'lenient';
    if (!own.has(theCase)) own.set(theCase, {});
    const known = own.get(theCase);
    known[key] ??= ours(isUnlimited ? { ...theCase, maxSize: null } : theCase, settings);
    return known[key];
  };
  const theirs = { ws: await ws.outcomes(cases), ...(await waiting) };
  return cases.flatMap((theCase, i) =>
    Object.keys(PEERS).map((peer) => {
      const our = outcomeOf(peer, theCase);
      const their = theirs[peer][i];
      return { peer, i, our, their, found: difference(peer, theCase, our, their) };
    }),
  );
}

async function compareHandshakes(cases) {
  const waiting = python.outcomes('handshake', cases);
  const own = cases.map(ourAnswer);
  const theirs = await waiting;
  return cases.flatMap((theCase, i) =>
    Object.keys(theirs).map((peer) => {
      const our = { status: own[i].status, error: String(own[i].error) };
      const their = theirs[peer][i];
      return { peer, i, our, their, found: answerDifference(peer, theCase, own[i], their) };
    }),
  );
}

async function compareAnswers(cases) {
  const waiting = python.outcomes('answer', cases);
  const own = cases.map(ourReading);
  const theirs = { ws: await wsClient.outcomes(cases), ...(await waiting) };
  return cases.flatMap((theCase, i) =>
    Object.keys(theirs).map((peer) => {
      const our = own[i];
      const their = theirs[peer][i];
      return { peer, i, our, their, found: readingDifference(peer, theCase, our, their) };
    }),
  );
}

function report(kind, seed, index, theCase, { peer, our, their, found }) {
  findings += 1;
  mkdirSync(WORK, { recursive: true });
  const file = `${WORK}${kind}-${peer}-${seed}-${index}.json`;
  const shown = {
    kind,
    peer,
    ...theCase,
    bytes: theCase.bytes.toString('hex'),
    our,
    their,
    walked: kind === 'frames' ? inText(found.walked) : found.walked,
  };
  writeFileSync(file, `${JSON.stringify(shown, null, 2)}\n`);
  if (findings > MOST_PRINTED) return;
  console.log(`UNEXPLAINED: ${kind}, ${peer}, ${file}
  ours    ${JSON.stringify(our).slice(0, 400)}
  theirs  ${JSON.stringify(their).slice(0, 400)}
  again: node fuzz/differential/run.js --kind ${kind} --case ${seed}:${index}`);
}

/** What the walk found, for people. */
const inText = (walked) =>
  walked && {
    ...walked,
    frames: undefined,
    last: walked.last && {
      ...walked.last,
      length: String(walked.last.length),
      faults: [...walked.last.faults],
      message: undefined,
      partial: walked.last.partial.toString('hex'),
    },
    traits: [...walked.traits],
  };

async function run(kind, seed, from, count) {
  const { make, compare } = KINDS[kind];
  let done = 0;
  for (; done < count && !isStopped && !isOver; done += BATCH) {
    const cases = Array.from({ length: Math.min(BATCH, count - done) }, (_, i) => make(seed, from + done + i));
    for (const result of await compare(cases)) {
      const name = result.found === null ? 'the same' : (result.found.name ?? 'UNEXPLAINED');
      const key = `${kind}\t${result.peer}\t${name}`;
      const entry = counts.get(key) ?? { count: 0, because: result.found?.because };
      entry.count += 1;
      counts.set(key, entry);
      if (result.found?.name === null) report(kind, seed, from + done + result.i, cases[result.i], result);
    }
  }
  return Math.min(done, count);
}

const start = performance.now();
const kinds = Object.keys(KINDS).filter((kind) => options.kind === undefined || kind === options.kind);
let total = 0;
if (options.case !== undefined) {
  const [seed, index] = options.case.split(':').map(Number);
  for (const kind of kinds) {
    const theCase = KINDS[kind].make(seed, index);
    console.log(kind, JSON.stringify({ ...theCase, bytes: theCase.bytes.toString('hex') }));
    for (const { peer, our, their, found } of await KINDS[kind].compare([theCase])) {
      console.log(
        `${peer}: ${found === null ? 'the same' : (found.name ?? 'UNEXPLAINED')}\n  ours   ${JSON.stringify(our)}\n  theirs ${JSON.stringify(their)}`,
      );
      if (found?.name === null) findings += 1;
    }
    total += 1;
  }
} else {
  for (const kind of kinds) {
    const share = kinds.length === 1 ? 1 : KINDS[kind].share;
    const count = Math.round(Number(options.cases) * share);
    total += await runFor(kind, Number(options.seed), count, Number(options.seconds ?? LONGEST_SECONDS) * share);
  }
}
python.end();

for (const [key, { count, because }] of [...counts].sort()) {
  const [kind, peer, name] = key.split('\t');
  console.log(
    `${String(count).padStart(9)}  ${kind.padEnd(9)} ${peer.padEnd(10)} ${name}${because ? `: ${because}` : ''}`,
  );
}
const seconds = Math.round((performance.now() - start) / 1000);
console.log(
  `${findings === 0 ? 'ok      ' : 'FAILED  '}  differential: seed ${options.seed}, ${total.toLocaleString('en')} cases in ${seconds} s, ${findings} differences not explained`,
);
process.exitCode = findings > 0 ? 1 : 0;
