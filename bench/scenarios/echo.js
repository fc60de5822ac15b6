// Every message comes back: the cost of reading a frame, a call of the user's code, and writing a frame.
import { ascii, binary } from '../harness/frames.js';
import { loaded } from './loaded.js';

export const ECHO = [
  loaded({ id: 'binary-1', title: '64 B binary, 1 in flight × 64', connections: 64, frames: () => [binary(64)] }),
  loaded({ id: 'text-1', title: '64 B text, 1 in flight × 64', connections: 64, frames: () => [ascii(64)] }),
  loaded({
    id: 'binary-64',
    title: '64 B binary, 64 in flight × 32',
    connections: 32,
    inFlight: 64,
    frames: () => [binary(64)],
  }),
  loaded({
    id: 'text-64',
    title: '64 B text, 64 in flight × 32',
    connections: 32,
    inFlight: 64,
    frames: () => [ascii(64)],
  }),
  loaded({
    id: '16k',
    title: '16 KiB binary, 4 in flight × 16',
    connections: 16,
    inFlight: 4,
    frames: () => [binary(16_384)],
  }),
  // The allocator's state alone moves one start by a factor of 2.
  loaded({
    id: '1m-binary',
    title: '1 MiB binary, 1 in flight × 4',
    connections: 4,
    starts: 3,
    frames: () => [binary(2 ** 20)],
  }),
  loaded({
    id: '1m-text',
    title: '1 MiB ASCII text, 1 in flight × 4',
    connections: 4,
    starts: 3,
    frames: () => [ascii(2 ** 20)],
  }),
];
