// Makes a server's answer to a client's request for a WebSocket, mostly a good one, and what the client had asked for.
import { STILL_ACCEPT as ACCEPT, STILL_KEY } from '../engine/conversation.js';
import { ODD_LINES } from './odd-lines.js';
import { Random } from './random.js';

/** Of each header the first two values are the usual ones. */
const VALUES = {
  Upgrade: ['websocket', 'WebSocket', 'websocket, h2c', 'h2c', '', 'websocket/13', ',websocket,', '"websocket"'],
  Connection: [
    'Upgrade',
    'upgrade',
    'keep-alive, Upgrade',
    'close',
    '',
    'Upgrade,,',
    'Upgrade;q=1',
    'close, Upgrade',
    'keep-alive\t,\tupgrade',
  ],
  'Sec-WebSocket-Accept': [
    ACCEPT,
    ACCEPT,
    ACCEPT.slice(0, -1),
    ACCEPT.toLowerCase(),
    `${ACCEPT}, ${ACCEPT}`,
    `"${ACCEPT}"`,
    `${ACCEPT}\xa0`,
    '',
    's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  ],
  'Sec-WebSocket-Protocol': [
    'chat',
    'superchat',
    'other',
    'CHAT',
    'chat, superchat',
    'chat, chat',
    '',
    ',chat',
    'ch@t',
    '\xe9',
  ],
  'Sec-WebSocket-Extensions': [
    'permessage-deflate',
    'permessage-deflate; server_no_context_takeover',
    'permessage-deflate; client_no_context_takeover; server_max_window_bits=10',
    'permessage-deflate; client_max_window_bits=12',
    'permessage-deflate; client_max_window_bits=8',
    'permessage-deflate; server_max_window_bits=8',
    'permessage-deflate; client_max_window_bits',
    'permessage-deflate; server_max_window_bits="11"',
    'permessage-deflate; server_max_window_bits="1\\1"',
    'permessage-deflate; server_max_window_bits=16',
    'permessage-deflate; server_max_window_bits=09',
    'permessage-deflate; server_max_window_bits=1\xb2',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
    'permessage-deflate; mode=fast',
    'permessage-deflate;server_no_context_takeover ,',
    'permessage-deflate, permessage-deflate',
    'Permessage-Deflate',
    'x-webkit-deflate-frame',
    'permessage-deflate, x',
    'permessage-deflate;',
    'permessage-deflate; =1',
    '',
    ',',
  ],
  'Content-Length': ['0', '5', '00', '5, 5', 'x', '-1', '+5', '99999999999999999999'],
  'Transfer-Encoding': ['chunked', 'Chunked', 'identity', 'gzip, chunked', ''],
  Location: ['/elsewhere', 'ws://example.com/'],
  Server: ['x', '\xff\xfe', 'x'.repeat(300)],
};
const REQUIRED = ['Upgrade', 'Connection', 'Sec-WebSocket-Accept'];
const OPTIONAL = Object.keys(VALUES).filter((name) => !REQUIRED.includes(name));
const FIRST_LINES = [
  'HTTP/1.1 101',
  'HTTP/1.1 101 ',
  'HTTP/1.0 101 Switching Protocols',
  'HTTP/2.0 101 x',
  'http/1.1 101 x',
  'HTTP/1.1  101 x',
  'HTTP/1.1 0101 x',
  'HTTP/1.1 1O1 x',
  'HTTP/1.1 +101 x',
  'HTTP/1.1\t101 x',
  'HTTP/1.1 101 \x7f',
  'HTTP/1.1 101 \xe9',
  'HTTP/1.1 99 x',
  'HTTP/1.1 600 x',
  'HTTP/1.1 1011 x',
  ' HTTP/1.1 101 x',
  'HTTP/1.1 200 OK',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 302 Found',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.1 400 Bad Request',
  'HTTP/1.1 401 Unauthorized',
  'HTTP/1.1 503 Service Unavailable',
  '\x81\x05Hello',
  '',
];
const INTERIM = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n',
  'HTTP/1.1 102 Processing\r\nContent-Length: 0\r\n\r\n',
];
const BODIES = [
  '',
  'Hello',
  'Hello and more',
  '5\r\nHello\r\n0\r\n\r\n',
  '0\r\n\r\n',
  '5;x=y\r\nHello\r\n0\r\nT: x\r\n\r\n',
  '5\r\nHello',
];
/** A text frame, which is a message of the connection when it opens. */
export const FRAME = '\x81\x02hi';

/**
 * A case: the bytes that a server sends, what the client offered, and how they are cut for us. The same for the same seed
 * and index.
 */
export function answerCase(seed, index) {
  const random = new Random(seed ^ 0x2c1b3c6d, index);
  const subprotocols = random.chance(30) ? ['chat', 'superchat'] : null;
  const deflate = random.chance(50);
  const names = REQUIRED.filter(() => !random.chance(3));
  if (subprotocols !== null || random.chance(4)) names.push('Sec-WebSocket-Protocol');
  if (deflate ? random.chance(80) : random.chance(4)) names.push('Sec-WebSocket-Extensions');
  for (const name of ['Content-Length', 'Transfer-Encoding', 'Location', 'Server'])
    if (random.chance(6)) names.push(name);
  if (random.chance(5)) names.push(random.pick(names.length > 0 ? names : OPTIONAL));
  const lines = names.map((name) => line(random, name));
  if (random.chance(6)) lines.splice(random.below(lines.length + 1), 0, random.pick(ODD_LINES));
  random.shuffle(lines);
  const first = random.chance(15) ? random.pick(FIRST_LINES) : 'HTTP/1.1 101 Switching Protocols';
  let head = `${[first, ...lines].join('\r\n')}\r\n\r\n`;
  if (random.chance(6)) head = random.mutated(head);
  let interim = '';
  if (random.chance(6)) for (let i = random.pick([1, 1, 1, 2, 3, 16, 17]); i > 0; i--) interim += random.pick(INTERIM);
  const isWhole = head.endsWith('\r\n\r\n');
  const behind = /^HTTP\/1\.1 [2-5]/.test(head) ? random.pick(BODIES) : isWhole && random.chance(30) ? FRAME : '';
  return {
    bytes: Buffer.from(interim + head + behind, 'latin1'),
    key: STILL_KEY,
    subprotocols,
    deflate,
    cutSeed: random.below(256),
  };
}

function line(random, name) {
  const values = VALUES[name];
  const usual = name === 'Sec-WebSocket-Extensions' ? 60 : 90;
  const value = random.chance(usual) ? values[random.below(2)] : random.pick(values);
  const spelled = random.pick([name, name, name.toLowerCase(), name.toUpperCase()]);
  return spelled + random.pick([': ', ': ', ': ', ':', ':\t', ':  ']) + value + random.pick(['', '', '', ' ', '\t']);
}
