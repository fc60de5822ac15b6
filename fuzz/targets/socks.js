// What a SOCKS proxy answers: the tunnel opens when RFC 1928 and 1929 say so, and every byte behind the answer is still in it. All
// else is a typed error, however the stream is cut and wherever it ends; nobody waits for ever.

import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { Duplex } from 'node:stream';
import { ProxyError } from '../../dist/core/exceptions/handshake-errors.js';
import { parseProxy } from '../../dist/core/proxy.js';
import { openSocksTunnel } from '../../dist/node/socks-tunnel.js';
import { holds, same } from '../engine/expect.js';
import { cut, Input, latin1Text, seed } from '../engine/input.js';

/** The socket to a proxy: what it says is pushed, what it is told is kept. */
class ProxySocket extends Duplex {
  told = '';

  constructor() {
    super({ allowHalfOpen: true });
    queueMicrotask(() => this.emit('connect'));
  }

  _read() {}

  _write(bytes, _encoding, done) {
    this.told += latin1Text(bytes);
    done();
  }
}

let socket = null;
net.connect = () => {
  socket = new ProxySocket();
  return socket;
};
syncBuiltinESMExports();

/** The package never cancels its deadline: what it does then would be seen in some later execution. */
const NEVER = { unref: () => {} };
globalThis.setTimeout = () => NEVER;

const PROXIES = [
  'socks5h://proxy:1080',
  'socks5h://user:s3cret@proxy',
  'socks4a://proxy',
  'socks4a://user:s3cret@proxy',
  'socks5://proxy',
].map(parseProxy);
const TARGETS = [
  { host: 'example.com', port: 443, secure: true },
  { host: '192.0.2.1', port: 80, secure: false },
  { host: '2001:db8::1', port: 8080, secure: false },
];
const ENDS = ['end', 'abort', 'error', 'close'];

/**
 * How many bytes the answers of a proxy have that opens a tunnel, by the RFCs; null: it is none, or not complete.
 */
function answerBytes(proxy, bytes) {
  // The first byte should be 0; there are proxies that send their version.
  if (proxy.scheme.startsWith('socks4')) return bytes.length >= 8 && bytes[1] === 90 ? 8 : null;
  if (bytes.length < 2 || bytes[0] !== 5) return null;
  let at = 2;
  if (bytes[1] === 2) {
    // Also where it was not offered: the package sends empty credentials then.
    if (bytes.length < 4 || bytes[3] !== 0) return null;
    at = 4;
  } else if (bytes[1] !== 0) return null;
  const [version, reply, , type] = bytes.subarray(at);
  if (version !== 5 || reply !== 0) return null;
  const name = type === 3 ? 1 + bytes[at + 4] : null;
  const address = type === 1 ? 4 : type === 4 ? 16 : name;
  const end = at + 4 + address + 2;
  return address === null || !(bytes.length >= end) ? null : end;
}

/**
 * The stream in pieces. Credentials are answered by themselves: a proxy that goes on before it is asked is none, and the package
 * takes it for a fault of its own.
 */
function piecesOf(bytes, cutSeed) {
  const isAuthenticated = bytes[0] === 5 && bytes[1] === 2;
  const parts = isAuthenticated ? [bytes.subarray(0, 4), bytes.subarray(4)] : [bytes];
  return parts.flatMap((part) => cut(part, cutSeed)).filter(({ length }) => length > 0);
}

async function open(proxy, target, pieces, end) {
  const aborting = new AbortController();
  const settings = { openTimeoutMs: null, localAddress: undefined };
  socket = null;
  let outcome = null;
  const opening = openSocksTunnel(proxy, target, settings, aborting.signal).then(
    (tunnel) => {
      outcome = { tunnel };
    },
    (error) => {
      outcome = { error };
    },
  );
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  while (socket === null && outcome === null) await turn();
  if (socket === null) return outcome;
  const own = socket;
  await turn();
  for (const piece of pieces) {
    if (own.destroyed) break;
    own.push(piece);
    await turn();
  }
  await turn();
  if (outcome === null) {
    if (end === 'end') own.push(null);
    else if (end === 'abort') aborting.abort(new Error('the test gives up'));
    else own.destroy(end === 'error' ? new Error('reset') : undefined);
    for (let turns = 0; turns < 5 && outcome === null; turns++) await turn();
    holds(outcome !== null, `nothing comes of it behind ${end}`);
  }
  await opening;
  return { ...outcome, socket: own };
}

export async function fuzz(data) {
  const input = new Input(data);
  const proxy = input.pick(PROXIES);
  // `socks5` would look names up, and there is no network here.
  const target = input.pick(proxy.scheme === 'socks5' ? TARGETS.slice(1) : TARGETS);
  const end = input.pick(ENDS);
  const cutSeed = input.byte();
  const bytes = input.rest();
  const { tunnel, error, socket: own } = await open(proxy, target, piecesOf(bytes, cutSeed), end);
  const expected = answerBytes(proxy, bytes);
  if (error !== undefined) {
    holds(own === undefined || own.destroyed, 'a socket is left behind');
    const isOurs =
      error instanceof ProxyError ||
      error.message === 'the test gives up' ||
      /^(?:reset|the socket was closed)$/.test(error.message);
    holds(isOurs, `an error that is not documented: ${error.stack}`);
    holds(!`${error.message} ${error.cause?.message}`.includes('s3cret'), 'a password in an error');
    if (error instanceof ProxyError)
      holds(error.cause instanceof Error || error.cause instanceof EndOfStreamError, 'no cause');
    same(expected, null, `refused: ${error.message}, ${error.cause?.message}`);
    return;
  }
  same(tunnel, own, 'the tunnel is the socket');
  holds(expected !== null, 'a tunnel without an answer that opens one');
  holds(
    tunnel.listenerCount('data') + tunnel.listenerCount('end') + tunnel.listenerCount('error') === 0,
    'somebody still listens',
  );
  holds(tunnel.isPaused(), 'a tunnel that is read by nobody');
  const rest = [];
  tunnel.on('data', (chunk) => rest.push(chunk));
  tunnel.resume();
  await new Promise((resolve) => setImmediate(resolve));
  same(latin1Text(Buffer.concat(rest)), latin1Text(bytes.subarray(expected)), 'what is behind the answer');
  tunnel.destroy();
}

/** Answers come by the event loop, as they do from a network. */
export const hasEventLoop = true;
export const maxLength = 300;
export const words = [
  '\x05\x00',
  '\x05\x02\x01\x00',
  '\x05\x00\x00\x01',
  '\x05\x00\x00\x03',
  '\x05\x00\x00\x04',
  '\x00\x5a',
];
const ADDRESS = [0, 0, 0, 0, 0, 80];
export const seeds = () =>
  [0, 3].flatMap((cutSeed) =>
    ENDS.flatMap((_, end) => [
      seed([0, 0, end, cutSeed, 5, 0, 5, 0, 0, 1, ...ADDRESS], '\x16\x03\x01'),
      seed([1, 1, end, cutSeed, 5, 2, 1, 0, 5, 0, 0, 3, 2, 97, 98, 0, 80], 'x'),
      seed([1, 2, end, cutSeed, 5, 0, 5, 0, 0, 4, ...new Array(16).fill(1), 0, 80], ''),
      seed([0, 0, end, cutSeed, 5, 255]),
      seed([1, 0, end, cutSeed, 5, 2, 1, 1]),
      seed([0, 0, end, cutSeed, 5, 0, 5, 5, 0, 1, ...ADDRESS]),
      seed([2, 0, end, cutSeed, 0, 90, ...ADDRESS], 'HTTP'),
      seed([3, 1, end, cutSeed, 0, 91, ...ADDRESS]),
      seed([4, 1, end, cutSeed, 5, 0, 5, 0, 0, 1, ...ADDRESS], '\x81\x00'),
      seed([0, 0, end, cutSeed], 'HTTP/1.1 400 Bad Request\r\n\r\n'),
    ]),
  );
