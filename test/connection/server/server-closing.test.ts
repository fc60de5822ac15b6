// How a server closes, over transports in memory and a clock that is moved by hand: what is sent when, who is dropped, and
// when it is over. No socket.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FakeClock, settled } from 'websockets-ts/testing';
import { type ListenSink, Server, type ServerHandler, type ServerOptions } from '#dist/connection/server/server.js';
import type { ServerCloseOptions } from '#dist/connection/server/server-closing.js';
import { TimerWheel } from '#dist/connection/timer-wheel.js';
import { nodeRuntime } from '#dist/node/runtime.js';
import { FakeTransport } from '../../support/fake-transport.ts';
import { LogRecorder } from '../../support/log-recorder.ts';

const REQUEST = [
  'GET / HTTP/1.1',
  'Host: localhost',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  '\r\n',
].join('\r\n');
/** A masked close frame with 1001. */
const CLOSE = Uint8Array.of(0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9);

class Transport extends FakeTransport {
  isAborted = false;

  override abort(): void {
    this.isAborted = true;
    super.abort();
  }

  request(): this {
    this.sink?.onData(Uint8Array.from(Buffer.from(REQUEST)));
    return this;
  }

  /** The peer answers the close frame, and goes. */
  leave(): void {
    this.sink?.onData(CLOSE.slice());
    this.sink?.onEnd();
    this.sink?.onClose(null);
  }

  /** `code reason` of the close frame that it was sent; null: none yet. */
  get closeFrame(): string | null {
    const frame = this.writes.find((bytes) => bytes.charCodeAt(0) === 0x88);
    if (frame === undefined) return null;
    return `${frame.charCodeAt(2) * 256 + frame.charCodeAt(3)} ${frame.slice(4)}`.trimEnd();
  }
}

interface Running {
  readonly server: Server;
  readonly clock: FakeClock;
  readonly logger: LogRecorder;
  /** How often the process is held now. */
  readonly holds: () => number;
  /** A client connects. */
  readonly accept: () => Transport;
  /** Several do, and are let in. */
  readonly open: (count: number) => Transport[];
  readonly isClosed: () => boolean;
}

/** @param closeListener closes the sockets that listen. */
async function running(
  handler: ServerHandler = {},
  options: ServerOptions = {},
  closeListener: () => Promise<void> = async () => {},
): Promise<Running> {
  const clock = new FakeClock();
  const logger = new LogRecorder('warn', 'error');
  let holds = 0;
  const holdProcess = (): (() => void) => {
    holds++;
    return () => void holds--;
  };
  let sink: ListenSink | undefined;
  const runtime = { ...nodeRuntime, clock: new TimerWheel(clock), holdProcess };
  const server = new Server(
    runtime,
    handler,
    { logger, pingIntervalMs: null, compression: null, ...options },
    async (given) => {
      sink = given;
      return { addresses: [], sockets: [], close: closeListener };
    },
  );
  await server.startServing();
  let isClosed = false;
  void server.waitClosed().then(() => {
    isClosed = true;
  });
  const accept = (): Transport => {
    const transport = new Transport();
    sink?.onTransport(transport);
    return transport;
  };
  return {
    server,
    clock,
    logger,
    holds: () => holds,
    accept,
    open: (count) => Array.from({ length: count }, () => accept().request()),
    isClosed: () => isClosed,
  };
}

const never = (): Promise<void> => new Promise(() => {});

describe('closing a server with spreadMs', () => {
  test('sends the close frames one after the other, evenly over that time', async () => {
    const { server, clock, open, isClosed } = await running();
    const transports = open(5);
    server.close({ code: 1012, reason: 'deploy', spreadMs: 100 });
    await settled();
    const closing = (): number => transports.filter(({ closeFrame }) => closeFrame !== null).length;
    for (const [ms, expected] of [
      [0, 1],
      [24, 1],
      [1, 2],
      [25, 3],
      [25, 4],
      [25, 5],
    ] as const) {
      await clock.advance(ms);
      assert.equal(closing(), expected);
    }
    assert.ok(transports.every(({ closeFrame }) => closeFrame === '1012 deploy'));
    for (const transport of transports) transport.leave();
    await settled();
    assert.equal(isClosed(), true);
  });

  test('serves those whose turn has not come, and passes over those that have gone by themselves', async () => {
    const messages: unknown[] = [];
    const { server, clock, open, isClosed } = await running({ message: (_, data) => messages.push(data) });
    const [first, second, third] = open(3) as [Transport, Transport, Transport];
    server.close({ spreadMs: 100 });
    await settled();
    first.leave();
    third.sink?.onData(Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0x78));
    assert.deepEqual(messages, ['x']);
    second.leave();
    await clock.advance(100);
    assert.equal(third.closeFrame, '1001');
    third.leave();
    await settled();
    assert.equal(isClosed(), true);
  });
});

describe('closing a server with graceMs', () => {
  test('drops in the end who has not answered the close frame', async () => {
    const { server, clock, logger, open, isClosed } = await running();
    const [polite, deaf] = open(2) as [Transport, Transport];
    server.close({ graceMs: 5000 });
    await settled();
    polite.leave();
    await clock.advance(4999);
    assert.equal(deaf.isAborted, false);
    assert.equal(isClosed(), false);
    await clock.advance(51); // to the tick of the wheel
    assert.equal(deaf.isAborted, true);
    assert.equal(polite.isAborted, false);
    assert.equal(isClosed(), true);
    assert.deepEqual(logger.texts('warn'), ['time to close is over: 1 connections dropped, 0 handlers left alone']);
  });

  test('does not wait any longer for handlers that do not return', async () => {
    const { server, clock, logger, open, isClosed } = await running(never);
    const [transport] = open(1);
    server.close({ graceMs: 5000 });
    await settled();
    transport?.leave();
    await clock.advance(4999);
    assert.equal(isClosed(), false);
    await clock.advance(51);
    assert.equal(isClosed(), true);
    assert.deepEqual(logger.texts('warn'), ['time to close is over: 0 connections dropped, 1 handlers left alone']);
  });

  test('lets connections live for that time with closeConnections: false', async () => {
    const { server, clock, open, isClosed } = await running(never);
    const [transport] = open(1) as [Transport];
    server.close({ closeConnections: false, graceMs: 5000 });
    await clock.advance(4999);
    assert.equal(transport.closeFrame, null);
    assert.equal(transport.isAborted, false);
    await clock.advance(51);
    assert.equal(transport.isAborted, true);
    assert.equal(isClosed(), true);
  });

  test('is over as soon as all have gone, says nothing then, and holds the process no longer than that', async () => {
    const { server, clock, logger, open, holds, isClosed } = await running();
    const [transport] = open(1) as [Transport];
    assert.equal(holds(), 0);
    server.close({ graceMs: 5000 });
    await settled();
    assert.equal(holds(), 1);
    transport.leave();
    await settled();
    assert.equal(isClosed(), true);
    assert.equal(holds(), 0);
    await clock.advance(10_000);
    assert.deepEqual(logger.lines, []);
    assert.equal(clock.pending, 0);
  });

  test('that is not given has no end, and leaves the process alone', async () => {
    const { server, clock, open, holds, isClosed } = await running(never, { closeTimeoutMs: 50 });
    const [transport] = open(1) as [Transport];
    server.close();
    await settled();
    assert.equal(holds(), 0);
    await clock.advance(3_600_000);
    assert.equal(transport.isAborted, true);
    assert.equal(isClosed(), false);
  });
});

describe('a client that comes late', () => {
  for (const [title, options, retryAfter] of [
    ['is told to come again in a second', {}, '1'],
    ['is told to come again when the option says so', { retryAfterSeconds: 30 }, '30'],
    ['is told nothing with null', { retryAfterSeconds: null }, undefined],
  ] as const) {
    test(title, async () => {
      const { server, accept, open, isClosed } = await running();
      const [transport] = open(1) as [Transport];
      const pending = accept();
      server.close({ graceMs: 5000, ...options });
      await settled();
      const late = accept().request();
      for (const { writes } of [pending, late]) {
        assert.match(writes.join(''), /^HTTP\/1\.1 503 Service Unavailable\r\n/);
        assert.equal(/\r\nRetry-After: (\d+)\r\n/.exec(writes.join(''))?.[1], retryAfter);
      }
      assert.equal(transport.closeFrame, '1001');
      for (const each of [transport, pending, late]) each.leave();
      await settled();
      assert.equal(isClosed(), true);
    });
  }

  test('in the last moment, while the sockets that listen are closed, is answered and waited for', async () => {
    let late: Transport | undefined;
    const { server, accept, isClosed, clock } = await running({}, {}, async () => {
      await settled();
      late = accept();
    });
    server.close();
    while (late === undefined) await settled();
    await settled();
    assert.match(late.writes.join(''), / 503 /);
    assert.equal(isClosed(), false);
    late.leave();
    await settled();
    assert.equal(isClosed(), true);
    assert.equal(clock.pending, 0);
  });

  test('is not asked about: no hook runs', async () => {
    let asked = 0;
    const options = { processRequest: () => void asked++, authenticate: () => asked++ };
    const { server, accept, open } = await running({}, options);
    open(1);
    await settled();
    assert.equal(asked, 2);
    server.close();
    await settled();
    assert.match(accept().request().writes.join(''), / 503 /);
    await settled();
    assert.equal(asked, 2);
  });
});

describe('aborting a server', () => {
  test('drops everybody at once, and waits for no handler', async () => {
    const { server, open, accept, isClosed } = await running(never);
    const [transport] = open(1) as [Transport];
    const pending = accept();
    server.abort();
    await settled();
    assert.deepEqual([transport.isAborted, pending.isAborted], [true, true]);
    assert.equal(transport.closeFrame, null);
    assert.equal(isClosed(), true);
    server.abort();
  });

  test('puts an end to closing in order', async () => {
    const { server, clock, open, accept, isClosed, holds } = await running(never);
    const transports = open(3);
    server.close({ graceMs: 60_000, spreadMs: 60_000 });
    await settled();
    await clock.advance(30_050); // to the tick of the wheel
    assert.deepEqual(
      transports.map(({ closeFrame }) => closeFrame),
      ['1001', '1001', null],
    );
    server.abort();
    assert.equal(accept().isAborted, true);
    await settled();
    assert.equal(isClosed(), true);
    assert.equal(holds(), 0);
    assert.equal(clock.pending, 0);
    assert.equal(transports[2]?.closeFrame, null);
  });
});

describe('options of closing that make no sense', () => {
  for (const [options, name] of [
    [{ code: 1006 }, 'ProtocolError'],
    [{ reason: 'x'.repeat(124) }, 'ProtocolError'],
    [{ graceMs: -1 }, 'RangeError'],
    [{ graceMs: Number.NaN }, 'RangeError'],
    [{ graceMs: '1' }, 'TypeError'],
    [{ spreadMs: -1 }, 'RangeError'],
    [{ spreadMs: null }, 'TypeError'],
    [{ graceMs: 10, spreadMs: 11 }, 'RangeError'],
    [{ retryAfterSeconds: 1.5 }, 'RangeError'],
    [{ retryAfterSeconds: -1 }, 'RangeError'],
    [{ retryAfterSeconds: '1' }, 'TypeError'],
  ] as const) {
    test(`are refused, and the server goes on: ${JSON.stringify(options)}`, async () => {
      const { server, open } = await running();
      assert.throws(() => server.close(options as ServerCloseOptions), { name });
      assert.equal(server.isServing, true);
      assert.match(open(1)[0]!.writes.join(''), /^HTTP\/1\.1 101 /);
    });
  }
});
