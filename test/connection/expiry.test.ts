// idleTimeoutMs and maxLifetimeMs: connections that end by themselves. No socket, no real time.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CLOSE, PING, TEXT } from '../conformance/wire.ts';
import { Channels } from '../support/channels.ts';
import { OpenConnection, type OpenOptions } from '../support/open-connection.ts';

const open = (options: OpenOptions = {}): OpenConnection => OpenConnection.make({ pingIntervalMs: null, ...options });
const sentClose = ({ protocol: { closeSent } }: OpenConnection): string | null =>
  closeSent === null ? null : `${closeSent.code} ${closeSent.reason}`;

test('a connection has no timer for either by default', () => {
  assert.equal(open().clock.pending, 0);
});

describe('a connection with idleTimeoutMs', () => {
  test('is closed with 1001 when no message comes or goes for so long', async () => {
    using channels = new Channels('limit');
    const connection = open({ idleTimeoutMs: 1000 });
    await connection.clock.advance(999);
    assert.equal(sentClose(connection), null);
    await connection.clock.advance(2);
    assert.equal(sentClose(connection), '1001 idle timeout');
    assert.deepEqual(channels.about(connection), ['limit limit=idleTimeoutMs']);
  });

  for (const [what, act] of [
    ['received', (connection: OpenConnection) => connection.receive({ opcode: TEXT, payload: '' })],
    ['sent', (connection: OpenConnection) => connection.trySend('x')],
  ] as const) {
    test(`lives on with each message ${what}, and a quarter longer at most`, async () => {
      const connection = open({ idleTimeoutMs: 1000, maxQueue: null });
      for (let i = 0; i < 10; i++) {
        await connection.clock.advance(900);
        act(connection);
      }
      await connection.clock.advance(999);
      assert.equal(sentClose(connection), null);
      await connection.clock.advance(260);
      assert.equal(sentClose(connection), '1001 idle timeout');
    });
  }

  test('does not count pings as messages', async () => {
    const connection = open({ idleTimeoutMs: 1000 });
    for (let i = 0; i < 11; i++) {
      connection.receive({ opcode: PING, payload: 'x' });
      await connection.clock.advance(100);
    }
    assert.equal(sentClose(connection), '1001 idle timeout');
  });

  test('is not idle while what was sent is on its way', async () => {
    const connection = open({ idleTimeoutMs: 1000 });
    connection.transport.isSlow = true;
    connection.trySend('x');
    await connection.clock.advance(10_000);
    assert.equal(sentClose(connection), null);
    connection.transport.drain();
    await connection.clock.advance(1251);
    assert.equal(sentClose(connection), '1001 idle timeout');
  });

  test('leaves no timer behind', async () => {
    const connection = open({ idleTimeoutMs: 1000, maxLifetimeMs: 1000 });
    assert.equal(connection.clock.pending, 1, 'one for both');
    connection.receive({ opcode: CLOSE });
    connection.transport.abort();
    assert.equal(connection.clock.pending, 0);
  });
});

describe('a connection with maxLifetimeMs', () => {
  test('is closed with 1001 after a time of its own, a tenth less or more', async () => {
    using channels = new Channels('limit');
    const closedAt: number[] = [];
    const phases = [0, 2 ** 31, 2 ** 32 - 1];
    for (const phase of phases) {
      const connection = open({ maxLifetimeMs: 100_000, idleTimeoutMs: 1e9, mask: phase });
      while (connection.protocol.closeSent === null) {
        connection.trySend('x');
        await connection.clock.advance(1000);
      }
      assert.equal(sentClose(connection), '1001 maximum lifetime reached');
      assert.deepEqual(channels.about(connection), ['limit limit=maxLifetimeMs']);
      closedAt.push(Math.round(connection.clock.now() / 1000));
    }
    assert.deepEqual(closedAt, [90, 100, 110]);
  });
});
