// Requests that are none: everything that parsers of HTTP have been tripped up with.
import { MIB, type ServerAttack } from '../attack.ts';

const REQUESTS: readonly string[] = [
  '\r\n\r\n\r\n\r\n',
  'GET / HTTP/1.1\nHost: a\n\n',
  'GET / HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n',
  'GET / HTTP/1.1\r\nHost : a\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n',
  'GET / HTTP/1.1\r\n: a\r\n\r\n',
  'GET / HTTP/9.9\r\n\r\n',
  'GET  /  HTTP/1.1\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: [::1\r\n\r\n',
  'GET / HTTP/1.1\r\nSec-WebSocket-Key\x01: a\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a hello of TLS\r\n\r\n',
];

export const malformedRequests: ServerAttack = {
  name: 'headers: malformed',
  server: { openTimeoutMs: 1000 },
  expect: {
    ends: ['400'],
    memory: { bytes: 8 * MIB, because: 'each request is answered and forgotten' },
  },
  async run(target) {
    await target.many(REQUESTS.length * target.amount(200, 10), async (index) => {
      const peer = await target.dial();
      await peer.write(Buffer.from(REQUESTS[index % REQUESTS.length]!, 'latin1'));
      await peer.ended(2000);
      if (index >= REQUESTS.length) target.forget(peer);
    });
  },
};
