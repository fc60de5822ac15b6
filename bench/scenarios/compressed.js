// permessage-deflate, each server with its own defaults.
import { compressedJsonMessages } from '../harness/frames.js';
import { loaded } from './loaded.js';

export const COMPRESSED = [
  loaded({
    id: 'compressed',
    title: '1 KiB JSON, compressed, 1 in flight × 32',
    needs: ['compression'],
    isCompressed: true,
    connections: 32,
    frames: compressedJsonMessages,
  }),
];
