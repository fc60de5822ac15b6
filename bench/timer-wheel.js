// Timers that are set and nearly always cancelled or moved: one wheel for all, and Node's own. 10,000 are set meanwhile, as
// by the keepalives of as many connections.
// `npm run build && node --expose-gc bench/timer-wheel.js`
import { Alarm, TimerWheel } from '../dist/connection/timer-wheel.js';
import { measure } from './measure.js';

const SET = 10_000;
const INTERVAL_MS = 20_000;

class Silent extends Alarm {
  onAlarm() {}
}

const clock = {
  now: () => performance.now(),
  setTimer(ms, callback) {
    const timeout = setTimeout(callback, Math.ceil(ms));
    return { cancel: () => clearTimeout(timeout) };
  },
};

/** Bytes of heap that a thing costs. */
function bytesEach(make) {
  gc();
  const before = process.memoryUsage().heapUsed;
  const things = Array.from({ length: SET }, (_, i) => make(i));
  gc();
  const bytes = (process.memoryUsage().heapUsed - before) / SET;
  return { things, bytes: Math.round(bytes) };
}

const phase = (i) => INTERVAL_MS / 2 + (i * INTERVAL_MS) / 2 / SET;
const rows = {};

const wheel = new TimerWheel(clock);
const inWheel = bytesEach((i) => {
  const alarm = new Silent();
  wheel.set(alarm, phase(i));
  return alarm;
});
const inNode = bytesEach((i) => setTimeout(() => inNode.things[i], INTERVAL_MS).unref());
rows['bytes each'] = { wheel: inWheel.bytes, setTimeout: inNode.bytes };

for (const ms of [500, INTERVAL_MS]) {
  const alarm = new Silent();
  rows[`set for ${ms} ms and cancel, ns`] = {
    wheel: measure(() => {
      wheel.set(alarm, ms);
      wheel.cancel(alarm);
    }),
    setTimeout: measure(() => clearTimeout(setTimeout(() => {}, ms).unref())),
  };
}
let next = 0;
rows['move one of them, ns'] = {
  wheel: measure(() => wheel.set(inWheel.things[next++ % SET], INTERVAL_MS)),
  setTimeout: measure(() => inNode.things[next++ % SET].refresh()),
};
for (const alarm of inWheel.things) wheel.cancel(alarm);
for (const timeout of inNode.things) clearTimeout(timeout);

/** Nanoseconds that each of those takes which are due together: the best of five times. */
async function due(setAll) {
  let best = Infinity;
  for (let run = 0; run < 5; run++) {
    const ms = await new Promise((resolve) => {
      let left = SET;
      let start = 0;
      setAll(() => {
        if (left === SET) start = performance.now();
        if (--left === 0) resolve(performance.now() - start);
      });
    });
    best = Math.min(best, (ms * 1e6) / SET);
  }
  return Math.round(best * 10) / 10;
}

class Counting extends Alarm {
  constructor(onAlarm) {
    super();
    this.onAlarm = onAlarm;
  }
}
rows[`one of ${SET} that are due together, ns`] = {
  wheel: await due((onDue) => {
    for (let i = 0; i < SET; i++) wheel.set(new Counting(onDue), 20);
  }),
  setTimeout: await due((onDue) => {
    for (let i = 0; i < SET; i++) setTimeout(onDue, 20);
  }),
};

console.table(rows);
