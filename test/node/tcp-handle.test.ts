// What stays as it is for users when connections do without a net.Socket. Everything here holds on both roads.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect as dial, type Server as NetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { type Connection, ConnectionClosed, connect, type Data, type Server, serve, unixConnect } from 'websockets-ts';
import { tcpHandles } from '#dist/node/tcp-handle.js';
import { BINARY, TEXT } from '../conformance/wire.js';
import { CERT, KEY } from '../support/certificate.js';
import { isCollected } from '../support/collected.js';
import { RawPeer } from '../support/raw-peer.js';

const ROADS = [
  { name: 'with TCP handles', socketHandles: true },
  { name: 'with sockets', socketHandles: false },
] as const;

const local = { host: '127.0.0.1', compression: null } as const;
const urlOf = (server: Server): string => `ws://127.0.0.1:${portOf(server)}/`;
const portOf = (server: Server): number => Number(server.addresses[0]![1]);
const netServerOf = (server: Server): NetServer => server.sockets[0] as NetServer;
const echo = { message: (connection: Connection, data: Data) => connection.send(data) };

/** How many of the server's connections are sockets. */
const socketsOf = (server: Server): Promise<number> => {
  const netServer = netServerOf(server);
  return promisify(netServer.getConnections.bind(netServer))();
};

for (const { name, socketHandles } of ROADS) {
  const isHandles = socketHandles && tcpHandles !== null;

  describe(`a server ${name}`, () => {
    test(`has ${isHandles ? 'no socket' : 'a socket'} for a connection`, async () => {
      await using server = await serve(echo, { ...local, socketHandles });
      await using client = await connect(urlOf(server), { socketHandles });
      await client.send('hello');
      assert.equal(await client.recv(), 'hello');
      assert.equal(await socketsOf(server), isHandles ? 0 : 1);
    });

    test('honours a limit on connections', async () => {
      await using server = await serve(echo, { ...local, socketHandles });
      netServerOf(server).maxConnections = 1;
      await using first = await connect(urlOf(server));
      await assert.rejects(connect(urlOf(server)).then());
      await first.send('still here');
      assert.equal(await first.recv(), 'still here');
    });

    test('lets other listeners see the sockets', async () => {
      await using server = await serve(echo, { ...local, socketHandles });
      const seen: unknown[] = [];
      netServerOf(server).on('connection', (socket) => seen.push(socket.remotePort));
      await using client = await connect(urlOf(server));
      await client.send('hello');
      assert.equal(await client.recv(), 'hello');
      assert.deepEqual(seen, [Number(client.localAddress![1])]);
    });

    test('delivers nothing more to who aborts within `message`, whatever stands behind it in the same read', async () => {
      const seen: unknown[] = [];
      const closed = deferred();
      await using server = await serve(
        {
          message: (connection, data) => {
            seen.push(data);
            connection.send('not any more').catch(() => {});
            connection.abort();
          },
          close: (_, code) => {
            seen.push(code);
            closed.resolve();
          },
        },
        { ...local, socketHandles },
      );
      const peer = await RawPeer.dial(portOf(server));
      await peer.open();
      peer.send(
        { opcode: TEXT, payload: 'first' },
        { opcode: TEXT, payload: 'second' },
        { opcode: BINARY, payload: new Uint8Array(100_000) },
      );
      await closed.promise;
      await peer.ended();
      assert.deepEqual(seen, ['first', 1006]);
      peer.destroy();
    });

    test('survives who aborts within `open`, with frames in the same read as the request', async () => {
      const seen: unknown[] = [];
      await using server = await serve(
        {
          open: (connection) => connection.abort(),
          message: (_, data) => seen.push(data),
          close: (_, code) => seen.push(code),
        },
        { ...local, socketHandles },
      );
      const peer = await RawPeer.dial(portOf(server));
      const hello = Buffer.from('818500000000', 'hex');
      peer.socket.write(Buffer.concat([Buffer.from(peer.request()), hello, Buffer.from('hello')]));
      await peer.ended();
      peer.destroy();
      await until(() => seen.length === 1);
      await assert.rejects(connect(urlOf(server)).then());
      await until(() => seen.length === 2);
      assert.deepEqual(seen, [1006, 1006]);
    });

    test('ends only the connection whose handler throws', async () => {
      await using server = await serve(
        {
          message: (connection, data) => {
            if (data === 'throw') throw new Error('from the handler');
            return connection.send(data);
          },
        },
        { ...local, socketHandles, logger: { debug() {}, info() {}, warn() {}, error() {} } },
      );
      await using bad = await connect(urlOf(server));
      await using good = await connect(urlOf(server));
      await bad.send('throw');
      await assert.rejects(bad.recv(), (error) => error instanceof ConnectionClosed && error.rcvd?.code === 1011);
      await good.send('hello');
      assert.equal(await good.recv(), 'hello');
    });

    test('tells why a connection was reset as Node does', async () => {
      let cause: unknown;
      await using server = await serve(
        async (connection) => {
          try {
            await connection.recv();
          } catch (error) {
            ({ cause } = error as Error);
          }
        },
        { ...local, socketHandles },
      );
      const peer = await RawPeer.dial(portOf(server));
      await peer.open();
      peer.socket.resetAndDestroy();
      await until(() => cause !== undefined);
      const { code, syscall, errno } = cause as NodeJS.ErrnoException;
      assert.deepEqual([code, syscall, typeof errno], ['ECONNRESET', 'read', 'number']);
    });

    test('sends what lies in shared memory, large and small', async () => {
      await using server = await serve(echo, { ...local, socketHandles });
      await using client = await connect(urlOf(server), { socketHandles });
      for (const length of [10, 20_000, 900_000]) {
        const bytes = new Uint8Array(new SharedArrayBuffer(length)).fill(length & 255);
        await client.send(bytes);
        assert.ok(Buffer.from(bytes).equals((await client.recv()) as Uint8Array));
      }
    });
  });

  describe(`a client ${name}`, () => {
    test(`leaves ${isHandles ? 'no socket' : 'its socket'} behind once it is connected`, async () => {
      await using server = await serve(echo, local);
      const made: WeakRef<Socket>[] = [];
      const onSocket = (message: unknown): void => {
        made.push(new WeakRef((message as { readonly socket: Socket }).socket));
      };
      subscribe('net.client.socket', onSocket);
      await using client = await connect(urlOf(server), { socketHandles });
      unsubscribe('net.client.socket', onSocket);
      await client.send('hello');
      assert.equal(await client.recv(), 'hello');
      assert.equal(made.length, 1);
      assert.equal(await isCollected(made[0]!), isHandles);
    });
  });

  describe(`a handler ${name}`, () => {
    test('of a client runs in the context of the call that connected', async () => {
      await using server = await serve(echo, local);
      const storage = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      const closed = deferred();
      const look = (what: string) => (): void => void seen.push(`${what}: ${storage.getStore()}`);
      const handlers = {
        open: look('open'),
        message: (connection: Connection) => {
          look('message')();
          connection.close().catch(() => {});
        },
        close: () => {
          look('close')();
          closed.resolve();
        },
      };
      const client = await storage.run('connect', () =>
        connect(urlOf(server), { handlers, socketHandles }).then((connection) => connection),
      );
      await storage.run('send', () => client.send('hello'));
      await closed.promise;
      assert.deepEqual(seen, ['open: connect', 'message: connect', 'close: connect']);
    });

    test('of a server runs in no context of another connection', async () => {
      const storage = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      let closed = deferred();
      const look = (): void => void seen.push(storage.getStore());
      const close = (): void => {
        look();
        closed.resolve();
      };
      await using server = await storage.run('serve', () =>
        serve({ open: look, message: look, close }, { ...local, socketHandles }),
      );
      for (const text of ['a', 'b']) {
        closed = deferred();
        await storage.run(text, async () => {
          const client = await connect(urlOf(server), { socketHandles });
          await client.send(text);
          await client.close();
        });
        await closed.promise;
      }
      assert.equal(seen.length, 6);
      assert.equal(new Set(seen).size, 1, seen.join());
      assert.ok(!['a', 'b'].includes(String(seen[0])));
    });
  });
}

describe('sockets are taken, whatever is asked for,', () => {
  test('for TLS', async () => {
    await using server = await serve(echo, { host: '127.0.0.1', tls: { cert: CERT, key: KEY }, socketHandles: true });
    await using client = await connect(`wss://localhost:${portOf(server)}/`, {
      host: '127.0.0.1',
      tls: { ca: CERT },
      socketHandles: true,
    });
    await client.send('hello');
    assert.equal(await client.recv(), 'hello');
    assert.equal(await socketsOf(server), 1);
  });

  test('for a Unix socket', { skip: process.platform === 'win32' && 'there are none' }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roads-'));
    try {
      const path = join(folder, 'socket');
      await using server = await serve(echo, { path, socketHandles: true });
      await using client = await unixConnect(path, undefined, { socketHandles: true });
      await client.send('hello');
      assert.equal(await client.recv(), 'hello');
      assert.equal(await socketsOf(server), 1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('for a server of the caller', async () => {
    const socket = createServer({ allowHalfOpen: true });
    socket.listen(0, '127.0.0.1');
    await once(socket, 'listening');
    await using server = await serve(echo, { socket, socketHandles: true });
    await using client = await connect(urlOf(server));
    assert.equal(await socketsOf(server), 1);
    assert.equal(client.state, 'OPEN');
  });

  test('for a socket of the caller', async () => {
    await using server = await serve(echo, local);
    const socket = dial({ host: '127.0.0.1', port: portOf(server), allowHalfOpen: true });
    await once(socket, 'connect');
    await using client = await connect(urlOf(server), { socket, socketHandles: true });
    await client.send('hello');
    assert.equal(await client.recv(), 'hello');
    assert.equal(socket.destroyed, false);
    assert.ok(socket.bytesRead > 0);
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((onResolve) => {
    resolve = onResolve;
  });
  return { promise, resolve };
}
