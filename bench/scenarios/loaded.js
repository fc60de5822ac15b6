// The shape of a scenario, and the most common one: a server under the load of the generator in C.
import { loadServer } from '../harness/load.js';
import { startServer } from '../harness/server.js';

/**
 * A scenario has an `id` and a `title`; `needs`, what a peer must be able to do; the `unit` of its figures; how many
 * `starts` of each process count as one measurement; and `measure`, which gives a row with at least a `value`.
 */
export function loaded({ needs = [], mode = 'echo', isCompressed = false, frames, id, title, starts = 1, ...load }) {
  return {
    id,
    title,
    needs,
    starts,
    unit: 'µs',
    async measure(peer, { nodePath, seconds, warmUp }) {
      // The server need not know the ways of the load, only its own three.
      const server = await startServer(peer, nodePath, { mode: mode === 'open-close' ? 'echo' : mode, isCompressed });
      try {
        const report = await loadServer(server, {
          mode,
          compressed: isCompressed,
          frames: frames(),
          seconds,
          ...load,
          ...(warmUp && { warmUp }),
        });
        return { ...figures(report), version: server.version };
      } finally {
        await server.stop();
      }
    },
  };
}

/** The figures of a report: `value` is processor time of the measured side in microseconds a message. */
export function figures({ messages, elapsedNs, cpuNs, loadCpuNs, p50Us, p99Us, p999Us, ...more }) {
  if (messages === 0) throw new Error('no message came through');
  return {
    value: cpuNs / 1e3 / messages,
    perSecond: (messages * 1e9) / elapsedNs,
    busy: cpuNs / elapsedNs,
    loadBusy: loadCpuNs / elapsedNs,
    p50Us,
    p99Us,
    p999Us,
    ...more,
  };
}
