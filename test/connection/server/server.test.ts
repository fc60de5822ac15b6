// A server over transports in memory: whom it drops and when, and what a failure to listen leaves behind. No socket.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ServerConnection } from 'websockets-ts';
import { FakeClock } from 'websockets-ts/testing';
import { PendingHandshakes } from '#dist/connection/server/pending-handshakes.js';
import {
  type Arrival,
  type Listen,
  type ListenSink,
  Server,
  type ServerOptions,
} from '#dist/connection/server/server.js';
import { TimerWheel } from '#dist/connection/timer-wheel.js';
import { nodeRuntime } from '#dist/node/runtime.js';
import { FakeTransport } from '../../support/fake-transport.ts';
import { LogRecorder } from '../../support/log-recorder.ts';

/** A transport that takes its time to go, as sockets do. */
class LateTransport extends FakeTransport {
  aborts = 0;

  override abort(): void {
    this.aborts++;
  }

  receive(text: string): void {
    this.sink?.onData(Buffer.from(text));
  }
}

interface Listening {
  readonly clock: FakeClock;
  readonly server: Server;
  /** A client connects that speaks TLS first. */
  readonly arrive: () => TlsClient;
  /** A client connects. */
  readonly accept: () => LateTransport;
}

async function listening(options: ServerOptions): Promise<Listening> {
  const clock = new FakeClock();
  let sink!: ListenSink;
  const listen: Listen = async (itsSink) => {
    sink = itsSink;
    return { addresses: [['127.0.0.1', 1]], sockets: [], close: async () => {} };
  };
  const logger = new LogRecorder();
  const server = new Server({ ...nodeRuntime, clock: clock.wheel }, () => {}, { logger, ...options }, listen);
  await server.startServing();
  return {
    clock,
    server,
    arrive: () => new TlsClient(sink),
    accept: () => {
      const transport = new LateTransport();
      sink.onTransport(transport);
      return transport;
    },
  };
}

/** A client that has connected, and is not through with TLS. */
class TlsClient {
  drops = 0;
  readonly #arrival: Arrival;

  constructor({ onArrival }: ListenSink) {
    this.#arrival = onArrival(() => {
      this.drops++;
    });
  }

  /** TLS is done. */
  secure(): LateTransport {
    const transport = new LateTransport();
    this.#arrival.onTransport(transport);
    return transport;
  }

  /** Its socket is closed. */
  leave(): void {
    this.#arrival.onGone();
  }
}

describe('a client that speaks TLS first', () => {
  const status = (transport: LateTransport): string | undefined => transport.writes.join('').split(' ')[1];

  test('counts among maxPending from the beginning, in the order in which all came', async () => {
    const { accept, arrive } = await listening({ maxPending: 2 });
    const first = arrive();
    const second = accept();
    const transport = first.secure();
    assert.deepEqual([transport.aborts, second.aborts], [0, 0]);
    const third = arrive();
    assert.deepEqual([transport.aborts, second.aborts, third.drops], [1, 0, 0], 'the first came first');
    accept();
    accept();
    assert.deepEqual([transport.aborts, second.aborts, third.drops], [1, 1, 1]);
  });

  test('leaves its place when it goes away', async () => {
    const { accept, arrive } = await listening({ maxPending: 1 });
    arrive().leave();
    const next = accept();
    assert.equal(next.aborts, 0);
  });

  test('has one deadline for all: it is dropped within TLS, and answered 408 behind it', async () => {
    const { arrive, clock } = await listening({ openTimeoutMs: 200 });
    const [quick, slow] = [arrive(), arrive()];
    await clock.advance(150);
    const transport = quick.secure();
    await clock.advance(49);
    assert.deepEqual([status(transport), slow.drops], [undefined, 0]);
    await clock.advance(1);
    assert.deepEqual([status(transport), slow.drops], ['408', 1]);
  });

  test('is dropped when the server closes, and late ones at once', async () => {
    const { arrive, server } = await listening({});
    const [before, secure] = [arrive(), arrive()];
    const transport = secure.secure();
    server.close();
    await new Promise((resolve) => setImmediate(resolve));
    const late = arrive();
    assert.deepEqual([before.drops, status(transport), late.drops], [1, '503', 1]);
    before.leave();
    late.leave();
    transport.sink?.onClose(null);
    await server.waitClosed();
  });
});

test('a client over TLS for which no connection could be made leaves its place, too', async () => {
  const createConnection = (): never => {
    throw new Error('mine');
  };
  const { arrive, server } = await listening({ createConnection });
  const transport = arrive().secure();
  assert.equal(transport.aborts, 1);
  server.close();
  await server.waitClosed();
});

describe('maxPending', () => {
  test('drops the oldest once each, also when they take their time to go', async () => {
    const { accept } = await listening({ maxPending: 2 });
    const transports = Array.from({ length: 6 }, accept);
    assert.deepEqual(
      transports.map(({ aborts }) => aborts),
      [1, 1, 1, 1, 0, 0],
    );
  });

  test('drops nobody when it is null', async () => {
    const { accept } = await listening({ maxPending: null });
    assert.ok(Array.from({ length: 5000 }, accept).every(({ aborts }) => aborts === 0));
  });
});

describe('the deadline of handshakes', () => {
  test('has one timer, which does not keep who waits for it when nobody is left', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const clock = new FakeClock();
    const client = {} as ServerConnection;
    const make = (): WeakRef<PendingHandshakes> => {
      const limits = { openTimeoutMs: 10_000, maxPending: 10 };
      const pending = new PendingHandshakes(new TimerWheel(clock), limits, { onTooMany() {}, onLate() {} });
      pending.begin(client);
      pending.end(client);
      return new WeakRef(pending);
    };
    const pending = make();
    assert.equal(clock.pending, 1);
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    assert.equal(pending.deref(), undefined);
    await clock.advance(10_000);
    assert.equal(clock.pending, 0);
  });
});

describe('a client that was refused', () => {
  for (const [title, begin, status] of [
    ['400', (transport: LateTransport) => transport.receive('BAD\r\n\r\n'), '400 Bad Request'],
    ['408', () => {}, '408 Request Timeout'],
  ] as const) {
    test(`with ${title} and stays is dropped in time, also with closeTimeoutMs: null`, async () => {
      const { accept, clock } = await listening({ closeTimeoutMs: null, openTimeoutMs: 200 });
      const transport = accept();
      begin(transport);
      await clock.advance(200);
      assert.ok(transport.writes.join('').startsWith(`HTTP/1.1 ${status}\r\n`));
      assert.equal(transport.hasEnded, true);
      assert.equal(transport.aborts, 0);
      await clock.advance(10_000);
      assert.equal(transport.aborts, 1);
    });
  }

  test('is given closeTimeoutMs to go', async () => {
    const { accept, clock } = await listening({ closeTimeoutMs: 50 });
    const transport = accept();
    transport.receive('BAD\r\n\r\n');
    await clock.advance(49);
    assert.equal(transport.aborts, 0);
    await clock.advance(1);
    assert.equal(transport.aborts, 1);
  });
});

describe('startServing', () => {
  test('may be tried again after a failure', async () => {
    let attempts = 0;
    const listen: Listen = async () => {
      if (++attempts === 1) throw new Error('taken');
      return { addresses: [], sockets: [], close: async () => {} };
    };
    const server = new Server(nodeRuntime, () => {}, { logger: new LogRecorder() }, listen);
    const both = await Promise.allSettled([server.startServing(), server.startServing()]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.equal(attempts, 1);
    assert.equal(server.isServing, false);
    await server.startServing();
    assert.equal(server.isServing, true);
    assert.equal(attempts, 2);
  });

  test('leaves no listener on the signal of a server that is closed', async () => {
    const { signal } = new AbortController();
    const listen: Listen = async () => ({ addresses: [], sockets: [], close: async () => {} });
    const server = new Server(nodeRuntime, () => {}, { logger: new LogRecorder(), signal }, listen);
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    server.close();
    await server.waitClosed();
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });
});
