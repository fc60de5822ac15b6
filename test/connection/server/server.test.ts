// A server over transports in memory: whom it drops and when, and what a failure to listen leaves behind. No socket.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import { FakeClock } from 'websockets-ts/testing';
import { type Listen, Server, type ServerOptions } from '#dist/connection/server/server.js';
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
  /** A client connects. */
  readonly accept: () => LateTransport;
}

async function listening(options: ServerOptions): Promise<Listening> {
  const clock = new FakeClock();
  let onTransport: Parameters<Listen>[0]['onTransport'] = () => {};
  const listen: Listen = async (sink) => {
    onTransport = sink.onTransport;
    return { addresses: [['127.0.0.1', 1]], sockets: [], close: async () => {} };
  };
  const logger = new LogRecorder();
  const server = new Server({ ...nodeRuntime, clock: clock.wheel }, () => {}, { logger, ...options }, listen);
  await server.startServing();
  return {
    clock,
    accept: () => {
      const transport = new LateTransport();
      onTransport(transport);
      return transport;
    },
  };
}

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
