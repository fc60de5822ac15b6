// Two connections of the library in memory: that they are real ones, and that their time and chance are the test's.
import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import {
  ClientConnection,
  ConnectionClosed,
  type Data,
  type InvalidStatus,
  ServerConnection,
  State,
  TimeoutError,
} from 'websockets-ts';
import { FakeClock, pair, settled } from 'websockets-ts/testing';

describe('a pair', () => {
  test('is connected, after a handshake', async () => {
    await using both = await pair({ uri: 'ws://example.com/path?query' });
    assert.ok(both.client instanceof ClientConnection);
    assert.ok(both.server instanceof ServerConnection);
    assert.equal(both.server.request?.path, '/path?query');
    assert.equal(both.server.request?.headers.get('Host'), 'example.com');
    assert.equal(both.client.response?.statusCode, 101);
    assert.deepEqual(both.client.remoteAddress, both.server.localAddress);
  });

  test('carries messages both ways, of any size', async () => {
    await using both = await pair();
    await both.client.send('hello');
    await both.server.send(Uint8Array.of(1, 2));
    assert.equal(await both.server.recv(), 'hello');
    assert.deepEqual(await both.client.recv(), Uint8Array.of(1, 2));
    const large = 'large '.repeat(100_000);
    const [received] = await Promise.all([both.server.recv(), both.client.send(large)]);
    assert.equal(received, large);
  });

  test('agrees on a subprotocol and on compression, as options say', async () => {
    await using both = await pair({
      client: { subprotocols: ['soap', 'chat'] },
      server: { subprotocols: ['chat'] },
    });
    assert.equal(both.client.subprotocol, 'chat');
    assert.equal(both.server.subprotocol, 'chat');
    assert.match(both.client.response?.headers.get('Sec-WebSocket-Extensions') ?? '', /^permessage-deflate/);
    await using plain = await pair({ server: { compression: null } });
    assert.equal(plain.client.response?.headers.get('Sec-WebSocket-Extensions') ?? null, null);
  });

  test('takes direct handlers on either side, with their own `this`', async () => {
    const heard: [string, Data | number][] = [];
    class Handlers {
      readonly #name: string;

      constructor(name: string) {
        this.#name = name;
      }

      open(): void {
        heard.push([this.#name, 'open']);
      }

      message(_: unknown, data: Data): void {
        heard.push([this.#name, data]);
      }

      close(_: unknown, code: number): void {
        heard.push([this.#name, code]);
      }
    }
    {
      await using both = await pair({
        client: { handlers: new Handlers('client') },
        server: { handlers: new Handlers('server') },
      });
      await both.client.send('to server');
      await both.server.send('to client');
      await settled();
    }
    assert.deepEqual(heard, [
      ['server', 'open'],
      ['client', 'open'],
      ['server', 'to server'],
      ['client', 'to client'],
      ['client', 1001],
      ['server', 1001],
    ]);
  });

  test('has connections of classes of your own', async () => {
    class Mine extends ServerConnection {
      readonly room = 'lobby';
    }
    await using both = await pair({
      server: { createConnection: (protocol, server, options) => new Mine(protocol, server, options) },
    });
    assert.equal(both.server.room, 'lobby');
  });

  test('closes in order, and ends both when it is disposed of', async () => {
    const both = await pair();
    await both.client.close({ code: 4000, reason: 'bye' });
    assert.equal(both.server.closeCode, 4000);
    const other = await pair();
    await other[Symbol.asyncDispose]();
    assert.equal(other.client.closeCode, 1001);
    assert.equal(other.server.state, State.CLOSED);
    assert.equal(other.network.size, 0);
  });

  test('ends also when the network is down at the time', async () => {
    const clock = new FakeClock();
    const both = await pair({ clock, faults: { latencyMs: 40 } });
    both.network.pause();
    void both.client.send('x');
    await both[Symbol.asyncDispose]();
    assert.equal(both.client.state, State.CLOSED);
    assert.equal(clock.pending, 0);
    const cut = await pair({ clock });
    cut.network.goDown();
    await cut[Symbol.asyncDispose]();
    assert.equal(clock.pending, 0);
  });

  test('hands on why the handshake failed, and leaves nothing behind', async () => {
    const clock = new FakeClock();
    const server = { processRequest: (connection: ServerConnection) => connection.respond(403, 'no') };
    const failed = pair({ clock, server });
    await assert.rejects(failed, (error: InvalidStatus) => error.response.statusCode === 403);
    assert.equal(clock.pending, 0);
    await assert.rejects(pair({ clock, faults: { cutAfterBytes: 100 } }), { name: 'InvalidMessage' });
    await assert.rejects(pair({ clock, client: { openTimeoutMs: 50 }, faults: { latencyMs: 60 } }), TimeoutError);
    assert.equal(clock.pending, 0);
  });

  test('refuses options that are not possible', async () => {
    await assert.rejects(pair({ faults: { latencyMs: -1 } }), RangeError);
    await assert.rejects(pair({ client: { maxQueue: -1 } }), RangeError);
    await assert.rejects(pair({ server: { subprotocols: ['no token'] } }), RangeError);
  });

  test('is the same in each run with the same seed', async () => {
    const run = async (seed: number): Promise<unknown> => {
      const clock = new FakeClock();
      await using both = await pair({ clock, seed, faults: { latencyMs: 5, jitterMs: 90, chunkBytes: [1, 30] } });
      const key = both.server.request?.headers.get('Sec-WebSocket-Key');
      const date = both.client.response?.headers.get('Date');
      void both.client.send('a'.repeat(70_000));
      const ping = await both.client.ping();
      await clock.runUntil(both.server.recv());
      return { key, date, now: clock.now(), ping: ping.data, latency: await clock.runUntil(ping.pong) };
    };
    const first = await run(1);
    assert.deepEqual(await run(1), first);
    assert.notDeepEqual(await run(2), first);
  });
});

test('a pair does not care whether the test runner fakes time', async () => {
  mock.timers.enable();
  try {
    const clock = new FakeClock();
    await using both = await pair({ clock, faults: { latencyMs: 10 } });
    await both.client.send('hello');
    assert.equal(await clock.runUntil(both.server.recv()), 'hello');
  } finally {
    mock.timers.reset();
  }
});

describe('with a fake clock', () => {
  test('the handshake takes as much time as the network does', async () => {
    const clock = new FakeClock();
    await using both = await pair({ clock, faults: { latencyMs: 40 } });
    assert.equal(clock.now(), 80);
    assert.equal(both.client.state, State.OPEN);
  });

  test('a wait ends in its time', async () => {
    const clock = new FakeClock();
    await using both = await pair({ clock });
    const waiting = both.client.recv({ timeoutMs: 500 });
    const errors: unknown[] = [];
    waiting.catch((error: unknown) => errors.push(error));
    await clock.advance(499);
    assert.equal(errors.length, 0);
    await clock.advance(1);
    assert.ok(errors[0] instanceof TimeoutError);
  });

  test('keepalive finds out that the peer is gone', async () => {
    const clock = new FakeClock();
    await using both = await pair({ clock, server: { pingIntervalMs: null } });
    both.network.pause();
    await clock.advance(20_000 + 20_000 + 10_000 + 200);
    assert.equal(both.client.state, State.CLOSED);
    await assert.rejects(both.client.recv(), (error: ConnectionClosed) => error.sent?.code === 1011);
  });

  test('backpressure holds a sender back as long as nobody reads', async () => {
    const clock = new FakeClock();
    await using both = await pair({ clock, faults: { capacityBytes: 1000 }, client: { compression: null } });
    both.network.stall();
    let isSent = false;
    void both.client.send('x'.repeat(40_000)).then(() => {
      isSent = true;
    });
    await clock.advance(1000);
    assert.equal(isSent, false);
    assert.ok(both.client.bufferedAmount >= 40_000);
    both.network.resume();
    await clock.advance(0);
    assert.equal(isSent, true);
  });

  test('a connection that is cut says so, with the seed', async () => {
    await using both = await pair({ seed: 7 });
    const waiting = both.client.recv();
    both.network.cut();
    await assert.rejects(waiting, (error: Error) => {
      assert.ok(error instanceof ConnectionClosed);
      assert.match(String(error.cause), /ECONNRESET .*seed 7/);
      return true;
    });
  });
});
