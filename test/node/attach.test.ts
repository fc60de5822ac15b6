// WebSocket connections on HTTP servers of the user: which requests are ours, what becomes of the others, and that a handshake
// is like any other.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, get, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket, connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { describe, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { promisify } from 'node:util';
import {
  type AttachOptions,
  attach,
  type Connection,
  connect,
  InvalidHandshake,
  InvalidOrigin,
  InvalidStatus,
  type Request,
  ServerConnection,
  type UpgradeOptions,
  unixConnect,
  upgrade,
} from 'websockets-ts';
import { tcpHandles } from '#dist/node/tcp-handle.js';
import { deferred, echo, isPending, rejection, untilClosed } from '../behaviour/meet.ts';
import { TEXT } from '../conformance/wire.ts';
import { CERT, KEY } from '../support/certificate.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import { RawPeer } from '../support/raw-peer.ts';

/** Answers with the method and path of the request. */
const onRequest: RequestListener = (request, response) => {
  response.end(`${request.method} ${request.url}`);
};

interface Listening extends AsyncDisposable {
  readonly http: Server;
  readonly port: number;
  readonly url: string;
}

async function listening(http: Server = createServer(onRequest), host = '127.0.0.1'): Promise<Listening> {
  http.listen(0, host);
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return {
    http,
    port,
    url: `ws://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      if (!http.listening) return;
      http.close();
      await once(http, 'close');
    },
  };
}

const countOf = (http: Server): Promise<number> => promisify(http.getConnections.bind(http))();

/** Sends text there and back. */
async function echoed(connection: Connection, text = 'x'): Promise<unknown> {
  await connection.send(text);
  return connection.recv();
}

const textOf = async (url: string): Promise<string> => (await fetch(url.replace(/^ws/, 'http'))).text();

describe('attach', () => {
  for (const socketHandles of [true, false]) {
    test(`takes the upgrades of its path, and no other request, with socketHandles: ${socketHandles}`, async () => {
      await using l = await listening();
      await using server = await attach(l.http, echo, { path: '/chat', socketHandles });
      for (const path of ['/chat', '/chat?room=1']) {
        await using client = await connect(l.url + path);
        assert.equal(await echoed(client, 'x'.repeat(100_000)), 'x'.repeat(100_000));
        assert.equal(server.connections.size, 1);
      }
      assert.equal(await textOf(`${l.url}/chat`), 'GET /chat');
      assert.equal(await textOf(`${l.url}/other`), 'GET /other');
    });
  }

  for (const [title, path, taken, left] of [
    ['a path', '/a', ['/a', '/a?b=/c'], ['/a/', '/A', '/', '/b?/a']],
    ['a regular expression for the whole path', /\/a\d/, ['/a1', '/a2?x'], ['/a', '/a12', '/x/a1']],
    ['a function', (other: string) => other.startsWith('/a'), ['/a', '/ab?c'], ['/b', '/']],
    ['nothing', undefined, ['/', '/any?thing'], []],
  ] as const) {
    test(`tells its requests by ${title}`, async () => {
      await using l = await listening();
      await using _server = await attach(l.http, untilClosed, { path });
      for (const each of taken) {
        await using client = await connect(l.url + each);
        assert.equal(client.state, 'OPEN');
      }
      for (const each of left) {
        const { response } = (await rejection(connect(l.url + each))) as InvalidStatus;
        assert.equal(Buffer.from(response.body).toString(), `GET ${each}`);
      }
    });
  }

  test('refuses a path of another kind', async () => {
    await using l = await listening();
    await assert.rejects(attach(l.http, echo, { path: 1 } as unknown as AttachOptions), { name: 'TypeError' });
    assert.equal(l.http.listenerCount('upgrade'), 0);
  });

  test('refuses what is no HTTP server: the application of a framework would never be asked', async () => {
    const application = Object.assign(() => {}, { on: () => {}, off: () => {}, listen: () => {} });
    for (const server of [application, undefined, {}]) {
      await assert.rejects(attach(server as unknown as Server, echo), {
        name: 'TypeError',
        message: 'attach needs an HTTP server, such as createServer(app) of node:http, not the application',
      });
    }
  });

  test('survives a path that throws', async () => {
    const logger = new LogRecorder('error');
    await using l = await listening();
    const path = (other: string): boolean => {
      if (other === '/bad') throw new RangeError('mine');
      return true;
    };
    await using _server = await attach(l.http, echo, { path, logger });
    await rejection(connect(`${l.url}/bad`));
    assert.equal(String(logger.lines[0]?.context?.error), 'RangeError: mine');
    await using client = await connect(l.url);
    assert.equal(await echoed(client), 'x');
  });

  test('may be called before the HTTP server listens', async () => {
    const http = createServer(onRequest);
    const logger = new LogRecorder('info');
    await using server = await attach(http, echo, { logger });
    assert.equal(server.isServing, true);
    assert.deepEqual(server.addresses, []);
    await using l = await listening(http);
    assert.deepEqual(server.addresses, [['127.0.0.1', l.port]]);
    assert.deepEqual(server.sockets, [http]);
    assert.deepEqual(logger.texts('info'), [`server listening on 127.0.0.1:${l.port}`]);
    await using client = await connect(l.url);
    assert.equal(await echoed(client), 'x');
  });

  test('begins later with startServing: false', async () => {
    await using l = await listening();
    await using server = await attach(l.http, echo, { startServing: false });
    assert.equal(l.http.listenerCount('upgrade'), 0);
    await server.startServing();
    await using client = await connect(l.url);
    assert.equal(await echoed(client), 'x');
  });

  test('may be called several times for one HTTP server: the first whose path fits takes a request', async () => {
    await using l = await listening();
    const named = (name: string) => (connection: ServerConnection) => connection.send(name);
    await using a = await attach(l.http, named('a'), { path: '/a' });
    await using _b = await attach(l.http, named('b'), { path: /\/[ab]/ });
    const answer = async (path: string): Promise<unknown> => {
      await using client = await connect(l.url + path);
      return client.recv();
    };
    assert.equal(await answer('/a'), 'a');
    assert.equal(await answer('/b'), 'b');
    a.close();
    await a.waitClosed();
    assert.equal(await answer('/a'), 'b');
  });

  for (const socketHandles of [true, false]) {
    test(`ends the idle time that was set for HTTP, with socketHandles: ${socketHandles}`, async () => {
      await using l = await listening();
      const ends: Socket[] = [];
      l.http.on('connection', (socket) => {
        ends.push(socket);
        socket.setTimeout(60_000, () => socket.destroy());
      });
      await using _server = await attach(l.http, echo, { socketHandles });
      await using client = await connect(l.url);
      assert.equal(ends[0]?.timeout, 0);
      assert.equal(await echoed(client), 'x');
    });
  }

  test('leaves other upgrades to others who listen', async () => {
    await using l = await listening();
    await using _server = await attach(l.http, echo, { path: '/ours' });
    l.http.on('upgrade', (request: IncomingMessage, socket: Socket) => {
      if (request.url === '/ours') return;
      socket.end(`HTTP/1.1 418 Theirs\r\nContent-Length: 0\r\n\r\n`);
    });
    assert.equal(((await rejection(connect(`${l.url}/theirs`))) as InvalidStatus).response.statusCode, 418);
    await using client = await connect(`${l.url}/ours`);
    assert.equal(await echoed(client), 'x');
  });

  test('leaves upgrades to other protocols to the HTTP server, as requests', async () => {
    await using l = await listening();
    await using _server = await attach(l.http, echo);
    const headers = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': '' };
    const request = get(`http://127.0.0.1:${l.port}/page`, { headers });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    assert.equal(response.statusCode, 200);
    assert.equal((await response.toArray()).join(''), 'GET /page');
    assert.equal(response.headers.connection, 'close');
  });

  for (const [title, isSecure] of [
    ['', false],
    [' over TLS', true],
  ] as const) {
    test(`leaves the body of such a request to the HTTP server too${title}`, async () => {
      const onPost: RequestListener = async (request, response) =>
        response.end(`${request.headers.host} ${(await request.toArray()).join('')}`);
      const http = isSecure ? createTlsServer({ cert: CERT, key: KEY }, onPost) : createServer(onPost);
      await using l = await listening(http);
      await using _server = await attach(l.http, echo);
      const head =
        'POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n';
      for (const [first, later] of [
        ['Content-Length: 5\r\n\r\nhello', ''],
        ['Content-Length: 5\r\n\r\nhe', 'llo'],
        ['Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n', '3\r\nllo\r\n0\r\n\r\n'],
      ] as const) {
        const socket = isSecure
          ? tlsConnect({ port: l.port, host: '127.0.0.1', rejectUnauthorized: false })
          : tcpConnect(l.port, '127.0.0.1');
        await once(socket, isSecure ? 'secureConnect' : 'connect');
        socket.write(head + first);
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (later !== '') socket.write(later);
        const answer = (await socket.toArray()).join('');
        assert.match(answer, /^HTTP\/1\.1 200 .*\r\n\r\na hello$/s);
      }
    });
  }

  test('has a long answer of the HTTP server to such a request sent to its end', async () => {
    const body = 'x'.repeat(4_000_000);
    const http = createServer((_, response) =>
      Duplex.from([body.slice(0, 2_000_000), body.slice(2_000_000)]).pipe(response),
    );
    await using l = await listening(http);
    await using _server = await attach(l.http, echo, { path: '/chat' });
    const peer = await RawPeer.dial(l.port);
    peer.socket.write(peer.request({}, '/no'));
    assert.ok((await peer.rest()).replaceAll(/[^x]/g, '').length >= body.length);
    peer.destroy();
  });

  test('ends such a request when its client goes before there is an answer', async () => {
    const closed = deferred();
    const http = createServer((_, response) => void response.on('close', closed.resolve));
    await using l = await listening(http);
    await using _server = await attach(l.http, echo, { path: '/chat' });
    const peer = await RawPeer.dial(l.port);
    const asked = once(http, 'request');
    peer.socket.write(peer.request({}, '/poll'));
    await asked;
    peer.socket.end();
    await closed.promise;
    while ((await countOf(http)) > 0) await new Promise(setImmediate);
    peer.destroy();
  });

  test('answers 404 for the HTTP server when nobody else answers requests', async () => {
    await using l = await listening(createServer());
    await using _server = await attach(l.http, echo, { path: '/chat' });
    const { response } = (await rejection(connect(`${l.url}/no`))) as InvalidStatus;
    assert.equal(response.statusCode, 404);
    assert.equal(Buffer.from(response.body).toString(), 'Not Found\n');
  });

  test('gives hooks and handlers the request as it came', async () => {
    await using l = await listening();
    const seen: unknown[] = [];
    await using _server = await attach(l.http, untilClosed, {
      processRequest: (_, { method, path, protocol, headers }) => {
        seen.push(method, path, protocol, ...[...headers.rawItems()].map(([name, value]) => `${name}: ${value}`));
      },
    });
    const peer = await RawPeer.dial(l.port);
    peer.socket.write(peer.request({ 'x-mIXED': 'caf\u00e9  inside', 'X-Other': '1' }, '/a%20b//c?d=e&f'), 'latin1');
    await peer.head();
    peer.destroy();
    assert.deepEqual(seen.slice(0, 3), ['GET', '/a%20b//c?d=e&f', 'HTTP/1.1']);
    assert.ok(seen.includes('x-mIXED: caf\u00e9  inside'));
    assert.equal(seen.length, 3 + 7);
  });

  for (const [title, headers, expected] of [
    ['a page of another host', { Origin: 'https://evil.example' }, 403],
    ['a host that is not the loopback, on the loopback', { Host: 'rebound.example' }, 403],
    ['a malformed host', { Host: 'a b' }, 400],
    ['a missing key', { 'Sec-WebSocket-Key': null }, 400],
    ['another version', { 'Sec-WebSocket-Version': '8' }, 426],
    ['two protocols', { Upgrade: 'h2c, websocket' }, 426],
    ['a body', { 'Content-Length': '0005', Connection: 'Upgrade' }, 400],
    ['a line of more than 8 KiB', { 'X-Long': 'x'.repeat(8200) }, 431],
  ] as const) {
    test(`answers ${title} with ${expected}, as serve does`, async () => {
      await using l = await listening();
      await using _server = await attach(l.http, echo, { logger: new LogRecorder('error') });
      const peer = await RawPeer.dial(l.port);
      peer.socket.write(peer.request(headers));
      if (title === 'a body') peer.socket.write('12345');
      assert.equal((await peer.rest()).slice(9, 12), String(expected));
      peer.destroy();
    });
  }

  test('accepts any host once the HTTP server listens on more than the loopback, whenever that is', async () => {
    const http = createServer(onRequest);
    await using _server = await attach(http, echo);
    await using l = await listening(http, '0.0.0.0');
    const peer = await RawPeer.dial(l.port);
    assert.match(await peer.open({ Host: 'any.example' }), /^HTTP\/1\.1 101 /);
    peer.destroy();
  });

  for (const socketHandles of [true, false]) {
    test(`loses nothing that came with the request, with socketHandles: ${socketHandles}`, async () => {
      await using l = await listening();
      await using _server = await attach(l.http, echo, { compression: null, socketHandles });
      const peer = await RawPeer.dial(l.port);
      peer.socket.cork();
      peer.socket.write(peer.request());
      peer.send({ opcode: TEXT, payload: 'early' }, { opcode: TEXT, payload: 'x'.repeat(40_000) });
      peer.socket.uncork();
      assert.match(await peer.head(), /^HTTP\/1\.1 101 /);
      assert.equal((await peer.frame())?.payload.toString(), 'early');
      assert.equal((await peer.frame())?.payload.length, 40_000);
      peer.destroy();
    });
  }

  test('answers in time, and drops the oldest beyond maxPending', async () => {
    const hook = deferred();
    await using l = await listening();
    const processRequest = (): Promise<void> => hook.promise;
    await using _slow = await attach(l.http, echo, { path: '/slow', openTimeoutMs: 30, processRequest });
    assert.equal(((await rejection(connect(`${l.url}/slow`))) as InvalidStatus).response.statusCode, 408);
    await using _few = await attach(l.http, echo, { path: '/few', maxPending: 1, processRequest });
    const peers = [await RawPeer.dial(l.port), await RawPeer.dial(l.port)] as const;
    peers[0].socket.write(peers[0].request({}, '/few'));
    while ((await countOf(l.http)) < 2) await new Promise(setImmediate);
    peers[1].socket.write(peers[1].request({}, '/few'));
    await peers[0].ended();
    hook.resolve();
    assert.match(await peers[1].head(), /^HTTP\/1\.1 101 /);
    for (const peer of peers) peer.destroy();
  });

  describe('behind requests that have no answer yet', () => {
    /** Answers `/slow` when told to, all else at once. */
    function slowServer(): { readonly http: Server; readonly answer: () => void } {
      const gate = deferred();
      const http = createServer(async (request, response) => {
        if (request.url === '/slow') await gate.promise;
        response.end(`<${request.url}>`);
      });
      return { http, answer: gate.resolve };
    }

    const page = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

    for (const [title, path, last] of [
      ['an upgrade of ours', '/chat', /^HTTP\/1\.1 101 /],
      ['another upgrade', '/no', /^HTTP\/1\.1 200 .*<\/no>$/s],
    ] as const) {
      for (const first of ['/fast', '/slow']) {
        test(`waits for its turn: ${title} behind ${first}`, async () => {
          const { http, answer } = slowServer();
          await using l = await listening(http);
          await using _server = await attach(http, untilClosed, { path: '/chat' });
          const peer = await RawPeer.dial(l.port);
          peer.socket.write(page(first) + page('/fast') + peer.request({}, path));
          while ((await countOf(http)) === 0) await new Promise(setImmediate);
          answer();
          for (const expected of [first, '/fast']) {
            assert.match(await peer.head(), /^HTTP\/1\.1 200 /);
            assert.equal((await peer.link.takeThrough('>'))?.toString(), `<${expected}>`);
          }
          assert.match(path === '/chat' ? await peer.head() : await peer.rest(), last);
          peer.destroy();
        });
      }
    }

    for (const [title, go] of [
      ['resets the connection', (peer: RawPeer) => peer.socket.resetAndDestroy()],
      ['ends it', (peer: RawPeer) => peer.socket.end()],
      ['ends it behind what it sent', (peer: RawPeer) => peer.socket.end('x'.repeat(1000))],
      ['sends without end', (peer: RawPeer) => peer.socket.write('x'.repeat(100_000))],
    ] as const) {
      test(`is dropped when the client ${title}, without an error that nobody catches`, async () => {
        const { http } = slowServer();
        await using l = await listening(http);
        let asked = deferred();
        const isOurs = (path: string): boolean => {
          asked.resolve();
          return path === '/chat';
        };
        await using server = await attach(http, untilClosed, { path: isOurs });
        for (const path of ['/chat', '/no']) {
          const peer = await RawPeer.dial(l.port);
          asked = deferred();
          peer.socket.write(page('/slow') + peer.request({}, path));
          await asked.promise;
          go(peer);
          while ((await countOf(http)) > 0) await new Promise(setImmediate);
          peer.destroy();
        }
        assert.equal(server.connections.size, 0);
      });
    }

    test('keeps what comes behind it meanwhile', async () => {
      const { http, answer } = slowServer();
      await using l = await listening(http);
      await using _server = await attach(http, echo, { compression: null });
      const peer = await RawPeer.dial(l.port);
      const asked = once(http, 'upgrade');
      peer.socket.write(page('/slow') + peer.request());
      await asked;
      peer.send({ opcode: TEXT, payload: 'early' }, { opcode: TEXT, payload: 'x'.repeat(30_000) });
      await new Promise((resolve) => setTimeout(resolve, 20));
      answer();
      await peer.head();
      await peer.link.takeThrough('>');
      await peer.head();
      assert.equal((await peer.frame())?.payload.toString(), 'early');
      assert.equal((await peer.frame())?.payload.length, 30_000);
      peer.destroy();
    });

    test('is left alone when somebody else takes it', async () => {
      const { http, answer } = slowServer();
      await using l = await listening(http);
      let received = '';
      http.on('upgrade', (request, socket) => {
        if (request.url !== '/other') return;
        socket.on('data', (bytes: Buffer) => {
          received += bytes;
        });
        socket.on('end', () => socket.end());
      });
      await using _server = await attach(http, untilClosed, { path: '/chat' });
      const peer = await RawPeer.dial(l.port);
      const asked = once(http, 'upgrade');
      peer.socket.write(page('/slow') + peer.request({}, '/other'));
      await asked;
      peer.socket.write('x'.repeat(100_000));
      while (received.length < 100_000 && (await countOf(http)) > 0) await new Promise(setImmediate);
      answer();
      await peer.head();
      peer.socket.end('y');
      while (!received.endsWith('y')) await new Promise(setImmediate);
      assert.equal(received.length, 100_001);
      peer.destroy();
    });

    test('has a long answer before it sent to its end', async () => {
      const body = 'x'.repeat(4_000_000);
      const http = createServer((_, response) =>
        Duplex.from([body.slice(0, 2_000_000), body.slice(2_000_000)]).pipe(response),
      );
      await using l = await listening(http);
      await using _server = await attach(http, untilClosed, { path: '/chat' });
      const peer = await RawPeer.dial(l.port);
      peer.socket.write(page('/long') + peer.request({}, '/chat'));
      await peer.head();
      assert.match((await peer.link.takeThrough('HTTP/1.1 101 '))?.toString() ?? '', /x\r\n0\r\n\r\nHTTP\/1\.1 101 $/);
      peer.destroy();
    });
  });

  test('works over TLS', async () => {
    const http = createTlsServer({ cert: CERT, key: KEY }, onRequest);
    await using l = await listening(http);
    await using server = await attach(http, echo, { path: '/chat' });
    const client = await connect(`wss://localhost:${l.port}/chat`, { host: '127.0.0.1', tls: { ca: CERT } });
    assert.equal(await echoed(client, 'x'.repeat(100_000)), 'x'.repeat(100_000));
    assert.equal([...server.connections][0]?.remoteAddress?.[0], '127.0.0.1');
    await client.close();
    assert.equal(client.closeCode, 1000);
  });

  test('works over a Unix socket', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'websockets-'));
    const http = createServer(onRequest);
    try {
      const path = join(directory, 's');
      http.listen(path);
      await once(http, 'listening');
      await using server = await attach(http, echo);
      assert.deepEqual(server.addresses, [path]);
      await using client = await unixConnect(path, 'ws://any.example/');
      assert.equal(await echoed(client), 'x');
      assert.equal([...server.connections][0]?.remoteAddress, path);
    } finally {
      http.close();
      await rm(directory, { recursive: true });
    }
  });

  test('authenticates as serve does', async () => {
    await using l = await listening();
    await using _server = await attach(l.http, (connection) => connection.send(`hello ${connection.data}`), {
      authenticate: ({ path }: Request, connection: ServerConnection) =>
        path === '/bob' ? connection.respond(401, 'no\n') : path,
    });
    await using client = await connect(`${l.url}/ann`);
    assert.equal(await client.recv(), 'hello /ann');
    assert.equal(((await rejection(connect(`${l.url}/bob`))) as InvalidStatus).response.statusCode, 401);
  });
});

describe('the road of an attached connection', () => {
  test('is counted by the HTTP server until it ends, and the socket still knows the client', async () => {
    for (const socketHandles of [true, false]) {
      await using l = await listening();
      const sockets: Socket[] = [];
      l.http.prependListener('upgrade', (request: IncomingMessage) => sockets.push(request.socket));
      await using _server = await attach(l.http, echo, { socketHandles });
      const client = await connect(l.url);
      assert.equal(await countOf(l.http), 1);
      assert.equal(sockets[0]?.remoteAddress, '127.0.0.1');
      const closed = once(sockets[0] as Socket, 'close');
      await client.close();
      await closed;
      assert.equal(await countOf(l.http), 0);
    }
  });

  test('ends when somebody destroys the socket of the request', async () => {
    for (const socketHandles of [true, false]) {
      await using l = await listening();
      let socket: Socket | undefined;
      l.http.on('connection', (accepted: Socket) => {
        socket = accepted;
      });
      await using server = await attach(l.http, untilClosed, { socketHandles });
      const client = await connect(l.url);
      socket?.destroy();
      await client.closed;
      assert.equal(client.closeCode, 1006);
      while (server.connections.size > 0) await new Promise(setImmediate);
    }
  });

  test('is the socket when somebody else reads from it', async () => {
    await using l = await listening();
    let bytes = 0;
    l.http.on('connection', (socket: Socket) => {
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
    });
    await using _server = await attach(l.http, echo, { compression: null });
    await using client = await connect(l.url);
    const before = bytes;
    assert.equal(await echoed(client, 'x'.repeat(1000)), 'x'.repeat(1000));
    assert.equal(bytes - before, 1008);
  });

  test('is a handle where this process has handles', { skip: tcpHandles === null && 'no handles' }, async () => {
    await using l = await listening();
    let upgraded: Socket | undefined;
    l.http.prependListener('upgrade', (request: IncomingMessage) => {
      upgraded = request.socket;
    });
    await using _server = await attach(l.http, echo);
    await using client = await connect(l.url);
    assert.equal(await echoed(client), 'x');
    assert.equal((upgraded as unknown as { readonly _handle: unknown })._handle, null);
  });
});

describe('closing an attached server', () => {
  test('detaches it and leaves the HTTP server and its own requests alone', async () => {
    await using l = await listening();
    const server = await attach(l.http, echo, { path: '/chat' });
    const client = await connect(`${l.url}/chat`);
    const listeners = l.http.listenerCount('listening');
    server.close({ code: 1012, reason: 'deploy' });
    await server.waitClosed();
    await client.closed;
    assert.equal(client.closeCode, 1012);
    assert.equal(client.closeReason, 'deploy');
    assert.equal(l.http.listening, true);
    assert.equal(l.http.listenerCount('upgrade'), 0);
    assert.equal(l.http.listenerCount('listening'), listeners - 1);
    assert.equal(await textOf(`${l.url}/chat`), 'GET /chat');
  });

  test('has late handshakes told so until all have gone, with the time to come again', async () => {
    await using l = await listening();
    const gate = deferred();
    const server = await attach(l.http, () => gate.promise, { path: '/chat' });
    await using client = await connect(`${l.url}/chat`);
    server.close({ retryAfterSeconds: 7 });
    assert.equal(server.isServing, false);
    await client.closed;
    for (let i = 0; i < 3; i++) {
      const { response } = (await rejection(connect(`${l.url}/chat`))) as InvalidStatus;
      assert.equal(response.statusCode, 503);
      assert.equal(response.headers.get('Retry-After'), '7');
    }
    gate.resolve();
    await server.waitClosed();
    const { response } = (await rejection(connect(`${l.url}/chat`))) as InvalidStatus;
    assert.notEqual(response?.statusCode, 503);
  });

  test('may come after that of the HTTP server, which is done when connections are', async () => {
    const l = await listening();
    const server = await attach(l.http, echo);
    const client = await connect(l.url);
    const closed = once(l.http, 'close');
    l.http.close();
    assert.equal(await echoed(client), 'x');
    assert.equal(await isPending(closed), true);
    server.close();
    await Promise.all([server.waitClosed(), closed, client.closed]);
    assert.equal(client.closeCode, 1001);
  });

  test('happens at the end of its scope, and when its signal is aborted', async () => {
    await using l = await listening();
    {
      await using _server = await attach(l.http, echo);
    }
    assert.equal(l.http.listenerCount('upgrade'), 0);
    const controller = new AbortController();
    const server = await attach(l.http, echo, { signal: controller.signal });
    controller.abort();
    await server.waitClosed();
    assert.equal(l.http.listenerCount('upgrade'), 0);
    const reason = new Error('enough');
    assert.equal(await rejection(attach(l.http, echo, { signal: AbortSignal.abort(reason) })), reason);
  });
});

describe('upgrade', () => {
  /** An HTTP server that upgrades whatever comes. */
  async function upgrading(
    options: UpgradeOptions = {},
  ): Promise<Listening & { readonly next: () => Promise<ServerConnection> }> {
    const results: Promise<ServerConnection>[] = [];
    const http = createServer(onRequest);
    http.on('upgrade', (request, socket, head) => {
      const result = upgrade(request, socket, head, options);
      result.catch(() => {});
      results.push(result);
    });
    const l = await listening(http);
    const next = async (): Promise<ServerConnection> => {
      while (results.length === 0) await new Promise(setImmediate);
      return results.shift() as Promise<ServerConnection>;
    };
    return { ...l, next, [Symbol.asyncDispose]: () => l[Symbol.asyncDispose]() };
  }

  for (const socketHandles of [true, false]) {
    test(`gives the open connection to the caller, who closes it, with socketHandles: ${socketHandles}`, async () => {
      await using u = await upgrading({ socketHandles });
      await using client = await connect(`${u.url}/any?x=1`);
      const connection = await u.next();
      assert.ok(connection instanceof ServerConnection);
      assert.equal(connection.request?.path, '/any?x=1');
      await client.send('x'.repeat(100_000));
      assert.equal(await connection.recv(), 'x'.repeat(100_000));
      await connection.close({ code: 4000, reason: 'enough' });
      await client.closed;
      assert.equal(client.closeCode, 4000);
    });
  }

  test('rejects with what was wrong, after it has been answered', async () => {
    await using u = await upgrading({ logger: new LogRecorder('error') });
    const peer = await RawPeer.dial(u.port);
    peer.socket.write(peer.request({ Origin: 'https://evil.example' }));
    const error = await rejection(u.next());
    assert.ok(error instanceof InvalidOrigin);
    assert.match(await peer.rest(), /^HTTP\/1\.1 403 /);
    peer.destroy();
  });

  test('rejects with the response of a hook', async () => {
    await using u = await upgrading({ authenticate: (_, connection) => connection.respond(401, 'no\n') });
    const client = rejection(connect(u.url));
    const error = await rejection(u.next());
    assert.ok(error instanceof InvalidStatus && error instanceof InvalidHandshake);
    assert.equal(error.response.statusCode, 401);
    assert.equal(((await client) as InvalidStatus).response.statusCode, 401);
  });

  test('rejects when a hook throws, when it takes too long, and when the client goes away', async () => {
    const logger = new LogRecorder('error');
    const hook = deferred();
    await using thrown = await upgrading({ logger, authenticate: () => Promise.reject(new Error('mine')) });
    await using late = await upgrading({ openTimeoutMs: 30, authenticate: () => hook.promise });
    await using gone = await upgrading({ authenticate: () => hook.promise });
    for (const [u, status] of [
      [thrown, 500],
      [late, 408],
    ] as const) {
      const client = rejection(connect(u.url));
      assert.equal(((await rejection(u.next())) as InvalidStatus).response.statusCode, status);
      await client;
    }
    const peer = await RawPeer.dial(gone.port);
    peer.socket.write(peer.request());
    while ((await countOf(gone.http)) === 0) await new Promise(setImmediate);
    setTimeout(() => peer.socket.resetAndDestroy(), 20);
    const error = await rejection(gone.next());
    assert.ok(error instanceof InvalidHandshake);
    assert.match(error.message, /went away/);
    hook.resolve();
  });

  test('rejects when the connection cannot be made', async () => {
    const createConnection = (): never => {
      throw new RangeError('mine');
    };
    await using u = await upgrading({ createConnection, logger: new LogRecorder('error') });
    const client = rejection(connect(u.url));
    const error = await rejection(u.next());
    assert.ok(error instanceof InvalidHandshake);
    assert.equal(String(error.cause), 'RangeError: mine');
    await client;
  });

  test('refuses options that make no sense, and leaves the socket alone', async () => {
    await using l = await listening();
    l.http.on('upgrade', async (request, socket, head) => {
      const error = await rejection(upgrade(request, socket, head, { maxSize: -1 }));
      socket.end(`HTTP/1.1 500 ${error.name}\r\nContent-Length: 0\r\n\r\n`);
    });
    const { response } = (await rejection(connect(l.url))) as InvalidStatus;
    assert.equal(response.reasonPhrase, 'RangeError');
  });

  test('has one server for the connections of one HTTP server with the same options', async () => {
    const options = {};
    await using a = await upgrading(options);
    await using b = await upgrading(options);
    await using _first = await connect(a.url);
    await using _second = await connect(a.url);
    await using _third = await connect(b.url);
    const [first, second, third] = [await a.next(), await a.next(), await b.next()];
    assert.equal(first.server, second.server);
    assert.notEqual(first.server, third.server);
    assert.deepEqual([...first.server.connections], [first, second]);
    assert.deepEqual(first.server.addresses, [['127.0.0.1', a.port]]);
    first.server.close({ retryAfterSeconds: 3 });
    await first.server.waitClosed();
    const { response } = (await rejection(connect(a.url))) as InvalidStatus;
    assert.equal(response.statusCode, 503);
    assert.equal(response.headers.get('Retry-After'), '3');
    await using still = await connect(b.url);
    assert.equal(still.state, 'OPEN');
  });

  test('answers behind the requests that came before', async () => {
    await using u = await upgrading();
    const peer = await RawPeer.dial(u.port);
    peer.socket.write(`GET /first HTTP/1.1\r\nHost: a\r\n\r\n${peer.request()}`);
    assert.match(await peer.head(), /^HTTP\/1\.1 200 /);
    assert.equal((await peer.link.takeThrough('first'))?.toString(), 'GET /first');
    assert.match(await peer.head(), /^HTTP\/1\.1 101 /);
    peer.destroy();
    await (await u.next()).closed;
  });

  test('rejects when the client goes before the requests that came before are answered', async () => {
    const http = createServer(() => {});
    await using l = await listening(http);
    for (const go of ['end', 'resetAndDestroy'] as const) {
      const peer = await RawPeer.dial(l.port);
      const asked = once(http, 'upgrade') as Promise<[IncomingMessage, Duplex, Buffer]>;
      peer.socket.write(`GET /first HTTP/1.1\r\nHost: a\r\n\r\n${peer.request()}`);
      const refused = rejection(upgrade(...(await asked)));
      peer.socket[go]();
      assert.ok((await refused) instanceof InvalidHandshake);
      peer.destroy();
    }
  });

  test('leaves a socket that is ending its handle, and ends with it', async () => {
    await using l = await listening();
    const upgraded = deferred<ServerConnection>();
    l.http.on('upgrade', async (request, socket, head) => {
      // As node:http does behind an answer that is the last: the end is on its way when the handle would be taken.
      socket.end();
      upgraded.resolve(await upgrade(request, socket, head));
    });
    const peer = await RawPeer.dial(l.port);
    peer.socket.write(peer.request());
    assert.equal(await peer.rest(), '');
    peer.destroy();
    const connection = await upgraded.promise;
    await connection.closed;
  });

  test('minds the loopback rule of the HTTP server', async () => {
    await using u = await upgrading();
    const peer = await RawPeer.dial(u.port);
    assert.match(await peer.open({ Host: 'rebound.example' }), /^HTTP\/1\.1 403 /);
    peer.destroy();
  });

  test('accepts any host when the HTTP server does not listen itself', async () => {
    const http = createServer();
    http.on('upgrade', (request, socket, head) => void upgrade(request, socket, head).then(untilClosed));
    const front = createTcpServer((socket) => http.emit('connection', socket)).listen(0, '127.0.0.1');
    await once(front, 'listening');
    const peer = await RawPeer.dial((front.address() as AddressInfo).port);
    const answer = await peer.open({ Host: 'public.example' });
    peer.destroy();
    front.close();
    await once(front, 'close');
    assert.match(answer, /^HTTP\/1\.1 101 /);
  });

  test('loses nothing that comes before it is called', async () => {
    await using l = await listening();
    const opened = deferred<ServerConnection>();
    const called = deferred();
    l.http.on('upgrade', async (request, socket, head) => {
      called.resolve();
      await new Promise((resolve) => setTimeout(resolve, 30));
      opened.resolve(await upgrade(request, socket, head, { compression: null }));
    });
    const peer = await RawPeer.dial(l.port);
    peer.socket.write(peer.request());
    await called.promise;
    peer.send({ opcode: TEXT, payload: 'early' });
    const connection = await opened.promise;
    assert.equal(await connection.recv(), 'early');
    peer.destroy();
    await connection.closed;
  });

  test('makes nothing but a refusal of a request that was spoilt on the way', async () => {
    await using l = await listening();
    l.http.on('upgrade', (request, socket, head) => {
      request.url = '/a HTTP/1.1\r\nX-Injected: 1\r\nX: ';
      upgrade(request, socket, head, { logger: new LogRecorder('error') }).catch(() => {});
    });
    const { response } = (await rejection(connect(l.url))) as InvalidStatus;
    assert.equal(response.statusCode, 400);
  });

  test('works on a stream that is no socket', async () => {
    await using l = await listening();
    const opened = deferred<ServerConnection>();
    l.http.on('upgrade', async (request, socket, head) => {
      const stream = new Duplex({
        read: () => void socket.resume(),
        write: (chunk, _, done) => void socket.write(chunk, done),
        final: (done) => void socket.end(done),
        destroy: (error, done) => {
          socket.destroy();
          done(error);
        },
      });
      socket.on('data', (chunk) => stream.push(chunk) || socket.pause());
      socket.on('end', () => stream.push(null));
      opened.resolve(await upgrade(request, stream, head));
    });
    const client = await connect(l.url);
    const connection = await opened.promise;
    assert.equal(connection.remoteAddress, null);
    await client.send('x');
    assert.equal(await connection.recv(), 'x');
    await connection.close();
    await client.closed;
    assert.equal(client.closeCode, 1000);
  });
});
