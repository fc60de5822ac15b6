// Whether a message costs more when there are more connections.
import { binary } from '../harness/frames.js';
import { loaded } from './loaded.js';

export const CONNECTION_COUNTS = [10, 100, 1_000, 10_000];

export const CONNECTIONS = CONNECTION_COUNTS.map((connections) =>
  loaded({
    id: `connections-${connections}`,
    title: `64 B binary, 1 in flight × ${connections.toLocaleString('en')}`,
    connections,
    frames: () => [binary(64)],
  }),
);
