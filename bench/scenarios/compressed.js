// permessage-deflate, each server with its own defaults.
import { compressedJsonMessages, jsonMessages } from '../harness/frames.js';
import { loaded } from './loaded.js';
import { memory } from './memory.js';

export const COMPRESSED = [
  loaded({
    id: 'compressed',
    title: '1 KiB JSON, compressed, 1 in flight × 32',
    needs: ['compression'],
    isCompressed: true,
    connections: 32,
    frames: compressedJsonMessages,
  }),
  memory({
    id: 'compressed-memory',
    title: 'memory of a compressed connection',
    needs: ['compression'],
    isCompressed: true,
    connections: 1_000,
    messages: 2,
    frames: compressedJsonMessages,
  }),
  loaded({
    id: 'compressed-broadcast',
    title: 'broadcast of 1 KiB JSON to 100, compressed',
    needs: ['broadcast', 'compression'],
    isCompressed: true,
    mode: 'broadcast',
    connections: 100,
    frames: jsonMessages,
  }),
];
