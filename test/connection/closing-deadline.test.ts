// The deadline of closing: one for a connection, gone with it. No real time passes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TEXT } from '../conformance/wire.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import { OpenConnection } from '../support/open-connection.ts';

test('a connection that closes with messages unread leaves no deadline behind', async () => {
  const connection = OpenConnection.make({ maxQueue: 0, pingIntervalMs: null, closeTimeoutMs: 500 });
  connection.receive({ opcode: TEXT, payload: Buffer.from('unread') });
  const closed = connection.close();
  connection.transport.abort();
  await closed;
  assert.equal(connection.clock.pending, 0);
});

test('a connection that fails without being able to say so is dropped when the deadline has passed', async () => {
  const logger = new LogRecorder();
  const connection = OpenConnection.make({ pingIntervalMs: null, closeTimeoutMs: 500, logger });
  const encode = (): never => {
    throw new RangeError('mine');
  };
  connection.protocol.extensions = [{ name: 'failing', decode: (frame) => frame, encode }];
  const received = connection.recv();
  connection.receive({ opcode: 3, payload: '' });
  await Promise.all([assert.rejects(received, /no close frame received or sent/), connection.clock.advance(500)]);
  assert.equal(connection.state, 'CLOSED');
  assert.equal(connection.clock.pending, 0);
});
