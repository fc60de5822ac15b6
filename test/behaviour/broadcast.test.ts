// broadcast: one message to many, without waiting, and without one of them spoiling it for the others.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { broadcast, type Connection, type LogContext, type Logger } from 'websockets-ts';
import { agreeing, failing } from '../support/failing-extension.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import { deferred, meet, type Pair, pair, SIDES } from './meet.ts';

/** Collects warnings. */
function warnings(): { readonly lines: string[]; readonly connections: unknown[]; readonly logger: Logger } {
  const lines: string[] = [];
  const connections: unknown[] = [];
  const nothing = (): void => {};
  const warn = (message: string, context?: LogContext): void => {
    lines.push(message);
    connections.push(context?.connection);
  };
  return { lines, connections, logger: { debug: nothing, info: nothing, warn, error: nothing } };
}

const text = async (peer: { frame(): Promise<{ opcode: number; payload: Buffer } | null> }): Promise<string> => {
  const frame = await peer.frame();
  return `${frame?.opcode} ${frame?.payload}`;
};

/** Begins a fragmented message that is not completed before `go`. */
function hold(connection: Connection): { readonly go: () => void; readonly sent: Promise<void> } {
  const gate = deferred();
  async function* source(): AsyncGenerator<string> {
    yield 'a';
    await gate.promise;
  }
  return { go: () => gate.resolve(), sent: connection.send(source()) };
}

for (const side of SIDES) {
  describe(`broadcast to a ${side}'s connections`, () => {
    for (const [title, message, options, frame] of [
      ['a string as text', 'é', {}, '1 é'],
      ['bytes as binary', Uint8Array.of(97), {}, '2 a'],
      ['a Buffer as binary', Buffer.from('a'), {}, '2 a'],
      ['bytes as text with text: true', Uint8Array.of(97), { text: true }, '1 a'],
      ['a string as binary with text: false', 'é', { text: false }, '2 é'],
    ] as const) {
      test(`sends ${title}`, async () => {
        await using m = await meet(side);
        await using n = await meet(side);
        broadcast([m.connection, n.connection], message, options);
        assert.equal(await text(m.peer), frame);
        assert.equal(await text(n.peer), frame);
      });
    }

    test('copies the bytes before it returns', async () => {
      await using m = await meet(side);
      const bytes = Buffer.alloc(100_000, 'a');
      broadcast([m.connection], bytes);
      bytes.fill('b');
      assert.equal(await text(m.peer), `2 ${'a'.repeat(100_000)}`);
    });

    test('is content with no connections', () => broadcast([], 'x'));

    test('refuses anything else, fragments too', () => {
      for (const message of [42, ['a'], {}, null]) {
        assert.throws(
          () => broadcast([], message as unknown as string),
          (error) => String(error) === 'TypeError: data must be str or bytes',
        );
      }
    });

    test('leaves out connections that are closing or closed, without a word', async () => {
      const { lines, logger } = warnings();
      await using m = await meet(side, { logger });
      await using n = await meet(side, { logger });
      m.connection.abort();
      await m.connection.closed;
      void n.connection.close();
      broadcast([m.connection, n.connection], 'x', { raiseExceptions: true });
      broadcast([m.connection, n.connection], 'x');
      assert.equal(await n.peer.closeFrame(), '1000');
      assert.deepEqual(lines, []);
    });

    test('skips a connection that is sending a fragmented message, with a warning', async () => {
      const { lines, connections, logger } = warnings();
      await using m = await meet(side, { logger });
      await using n = await meet(side, { logger });
      const { go, sent } = hold(m.connection);
      assert.equal(await text(m.peer), '1 a');
      broadcast([m.connection, n.connection], 'x');
      assert.deepEqual(lines, ['skipped broadcast: sending a fragmented message']);
      assert.equal(connections[0], m.connection);
      assert.equal(await text(n.peer), '1 x');
      go();
      await sent;
    });

    test('throws about such a connection with raiseExceptions, when all others have the message', async () => {
      const { lines, logger } = warnings();
      await using m = await meet(side, { logger });
      await using n = await meet(side, { logger });
      const { go, sent } = hold(m.connection);
      assert.throws(
        () => broadcast([m.connection, n.connection], 'x', { raiseExceptions: true }),
        (error: AggregateError) => {
          assert.equal(error.message, 'skipped broadcast');
          assert.deepEqual(error.errors.map(String), ['ConcurrencyError: sending a fragmented message']);
          return true;
        },
      );
      assert.equal(await text(n.peer), '1 x');
      assert.deepEqual(lines, []);
      go();
      await sent;
    });
  });
}

describe('broadcast to a connection that cannot write', () => {
  const clients = (logger: Logger): Promise<Pair> =>
    pair({ client: { extensions: [failing], logger }, server: { extensions: [agreeing] } });

  test('warns and goes on', async () => {
    const { lines, logger } = warnings();
    await using broken = await clients(logger);
    await using p = await pair();
    broadcast([broken.client, p.client], 'x');
    assert.deepEqual(lines, ['skipped broadcast: failed to write message: RangeError: mine']);
    assert.equal(await p.peer.recv(), 'x');
  });

  test('throws at the end with raiseExceptions', async () => {
    const { lines, logger } = warnings();
    await using broken = await clients(logger);
    await using p = await pair();
    assert.throws(
      () => broadcast([broken.client, p.client], 'x', { raiseExceptions: true }),
      ({ errors: [error] }: AggregateError) => {
        assert.equal(error.message, 'failed to write message');
        assert.equal(String(error.cause), 'RangeError: mine');
        return true;
      },
    );
    assert.equal(await p.peer.recv(), 'x');
    assert.deepEqual(lines, []);
  });
});

test('a large broadcast leaves healthy connections as they were: they send and ping', async () => {
  const options = { compression: null, maxSize: null, pingIntervalMs: null };
  await using p = await pair({ client: options, server: options });
  for (let round = 0; round < 3; round++) {
    broadcast(p.server.connections, new Uint8Array(8 * 1024 * 1024));
    assert.equal((await p.client.recv({ decode: false })).length, 8 * 1024 * 1024);
    await p.peer.send('hi');
    assert.equal(await p.client.recv(), 'hi');
    await (await p.peer.ping()).pong;
  }
});

test('keepalive does not give up healthy connections after a large broadcast', async () => {
  const options = { compression: null, maxSize: null };
  const logger = new LogRecorder();
  await using p = await pair({
    client: { ...options, pingIntervalMs: null },
    server: { ...options, pingIntervalMs: 200, pingTimeoutMs: 2000, logger },
  });
  broadcast(p.server.connections, new Uint8Array(8 * 1024 * 1024));
  assert.equal((await p.client.recv({ decode: false })).length, 8 * 1024 * 1024);
  const pongs = (): number => logger.texts('debug').filter((line) => line === '% received keepalive pong').length;
  while (pongs() < 2 && p.peer.state === 'OPEN') await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(p.peer.state, 'OPEN');
});

test('broadcast does not wait for a slow connection', async () => {
  await using m = await meet('server');
  await using n = await meet('server');
  m.peer.socket.pause();
  for (let i = 0; i < 8; i++) {
    broadcast([m.connection, n.connection], new Uint8Array(1024 * 1024));
    assert.equal((await n.peer.frame())?.payload.length, 1024 * 1024);
  }
});
