// Direct handlers: what is called when, and that what they throw ends their own connection only.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  broadcast,
  type Connection,
  type Data,
  type DirectHandlers,
  type ServeOptions,
  type ServerConnection,
} from 'websockets-ts';
import { CONTINUATION, TEXT } from '../conformance/wire.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import type { RawPeer } from '../support/raw-peer.ts';
import { deferred, driver, rejectionText, serving } from './meet.ts';

interface Handled extends AsyncDisposable {
  readonly peer: RawPeer;
  readonly logger: LogRecorder;
}

/** A server with these handlers, and a client that is moved by hand. */
async function handle(handlers: DirectHandlers<Connection>, options: ServeOptions = {}): Promise<Handled> {
  const logger = new LogRecorder('error');
  const s = await serving(handlers, { compression: null, logger, ...options });
  const peer = await driver.dial(s.port);
  await peer.open();
  return {
    peer,
    logger,
    [Symbol.asyncDispose]: () => {
      peer.destroy();
      return s[Symbol.asyncDispose]();
    },
  };
}

describe('direct handlers', () => {
  test('hear of the opening, the messages and the end, in order', async () => {
    const calls: unknown[] = [];
    const closed = deferred();
    await using h = await handle({
      open: (connection) => calls.push(['open', connection.state]),
      message: (_, data, isText) => calls.push([data, isText]),
      close: (connection, code, reason) => {
        calls.push(['close', connection.state, code, reason]);
        closed.resolve();
      },
    });
    h.peer.send(
      { opcode: TEXT, payload: 'é' },
      { opcode: 2, payload: Uint8Array.of(1) },
      { opcode: TEXT, payload: 'a', fin: false },
      { opcode: CONTINUATION, payload: 'b' },
    );
    h.peer.sendClose(4000, 'bye');
    await h.peer.finishClosing();
    await closed.promise;
    assert.deepEqual(calls, [
      ['open', 'OPEN'],
      ['é', true],
      [Uint8Array.of(1), false],
      ['ab', true],
      ['close', 'CLOSED', 4000, 'bye'],
    ]);
  });

  test('are called on the client as well, with what came together with the answer', async () => {
    await using server = await driver.listen();
    const got = deferred<Data>();
    const connecting = driver
      .connect(server.url, { handlers: { message: (_, data) => got.resolve(data) } })
      .then((c) => c);
    const peer = await server.peer();
    peer.socket.cork();
    await peer.accept();
    peer.send({ opcode: TEXT, payload: 'early' });
    peer.socket.uncork();
    await using _client = await connecting;
    assert.equal(await got.promise, 'early');
    peer.destroy();
  });

  test('may close the connection of a client as it opens: it is connected all the same, and closed in order', async () => {
    const codes: number[] = [];
    await using s = await serving((connection: ServerConnection) => connection.closed);
    const client = await driver.connect(s.url, {
      handlers: {
        open: (connection) => {
          void connection.send('hello');
          void connection.close();
        },
        close: (_, code) => codes.push(code),
      },
    });
    await client.closed;
    assert.deepEqual(codes, [1000]);
  });

  test('may all be left out', async () => {
    await using h = await handle({});
    h.peer.send({ opcode: TEXT, payload: 'nobody hears' });
    h.peer.sendClose(1000);
    assert.equal(await h.peer.closeFrame(), '1000');
  });

  test('echo what they are given', async () => {
    await using h = await handle({ message: (connection, data) => void connection.send(data) });
    for (let i = 0; i < 100; i++) h.peer.send({ opcode: TEXT, payload: String(i) });
    for (let i = 0; i < 100; i++) assert.equal((await h.peer.frame())?.payload.toString(), String(i));
  });

  test('may drop their connection, and hear of nothing that stands behind', async () => {
    const got: Data[] = [];
    await using h = await handle({
      message: (connection, data) => {
        got.push(data);
        void connection.close({ code: 4000 });
        connection.abort();
      },
    });
    h.peer.send(...['1', '2', '3'].map((payload) => ({ opcode: TEXT, payload })));
    await h.peer.ended();
    assert.deepEqual(got, ['1']);
  });

  for (const [title, message] of [
    ['throws', () => fail()],
    ['rejects', async () => fail()],
  ] as const) {
    test(`are given nothing more once one ${title}, and the log is told once`, async () => {
      let calls = 0;
      const closed = deferred();
      await using h = await handle({
        message: () => {
          calls++;
          return message();
        },
        close: () => closed.resolve(),
      });
      h.peer.send({ opcode: TEXT, payload: 'first' });
      assert.equal(await h.peer.closeFrame(), '1011');
      h.peer.send(...Array.from({ length: 1000 }, () => ({ opcode: TEXT, payload: 'x' })));
      h.peer.sendClose(1011);
      await h.peer.finishClosing();
      await closed.promise;
      assert.equal(calls, 1);
      assert.deepEqual(h.logger.texts('error'), ['connection handler failed']);
    });
  }

  test('find their connection among those of the server when it opens, and can broadcast to it', async () => {
    await using h = await handle({
      open: (connection) => broadcast((connection as ServerConnection).server.connections, 'a newcomer'),
    });
    assert.equal((await h.peer.frame())?.payload.toString(), 'a newcomer');
  });

  test('are given no text that is not UTF-8, with validateUtf8: false', async () => {
    const got: Data[] = [];
    await using h = await handle({ message: (_, data) => void got.push(data) }, { validateUtf8: false });
    const frame = (...values: number[]) => ({ opcode: TEXT, payload: Uint8Array.from(values) });
    h.peer.send(frame(0x61), frame(0x61, 0xff), frame(0x62));
    assert.equal(await h.peer.closeFrame(), '1007 invalid start byte at position 1');
    assert.deepEqual(got, ['a']);
  });

  for (const [title, handlers] of [
    ['open throws', { open: () => fail() }],
    ['open rejects', { open: async () => fail() }],
    ['message throws', { message: () => fail() }],
    ['message rejects', { message: async () => fail() }],
  ] as const) {
    test(`end their connection with 1011 when ${title}, and say so in the log`, async () => {
      await using h = await handle(handlers);
      h.peer.send({ opcode: TEXT, payload: 'x' });
      assert.equal(await h.peer.closeFrame(), '1011');
      assert.deepEqual(h.logger.texts('error'), ['connection handler failed']);
    });
  }

  for (const [title, close] of [
    ['throws', () => fail()],
    ['rejects', async () => fail()],
  ] as const) {
    test(`log it when close ${title}, and nothing else happens`, async () => {
      const logger = new LogRecorder('error');
      const s = await serving({ close }, { logger });
      const client = await driver.connect(s.url);
      await client.close();
      s.server.close();
      await s.server.waitClosed();
      assert.deepEqual(logger.texts('error'), ['connection handler failed']);
    });
  }

  test('are told when there is room again', async () => {
    const drained = deferred();
    await using h = await handle({
      open: (connection) => void connection.send(new Uint8Array(8 * 1024 * 1024)),
      drain: () => drained.resolve(),
    });
    assert.equal((await h.peer.frame())?.payload.length, 8 * 1024 * 1024);
    await drained.promise;
  });

  test('are told on the client when there is room again', async () => {
    await using server = await driver.listen();
    const drained = deferred<Connection>();
    const connecting = driver
      .connect(server.url, { compression: null, handlers: { drain: (connection) => drained.resolve(connection) } })
      .then((connection) => connection);
    const peer = await server.peer();
    await peer.accept();
    const client = await connecting;
    const sent = client.send(new Uint8Array(8 * 1024 * 1024));
    assert.equal((await peer.frame())?.payload.length, 8 * 1024 * 1024);
    await sent;
    assert.equal(await drained.promise, client);
    client.abort();
  });

  test('take the place of recv', async () => {
    const text = deferred<string>();
    await using _h = await handle({ open: async (connection) => text.resolve(await rejectionText(connection.recv())) });
    assert.equal(await text.promise, 'ConcurrencyError: cannot call recv on a connection with direct handlers');
  });
});

describe('serial handlers', () => {
  test('are given a message when they are done with the one before', async () => {
    const log: string[] = [];
    const done = deferred();
    await using h = await handle(
      {
        message: async (_, data) => {
          log.push(`${data} begins`);
          await new Promise((resolve) => setImmediate(resolve));
          log.push(`${data} ends`);
          if (data === '3') done.resolve();
        },
      },
      { serial: true },
    );
    h.peer.send(...['1', '2', '3'].map((payload) => ({ opcode: TEXT, payload })));
    await done.promise;
    assert.deepEqual(log, ['1 begins', '1 ends', '2 begins', '2 ends', '3 begins', '3 ends']);
  });

  test('overlap without the option', async () => {
    const log: string[] = [];
    const done = deferred();
    await using h = await handle({
      message: async (_, data) => {
        log.push(`${data} begins`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        log.push(`${data} ends`);
        if (data === '2') done.resolve();
      },
    });
    h.peer.send({ opcode: TEXT, payload: '1' }, { opcode: TEXT, payload: '2' });
    await done.promise;
    assert.deepEqual(log, ['1 begins', '2 begins', '1 ends', '2 ends']);
  });

  for (const [title, end] of [
    ['closes', (peer: RawPeer) => peer.sendClose(1000)],
    ['ends its half', (peer: RawPeer) => peer.socket.end()],
    ['resets', (peer: RawPeer) => peer.socket.resetAndDestroy()],
  ] as const) {
    test(`hear the end last when the peer ${title} while they are busy`, async () => {
      const log: string[] = [];
      const first = deferred();
      const closed = deferred();
      await using h = await handle(
        {
          open: (connection) => void connection.ping(),
          message: async (_, data) => {
            first.resolve();
            await new Promise((resolve) => setTimeout(resolve, 10));
            log.push(String(data));
          },
          close: (connection) => {
            log.push(`close ${connection.state}`);
            closed.resolve();
          },
        },
        { serial: true, closeTimeoutMs: 1000 },
      );
      h.peer.send(...['1', '2', '3'].map((payload) => ({ opcode: TEXT, payload })));
      await first.promise;
      end(h.peer);
      if (title === 'closes') await h.peer.finishClosing();
      await closed.promise;
      assert.deepEqual(log, ['1', '2', '3', 'close CLOSED']);
    });
  }
});

function fail(): never {
  throw new RangeError('mine');
}
