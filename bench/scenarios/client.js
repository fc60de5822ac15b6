// The other side: clients that give back what a server in C sends them.
import { Child } from '../harness/child.js';
import { measured } from '../harness/cores.js';
import { binary } from '../harness/frames.js';
import { loadClient } from '../harness/load.js';
import { figures } from './loaded.js';

function client({ id, title, length, starts = 1, ...load }) {
  return {
    id,
    title,
    starts,
    unit: 'µs',
    async measure(peer, { nodePath, seconds, warmUp }) {
      const start = (port) => {
        const orders = JSON.stringify({ port, connections: load.connections });
        return new Child(measured([...peer.command(nodePath), orders]), peer.environment);
      };
      const frames = [binary(length, { isMasked: false })];
      return figures(await loadClient(start, { seconds, frames, ...load, ...(warmUp && { warmUp }) }));
    },
  };
}

export const CLIENT = [
  client({ id: 'client-1', title: 'client, 64 B binary, 1 in flight × 16', length: 64, connections: 16 }),
  client({
    id: 'client-32',
    title: 'client, 64 B binary, 32 in flight × 16',
    length: 64,
    connections: 16,
    inFlight: 32,
  }),
  client({
    id: 'client-1m',
    title: 'client, 1 MiB binary, 1 in flight × 4',
    length: 2 ** 20,
    connections: 4,
    starts: 3,
  }),
];
