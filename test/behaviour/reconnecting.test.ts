// Iterating over connections while the server does what servers do: dies, refuses, stalls, asks for a break.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import {
  type ClientConnection,
  ConnectionClosed,
  ConnectionClosedError,
  type ConnectOptions,
  InvalidStatus,
  Response,
} from 'websockets-ts';
import { LogRecorder } from '../support/log-recorder.ts';
import type { RawPeer } from '../support/raw-peer.ts';
import { deferred, driver, echo, rejection, serving, untilClosed } from './meet.ts';

const run = promisify(execFile);

/** Hardly any delay: tests have no time. */
const fast: ConnectOptions = { reconnectDelays: () => Array(100).fill(1)[Symbol.iterator](), compression: null };

/** Nobody listens there, and no other test can be given that port meanwhile. */
const REFUSING = 'ws://127.0.0.1:1/';

/** A port where nobody listens yet. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs the loop for a number of connections, each until it is closed; gives how each was closed. */
async function outcomes(url: string, count: number, options: ConnectOptions = fast): Promise<string[]> {
  const seen: string[] = [];
  for await (const connection of driver.connect(url, options)) {
    const error = await connection.recv().then(
      (data) => new Error(`received ${String(data)}`),
      (closed: Error) => closed,
    );
    seen.push(error.message);
    if (seen.length === count) break;
  }
  return seen;
}

describe('a loop over connections', () => {
  test('opens the next one when the last has ended, and closes each with 1000', async () => {
    const codes: (number | null)[] = [];
    await using s = await serving(async (connection) => {
      await connection.closed;
      codes.push(connection.closeCode);
    });
    const seen = new Set<ClientConnection>();
    for await (const connection of driver.connect(s.url)) {
      await connection.send('x');
      seen.add(connection);
      if (seen.size === 2) continue;
      if (seen.size === 4) break;
    }
    assert.equal(seen.size, 4);
    for (const connection of seen) assert.deepEqual([connection.state, connection.closeCode], ['CLOSED', 1000]);
    while (codes.length < 4) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(codes, [1000, 1000, 1000, 1000]);
  });

  test('is left with an error of its body, the connection closed', async () => {
    await using s = await serving(untilClosed);
    let last: ClientConnection | undefined;
    const mine = new Error('mine');
    const loop = async (): Promise<void> => {
      for await (const connection of driver.connect(s.url)) {
        last = connection;
        throw mine;
      }
    };
    await assert.rejects(loop(), mine);
    assert.deepEqual([last?.state, last?.closeCode], ['CLOSED', 1000]);
  });

  test('goes on at once when the server dies, over and over', async () => {
    await using server = await driver.listen();
    const seen = outcomes(server.url, 5, { reconnectDelays: () => assert.fail('a delay') });
    for (let count = 0; count < 5; count++) {
      const peer = await server.peer();
      await peer.accept();
      peer.socket.resetAndDestroy();
    }
    for (const message of await seen) assert.match(message, /no close frame received or sent/);
  });

  test('goes through everything that passes', async () => {
    const lets = async (peer: RawPeer, answer: string): Promise<void> => {
      await peer.head();
      peer.socket.end(answer);
      await peer.ended();
    };
    const logger = new LogRecorder();
    await using server = await driver.listen();
    const seen = outcomes(server.url, 1, { ...fast, logger, openTimeoutMs: 150 });
    // Hangs up before, during and after it has read.
    (await server.peer()).destroy();
    (await server.peer()).socket.end();
    await lets(await server.peer(), '');
    await lets(await server.peer(), 'HTTP/1.1 101 Swit');
    for (const status of [500, 502, 503, 504]) {
      await lets(await server.peer(), `HTTP/1.1 ${status} x\r\nContent-Length: 0\r\n\r\n`);
    }
    // Half-open: accepts, then says nothing.
    await (await server.peer()).ended();
    // Slow to accept, and good then.
    const slow = await server.peer();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await slow.accept();
    slow.sendClose(1000);
    await slow.finishClosing();
    assert.deepEqual(await seen, ['received 1000 (OK); then sent 1000 (OK)']);
    const reasons = logger
      .texts('info')
      .map((text) => text.replace(/^connect failed; reconnecting in 0\.0 seconds: /, ''));
    const early = 'InvalidMessage: did not receive a valid HTTP response';
    const status = (code: number): string => `InvalidStatus: server rejected WebSocket connection: HTTP ${code}`;
    assert.deepEqual(reasons.slice(1), [
      early,
      early,
      early,
      ...[500, 502, 503, 504].map(status),
      'TimeoutError: timed out during opening handshake',
    ]);
    // A connection that is reset at once: whether TCP or the handshake finds out is a matter of time.
    assert.ok(reasons[0] === early || /ECONNRESET/.test(reasons[0]!), reasons[0]);
  });

  test('waits for a server that is not there yet', async () => {
    const port = await closedPort();
    const logger = new LogRecorder();
    const delays: number[] = [];
    const failedTwice = deferred();
    const reconnectDelays = function* (): Generator<number> {
      for (;;) {
        if (delays.push(5) === 2) failedTwice.resolve();
        yield 5;
      }
    };
    const loop = (async () => {
      for await (const connection of driver.connect(`ws://127.0.0.1:${port}/`, { logger, reconnectDelays })) {
        await connection.send('x');
        return await connection.recv();
      }
      return null;
    })();
    await failedTwice.promise;
    await using _ = await serving(echo, { port });
    assert.equal(await loop, 'x');
    assert.match(
      logger.texts('info')[0]!,
      /^connect failed; reconnecting in 0\.0 seconds: Error: connect ECONNREFUSED/,
    );
  });

  test('waits as long as a 503 asks for', async () => {
    let refusals = 0;
    await using s = await serving(echo, {
      processRequest: () => {
        refusals++;
        return refusals === 1 ? new Response(503, 'x', { 'Retry-After': '1', 'Content-Length': '0' }) : null;
      },
    });
    const start = performance.now();
    for await (const _ of driver.connect(s.url, fast)) break;
    assert.ok(performance.now() - start >= 1000);
  });

  test('is left with what is fatal', async () => {
    await using s = await serving(echo, { processRequest: () => new Response(404, 'x', { 'Content-Length': '0' }) });
    assert.ok((await rejection(outcomes(s.url, 1))) instanceof InvalidStatus);
  });

  test('is left with a close code that stops, and waits after one that waits', async () => {
    const codes = [1012, 1001, 1008];
    await using s = await serving((connection) => connection.close({ code: codes.shift()!, reason: 'bye' }));
    const logger = new LogRecorder();
    const seen: number[] = [];
    const loop = async (): Promise<void> => {
      for await (const connection of driver.connect(s.url, { ...fast, logger })) {
        try {
          for await (const _ of connection);
        } catch (error) {
          if (!(error instanceof ConnectionClosed)) throw error;
        }
        seen.push(connection.closeCode!);
      }
    };
    const error = await rejection(loop());
    assert.ok(error instanceof ConnectionClosedError);
    assert.equal(error.message, 'received 1008 (policy violation) bye; then sent 1008 (policy violation) bye');
    assert.deepEqual(seen, [1012, 1001, 1008]);
    assert.deepEqual(
      logger.texts('info').filter((text) => text.startsWith('connection closed;')),
      [
        'connection closed; reconnecting in 0.0 seconds: ConnectionClosedError: received 1012 (service restart) bye; then sent 1012 (service restart) bye',
      ],
    );
  });

  test('goes on from where a redirect has led', async () => {
    await using first = await driver.listen();
    await using second = await driver.listen();
    const seen = outcomes(first.url, 3);
    const peer = await first.peer();
    await peer.head();
    peer.socket.write(`HTTP/1.1 302 x\r\nLocation: ${second.url}there\r\nContent-Length: 0\r\n\r\n`);
    for (let count = 0; count < 3; count++) {
      const next = await second.peer();
      assert.match(await next.accept(), /^GET \/there /);
      next.destroy();
    }
    assert.equal((await seen).length, 3);
  });

  test('is left when the socket of the user is used up', async () => {
    await using s = await serving((connection) => connection.close());
    const socket = connectTcp({ host: '127.0.0.1', port: s.port, allowHalfOpen: true });
    await once(socket, 'connect');
    assert.equal(
      String(await rejection(outcomes(s.url, 2, { socket, ...fast }))),
      'RangeError: cannot connect again with a preexisting socket',
    );
  });

  test('asks processException, which sees the error', async () => {
    const answers = [418, 429];
    await using s = await serving(echo, {
      processRequest: () => {
        const status = answers.shift();
        return status === undefined ? null : new Response(status, 'x', { 'Content-Length': '0' });
      },
    });
    const statuses: number[] = [];
    const processException = (error: Error): null => {
      assert.ok(error instanceof InvalidStatus);
      statuses.push(error.response.statusCode);
      return null;
    };
    for await (const _ of driver.connect(s.url, { ...fast, processException })) break;
    assert.deepEqual(statuses, [418, 429]);
  });

  test('asks for its headers before each connection, where they are a function', async () => {
    await using server = await driver.listen();
    let count = 0;
    const additionalHeaders = async () => ({ Authorization: `Bearer ${++count}` });
    const seen = outcomes(server.url, 2, { additionalHeaders });
    const tokens: (string | undefined)[] = [];
    for (let i = 0; i < 2; i++) {
      const peer = await server.peer();
      tokens.push(/^Authorization: (.*)\r$/m.exec(await peer.accept())?.[1]);
      peer.destroy();
    }
    await seen;
    assert.deepEqual(tokens, ['Bearer 1', 'Bearer 2']);
  });

  test('has a fresh key for each attempt', async () => {
    await using server = await driver.listen();
    const seen = outcomes(server.url, 3);
    const keys = new Set<string>();
    for (let count = 0; count < 3; count++) {
      const peer = await server.peer();
      keys.add(/^Sec-WebSocket-Key: (.*)\r$/m.exec(await peer.accept())![1]!);
      peer.destroy();
    }
    await seen;
    assert.equal(keys.size, 3);
  });

  test('keeps the process alive while it waits', async () => {
    const script = `
      import { connect } from 'websockets-ts';
      const reconnectDelays = function* () { yield 100; yield 100; };
      try {
        for await (const _ of connect('${REFUSING}', { reconnectDelays }));
      } catch (error) {
        console.log(error.code);
      }`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { timeout: 30_000 });
    assert.equal(stdout, 'ECONNREFUSED\n');
  });
});

describe('the signal of a loop', () => {
  test('ends a delay at once, and the loop with its reason', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const waiting = deferred();
    const reconnectDelays = (): Iterator<number> => {
      waiting.resolve();
      return [1_000_000][Symbol.iterator]();
    };
    const { signal } = controller;
    const loop = rejection(outcomes(REFUSING, 1, { reconnectDelays, signal }));
    await waiting.promise;
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(reason);
    assert.equal(await loop, reason);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('ends an attempt', async () => {
    await using server = await driver.listen();
    const controller = new AbortController();
    const reason = new Error('enough');
    const loop = rejection(outcomes(server.url, 1, { ...fast, signal: controller.signal }));
    const peer = await server.peer();
    await peer.head();
    controller.abort(reason);
    assert.equal(await loop, reason);
    await peer.ended();
  });

  test('leaves the body alone, and then there is no next connection', async () => {
    await using s = await serving(echo);
    const controller = new AbortController();
    const reason = new Error('enough');
    let count = 0;
    const loop = async (): Promise<void> => {
      for await (const connection of driver.connect(s.url, { signal: controller.signal })) {
        count++;
        controller.abort(reason);
        await connection.send('x');
        assert.equal(await connection.recv(), 'x');
      }
    };
    await assert.rejects(loop(), reason);
    assert.equal(count, 1);
  });
});

describe('one object of connect', () => {
  const NOT_REENTRANT = { name: 'Error', message: "connect() isn't reentrant" };

  test('can be iterated over once', async () => {
    await using s = await serving(untilClosed);
    const connecting = driver.connect(s.url);
    for await (const _ of connecting) break;
    assert.throws(() => connecting[Symbol.asyncIterator](), NOT_REENTRANT);
    await assert.rejects(async () => {
      for await (const _ of connecting) break;
    }, NOT_REENTRANT);
  });

  test('can be awaited or iterated over, not both', async () => {
    await using s = await serving(untilClosed);
    const iterated = driver.connect(s.url);
    for await (const _ of iterated) break;
    await assert.rejects(iterated, NOT_REENTRANT);
    const awaited = driver.connect(s.url);
    await using connection = await awaited;
    assert.throws(() => awaited[Symbol.asyncIterator](), NOT_REENTRANT);
    assert.equal(connection.state, 'OPEN');
  });

  test('has nothing to close after it was iterated over', async () => {
    await using s = await serving(untilClosed);
    {
      await using connecting = driver.connect(s.url);
      for await (const _ of connecting) break;
    }
    assert.equal(s.server.connections.size, 0);
  });
});
