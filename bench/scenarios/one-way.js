// Messages in one direction only: many that arrive, and one that goes to many.
import { binary } from '../harness/frames.js';
import { loaded } from './loaded.js';

export const ONE_WAY = [
  loaded({
    id: 'broadcast',
    title: 'broadcast of 64 B to 5,000',
    needs: ['broadcast'],
    mode: 'broadcast',
    connections: 5_000,
    frames: () => [binary(64)],
  }),
  loaded({
    id: 'receive',
    title: 'receive only, 64 B × 16',
    needs: ['receive'],
    mode: 'receive',
    connections: 16,
    frames: () => [binary(64)],
  }),
];
