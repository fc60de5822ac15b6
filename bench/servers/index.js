// The servers that are compared, in the order of the report.
import {
  lacksBun,
  lacksDeno,
  lacksPackage,
  lacksPython,
  onBun,
  onDeno,
  onNode,
  onPython,
  WITHOUT_ADDONS,
} from '../harness/runtimes.js';

/**
 * `command` starts a server, given the Node to use. `can` names what it offers beside the echo: `close` (by RFC 6455),
 * `receive`, `broadcast`, `compression`, `tls`. `whyNot` gives the reason to leave it out, or null.
 */
export const SERVERS = [
  {
    name: 'ours',
    title: 'websockets-ts',
    command: onNode('servers/ours.js'),
    can: ['close', 'receive', 'broadcast', 'compression', 'tls'],
  },
  {
    name: 'ours-await',
    title: 'websockets-ts, for await',
    command: onNode('servers/ours-await.js'),
    can: ['close', 'receive', 'broadcast', 'compression', 'tls'],
  },
  {
    name: 'ws',
    title: 'ws',
    command: onNode('servers/ws.js'),
    environment: WITHOUT_ADDONS,
    whyNot: lacksPackage('ws'),
    can: ['close', 'receive', 'broadcast', 'compression', 'tls'],
  },
  {
    name: 'ws-bufferutil',
    title: 'ws, bufferutil',
    command: onNode('servers/ws.js'),
    whyNot: lacksPackage('bufferutil'),
    can: ['close', 'receive', 'broadcast', 'compression', 'tls'],
  },
  { name: 'net', title: 'node:net, bare', command: onNode('servers/net.js'), can: [] },
  {
    name: 'bun',
    title: 'Bun',
    command: onBun('servers/bun.js'),
    whyNot: lacksBun,
    can: ['close', 'receive', 'broadcast', 'compression', 'tls'],
  },
  {
    name: 'deno',
    title: 'Deno',
    command: onDeno('servers/deno.js'),
    whyNot: lacksDeno,
    can: ['close', 'receive', 'broadcast', 'tls'],
  },
  {
    name: 'faye',
    title: 'faye-websocket',
    command: onNode('servers/faye.js'),
    whyNot: lacksPackage('faye-websocket'),
    can: ['close', 'receive', 'broadcast'],
  },
  {
    name: 'websocket',
    title: 'websocket',
    command: onNode('servers/websocket.js'),
    whyNot: lacksPackage('websocket'),
    can: ['close', 'receive', 'broadcast'],
  },
  {
    name: 'python',
    title: 'Python websockets',
    command: onPython('servers/python.py'),
    whyNot: lacksPython,
    can: ['close', 'receive', 'broadcast', 'compression', 'tls'],
  },
  {
    name: 'uws',
    title: 'uWebSockets.js',
    command: onNode('servers/uws.js'),
    whyNot: () => lacksPackage('uWebSockets.js')() && 'not on the registry; measured when you have installed it',
    can: ['close', 'receive', 'broadcast', 'compression', 'tls'],
  },
];
