// The server: its handler, its connections, how it stops, and what it listens on.
import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ConnectionClosedError, ServerConnection } from 'websockets-ts';
import { LogRecorder } from '../support/log-recorder.ts';
import { deferred, driver, echo, isPending, pair, rejection, rejectionText, serving, untilClosed } from './meet.ts';

const hasIpv6 = (): boolean =>
  Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));

describe('the handler of a server', () => {
  test('closes its connection with 1000 when it returns', async () => {
    await using s = await serving((connection) => connection.send('bye'));
    await using client = await driver.connect(s.url);
    assert.equal(await client.recv(), 'bye');
    await client.closed;
    assert.equal(client.closeCode, 1000);
  });

  test('is logged and closes its connection with 1011 when it throws or rejects', async () => {
    for (const handler of [
      () => {
        throw new RangeError('mine');
      },
      () => Promise.reject(new RangeError('mine')),
    ]) {
      const logger = new LogRecorder();
      await using s = await serving(handler, { logger });
      const client = await driver.connect(s.url);
      await client.closed;
      assert.equal(client.closeCode, 1011);
      assert.equal(client.closeReason, '');
      assert.deepEqual(logger.texts('error'), ['connection handler failed']);
      const line = logger.lines.find(({ level }) => level === 'error');
      assert.equal(String(line?.context?.error), 'RangeError: mine');
      assert.ok(line?.context?.connection instanceof ServerConnection);
    }
  });

  test('spoils nothing for other connections when it throws', async () => {
    let count = 0;
    await using s = await serving(
      (connection) => {
        if (count++ === 0) throw new Error('mine');
        return echo(connection);
      },
      { logger: new LogRecorder() },
    );
    const first = await driver.connect(s.url);
    await using second = await driver.connect(s.url);
    await first.closed;
    await second.send('x');
    assert.equal(await second.recv(), 'x');
  });

  test('is not cancelled when the client goes away, and is waited for', async () => {
    const gate = deferred();
    const s = await serving(() => gate.promise);
    const client = await driver.connect(s.url);
    client.abort();
    s.server.close();
    const closed = s.server.waitClosed();
    await client.closed;
    assert.equal(await isPending(closed), true);
    gate.resolve();
    await closed;
  });
});

describe('the connections of a server', () => {
  test('are those that are open, in a set of their own', async () => {
    await using p = await pair();
    const { connections } = p.server;
    assert.deepEqual([...connections], [p.peer]);
    assert.notEqual(p.server.connections, connections);
    assert.equal(p.peer.server, p.server);
    void p.peer.close();
    assert.equal(p.server.connections.size, 0);
    assert.equal(connections.size, 1);
  });

  test('have ids of their own', async () => {
    await using p = await pair();
    assert.match(p.peer.id, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    assert.notEqual(p.peer.id, p.client.id);
  });

  test('can be of a class of the user', async () => {
    class Mine extends ServerConnection {
      readonly mine = 'mine';
    }
    const seen = deferred<ServerConnection>();
    await using s = await serving((connection: ServerConnection) => seen.resolve(connection), {
      createConnection: (protocol, server, options) => new Mine(protocol, server, options),
    });
    await using _client = await driver.connect(s.url);
    assert.equal(((await seen.promise) as Mine).mine, 'mine');
  });

  test('that cannot be made are dropped and logged, and the server goes on', async () => {
    const logger = new LogRecorder();
    let count = 0;
    await using s = await serving(echo, {
      logger,
      createConnection: (protocol, server, options) => {
        if (count++ === 0) throw new RangeError('mine');
        return new ServerConnection(protocol, server, options);
      },
    });
    const peer = await driver.dial(s.port);
    await peer.ended();
    peer.destroy();
    assert.deepEqual(logger.texts('error'), ['opening handshake failed']);
    await using client = await driver.connect(s.url);
    await client.send('x');
    assert.equal(await client.recv(), 'x');
  });
});

describe('closing a server', () => {
  test('closes its connections with 1001', async () => {
    const p = await pair();
    assert.equal(p.server.isServing, true);
    p.server.close();
    assert.equal(p.server.isServing, false);
    await p.server.waitClosed();
    await p.client.closed;
    assert.equal(p.client.closeCode, 1001);
    assert.equal(p.client.closeReason, '');
  });

  test('closes its connections with the code and reason that are given; only the first call counts', async () => {
    const p = await pair();
    p.server.close({ code: 1012, reason: 'deploy' });
    p.server.close({ code: 4000, reason: 'late' });
    await p.server.waitClosed();
    await p.client.closed;
    assert.equal(p.client.closeCode, 1012);
    assert.equal(p.client.closeReason, 'deploy');
  });

  test('refuses a code that must not be sent, and goes on', async () => {
    await using p = await pair();
    assert.throws(() => p.server.close({ code: 1006 }), { name: 'ProtocolError' });
    assert.equal(p.server.isServing, true);
  });

  test('leaves connections alone with closeConnections: false, until their handlers return', async () => {
    await using s = await serving(echo);
    await using client = await driver.connect(s.url);
    s.server.close({ closeConnections: false });
    const closed = s.server.waitClosed();
    await client.send('still here');
    assert.equal(await client.recv(), 'still here');
    assert.equal(((await rejection(driver.connect(s.url))) as NodeJS.ErrnoException).code, 'ECONNREFUSED');
    assert.equal(await isPending(closed), true);
    await client.close();
    await closed;
  });

  test('answers handshakes in progress with 503', async () => {
    const hook = deferred();
    const inside = deferred();
    const s = await serving(echo, {
      processRequest: async () => {
        inside.resolve();
        await hook.promise;
      },
    });
    const silent = await driver.dial(s.port);
    const half = await driver.dial(s.port);
    half.socket.write('GET / HTTP/1.1\r\n');
    const asking = await driver.dial(s.port);
    asking.socket.write(asking.request());
    await inside.promise;
    s.server.close();
    for (const peer of [silent, half, asking]) {
      assert.match(
        await peer.rest(),
        /^HTTP\/1\.1 503 Service Unavailable\r\n[\s\S]*\r\n\r\nServer is shutting down\.\n$/,
      );
      peer.socket.end();
    }
    hook.resolve();
    await s.server.waitClosed();
  });

  test('answers with 503 also those who wait to be accepted', async () => {
    const s = await serving(echo);
    const dialing = [driver.dial(s.port), driver.dial(s.port)];
    s.server.close({ retryAfterSeconds: 7 });
    for (const peer of await Promise.all(dialing)) {
      peer.socket.write(peer.request());
      assert.match(await peer.rest(), /^HTTP\/1\.1 503 Service Unavailable\r\n[\s\S]*\r\nRetry-After: 7\r\n/);
      peer.socket.end();
    }
    await s.server.waitClosed();
  });

  test('spreads the close frames, and is done when all have answered', async () => {
    const s = await serving(untilClosed);
    const clients = [];
    for (let i = 0; i < 5; i++) clients.push(await driver.connect(s.url));
    const times: number[] = [];
    const closing = clients.map(async (client) => {
      await client.closed;
      times.push(performance.now());
    });
    s.server.close({ spreadMs: 200, graceMs: 30_000 });
    await s.server.waitClosed();
    await Promise.all(closing);
    assert.deepEqual(new Set(clients.map(({ closeCode }) => closeCode)), new Set([1001]));
    assert.ok(times.at(-1)! - times[0]! >= 150, `${times}`);
  });

  test('ends after graceMs, whatever clients and handlers do', async () => {
    const s = await serving(() => new Promise(() => {}), { logger: new LogRecorder('error') });
    const deaf = await driver.dial(s.port);
    await deaf.open();
    s.server.close({ graceMs: 50 });
    await s.server.waitClosed();
    assert.equal(await deaf.closeFrame(), '1001');
    await deaf.ended();
    deaf.destroy();
  });

  test('is cut short by abort: who is connected sees 1006', async () => {
    const s = await serving(() => new Promise(() => {}));
    const client = await driver.connect(s.url);
    const half = await driver.dial(s.port);
    half.socket.write('GET / HTTP/1.1\r\n');
    s.server.abort();
    await s.server.waitClosed();
    await client.closed;
    assert.equal(client.closeCode, 1006);
    assert.equal(await half.rest(), '');
    half.destroy();
    assert.match(await rejectionText(driver.connect(s.url)), /ECONNREFUSED/);
  });

  test('is logged, as listening is', async () => {
    const logger = new LogRecorder();
    const s = await serving(echo, { logger });
    s.server.close();
    await s.server.waitClosed();
    assert.deepEqual(logger.texts('info'), [
      `server listening on 127.0.0.1:${s.port}`,
      'server closing',
      'server closed',
    ]);
  });

  test('is logged with the address as it is written: IPv6 in brackets, a path', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'websockets-'));
    try {
      const logger = new LogRecorder('info');
      const path = join(directory, 's');
      await using _unix = await driver.unixServe(echo, path, { logger });
      assert.deepEqual(logger.texts('info'), [`server listening on ${path}`]);
      if (!hasIpv6()) return;
      await using six = await driver.serve(echo, { host: '::1', logger });
      assert.equal(logger.texts('info')[1], `server listening on [::1]:${six.addresses[0]![1]}`);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test('happens at the end of its scope', async () => {
    let port = 0;
    {
      await using server = await driver.serve(echo, { host: '127.0.0.1' });
      port = Number(server.addresses[0]![1]);
      await using client = await driver.connect(`ws://127.0.0.1:${port}`);
      await client.close();
    }
    assert.match(await rejectionText(driver.connect(`ws://127.0.0.1:${port}`)), /ECONNREFUSED/);
  });

  test('happens when its signal is aborted', async () => {
    const controller = new AbortController();
    const s = await serving(untilClosed, { signal: controller.signal });
    const client = await driver.connect(s.url);
    controller.abort();
    await s.server.waitClosed();
    await client.closed;
    assert.equal(client.closeCode, 1001);
  });

  test('has happened when the signal was aborted before', async () => {
    const reason = new Error('enough');
    assert.equal(await rejection(driver.serve(echo, { host: '127.0.0.1', signal: AbortSignal.abort(reason) })), reason);
  });
});

describe('serving', () => {
  test('begins later with startServing: false', async () => {
    await using server = await driver.serve(echo, { host: '127.0.0.1', startServing: false });
    assert.equal(server.isServing, false);
    assert.deepEqual(server.addresses, []);
    assert.deepEqual(server.sockets, []);
    await Promise.all([server.startServing(), server.startServing()]);
    assert.equal(server.isServing, true);
    assert.equal(server.addresses.length, 1);
    assert.equal(server.sockets.length, 1);
  });

  test('for ever lasts until the server is closed', async () => {
    const server = await driver.serve(echo, { host: '127.0.0.1', startServing: false });
    const served = server.serveForever();
    await server.startServing();
    assert.equal(await isPending(served), true);
    server.close();
    await served;
  });

  test('for ever ends with the signal: in order, then with its reason', async () => {
    await using p = await pair();
    const controller = new AbortController();
    const reason = new Error('enough');
    const served = rejection(p.server.serveForever({ signal: controller.signal }));
    controller.abort(reason);
    assert.equal(await served, reason);
    await p.client.closed;
    assert.equal(p.client.closeCode, 1001);
  });

  test('rejects when the port is taken', async () => {
    await using s = await serving(echo);
    const error = await rejection(driver.serve(echo, { host: '127.0.0.1', port: s.port }));
    assert.equal((error as NodeJS.ErrnoException).code, 'EADDRINUSE');
  });

  test('leaves nothing on its signal when the port is taken', async () => {
    await using s = await serving(echo);
    const { signal } = new AbortController();
    await rejection(driver.serve(echo, { host: '127.0.0.1', port: s.port, signal }));
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('begins when the port has become free, after a failure', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    await using server = await driver.serve(echo, { host: '127.0.0.1', port, startServing: false });
    assert.equal(((await rejection(server.startServing())) as NodeJS.ErrnoException).code, 'EADDRINUSE');
    blocker.close();
    await once(blocker, 'close');
    await server.startServing();
    await using client = await driver.connect(`ws://127.0.0.1:${port}`);
    await client.send('x');
    assert.equal(await client.recv(), 'x');
  });

  test('uses a listening socket of the user', async () => {
    const socket = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve));
    await using server = await driver.serve(echo, { socket });
    assert.deepEqual(server.sockets, [socket]);
    await using client = await driver.connect(`ws://127.0.0.1:${server.addresses[0]![1]}`);
    await client.send('x');
    assert.equal(await client.recv(), 'x');
  });

  test('takes a socket, or a path, or host and port; what a socket of the user cannot heed is refused', async () => {
    const socket = createServer();
    for (const options of [
      { socket, port: 0 },
      { socket, path: '/x' },
      { socket, tls: {} },
      { socket, backlog: 10 },
      { path: '/x', port: 0 },
    ]) {
      assert.equal((await rejection(driver.serve(echo, options))).name, 'TypeError');
    }
  });

  test('survives an error of accepting', async () => {
    const logger = new LogRecorder();
    await using s = await serving(echo, { logger });
    (s.server.sockets[0] as NodeJS.EventEmitter).emit('error', new Error('accept EMFILE'));
    await using client = await driver.connect(s.url);
    await client.send('x');
    assert.equal(await client.recv(), 'x');
    assert.equal(logger.texts('error').length, 1);
  });

  test('works over a Unix socket', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'websockets-'));
    try {
      const path = join(directory, 's');
      const hosts: (string | null)[] = [];
      await using server = await driver.unixServe((connection: ServerConnection) => {
        hosts.push(connection.request?.headers.get('Host') ?? null);
        return echo(connection);
      }, path);
      assert.deepEqual(server.addresses, [path]);
      for (const uri of [undefined, 'ws://app/room']) {
        await using client = await driver.unixConnect(path, uri);
        assert.equal(client.remoteAddress, path);
        await client.send('x');
        assert.equal(await client.recv(), 'x');
      }
      assert.deepEqual(hosts, ['localhost', 'app']);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test('tells a client that waits in recv when the server is killed', async () => {
    const p = await pair();
    const message = rejection(p.client.recv());
    p.peer.abort();
    assert.ok((await message) instanceof ConnectionClosedError);
    await p[Symbol.asyncDispose]();
  });
});
