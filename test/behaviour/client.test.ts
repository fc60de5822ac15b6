// The client: what it asks for, where it goes, and every way in which opening can fail.
import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer as createTcpServer, connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import {
  ClientConnection,
  type ConnectOptions,
  InvalidHeaderValue,
  InvalidMessage,
  InvalidStatus,
  InvalidURI,
  Response,
} from 'websockets-ts';
import { CERT, KEY } from '../support/certificate.ts';
import type { RawPeer } from '../support/raw-peer.ts';
import { deferred, driver, echo, rejection, rejectionText, serving } from './meet.ts';

/** The request that a client sends. */
async function requestOf(options: ConnectOptions = {}, uri?: string): Promise<string> {
  await using server = await driver.listen();
  const connecting = rejection(driver.connect(uri ?? server.url, { ...options, port: server.port, host: '127.0.0.1' }));
  const peer = await server.peer();
  const request = await peer.head();
  peer.destroy();
  await connecting;
  return request;
}

describe('the request of a client', () => {
  test('says who asks, unless it shall not', async () => {
    assert.match(await requestOf(), /\r\nUser-Agent: Node\.js\/\S+ websockets\/\S+\r\n/);
    assert.match(await requestOf({ userAgentHeader: 'mine/1' }), /\r\nUser-Agent: mine\/1\r\n/);
    assert.doesNotMatch(await requestOf({ userAgentHeader: null }), /User-Agent/i);
  });

  test('carries origin, subprotocols and additional headers', async () => {
    const request = await requestOf({
      origin: 'https://a.example',
      subprotocols: ['a', 'b'],
      additionalHeaders: [
        ['X-Mine', '1'],
        ['X-Mine', '2'],
      ],
    });
    assert.match(request, /\r\nOrigin: https:\/\/a\.example\r\n/);
    assert.match(request, /\r\nSec-WebSocket-Protocol: a, b\r\n/);
    assert.match(request, /\r\nX-Mine: 1\r\nX-Mine: 2\r\n/);
  });

  test('offers compression, unless it shall not', async () => {
    assert.match(await requestOf(), /\r\nSec-WebSocket-Extensions: permessage-deflate/);
    assert.doesNotMatch(await requestOf({ compression: null }), /Sec-WebSocket-Extensions/);
  });

  test('names the host of the URI, wherever TCP goes', async () => {
    const request = await requestOf({}, 'ws://user:secret@example.com:8080/room?a=b');
    assert.match(request, /^GET \/room\?a=b HTTP\/1\.1\r\nHost: example\.com:8080\r\n/);
    assert.match(request, /\r\nAuthorization: Basic dXNlcjpzZWNyZXQ=\r\n/);
  });
});

describe('connect', () => {
  test('gives an open connection that knows its handshake', async () => {
    await using s = await serving(echo);
    await using client = await driver.connect(`${s.url}path`);
    assert.equal(client.state, 'OPEN');
    assert.equal(client.request?.path, '/path');
    assert.equal(client.response?.statusCode, 101);
    assert.deepEqual(client.remoteAddress, ['127.0.0.1', s.port]);
    assert.equal(client.subprotocol, null);
  });

  test('makes one connection, however often it is awaited, and none before', async () => {
    let count = 0;
    await using s = await serving((connection) => {
      count++;
      return connection.closed;
    });
    const connecting = driver.connect(s.url);
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(count, 0);
    const [first, second] = await Promise.all([connecting, connecting]);
    assert.equal(first, second);
    await first.close();
    assert.equal(count, 1);
  });

  for (const [uri, options, name] of [
    ['http://example.com/', {}, 'InvalidURI'],
    ['ws://example.com/#fragment', {}, 'InvalidURI'],
    ['nonsense', {}, 'InvalidURI'],
    ['ws://example.com/', { tls: {} }, 'RangeError: ssl argument is incompatible with a ws:// URI'],
    ['wss://example.com/', { tls: null }, 'RangeError: ssl=None is incompatible with a wss:// URI'],
    ['ws://example.com/', { compression: 'zip' }, 'RangeError: unsupported compression: zip'],
    ['ws://example.com/', { subprotocols: 'chat' }, 'TypeError'],
    ['ws://example.com/', { additionalHeaders: [['X', 'a\r\nb']] }, 'TypeError'],
    ['ws://example.com/', { origin: 'a\nb' }, 'TypeError'],
    ['ws://example.com/', { openTimeoutMs: -1 }, 'RangeError'],
  ] as const) {
    test(`throws at once for ${uri} with ${JSON.stringify(options)}: ${name}`, () => {
      assert.throws(
        () => driver.connect(uri, options as unknown as ConnectOptions),
        (error) => String(error).startsWith(name) && error instanceof InvalidURI === (name === 'InvalidURI'),
      );
    });
  }

  test('rejects with the error of the runtime when nobody listens', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const error = await rejection(driver.connect(`ws://127.0.0.1:${port}/`));
    assert.equal((error as NodeJS.ErrnoException).code, 'ECONNREFUSED');
  });

  test('rejects with InvalidStatus, and what the server said', async () => {
    await using s = await serving(echo, {
      processRequest: () =>
        new Response(403, 'Forbidden', [['X-Why', 'because']], new TextEncoder().encode('no entry')),
    });
    const error = await rejection(driver.connect(s.url));
    assert.ok(error instanceof InvalidStatus);
    assert.equal(error.response.statusCode, 403);
    assert.equal(error.response.headers.get('X-Why'), 'because');
    assert.equal(Buffer.from(error.response.body).toString(), 'no entry');
  });

  for (const [title, answer, check] of [
    ['garbage', 'nonsense\r\n\r\n', (error: Error) => error instanceof InvalidMessage],
    ['nothing but an end', '', (error: Error) => error instanceof InvalidMessage],
    ['half an answer', 'HTTP/1.1 101 Switching', (error: Error) => error instanceof InvalidMessage],
    [
      'another key',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n',
      (error: Error) => error instanceof InvalidHeaderValue,
    ],
    ['a line without end', `HTTP/1.1 101 ${'x'.repeat(9000)}`, (error: Error) => error.name === 'StatusLineTooLong'],
    [
      'endless headers',
      `HTTP/1.1 101 x\r\n${'a: b\r\n'.repeat(200)}`,
      (error: Error) => error instanceof InvalidMessage,
    ],
  ] as const) {
    test(`rejects with its own error for ${title}, and calls no handler`, async () => {
      await using server = await driver.listen();
      const calls: string[] = [];
      const connecting = rejection(
        driver.connect(server.url, { handlers: { open: () => calls.push('open'), close: () => calls.push('close') } }),
      );
      const peer = await server.peer();
      await peer.head();
      peer.socket.end(answer);
      const error = await connecting;
      assert.ok(check(error), String(error));
      await peer.ended();
      assert.deepEqual(calls, []);
    });
  }

  for (const greeting of ['SSH-2.0-OpenSSH_9.6\r\n', '220 mail.example ESMTP\r\n', 'HTTP/1.1 nonsense\r\n']) {
    test(`rejects at once for ${JSON.stringify(greeting)}, though the server keeps its half open`, async () => {
      await using server = await driver.listen();
      const connecting = rejection(driver.connect(server.url, { openTimeoutMs: null, closeTimeoutMs: null }));
      const peer = await server.peer();
      peer.socket.write(greeting);
      const error = await connecting;
      assert.ok(error instanceof InvalidMessage, String(error));
      await peer.ended();
    });
  }

  test('is a promise in all that it does: then, catch, finally, and the combinators take it', async () => {
    await using s = await serving(echo);
    const log: string[] = [];
    const connecting = driver.connect(s.url).finally(() => log.push('finally'));
    const first = await Promise.race([connecting, new Promise<never>(() => {})]);
    assert.equal(first, await connecting.catch(() => null));
    assert.deepEqual(log, ['finally']);
    await first.close();

    await using server = await driver.listen();
    const refused = driver.connect(server.url);
    assert.equal(Object.prototype.toString.call(refused), '[object Connecting]');
    const caught = refused.catch((error: unknown) => error);
    (await server.peer()).socket.end('nonsense\r\n\r\n');
    assert.ok((await caught) instanceof InvalidMessage);
    assert.equal(await rejection(refused.finally(() => log.push('again'))), await caught);
    assert.deepEqual(log, ['finally', 'again']);
    const [settled] = await Promise.allSettled([refused]);
    assert.equal(settled.status, 'rejected');
  });

  test('is closed by the scope of its promise, if it was made', async () => {
    await using s = await serving(echo);
    let connection: ClientConnection;
    {
      await using connecting = driver.connect(s.url);
      connection = await connecting;
    }
    assert.equal(connection.state, 'CLOSED');
    await using never = driver.connect(s.url);
    assert.equal(s.server.connections.size, 0);
    assert.ok(never);
  });

  test('goes over a socket of the user that its owner had paused', async () => {
    await using s = await serving(echo);
    const socket = tcpConnect({ host: '127.0.0.1', port: s.port, allowHalfOpen: true });
    await once(socket, 'connect');
    socket.pause();
    await using client = await driver.connect('ws://localhost/', { socket });
    await client.send('x');
    assert.equal(await client.recv(), 'x');
  });

  test('goes over a socket of the user', async () => {
    await using s = await serving(echo);
    const socket = tcpConnect({ host: '127.0.0.1', port: s.port, allowHalfOpen: true });
    await once(socket, 'connect');
    await using client = await driver.connect('ws://localhost/', { socket });
    await client.send('x');
    assert.equal(await client.recv(), 'x');
  });

  test('gives connections of a class of the user', async () => {
    class Mine extends ClientConnection {}
    await using s = await serving(echo);
    await using client = await driver.connect(s.url, {
      createConnection: (protocol, options) => new Mine(protocol, options),
    });
    assert.ok(client instanceof Mine);
  });

  test('rejects and leaves no socket behind when createConnection throws', async () => {
    await using server = await driver.listen();
    const connecting = rejection(
      driver.connect(server.url, {
        createConnection: () => {
          throw new RangeError('mine');
        },
      }),
    );
    const peer = await server.peer();
    assert.equal((await connecting).message, 'mine');
    await peer.ended();
  });
});

describe('what logs show of a connection', () => {
  test('has nothing of the credentials, headers and path of the request', async () => {
    await using s = await serving(echo);
    const uri = `${s.url.replace('ws://', 'ws://grace:hopper@')}token`;
    await using client = await driver.connect(uri, { additionalHeaders: { Cookie: 'session' } });
    for (const text of [JSON.stringify({ client }), inspect({ client }, { depth: 9 }), inspect(client)]) {
      assert.doesNotMatch(text, /grace|hopper|token|session|Cookie|Basic/);
      assert.match(text, new RegExp(client.id));
      assert.match(text, /OPEN/);
    }
    assert.match(inspect(client), /^ClientConnection \{/);
  });
});

describe('headers that a function gives', () => {
  const nobody = 'ws://127.0.0.1:1/';

  test('reject with what it throws, and with what cannot be sent, before anybody is called', async () => {
    const mistake = new Error('no token today');
    const fail = (): never => {
      throw mistake;
    };
    assert.equal(await rejection(driver.connect(nobody, { additionalHeaders: fail })), mistake);
    assert.equal(await rejection(driver.connect(nobody, { additionalHeaders: async () => fail() })), mistake);
    const bad = { additionalHeaders: () => ({ 'X-A': 'a\r\nX-B: b' }) };
    assert.equal((await rejection(driver.connect(nobody, bad))).name, 'TypeError');
  });

  test('are waited for as long as opening may take, or until the signal', async (t) => {
    const alive = setInterval(() => {}, 1000);
    t.after(() => clearInterval(alive));
    const additionalHeaders = () => new Promise<never>(() => {});
    assert.match(
      String(await rejection(driver.connect(nobody, { additionalHeaders, openTimeoutMs: 20 }))),
      /timed out/,
    );
    const signal = AbortSignal.timeout(20);
    assert.equal(await rejection(driver.connect(nobody, { additionalHeaders, signal })), signal.reason);
  });
});

describe('giving up', () => {
  const TIMED_OUT = 'TimeoutError: timed out during opening handshake';

  test('comes after openTimeoutMs when the server does not answer, and TCP is dropped', async () => {
    await using server = await driver.listen();
    const connecting = rejection(driver.connect(server.url, { openTimeoutMs: 30 }));
    const peer = await server.peer();
    await peer.head();
    const error = await connecting;
    assert.equal(String(error), TIMED_OUT);
    assert.equal(String(error.cause), 'TimeoutError: timed out after 30 ms');
    await peer.ended();
  });

  test('comes after openTimeoutMs when the answer comes drop by drop', async () => {
    await using server = await driver.listen();
    const connecting = rejectionText(driver.connect(server.url, { openTimeoutMs: 60 }));
    const peer = await server.peer();
    const answer = 'HTTP/1.1 101 Switching Protocols\r\n';
    let at = 0;
    const dripping = setInterval(() => peer.socket.write(answer[at++] ?? 'x'), 10);
    assert.equal(await connecting, TIMED_OUT);
    clearInterval(dripping);
  });

  test('comes after openTimeoutMs when TLS does not get on', async () => {
    await using server = await driver.listen();
    const connecting = rejectionText(driver.connect(server.url.replace('ws:', 'wss:'), { openTimeoutMs: 30 }));
    const peer = await server.peer();
    assert.equal(await connecting, TIMED_OUT);
    await peer.ended();
  });

  for (const phase of ['before', 'during DNS', 'during TCP', 'during TLS', 'during the handshake'] as const) {
    test(`comes with the signal ${phase}, with its reason`, async () => {
      await using server = await driver.listen();
      const controller = new AbortController();
      const reason = new Error('enough');
      if (phase === 'before') controller.abort(reason);
      const named = phase === 'during DNS' ? server.url.replace('127.0.0.1', 'localhost') : server.url;
      const url = phase === 'during TLS' ? named.replace('ws:', 'wss:') : named;
      const connecting = rejection(driver.connect(url, { signal: controller.signal }));
      if (phase !== 'before') {
        const peer = phase === 'during DNS' || phase === 'during TCP' ? null : await server.peer();
        if (phase === 'during TLS') await peer?.link.take(1);
        if (phase === 'during the handshake') await peer?.head();
        controller.abort(reason);
        await peer?.ended();
      }
      assert.equal(await connecting, reason);
      assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
    });
  }

  test('leaves no socket of the user behind, also with a signal that was aborted before', async () => {
    await using server = await driver.listen();
    for (const phase of ['before', 'during'] as const) {
      const socket = tcpConnect({ host: '127.0.0.1', port: server.port, allowHalfOpen: true });
      await once(socket, 'connect');
      const peer = await server.peer();
      const controller = new AbortController();
      const reason = new Error('enough');
      if (phase === 'before') controller.abort(reason);
      const connecting = rejection(driver.connect('ws://localhost/', { socket, signal: controller.signal }));
      if (phase === 'during') {
        await peer.head();
        controller.abort(reason);
      }
      assert.equal(await connecting, reason);
      assert.equal(socket.destroyed, true);
      await peer.ended();
    }
  });

  test('is over once the connection is open: the signal no longer matters', async () => {
    await using s = await serving(echo);
    const controller = new AbortController();
    await using client = await driver.connect(s.url, { signal: controller.signal });
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
    controller.abort();
    await client.send('x');
    assert.equal(await client.recv(), 'x');
  });
});

describe('serializeConnects', () => {
  test('opens one connection to an address at a time', async () => {
    await using server = await driver.listen();
    const arrived: RawPeer[] = [];
    const accepting = (async () => {
      for (let count = 0; count < 3; count++) arrived.push(await server.peer());
    })();
    const options = { serializeConnects: true, compression: null } as const;
    const clients = [1, 2, 3].map(() => driver.connect(server.url, options).then((client) => client));
    for (let count = 1; count <= 3; count++) {
      while (arrived.length < count) await new Promise((resolve) => setImmediate(resolve));
      // Time enough for another one to come, if it did not wait.
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(arrived.length, count);
      await arrived[count - 1]!.accept();
    }
    await accepting;
    for (const client of await Promise.all(clients)) client.abort();
  });

  test('waits for nobody at another port, nor for those without it', async () => {
    await using busy = await driver.listen();
    await using s = await serving(echo);
    const controller = new AbortController();
    const first = rejection(driver.connect(busy.url, { serializeConnects: true, signal: controller.signal }));
    await busy.peer();
    await using other = await driver.connect(s.url, { serializeConnects: true });
    assert.equal(other.state, 'OPEN');
    const second = rejection(driver.connect(busy.url, { signal: controller.signal }));
    await busy.peer();
    controller.abort();
    await Promise.all([first, second]);
  });

  test('is not for a socket of the user, of which nobody knows where it leads', async () => {
    await using busy = await driver.listen();
    await using s = await serving(echo);
    const controller = new AbortController();
    const first = rejection(driver.connect(busy.url, { serializeConnects: true, signal: controller.signal }));
    await busy.peer();
    const socket = tcpConnect({ host: '127.0.0.1', port: s.port, allowHalfOpen: true });
    await once(socket, 'connect');
    await using client = await driver.connect(busy.url, { serializeConnects: true, socket });
    assert.equal(client.state, 'OPEN');
    controller.abort();
    await first;
  });

  test('passes the turn on when an attempt fails or is given up, also while it waits', async () => {
    await using server = await driver.listen();
    const controller = new AbortController();
    const reason = new Error('enough');
    const options = { serializeConnects: true } as const;
    const failing = rejection(driver.connect(server.url, options));
    const peer = await server.peer();
    const waiting = rejection(driver.connect(server.url, { ...options, signal: controller.signal }));
    const timed = rejectionText(driver.connect(server.url, { ...options, openTimeoutMs: 20 }));
    const last = driver.connect(server.url, options).then((client) => client);
    controller.abort(reason);
    assert.equal(await waiting, reason);
    assert.equal(await timed, 'TimeoutError: timed out during opening handshake');
    peer.socket.end('nonsense\r\n\r\n');
    assert.ok((await failing) instanceof InvalidMessage);
    await (await server.peer()).accept();
    (await last).abort();
  });
});

describe('where a client goes', () => {
  test('is the host and the port that are given, not those of the URI', async () => {
    await using s = await serving(echo, { allowedHosts: ['a.example'] });
    await using client = await driver.connect('ws://a.example:1/', { host: '127.0.0.1', port: s.port });
    assert.deepEqual(client.remoteAddress, ['127.0.0.1', s.port]);
    assert.equal(client.request?.headers.get('Host'), 'a.example:1');
  });

  test('may begin at a local address', { skip: process.platform !== 'linux' }, async () => {
    await using s = await serving(echo);
    await using client = await driver.connect(s.url, { localAddress: '127.0.0.2' });
    assert.equal(client.localAddress?.[0], '127.0.0.2');
  });

  test('is what an IRI means: the host in Punycode, the rest percent-encoded', async () => {
    const request = await requestOf({}, 'ws://Bücher.example/ø/é?ü=%41');
    assert.match(request, /^GET \/%C3%B8\/%C3%A9\?%C3%BC=%2541 HTTP\/1\.1\r\nHost: xn--bcher-kva\.example\r\n/);
  });

  test('is a Unix socket with the Host of the URI, localhost by default', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'websockets-ts-')), 'socket');
    const server = await driver.unixServe(echo, path, { allowedHosts: ['localhost', 'app'] });
    try {
      for (const [uri, host, target] of [
        [undefined, 'localhost', '/'],
        ['ws://app/room?a', 'app', '/room?a'],
      ] as const) {
        await using client = await driver.unixConnect(path, uri);
        assert.deepEqual([client.request?.headers.get('Host'), client.request?.path], [host, target]);
        assert.equal(client.remoteAddress, path);
      }
    } finally {
      server.close();
      await server.waitClosed();
      await rm(dirname(path), { recursive: true });
    }
  });
});

describe('TLS', () => {
  const secure = () => serving(echo, { tls: { cert: CERT, key: KEY } });
  const urlOf = (port: number): string => `wss://localhost:${port}/`;

  test('carries a connection, and closes in order', async () => {
    await using s = await secure();
    const client = await driver.connect(urlOf(s.port), { host: '127.0.0.1', tls: { ca: CERT } });
    const message = 'x'.repeat(500_000);
    await client.send(message);
    assert.equal(await client.recv(), message);
    await client.close();
    assert.equal(client.closeCode, 1000);
  });

  test('refuses a certificate that nobody vouches for', async () => {
    await using s = await secure();
    const error = await rejection(driver.connect(urlOf(s.port), { host: '127.0.0.1' }));
    assert.equal((error as NodeJS.ErrnoException).code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  });

  test('refuses a certificate for another name, unless serverName names that', async () => {
    await using s = await secure();
    const uri = `wss://other.example:${s.port}/`;
    const options = { host: '127.0.0.1', tls: { ca: CERT } };
    const error = await rejection(driver.connect(uri, options));
    assert.equal((error as NodeJS.ErrnoException).code, 'ERR_TLS_CERT_ALTNAME_INVALID');
    // The name in the request is the URI's all the same: a server on the loopback doesn't answer for it.
    const refused = await rejection(driver.connect(uri, { ...options, serverName: 'localhost' }));
    assert.equal((refused as InvalidStatus).response.statusCode, 403);
  });

  test('ends neither process when the other side speaks plain text', async () => {
    await using s = await secure();
    assert.ok((await rejection(driver.connect(s.url))) instanceof Error);
    const peer = await driver.dial(s.port);
    peer.socket.write('GET / HTTP/1.1\r\n\r\n');
    await peer.ended();
    peer.destroy();
    await using plain = await serving(echo, { logger: { debug() {}, info() {}, warn() {}, error() {} } });
    assert.ok((await rejection(driver.connect(urlOf(plain.port), { host: '127.0.0.1' }))) instanceof Error);
  });

  test('does not keep a server from closing when a client stops in the middle', async () => {
    const s = await secure();
    const peer = await driver.dial(s.port);
    const connected = deferred();
    (s.server.sockets[0] as NodeJS.EventEmitter).once('connection', () => connected.resolve());
    const second = await driver.dial(s.port);
    await connected.promise;
    s.server.close();
    await s.server.waitClosed();
    peer.destroy();
    second.destroy();
  });
});
