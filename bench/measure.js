// How long a call takes. For loops of nanoseconds to microseconds; whole servers are measured by run.js.

/** Nanoseconds of processor time a call, whoever else uses the machine: the best of ten runs of 30 ms. */
export function measure(call) {
  let best = Infinity;
  for (let run = 0; run < 10; run++) {
    const end = performance.now() + 30;
    const start = process.cpuUsage();
    let calls = 0;
    while (performance.now() < end) {
      for (let i = 0; i < 200; i++) call();
      calls += 200;
    }
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, ((user + system) * 1000) / calls);
  }
  return Math.round(best * 10) / 10;
}
