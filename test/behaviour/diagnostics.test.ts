// The diagnostics channels: what is told on which, and that listening does no harm.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { hasSubscribers } from 'node:diagnostics_channel';
import type { Server as NetServer } from 'node:net';
import { describe, test } from 'node:test';
import type { Response, ServerConnection } from 'websockets-ts';
import { CONTINUATION, PING, TEXT } from '../conformance/wire.ts';
import { Channels } from '../support/channels.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import { deferred, driver, meet, rejection, SIDES, serving, untilClosed } from './meet.ts';

const fail = (): never => {
  throw new Error('mine');
};

for (const side of SIDES) {
  describe(`the channels tell of a ${side}'s connection`, () => {
    test('its handshake, opening, messages and close, in order', async () => {
      using channels = new Channels();
      await using m = await meet(side);
      const received = m.connection.recv();
      m.peer.send({ opcode: TEXT, payload: 'é' });
      await received;
      m.peer.send({ opcode: TEXT, payload: 'a', fin: false }, { opcode: CONTINUATION, payload: 'bc' });
      m.peer.send({ opcode: PING });
      await m.peer.frame();
      await m.connection.send(Uint8Array.of(1, 2, 3));
      m.connection.trySend('x');
      m.peer.sendClose(1000, 'bye');
      await m.peer.finishClosing();
      await m.connection.closed;
      assert.deepEqual(channels.about(m.connection), [
        'handshake isOpen=true',
        'open',
        'message direction=received isText=true fin=true byteLength=2',
        'message direction=received isText=true fin=false byteLength=1',
        'message direction=received isText=null fin=true byteLength=2',
        'message direction=sent isText=false fin=true byteLength=3',
        'message direction=sent isText=true fin=true byteLength=1',
        'close code=1000 reason=bye ConnectionClosedOK: received 1000 (OK) bye; then sent 1000 (OK) bye',
      ]);
    });

    for (const [limit, options, act, error] of [
      ['maxSize', { maxSize: 10 }, [{ opcode: TEXT, payload: 'x'.repeat(11) }], 'PayloadTooBig'],
      [
        'controlFrameLimit',
        { controlFrameLimit: { burst: 2, perSecond: 0 } },
        [{ opcode: PING }, { opcode: PING }, { opcode: PING }],
        'ProtocolError',
      ],
      [
        'maxEmptyFragments',
        { maxEmptyFragments: 1 },
        [
          { opcode: TEXT, fin: false },
          { opcode: CONTINUATION, fin: false },
          { opcode: CONTINUATION, fin: false },
        ],
        'ProtocolError',
      ],
    ] as const) {
      test(`that the peer passed ${limit}, and with which error`, async () => {
        using channels = new Channels('limit', 'error');
        await using m = await meet(side, options);
        m.peer.send(...act);
        await m.peer.finishClosing();
        await m.connection.closed;
        const [first, second, ...rest] = channels.about(m.connection);
        assert.match(first!, new RegExp(`^error message=the peer broke the protocol ${error}: `));
        assert.equal(second, `limit limit=${limit}`);
        assert.deepEqual(rest, []);
      });
    }

    test('that keepalive and the close deadline gave up', async () => {
      using channels = new Channels('limit');
      await using m = await meet(side, { pingIntervalMs: 10, pingTimeoutMs: 10, closeTimeoutMs: 10 });
      await m.connection.closed;
      assert.deepEqual(channels.about(m.connection), ['limit limit=pingTimeoutMs', 'limit limit=closeTimeoutMs']);
    });

    test('that the network failed', async () => {
      using channels = new Channels('error', 'close');
      await using m = await meet(side);
      m.peer.socket.resetAndDestroy();
      await m.connection.closed;
      const [error, close] = channels.about(m.connection);
      assert.match(error!, /^error message=! error while receiving data Error: .*ECONNRESET/);
      assert.match(close!, /^close code=1006 reason= ConnectionClosedError/);
    });

    test('a violation of the protocol', async () => {
      using channels = new Channels('error', 'limit');
      await using m = await meet(side);
      m.peer.send({ opcode: 3 });
      await m.peer.finishClosing();
      await m.connection.closed;
      assert.deepEqual(channels.about(m.connection), [
        'error message=the peer broke the protocol ProtocolError: invalid opcode',
      ]);
    });
  });
}

describe('the channels tell of a server', () => {
  test('a handler that failed', async () => {
    using channels = new Channels('error');
    const arrived = deferred<ServerConnection>();
    await using s = await serving(
      (connection: ServerConnection) => {
        arrived.resolve(connection);
        throw new Error('mine');
      },
      { logger: new LogRecorder() },
    );
    const client = await driver.connect(s.url);
    await client.closed;
    assert.deepEqual(channels.about(await arrived.promise), ['error message=connection handler failed Error: mine']);
  });

  for (const [hook, options, told] of [
    ['processRequest', { processRequest: fail }, 'process_request failed'],
    ['authenticate', { authenticate: fail }, 'authenticate failed'],
    ['selectSubprotocol', { selectSubprotocol: fail }, 'opening handshake failed'],
    ['processResponse', { processResponse: fail }, 'process_response failed'],
    ['createConnection', { createConnection: fail }, 'opening handshake failed'],
  ] as const) {
    test(`an error of ${hook}, once`, async () => {
      using channels = new Channels('error');
      await using s = await serving(untilClosed, { ...options, logger: new LogRecorder() });
      const peer = await driver.dial(s.port);
      await peer.open();
      await peer.ended();
      peer.destroy();
      const [first, ...rest] = channels.heard;
      assert.deepEqual([first?.message['message'], String(first?.message['error'])], [told, 'Error: mine']);
      assert.equal(first?.message['connection'] === null, hook === 'createConnection');
      assert.deepEqual(rest, []);
    });
  }

  test('an answer of a hook that is none', async () => {
    using channels = new Channels('error');
    const logger = new LogRecorder();
    await using s = await serving(untilClosed, { processResponse: () => ({}) as Response, logger });
    const peer = await driver.dial(s.port);
    await peer.open();
    await peer.ended();
    peer.destroy();
    assert.deepEqual(
      channels.heard.map(({ message }) => message['message']),
      ['unexpected internal error'],
    );
  });

  test('a connection that could not be accepted', async () => {
    using channels = new Channels('error');
    await using s = await serving(untilClosed, { logger: new LogRecorder() });
    (s.server.sockets[0] as NetServer).emit('error', new Error('EMFILE'));
    assert.deepEqual(channels.about(null), ['error message=accepting a connection failed Error: EMFILE']);
  });

  test('a handshake that was refused, on both ends', async () => {
    using channels = new Channels();
    await using s = await serving(untilClosed, { origins: ['https://a.example'] });
    await rejection(driver.connect(s.url, { origin: 'https://b.example' }));
    const handshakes = channels.heard.filter(({ name }) => name === 'handshake');
    assert.equal(handshakes.length, 2);
    assert.ok(handshakes.every(({ message }) => message['isOpen'] === false));
    assert.deepEqual(handshakes.map(({ message }) => (message['error'] as Error | null)?.name).sort(), [
      'InvalidOrigin',
      'InvalidStatus',
    ]);
    assert.ok(!channels.heard.some(({ name }) => name === 'open' || name === 'close'));
  });

  test('a client that left before its request was complete', async () => {
    using channels = new Channels();
    await using s = await serving(untilClosed);
    const peer = await driver.dial(s.port);
    peer.socket.end('GET / HTTP/1.1\r\n');
    await peer.ended();
    while (channels.heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const [first, ...rest] = channels.heard;
    assert.equal(first?.name, 'handshake');
    assert.equal(first.message['isOpen'], false);
    assert.match(String(first.message['error']), /^InvalidMessage: /);
    assert.deepEqual(rest, []);
  });

  test('a header that is too long, and too many of them', async () => {
    using channels = new Channels('limit');
    await using s = await serving(untilClosed);
    const long = await driver.dial(s.port);
    await long.open({ 'X-Long': 'x'.repeat(10_000) });
    const many = await driver.dial(s.port);
    await many.open(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`X-${i}`, 'x'])));
    assert.deepEqual(
      channels.heard.map(({ message }) => message['limit']),
      ['maxLineBytes', 'maxHeaders'],
    );
    long.destroy();
    many.destroy();
  });

  test('a handshake that takes too long, and one that is dropped for others', async () => {
    using channels = new Channels('limit');
    await using s = await serving(untilClosed, { openTimeoutMs: 50, maxPending: 1 });
    const first = await driver.dial(s.port);
    const second = await driver.dial(s.port);
    assert.match(await second.head(), /^HTTP\/1.1 408 /);
    await first.ended();
    assert.deepEqual(
      channels.heard.map(({ message }) => message['limit']),
      ['maxPending', 'openTimeoutMs'],
    );
    second.destroy();
  });
});

test('a client that gives up opening tells so', async () => {
  using channels = new Channels('limit');
  await using server = await driver.listen();
  await rejection(driver.connect(server.url, { openTimeoutMs: 20 }));
  assert.deepEqual(
    channels.heard.map(({ message }) => message['limit']),
    ['openTimeoutMs'],
  );
});

test('nobody listens unless somebody subscribes', () => {
  for (const name of ['handshake', 'open', 'message', 'close', 'error', 'limit']) {
    assert.equal(hasSubscribers(`websockets:${name}`), false, name);
  }
});

test('a subscriber that throws does no harm to connections; Node tells of it as an uncaught exception', () => {
  const script = `
    import { subscribe } from 'node:diagnostics_channel';
    import { connect, serve } from 'websockets-ts';
    const names = ['handshake', 'open', 'message', 'close', 'error', 'limit'];
    let uncaught = 0;
    process.on('uncaughtException', () => { uncaught++; });
    for (const name of names) subscribe('websockets:' + name, () => { throw new Error(name); });
    const server = await serve(async (ws) => { for await (const message of ws) await ws.send(message); }, { host: '127.0.0.1' });
    const ws = await connect('ws://127.0.0.1:' + server.addresses[0][1]);
    await ws.send('x');
    console.log(await ws.recv());
    await ws.close();
    server.close();
    await server.waitClosed();
    setImmediate(() => console.log(ws.closeCode, uncaught >= 10));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.equal(stdout, 'x\n1000 true\n', stderr);
});

test('a subscriber may close the connection that it hears of', async () => {
  const { subscribe, unsubscribe } = await import('node:diagnostics_channel');
  const closeIt = (message: unknown): void => {
    (message as { readonly connection: ServerConnection }).connection.abort();
  };
  await using m = await meet('server');
  subscribe('websockets:message', closeIt);
  try {
    m.peer.send({ opcode: TEXT, payload: 'a' }, { opcode: TEXT, payload: 'b' });
    if (m.connection.state === 'OPEN') await m.connection.closed;
  } finally {
    unsubscribe('websockets:message', closeIt);
  }
  assert.equal(m.connection.closeCode, 1006);
});
