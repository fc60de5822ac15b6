// The deadline of closing: one for a connection, gone with it. No real time passes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TEXT } from '../conformance/wire.ts';
import { OpenConnection } from '../support/open-connection.ts';

test('a connection that closes with messages unread leaves no deadline behind', async () => {
  const connection = OpenConnection.make({ maxQueue: 0, pingIntervalMs: null, closeTimeoutMs: 500 });
  connection.receive({ opcode: TEXT, payload: Buffer.from('unread') });
  const closed = connection.close();
  connection.transport.abort();
  await closed;
  assert.equal(connection.clock.pending, 0);
});
