// Redirects that lead in a circle, or from TLS to plain text.
import { type ClientAttack, MIB } from '../attack.ts';

export const redirectLoop: ClientAttack = {
  name: 'redirects in a circle',
  expect: {
    ends: ['SecurityError'],
    memory: { bytes: 8 * MIB, because: '10 attempts (`maxRedirects`), one after the other' },
  },
  serve: (socket, request) => {
    const step = Number(/^GET \/(\d*)/.exec(request)?.[1] || 0) + 1;
    socket.end(`HTTP/1.1 302 Found\r\nLocation: /${step}\r\nContent-Length: 0\r\n\r\n`);
  },
};

export const downgrade: ClientAttack = {
  name: 'redirect from wss to ws',
  tls: true,
  expect: {
    ends: ['SecurityError'],
    memory: { bytes: 24 * MIB, because: 'a TLS connection, and OpenSSL itself' },
  },
  serve: (socket, request) => {
    const host = /^host: *(\S+)/im.exec(request)?.[1];
    socket.end(`HTTP/1.1 307 Temporary Redirect\r\nLocation: ws://${host}/\r\nContent-Length: 0\r\n\r\n`);
  },
};
