// The clients that are compared, in the order of the report.
import {
  lacksBun,
  lacksDeno,
  lacksPackage,
  lacksWebSocket,
  onBun,
  onDeno,
  onNode,
  WITHOUT_ADDONS,
} from '../harness/runtimes.js';

/** As servers/index.js has them. `environment` and `arguments` are more for the process. */
export const CLIENTS = [
  { name: 'ours', title: 'websockets-ts', command: onNode('clients/ours.js') },
  { name: 'ours-await', title: 'websockets-ts, for await', command: onNode('clients/ours-await.js') },
  {
    name: 'ws',
    title: 'ws',
    command: onNode('clients/ws.js'),
    environment: WITHOUT_ADDONS,
    whyNot: lacksPackage('ws'),
  },
  {
    name: 'ws-bufferutil',
    title: 'ws, bufferutil',
    command: onNode('clients/ws.js'),
    whyNot: lacksPackage('bufferutil'),
  },
  { name: 'undici', title: 'undici', command: onNode('clients/undici.js'), whyNot: lacksPackage('undici') },
  { name: 'node', title: "Node's own WebSocket", command: onNode('clients/web-api.js'), whyNot: lacksWebSocket },
  { name: 'bun', title: 'Bun', command: onBun('clients/web-api.js'), whyNot: lacksBun },
  { name: 'deno', title: 'Deno', command: onDeno('clients/web-api.js'), whyNot: lacksDeno },
];
