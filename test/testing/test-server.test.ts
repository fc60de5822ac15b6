// Servers in memory: that the whole server is there, with clients, networks and peers by hand.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Connection,
  ConnectionClosed,
  ConnectionClosedOK,
  type InvalidStatus,
  type ServerConnection,
} from 'websockets-ts';
import { FakeClock, forEachSeed, Network, rawServer, settled, testServer } from 'websockets-ts/testing';

const echo = async (connection: Connection): Promise<void> => {
  try {
    for await (const message of connection) await connection.send(message);
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) throw error;
  }
};

describe('a server in memory', () => {
  test('runs its handler for each client', async () => {
    await using host = await testServer(echo);
    await using first = await host.connect();
    await using second = await host.connect('/path');
    await first.send('1');
    await second.send('2');
    assert.deepEqual(await Promise.all([first.recv(), second.recv()]), ['1', '2']);
    assert.deepEqual(
      [...host.server.connections].map(({ request }) => request?.path),
      ['/', '/path'],
    );
  });

  test('answers as one with a port does: hooks, origins, hosts', async () => {
    await using host = await testServer(echo, {
      allowedHosts: ['localhost', 'example.com'],
      processRequest: (connection, request) => (request.path === '/down' ? connection.respond(503, 'later') : null),
    });
    const status = (connecting: PromiseLike<unknown>): Promise<number> =>
      Promise.resolve(connecting).then(
        () => 101,
        (error: InvalidStatus) => error.response.statusCode,
      );
    assert.equal(await status(host.connect('/down')), 503);
    assert.equal(await status(host.connect('ws://example.com/')), 101);
    assert.equal(await status(host.connect('wss://example.com/')), 101);
    assert.equal(await status(host.connect('ws://example.org/')), 403);
    assert.equal(await status(host.connect('/', { origin: 'https://example.org' })), 403);
  });

  test('stops in order: nobody can connect, all are told, handlers finish', async () => {
    let hasFinished = false;
    await using host = await testServer(async (connection) => {
      await connection.closed;
      await settled();
      hasFinished = true;
    });
    const client = await host.connect();
    host.server.close({ code: 1012, reason: 'deploy' });
    await client.closed;
    await assert.rejects(Promise.resolve(host.connect()), { code: 'ECONNREFUSED' });
    await host.server.waitClosed();
    assert.equal(hasFinished, true);
    assert.deepEqual([client.closeCode, client.closeReason], [1012, 'deploy']);
  });

  test('drops a client that says nothing, in time', async () => {
    const clock = new FakeClock();
    await using host = await testServer(echo, { clock, openTimeoutMs: 3000 });
    const peer = host.dial();
    await clock.advance(3000);
    assert.match(await peer.readText(), /^HTTP\/1\.1 408 Request Timeout\r\n/);
    assert.equal((await peer.read()).length, 0);
    assert.equal(peer.hasEnded, true);
  });

  test('is played any bytes', async () => {
    await using host = await testServer(echo, { compression: null });
    const peer = host.dial();
    peer.write('GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n');
    peer.write('Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n');
    assert.match(await peer.readText(), /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    // A frame without a mask: 1002.
    peer.write(Uint8Array.of(0x81, 0x01, 0x61));
    assert.deepEqual((await peer.read()).slice(0, 4), Uint8Array.of(0x88, 0x13, 0x03, 0xea));
    peer.end();
    await settled();
    assert.equal(host.network.size, 0);
  });

  test('has clients in networks of their own', async () => {
    const clock = new FakeClock();
    await using host = await testServer(echo, { clock });
    const network = new Network({ clock, faults: { latencyMs: 100 } });
    const near = await host.connect();
    const far = await clock.runUntil(host.connect('/', { network }));
    assert.equal(clock.now(), 200);
    network.cut();
    await far.closed;
    await near.send('still here');
    assert.equal(await near.recv(), 'still here');
  });

  test('waits for handlers when it is disposed of, and lets their time pass', async () => {
    const clock = new FakeClock();
    const finished: string[] = [];
    const host = await testServer(
      async (connection) => {
        await connection.closed;
        await new Promise<void>((resolve) => void clock.setTimer(5000, resolve));
        finished.push(connection.request?.path ?? '');
      },
      { clock },
    );
    await host.connect('/slow');
    await host[Symbol.asyncDispose]();
    assert.deepEqual(finished, ['/slow']);
    assert.equal(clock.pending, 0);
  });

  test('can be lost and come back', async () => {
    await using host = await testServer(echo);
    const client = await host.connect();
    host.network.goDown();
    await client.closed;
    await assert.rejects(Promise.resolve(host.connect()), { code: 'ECONNREFUSED' });
    host.network.comeUp();
    await using again = await host.connect();
    await again.send('back');
    assert.equal(await again.recv(), 'back');
  });

  test('gives up connecting at the signal and at the deadline', async () => {
    const clock = new FakeClock();
    await using host = await testServer(echo, { clock });
    await assert.rejects(Promise.resolve(host.connect('/', { signal: AbortSignal.abort() })), { name: 'AbortError' });
    host.network.pause();
    const connecting = host.connect('/', { openTimeoutMs: 2000 });
    await assert.rejects(clock.runUntil(connecting), { message: 'timed out during opening handshake' });
    assert.equal(clock.now(), 2000);
  });
});

describe('a server that a test plays by hand', () => {
  test('accepts clients one by one and says what the test says', async () => {
    await using host = rawServer();
    const connecting = Promise.resolve(host.connect('/path'));
    const peer = await host.accept();
    assert.match(await peer.readText(), /^GET \/path HTTP\/1\.1\r\nHost: localhost\r\n/);
    peer.write('SSH-2.0-OpenSSH\r\n');
    await assert.rejects(connecting, { name: 'InvalidMessage' });
    assert.equal((await peer.read()).length, 0);
    const [, second] = [host.connect().catch(() => {}), await host.accept()];
    assert.match(await second.readText(), /^GET \/ /);
  });

  test('leaves no client behind when it is disposed of', async () => {
    const host = rawServer();
    const connecting = Promise.resolve(host.connect());
    await host.accept();
    await Promise.all([assert.rejects(connecting, { name: 'InvalidMessage' }), host[Symbol.asyncDispose]()]);
    await assert.rejects(Promise.resolve(host.connect()), { code: 'ECONNREFUSED' });
  });
});

describe('forEachSeed', () => {
  test('runs with one seed after the other', async () => {
    const seeds: number[] = [];
    await forEachSeed((seed) => seeds.push(seed), { seed: 2 ** 32 - 2, runs: 4 });
    assert.deepEqual(seeds, [4_294_967_294, 4_294_967_295, 0, 1]);
  });

  test('names the seed of the run that failed, which repeats it alone', async () => {
    const run = async (seed: number): Promise<void> => {
      await using host = await testServer(async (connection: ServerConnection) => connection.closed, {
        seed,
        faults: { chunkBytes: [1, 100] },
      });
      await host.connect();
      if (seed === 12) host.network.cut();
      const client = await host.connect();
      await client.close();
      await assert.rejects(client.recv(), ConnectionClosedOK);
      if (seed === 12) throw new TypeError('mine');
    };
    const failure = (error: Error): boolean => {
      assert.equal(error.message, 'failed with { seed: 12, runs: 1 }: TypeError: mine');
      return error.cause instanceof TypeError;
    };
    await assert.rejects(forEachSeed(run, { seed: 10 }), failure);
    await assert.rejects(forEachSeed(run, { seed: 12, runs: 1 }), failure);
    await forEachSeed(run, { seed: 13, runs: 1 });
  });
});
