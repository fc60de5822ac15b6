// The legacy API at work: its options, hooks, members and errors, on both sides.
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as current from 'websockets-ts';
import {
  AbortHandshake,
  BasicAuthWebSocketServerProtocol,
  basicAuthProtocolFactory,
  connect,
  InvalidStatusCode,
  type LegacyRequestHook,
  type LegacyServeOptions,
  type LegacyServerHandler,
  legacyProcessRequest,
  legacySelectSubprotocol,
  serve,
  unixConnect,
  unixServe,
  WebSocketClientProtocol,
  WebSocketServer,
  WebSocketServerProtocol,
} from 'websockets-ts/compat';
import { LogRecorder } from '../support/log-recorder.ts';
import { RawPeer } from '../support/raw-peer.ts';

const HOST = '127.0.0.1';

interface Serving extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
}

async function serving(
  handler: LegacyServerHandler = (connection) => connection.closed,
  options: LegacyServeOptions = {},
): Promise<Serving> {
  return running(await serve(handler, { host: HOST, ...options }));
}

function running(server: current.Server): Serving {
  const port = Number(server.addresses[0]![1]);
  return { port, url: `ws://${HOST}:${port}/room?a=1`, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** What a request is answered with: the head without the date, and the body. */
async function answer(port: number, headers: Record<string, string> = {}): Promise<string[]> {
  const peer = await RawPeer.dial(port);
  try {
    const head = await peer.open(headers);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    const body = length === 0 ? '' : (await peer.link.take(length))!.toString();
    return [...head.trim().split('\r\n'), body].filter((line) => !/^(?:Date|Server):/.test(line));
  } finally {
    peer.destroy();
  }
}

describe('connections of the legacy API', () => {
  test('have its members on both sides', async () => {
    let seen: unknown[] = [];
    let peer!: WebSocketServerProtocol;
    await using s = await serving(async (connection, path) => {
      peer = connection;
      seen = [path, connection.path, connection.open, connection.isClosed, connection.requestHeaders?.get('X-Mine')];
      await connection.send(connection.responseHeaders?.get('Upgrade') ?? '');
      await connection.closed;
    });
    const connection = await connect(s.url, { extraHeaders: { 'X-Mine': 'yes' }, readLimit: 1 });
    assert.ok(connection instanceof WebSocketClientProtocol);
    assert.ok(connection instanceof current.ClientConnection);
    assert.equal(await connection.recv(), 'websocket');
    assert.deepEqual(seen, ['/room?a=1', '/room?a=1', true, false, 'yes']);
    assert.deepEqual(
      [connection.open, connection.isClosed, connection.path, connection.requestHeaders?.get('X-Mine')],
      [true, false, '/room?a=1', 'yes'],
    );
    assert.equal(connection.responseHeaders?.get('Upgrade'), 'websocket');
    await connection.close(4000, 'bye');
    await peer.closed;
    assert.deepEqual([connection.open, connection.isClosed], [false, true]);
    assert.deepEqual([peer.open, peer.isClosed, peer.closeCode, peer.closeReason], [false, true, 4000, 'bye']);
  });

  test('close in every form', async () => {
    const codes: (number | null)[] = [];
    await using s = await serving(async (connection) => {
      await connection.closed;
      codes.push(connection.closeCode);
    });
    for (const close of [
      (c: WebSocketClientProtocol) => c.close(),
      (c: WebSocketClientProtocol) => c.close(3001),
      (c: WebSocketClientProtocol) => c.close({ code: 3002, reason: 'x' }),
      (c: WebSocketClientProtocol) => c[Symbol.asyncDispose](),
    ]) {
      const connection = await connect(s.url);
      await close(connection);
    }
    await s[Symbol.asyncDispose]();
    assert.deepEqual(codes, [1000, 3001, 3002, 1000]);
  });

  test('are of a class of the user', async () => {
    class MyServer extends WebSocketServerProtocol {
      readonly greeting: string = 'hi';
    }
    class MyClient extends WebSocketClientProtocol {
      receiveText(): Promise<string> {
        return this.recv({ decode: true });
      }
    }
    await using s = running(
      await serve((connection) => connection.send(connection.greeting), { host: HOST, createProtocol: MyServer }),
    );
    await using connection = await connect(s.url, { createProtocol: MyClient });
    assert.equal(await connection.receiveText(), 'hi');
  });

  test('go over Unix sockets', async () => {
    const path = join(tmpdir(), `websockets-ts-compat-${process.pid}.sock`);
    await using server = await unixServe((connection, target) => connection.send(target), path);
    assert.ok(server instanceof WebSocketServer);
    await using connection = await unixConnect(path, 'ws://localhost/x', { extraHeaders: [['A', 'b']] });
    assert.equal(await connection.recv(), '/x');
  });
});

describe('the legacy connect', () => {
  test('throws InvalidStatusCode, caused by the InvalidStatus that has the response', async () => {
    await using s = await serving(undefined, {
      processRequest: () => [403, { 'X-Why': 'no' }, Buffer.from('go away')],
    });
    await assert.rejects(Promise.resolve(connect(s.url)), (error: InvalidStatusCode) => {
      assert.ok(error instanceof InvalidStatusCode);
      assert.equal(error.message, 'server rejected WebSocket connection: HTTP 403');
      assert.deepEqual([error.statusCode, error.headers.get('X-Why')], [403, 'no']);
      assert.ok(current.InvalidStatus.is(error.cause));
      assert.equal(Buffer.from(error.cause.response.body).toString(), 'go away');
      return true;
    });
  });

  test('connects again and again, until an error that is fatal', async () => {
    let count = 0;
    await using s = await serving((connection) => connection.send(String(count)), {
      processRequest: () => (++count > 2 ? [403, []] : null),
    });
    const messages: unknown[] = [];
    await assert.rejects(
      async () => {
        for await (const connection of connect(s.url)) messages.push(await connection.recv());
      },
      (error) => error instanceof InvalidStatusCode && error.statusCode === 403,
    );
    assert.deepEqual(messages, ['1', '2']);
  });

  test('passes other errors on as they are, at once or later', async () => {
    assert.throws(() => connect('http://x'), current.InvalidURI);
    await assert.rejects(Promise.resolve(connect('ws://127.0.0.1:1')), { code: 'ECONNREFUSED' });
  });

  test('may be disposed of before it was awaited', async () => {
    await using _connecting = connect('ws://127.0.0.1:1');
  });
});

describe('the legacy serve', () => {
  const respond = (status: number, ...rest: [current.HeadersLike, Uint8Array?]): LegacyRequestHook => {
    return () => [status, ...rest];
  };

  test('answers with status, headers and body of the hook, and fills in what is missing', async () => {
    await using s = await serving(undefined, { processRequest: respond(200, [], Buffer.from('OK\n')) });
    assert.deepEqual(await answer(s.port), [
      'HTTP/1.1 200 OK',
      'Content-Length: 3',
      'Content-Type: text/plain',
      'Connection: close',
      'OK\n',
    ]);
    await using own = await serving(undefined, { processRequest: respond(404, { 'Content-Type': 'a/b', X: '1' }) });
    assert.deepEqual(await answer(own.port), [
      'HTTP/1.1 404 Not Found',
      'Content-Type: a/b',
      'X: 1',
      'Content-Length: 0',
      'Connection: close',
      '',
    ]);
  });

  test('answers with an AbortHandshake that a hook throws', async () => {
    await using s = await serving(undefined, {
      processRequest: async (path, headers) => {
        if (path !== '/') return null;
        const { Headers } = current;
        throw new AbortHandshake(402, new Headers([['X-Upgrade', headers.get('Upgrade')!]]), Buffer.from('pay'));
      },
    });
    assert.deepEqual(await answer(s.port), [
      'HTTP/1.1 402 Payment Required',
      'X-Upgrade: websocket',
      'Content-Length: 3',
      'Content-Type: text/plain',
      'Connection: close',
      'pay',
    ]);
    await using connection = await connect(s.url);
    assert.ok(connection.open);
  });

  test('answers with one that the choice of a subprotocol throws', async () => {
    await using s = await serving(undefined, {
      subprotocols: ['a'],
      selectSubprotocol: () => {
        throw new AbortHandshake(409, new current.Headers());
      },
    });
    assert.equal((await answer(s.port, { 'Sec-WebSocket-Protocol': 'a' }))[0], 'HTTP/1.1 409 Conflict');
  });

  test('answers 500 when a hook throws anything else', async () => {
    const logger = new LogRecorder('error');
    await using s = await serving(undefined, {
      logger,
      processRequest: () => {
        throw new Error('secret');
      },
    });
    const lines = await answer(s.port);
    assert.equal(lines[0], 'HTTP/1.1 500 Internal Server Error');
    assert.doesNotMatch(lines.join(), /secret/);
    assert.deepEqual(logger.texts('error'), ['process_request failed']);
  });

  test('takes a response of the current API, and the hook of the connection goes first', async () => {
    class Mine extends WebSocketServerProtocol {
      override processRequest(path: string): ReturnType<WebSocketServerProtocol['processRequest']> {
        return path === '/' ? this.respond(410, 'gone') : null;
      }
    }
    const asked: string[] = [];
    await using s = running(
      await serve((connection) => connection.closed, {
        host: HOST,
        createProtocol: Mine,
        processRequest: (path) => void asked.push(path),
      }),
    );
    assert.equal((await answer(s.port))[0], 'HTTP/1.1 410 Gone');
    await using connection = await connect(s.url);
    assert.ok(connection.open);
    assert.deepEqual(asked, ['/room?a=1']);
  });

  test('chooses among all that a request has room for without keeping others waiting', () => {
    const { selectSubprotocol } = WebSocketServerProtocol.prototype;
    const choose = (client: readonly string[], server: readonly string[]) =>
      selectSubprotocol.call({} as WebSocketServerProtocol, client, server) ?? null;
    const bySorting = (client: readonly string[], server: readonly string[]): string | null => {
      const place = (one: string): number => client.indexOf(one) + server.indexOf(one);
      return client.filter((one) => server.includes(one)).sort((a, b) => place(a) - place(b))[0] ?? null;
    };
    const lists = ['', 'a', 'ab', 'ba', 'abc', 'cba', 'xba', 'xxab', 'bbab', 'cxa'].map((list) => [...list]);
    for (const client of lists) {
      for (const server of lists)
        assert.equal(choose(client, server), bySorting(client, server), `${client} ${server}`);
    }
    const others = new Array<string>(16_000).fill('a');
    const known = Array.from({ length: 12_000 }, (_, index) => 'xyz'[(index * index * index + (index >> 3)) % 3]!);
    const before = process.cpuUsage();
    assert.equal(choose([...others, ...known], ['x', 'y', 'z']), 'x');
    // 5 ms; seconds by sorting.
    assert.ok(process.cpuUsage(before).user < 500_000);
  });

  test('chooses a subprotocol near the front of both lists, or none', async () => {
    await using s = await serving(undefined, { subprotocols: ['a', 'b', 'c'] });
    const chosen = async (...subprotocols: string[]): Promise<string | null> => {
      await using connection = await connect(s.url, { subprotocols });
      return connection.subprotocol;
    };
    assert.equal(await chosen('c', 'a'), 'a');
    assert.equal(await chosen('b', 'c', 'x', 'a'), 'b');
    assert.equal(await chosen('x'), null);
    await using plain = await connect(s.url);
    assert.equal(plain.subprotocol, null);
  });

  test('asks the hook with what client and server have', async () => {
    const asked: unknown[] = [];
    await using s = await serving(undefined, {
      subprotocols: ['a', 'b'],
      selectSubprotocol: (client, server) => {
        asked.push([client, server]);
        return server[0];
      },
    });
    await using connection = await connect(s.url, { subprotocols: ['b', 'a'] });
    assert.equal(connection.subprotocol, 'a');
    assert.deepEqual(asked, [
      [
        ['b', 'a'],
        ['a', 'b'],
      ],
    ]);
  });

  test('adds headers to the response that opens a connection, and to no other', async () => {
    const processed: number[] = [];
    await using s = await serving(undefined, {
      extraHeaders: (path, headers) => ({ 'X-Path': path, 'X-Host': headers.get('Host')! }),
      processResponse: (_connection, _request, response) => void processed.push(response.statusCode),
      processRequest: (path) => (path === '/' ? [404, []] : null),
    });
    await using connection = await connect(s.url);
    assert.equal(connection.responseHeaders?.get('X-Path'), '/room?a=1');
    assert.equal(
      (await answer(s.port)).some((line) => line.startsWith('X-Path')),
      false,
    );
    assert.deepEqual(processed, [101, 404]);
    await using fixed = await serving(undefined, { extraHeaders: { A: 'b' } });
    await using other = await connect(fixed.url);
    assert.equal(other.responseHeaders?.get('A'), 'b');
  });

  test('has hooks that the current serve takes as well', async () => {
    const server = await current.serve((connection) => connection.closed, {
      host: HOST,
      subprotocols: ['a'],
      processRequest: legacyProcessRequest((path) => (path === '/' ? [404, []] : null)),
      selectSubprotocol: legacySelectSubprotocol((client) => client[0], ['a']) as () => 'a' | null,
    });
    await using s = running(server);
    assert.equal((await answer(s.port))[0], 'HTTP/1.1 404 Not Found');
    await using connection = await current.connect(s.url, { subprotocols: ['z'] });
    assert.equal(connection.subprotocol as string, 'z');
  });
});

describe('basic authentication of the legacy API', () => {
  const authorize = (pair: string): Record<string, string> => ({
    Authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
  });

  test('is a class with a method', async () => {
    class Guarded extends BasicAuthWebSocketServerProtocol {
      override get realm(): string {
        return 'mine';
      }
      override async checkCredentials(username: string, password: string): Promise<boolean> {
        return username === 'hello' && password === 'iloveyou';
      }
    }
    await using s = running(
      await serve((connection) => connection.send(String(connection.username)), {
        host: HOST,
        createProtocol: Guarded,
      }),
    );
    const refused = await answer(s.port);
    assert.equal(refused[0], 'HTTP/1.1 401 Unauthorized');
    assert.ok(
      refused.some((line) => /^WWW-Authenticate: Basic realm="mine"/.test(line)),
      refused.join('\n'),
    );
    assert.equal((await answer(s.port, authorize('hello:wrong')))[0], 'HTTP/1.1 401 Unauthorized');
    await using connection = await connect(s.url, { extraHeaders: authorize('hello:iloveyou') });
    assert.equal(await connection.recv(), 'hello');
  });

  test('lets nobody in as long as nothing says whom', async () => {
    await using s = await serving(undefined, { createProtocol: BasicAuthWebSocketServerProtocol });
    assert.equal((await answer(s.port, authorize('a:b')))[0], 'HTTP/1.1 401 Unauthorized');
  });

  test('is a class that is made, and not bypassed by the option processRequest', async () => {
    const asked: string[] = [];
    await using s = await serving((connection) => connection.send(String(connection.username)), {
      createProtocol: basicAuthProtocolFactory({ realm: 'r', credentials: ['hello', 'iloveyou'] }),
      processRequest: (path) => void asked.push(path),
    });
    assert.equal((await answer(s.port))[0], 'HTTP/1.1 401 Unauthorized');
    assert.deepEqual(asked, []);
    await using connection = await connect(s.url, { extraHeaders: authorize('hello:iloveyou') });
    assert.equal(await connection.recv(), 'hello');
    assert.deepEqual(asked, ['/room?a=1']);
    assert.throws(() => basicAuthProtocolFactory({}), RangeError);
  });
});
