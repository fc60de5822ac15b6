// Connections that come, say goodbye and go: the opening handshake, the closing one, and what a connection costs to make.
import { binary } from '../harness/frames.js';
import { loaded } from './loaded.js';

export const OPEN_CLOSE = [
  loaded({
    id: 'open-close',
    title: 'open and close, 32 at once',
    needs: ['close'],
    mode: 'open-close',
    connections: 32,
    // Much code runs for each: with 1 s of warming up instead of 2 it costs ws half as much again.
    warmUp: 2,
    frames: () => [binary(1)], // not sent
  }),
];
