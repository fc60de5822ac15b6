// What an open connection keeps of the server's memory.
import { binary } from '../harness/frames.js';
import { holdConnections } from '../harness/load.js';
import { startServer } from '../harness/server.js';

/**
 * Resident memory per connection, in bytes: with the connections open, less than before them, each after garbage was
 * collected. Some connections came and went before, so that what is made once is not counted.
 */
export function memory({ id, title, needs = [], connections, messages = 0, isCompressed = false, frames }) {
  return {
    id,
    title,
    needs,
    starts: 1,
    unit: 'B',
    async measure(peer, { nodePath }) {
      const server = await startServer(peer, nodePath, { isCompressed });
      const load = { messages, compressed: isCompressed, frames: frames() };
      try {
        const warming = await holdConnections(server, { ...load, connections: WARMING });
        await warming.stop();
        const before = await server.memory();
        const holding = await holdConnections(server, { ...load, connections });
        try {
          const after = await server.memory();
          const each = (name) => (after[name] - before[name]) / connections;
          return {
            value: each('rssBytes'),
            ...(after.heapBytes !== undefined && { heapBytes: each('heapBytes') }),
            version: server.version,
          };
        } finally {
          await holding.stop();
        }
      } finally {
        await server.stop();
      }
    },
  };
}

const WARMING = 50;

export const MEMORY = [
  memory({ id: 'idle', title: 'memory of an idle connection', connections: 10_000, frames: () => [binary(1)] }),
];
