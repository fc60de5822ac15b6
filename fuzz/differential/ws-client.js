// What the client of `ws` makes of a server's answer, with node:http below it: over a stream in memory, and with a given key.
import { createRequire } from 'node:module';
import { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { STILL_KEY } from '../engine/conversation.js';

const require = createRequire(import.meta.url);
const crypto = require('node:crypto');

/** It takes what makes its keys from node:crypto when it is loaded. */
function loadWithKey() {
  const { randomBytes } = crypto;
  crypto.randomBytes = () => Buffer.from(STILL_KEY, 'base64');
  try {
    return require(fileURLToPath(new URL('../node_modules/ws/lib/websocket.js', import.meta.url)));
  } finally {
    crypto.randomBytes = randomBytes;
  }
}
const WebSocket = loadWithKey();

export const outcomes = (cases) => Promise.all(cases.map(answer));

/** Rounds of the event loop after which nothing more happens to bytes that are there. */
const ROUNDS = 6;

async function answer({ bytes, subprotocols, deflate }) {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  let outcome = 'waits';
  let error = null;
  const messages = [];
  const socket = new WebSocket('ws://example.com/', subprotocols ?? [], {
    createConnection: () => stream,
    perMessageDeflate: deflate,
  });
  socket.on('error', (reason) => {
    if (outcome === 'open') return;
    outcome = 'refused';
    error = `${reason.code ?? ''} ${reason.message}`;
  });
  socket.on('open', () => {
    outcome = 'open';
  });
  socket.on('message', (data) => messages.push(data.toString('latin1')));
  stream.on('error', () => {});
  stream.push(bytes);
  for (let round = 0; round < ROUNDS; round++) await new Promise((resolve) => setImmediate(resolve));
  const params = socket._extensions['permessage-deflate']?.params;
  const result = {
    outcome,
    error,
    subprotocol: socket.protocol || null,
    deflate: params ? agreedOn(params) : null,
    messages,
  };
  socket.on('error', () => {});
  socket.terminate();
  stream.destroy();
  return result;
}

const agreedOn = (params) => [
  Boolean(params.server_no_context_takeover),
  Boolean(params.client_no_context_takeover),
  params.server_max_window_bits ?? 15,
  params.client_max_window_bits ?? 15,
];
