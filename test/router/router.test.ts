// `route`, `unixRoute` and `Router` at work: what clients get to see, by TCP, by TLS and by Unix sockets.
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  type Connection,
  type ConnectOptions,
  connect,
  InvalidStatus,
  type Server,
  ServerConnection,
  serve,
  unixConnect,
} from 'websockets-ts';
import {
  type RouteOptions,
  Router,
  type Rule,
  type RulePath,
  route,
  rule,
  unixRoute,
  urlPattern,
} from 'websockets-ts/router';
import { CERT, KEY } from '../support/certificate.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import { RawPeer } from '../support/raw-peer.ts';

const HOST = '127.0.0.1';

/** A server that is closed with the scope. */
interface Routed extends AsyncDisposable {
  readonly server: Server;
  readonly host: string;
  readonly port: number;
}

async function routed(starting: Promise<Server>): Promise<Routed> {
  const server = await starting;
  const port = Number(server.addresses[0]![1]);
  return { server, host: `${HOST}:${port}`, port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Tells the client what it got: the rule's name and the parameters. */
const tell =
  (name: string) =>
  (connection: ServerConnection, params: object): Promise<void> =>
    connection.send(`${name} ${JSON.stringify(params)}`);

const RULES: readonly Rule<RulePath>[] = [
  { path: '/', handler: tell('root') },
  { path: '/echo/<int:count>', handler: tell('echo') },
  { path: '/room/', handler: tell('room') },
  { path: '/old/<name>', redirectTo: '/echo/<name>' },
  { path: '/gone', redirectTo: 'wss://other.example/x?y=1' },
  { path: urlPattern('/users/:id'), handler: tell('users') },
];

const routing = (options: RouteOptions = {}, rules = RULES): Promise<Routed> =>
  routed(route(rules, { host: HOST, ...options }));

/** The first message at a URI. */
async function firstMessage(uri: string, options: ConnectOptions = {}): Promise<unknown> {
  await using connection = await connect(uri, options);
  return connection.recv();
}

/** The answer to a request that does not become a connection: status, Location and body. */
async function answer(port: number, path: string, headers: Record<string, string | null> = {}): Promise<string[]> {
  const peer = await RawPeer.dial(port);
  try {
    const head = await peer.open(headers, path);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1]);
    const body = (await peer.link.take(length))!.toString();
    return [head.slice(9, 12), /^location: (.*)\r$/im.exec(head)?.[1] ?? '', body];
  } finally {
    peer.destroy();
  }
}

describe('route', () => {
  test('runs the handler of the path, with its parameters, whatever the query', async () => {
    await using s = await routing();
    assert.equal(await firstMessage(`ws://${s.host}/`), 'root {}');
    assert.equal(await firstMessage(`ws://${s.host}/?a=/b`), 'root {}');
    assert.equal(await firstMessage(`ws://${s.host}/echo/2?count=3`), 'echo {"count":2}');
    assert.equal(await firstMessage(`ws://${s.host}/room/`), 'room {}');
    assert.equal(await firstMessage(`ws://${s.host}/users/%41`), 'users {"id":"%41"}');
  });

  test('answers 404 where there is no rule', async () => {
    await using s = await routing();
    for (const path of ['/nothing', '/echo/x', '/Room/', '/room//', '//', '*', 'http://x/room/']) {
      assert.deepEqual(await answer(s.port, path), ['404', '', 'Not Found'], path);
    }
  });

  test('redirects to the path with its slash and keeps the query', async () => {
    await using s = await routing();
    const at = (path: string): string[] => ['302', `ws://${s.host}${path}`, `Found at ws://${s.host}${path}`];
    assert.deepEqual(await answer(s.port, '/room'), at('/room/'));
    assert.deepEqual(await answer(s.port, '/room?a=1&b=?'), at('/room/?a=1&b=?'));
  });

  test('redirects where a rule leads, without the query', async () => {
    await using s = await routing();
    const url = `ws://${s.host}/echo/5`;
    assert.deepEqual(await answer(s.port, '/old/5?x=1'), ['302', url, `Found at ${url}`]);
    const other = 'wss://other.example/x?y=1';
    assert.deepEqual(await answer(s.port, '/gone'), ['302', other, `Found at ${other}`]);
  });

  test('names the host that the client named, or serverName, and wss behind a proxy that speaks TLS', async () => {
    await using s = await routing();
    const location = async (port: number, host: string): Promise<string> =>
      (await answer(port, '/room', { Host: host }))[1]!;
    assert.equal(await location(s.port, 'localhost:99'), 'ws://localhost:99/room/');
    assert.equal(await location(s.port, '[::1]:99'), 'ws://[::1]:99/room/');
    await using named = await routing({ serverName: 'chat.example:8443', tls: true });
    assert.equal(await location(named.port, 'localhost'), 'wss://chat.example:8443/room/');
  });

  test('refuses to redirect a request without a Host that can stand in a URI', async () => {
    await using s = await routing({ allowedHosts: null });
    for (const host of [null, '', 'a b', 'user@x', 'x/y', 'x#', '[fe80::1%25eth0]']) {
      assert.equal((await answer(s.port, '/room', { Host: host }))[0], '400', String(host));
    }
    const peer = await RawPeer.dial(s.port);
    peer.socket.write(peer.request({}, '/room').replace('\r\n\r\n', '\r\nHost: other\r\n\r\n'));
    assert.match(await peer.head(), /^HTTP\/1\.1 400 /);
    peer.destroy();
  });

  test('leaves every other check to the handshake', async () => {
    await using s = await routing({ origins: ['https://good.example'] });
    assert.equal((await answer(s.port, '/room/', { Origin: 'https://bad.example' }))[0], '403');
    assert.equal((await answer(s.port, '/room/', { Upgrade: null }))[0], '426');
    assert.equal((await answer(s.port, '/room/', { Host: 'rebound.example' }))[0], '403');
  });

  test("asks the user's hook first, whose response wins", async () => {
    const seen: string[] = [];
    await using s = await routing({
      processRequest: async (connection, { path }) => {
        seen.push(path);
        return path === '/secret' || path === '/room' ? connection.respond(401, 'who?') : undefined;
      },
    });
    assert.deepEqual(await answer(s.port, '/secret'), ['401', '', 'who?']);
    assert.deepEqual(await answer(s.port, '/room'), ['401', '', 'who?']);
    assert.equal(await firstMessage(`ws://${s.host}/room/`), 'room {}');
    assert.deepEqual(seen, ['/secret', '/room', '/room/']);
  });

  test('answers 500 when a converter throws, and says why in the log only', async () => {
    const logger = new LogRecorder('error');
    const broken = {
      regex: /./,
      toValue: () => {
        throw new Error('broken');
      },
    };
    await using s = await routing({ logger }, [{ path: '/<broken:x>', handler: tell('x'), converters: { broken } }]);
    const [status, , body] = await answer(s.port, '/1');
    assert.equal(status, '500');
    assert.doesNotMatch(body!, /broken/);
    assert.equal(logger.lines.length, 1);
  });

  test('passes on the options of serve', async () => {
    await using s = await routing({ subprotocols: ['chat'] });
    await using connection = await connect(`ws://${s.host}/`, { subprotocols: ['chat'] });
    assert.equal(connection.subprotocol, 'chat');
    await assert.rejects(connect(`ws://${s.host}/`), InvalidStatus);
  });

  test('throws at once what is wrong with a rule, and rejects with what keeps it from listening', async () => {
    assert.throws(() => route([{ path: 'x', handler: () => {} }]), { message: 'rule "x": a path begins with a slash' });
    await using s = await routing();
    await assert.rejects(route(RULES, { host: HOST, port: s.port }), { code: 'EADDRINUSE' });
  });

  test('keeps the parameters of connections apart', async () => {
    await using s = await routing();
    const counts = Array.from({ length: 20 }, (_, index) => index);
    const messages = await Promise.all(counts.map((count) => firstMessage(`ws://${s.host}/echo/${count}`)));
    assert.deepEqual(
      messages,
      counts.map((count) => `echo {"count":${count}}`),
    );
  });
});

/** Options that note where responses lead, whether the client goes there or not. */
function noted(locations: (string | undefined)[]): Pick<RouteOptions, 'processResponse'> {
  return { processResponse: (_connection, _request, { headers }) => void locations.push(headers.get('Location')) };
}

/** Connects and is content with a refusal. */
async function visit(connecting: PromiseLike<Connection>): Promise<void> {
  await connecting.then(
    (connection) => connection.close(),
    (error: unknown) => assert.ok(error instanceof InvalidStatus, String(error)),
  );
}

describe('over TLS', () => {
  test('paths are served, and redirects name wss', async () => {
    const locations: (string | undefined)[] = [];
    await using s = await routing({ tls: { cert: CERT, key: KEY }, ...noted(locations) });
    const tls = { ca: CERT, servername: 'localhost' };
    assert.equal(await firstMessage(`wss://${s.host}/room/`, { tls }), 'room {}');
    await visit(connect(`wss://${s.host}/old/1`, { tls }));
    assert.deepEqual(locations.slice(0, 2), [undefined, `wss://${s.host}/echo/1`]);
  });
});

describe('unixRoute', () => {
  test('serves paths on a Unix socket', async () => {
    const path = join(tmpdir(), `websockets-ts-router-${process.pid}.sock`);
    const locations: (string | undefined)[] = [];
    await using _server = await unixRoute(RULES, path, noted(locations));
    await using connection = await unixConnect(path, 'ws://localhost/echo/1');
    assert.equal(await connection.recv(), 'echo {"count":1}');
    await visit(unixConnect(path, 'ws://app.example/room'));
    assert.deepEqual(locations.slice(0, 2), [undefined, 'ws://app.example/room/']);
  });
});

describe('Router', () => {
  test('by itself is two hooks for serve', async () => {
    const router = new Router(RULES, { serverName: 'x.example' });
    await using s = await routed(serve(router.handler, { host: HOST, processRequest: router.processRequest }));
    assert.equal(await firstMessage(`ws://${s.host}/echo/7`), 'echo {"count":7}');
    assert.equal((await answer(s.port, '/room'))[1], 'ws://x.example/room/');
  });

  class Mine extends Router {
    override notFound(connection: ServerConnection): ReturnType<Router['notFound']> {
      return connection.respond(410, 'never was');
    }
    override redirect(connection: ServerConnection, url: string): ReturnType<Router['redirect']> {
      const response = super.redirect(connection, url);
      response.headers.append('X-Moved', 'yes');
      return response;
    }
    override getServerName(): string {
      return 'mine.example';
    }
    override handler(connection: ServerConnection): unknown {
      connection.username = 'me';
      return super.handler(connection);
    }
    override routeRequest(...args: Parameters<Router['routeRequest']>): ReturnType<Router['routeRequest']> {
      return args[1].path === '/health' ? args[0].respond(200, 'OK\n') : super.routeRequest(...args);
    }
  }

  test('can be inherited from, in each of its steps', async () => {
    const rules = [
      { path: '/room/', handler: (connection: ServerConnection) => connection.send(String(connection.username)) },
    ];
    await using s = await routing({ createRouter: (all, options) => new Mine(all, options) }, rules);
    assert.deepEqual(await answer(s.port, '/x'), ['410', '', 'never was']);
    assert.equal((await answer(s.port, '/room'))[1], 'ws://mine.example/room/');
    assert.deepEqual(await answer(s.port, '/health'), ['200', '', 'OK\n']);
    assert.equal(await firstMessage(`ws://${s.host}/room/`), 'me');
  });

  test('takes connections of a class of the user', async () => {
    class Guest extends ServerConnection {
      readonly guest: string = 'guest';
    }
    const makeGuest = (...parts: ConstructorParameters<typeof ServerConnection>): Guest => new Guest(...parts);
    await using server = await route([{ path: '/', handler: (connection) => connection.send(connection.guest) }], {
      host: HOST,
      createConnection: makeGuest,
    });
    assert.equal(await firstMessage(`ws://${HOST}:${server.addresses[0]![1]}/`), 'guest');
  });

  test('is told apart from a server that does not ask it', async () => {
    const logger = new LogRecorder('error');
    const router = new Router(RULES);
    await using s = await routed(serve(router.handler, { host: HOST, logger }));
    await using connection = await connect(`ws://${s.host}/`);
    await connection.closed;
    assert.equal(connection.closeCode, 1011);
    assert.equal(logger.lines.length, 1);
  });
});

describe('direct handlers', () => {
  test('are not run by the hook for functions', async () => {
    const logger = new LogRecorder('error');
    const { handler, processRequest } = new Router([{ path: '/', handler: {} }]);
    await using s = await routed(serve(handler, { host: HOST, logger, processRequest }));
    await using connection = await connect(`ws://${s.host}/`);
    await connection.closed;
    assert.equal(connection.closeCode, 1011);
    assert.match(String(logger.lines[0]?.context?.error), /directHandlers/);
  });

  test('of each rule hear of their own connections, with the parameters', async () => {
    const calls: unknown[][] = [];
    const handlers = (name: string) => ({
      open: (_: ServerConnection, params: object) => calls.push([name, 'open', params]),
      message: (connection: ServerConnection, data: unknown, isText: boolean, params: object) => {
        calls.push([name, data, isText, params]);
        return connection.send(name);
      },
      close: (_: ServerConnection, code: number, reason: string, params: object) =>
        calls.push([name, code, reason, params]),
    });
    const starting = route(
      [
        { path: '/a/<int:n>', handler: handlers('a') },
        rule('/b', handlers('b'), { defaults: { page: 1 } }),
        { path: '/c', redirectTo: '/b' },
        { path: '/d', handler: {} },
      ],
      { host: HOST },
    );
    await using s = await routed(starting);
    for (const path of ['/a/1', '/b', '/d']) {
      await using connection = await connect(`ws://${s.host}${path}`);
      await connection.send('hello');
      if (path !== '/d') assert.equal(await connection.recv(), path[1]);
      await connection.close({ code: 4000, reason: 'bye' });
    }
    await s.server[Symbol.asyncDispose]();
    assert.deepEqual(
      calls.map((call) => call.map((part) => (typeof part === 'object' ? { ...part } : part))),
      [
        ['a', 'open', { n: 1 }],
        ['a', 'hello', true, { n: 1 }],
        ['a', 4000, 'bye', { n: 1 }],
        ['b', 'open', { page: 1 }],
        ['b', 'hello', true, { page: 1 }],
        ['b', 4000, 'bye', { page: 1 }],
      ],
    );
  });
});
