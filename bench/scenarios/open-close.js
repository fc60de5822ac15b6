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
    frames: () => [binary(1)], // not sent
  }),
];
