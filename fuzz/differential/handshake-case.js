// Makes a request for a WebSocket, mostly a good one.
import { ODD_LINES } from './odd-lines.js';
import { Random } from './random.js';

const VALUES = {
  Host: [
    'example.com',
    'example.com:8080',
    '[::1]:80',
    'localhost',
    '',
    'a b',
    'http://x',
    'x:99999',
    'user@host',
    '127.0.0.1',
  ],
  Upgrade: ['websocket', 'WebSocket', 'websocket, h2c', 'h2c', '', 'websocket/13', ',websocket,', '"websocket"'],
  Connection: [
    'Upgrade',
    'keep-alive, Upgrade',
    'upgrade',
    'close',
    '',
    'Upgrade,,',
    'Upgrade;q=1',
    'keep-alive\t,\tupgrade',
  ],
  'Sec-WebSocket-Key': [
    'dGhlIHNhbXBsZSBub25jZQ==',
    'AAAAAAAAAAAAAAAAAAAAAA==',
    'AAAAAAAAAAAAAAAAAAAAAB==',
    'dGhlIHNhbXBsZSBub25jZQ',
    'short',
    '',
    'dGhlIHNhbXBsZSBub25jZSE=',
    'dGhl IHNhbXBsZSBub25jZQ==',
  ],
  'Sec-WebSocket-Version': ['13', '13', '8', '13, 8', ' 13 ', '', '013', '1３', '13.0'],
  'Sec-WebSocket-Protocol': ['chat', 'superchat, chat', 'other', 'chat chat', '', ',,chat', 'ch@t'],
  'Sec-WebSocket-Extensions': [
    'permessage-deflate',
    'permessage-deflate; client_max_window_bits',
    'x; y="z"',
    'x; y=" "',
    ';',
    '',
  ],
  Origin: ['http://example.com', 'null', ''],
  'Content-Length': ['0', '1', '00', 'x', '-1', '0, 0'],
  'Transfer-Encoding': ['chunked', 'identity'],
  Cookie: ['a=b; c=d', '\xff\xfe', 'x'.repeat(300)],
};
const REQUIRED = ['Host', 'Upgrade', 'Connection', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version'];
const OPTIONAL = Object.keys(VALUES).filter((name) => !REQUIRED.includes(name));

/** A case: the bytes of a request, and the subprotocols of the server. The same for the same seed and index. */
export function handshakeCase(seed, index) {
  const random = new Random(seed ^ 0x5bd1e995, index);
  const first = random.chance(8)
    ? random.pick([
        'POST / HTTP/1.1',
        'GET / HTTP/1.0',
        'GET  / HTTP/1.1',
        'GET /',
        'get / HTTP/1.1',
        'GET /\x7f HTTP/1.1',
        'GET /a b HTTP/1.1',
        'GET / HTTP/2.0',
        'GET /\xe9 HTTP/1.1',
        '',
      ])
    : random.pick(['GET / HTTP/1.1', 'GET /chat?x=y HTTP/1.1', 'GET * HTTP/1.1', 'GET http://example.com/ HTTP/1.1']);
  const names = REQUIRED.filter(() => !random.chance(3));
  for (const name of OPTIONAL) if (random.chance(12)) names.push(name);
  if (random.chance(5)) names.push(random.pick(names.length > 0 ? names : OPTIONAL));
  const lines = names.map((name) => {
    const values = VALUES[name];
    const value = random.chance(88) ? values[random.below(Math.min(2, values.length))] : random.pick(values);
    return (
      spelled(random, name) +
      random.pick([': ', ': ', ': ', ':', ':\t', ':  ']) +
      value +
      random.pick(['', '', '', ' ', '\t'])
    );
  });
  if (random.chance(6)) {
    lines.splice(random.below(lines.length + 1), 0, random.pick(ODD_LINES));
  }
  random.shuffle(lines);
  let text = `${[first, ...lines].join('\r\n')}\r\n\r\n`;
  if (random.chance(6)) text = random.mutated(text);
  return { bytes: Buffer.from(text, 'latin1'), subprotocols: random.chance(10) ? ['chat', 'other'] : null };
}

const spelled = (random, name) => random.pick([name, name, name.toLowerCase(), name.toUpperCase()]);
