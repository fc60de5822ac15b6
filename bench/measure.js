// How long a call takes. For loops of nanoseconds to microseconds; whole servers are measured by run.js.

/** Nanoseconds a call: the best of five runs of 50 ms. */
export function measure(call) {
  let best = Infinity;
  for (let run = 0; run < 5; run++) {
    const start = performance.now();
    let calls = 0;
    let elapsed = 0;
    while (elapsed < 50) {
      for (let i = 0; i < 200; i++) call();
      calls += 200;
      elapsed = performance.now() - start;
    }
    best = Math.min(best, (elapsed * 1e6) / calls);
  }
  return Math.round(best * 10) / 10;
}
