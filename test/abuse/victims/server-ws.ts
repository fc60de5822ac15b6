// A server of ws under attack, with its defaults, on Node's HTTP server with its own.
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { CERT, KEY } from '../../support/certificate.ts';
import { LATE_MS, type ServerSettings } from '../attack.ts';
import { answer, say } from './gauge.ts';
import { pages } from './pages.ts';

const { openTimeoutMs, closeTimeoutMs, compression, tls } = JSON.parse(process.argv[2]!) as ServerSettings;

const http =
  openTimeoutMs === undefined
    ? {}
    : { headersTimeout: openTimeoutMs, requestTimeout: openTimeoutMs, connectionsCheckingInterval: 100 };
const server = tls ? createSecureServer({ ...http, cert: CERT, key: KEY }) : createServer(http);
// Without an upgrade Node asks somebody to answer.
server.on(
  'request',
  pages((_request, response) => response.writeHead(426).end()),
);
const settings = {
  noServer: true,
  perMessageDeflate: compression === 'on',
  ...(closeTimeoutMs !== undefined && { closeTimeout: closeTimeoutMs }),
};
const wss = new WebSocketServer(settings);
const group = new Set<WebSocket>();

server.on('upgrade', (request, socket, head) => {
  const upgrade = (): void =>
    wss.handleUpgrade(request, socket, head, (connection) => attend(connection, request.url ?? '/'));
  if (request.url === '/late') setTimeout(upgrade, LATE_MS);
  else upgrade();
});

function attend(connection: WebSocket, path: string): void {
  connection.on('error', () => {});
  if (path === '/throw') throw new Error('thrown on purpose');
  if (path === '/reject') void Promise.reject(new Error('rejected on purpose'));
  if (path === '/return') connection.close(1000);
  if (path === '/broadcast') {
    group.add(connection);
    connection.on('close', () => group.delete(connection));
  }
  connection.on('message', (data, isBinary) => {
    if (path === '/never') return;
    if (path === '/block') {
      const end = performance.now() + Number(String(data));
      while (performance.now() < end);
    }
    if (path === '/broadcast') for (const member of group) member.send(data, { binary: isBinary });
    else connection.send(data, { binary: isBinary });
  });
}

server.listen(0, '127.0.0.1', () => {
  const { version } = createRequire(import.meta.url)('ws/package.json') as { version: string };
  answer();
  say({ port: (server.address() as AddressInfo).port, version });
});
