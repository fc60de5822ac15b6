// Pings, pongs, latency and keepalive.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConcurrencyError, type Connection, ConnectionClosedError } from 'websockets-ts';
import { PING, PONG } from '../conformance/wire.ts';
import { isPending, meet, rejection, rejectionText, SIDES } from './meet.ts';

const latency = (connection: Connection): number => connection.latency;

for (const side of SIDES) {
  describe(`ping of a ${side}`, () => {
    test('carries four random bytes by default, others each time', async () => {
      await using m = await meet(side);
      const pings = [await m.connection.ping(), await m.connection.ping()];
      for (const { data } of pings) {
        const frame = await m.peer.frame();
        assert.equal(frame?.opcode, PING);
        assert.equal(frame.payload.length, 4);
        assert.deepEqual(Uint8Array.from(frame.payload), data);
      }
      assert.notDeepEqual(pings[0]!.data, pings[1]!.data);
    });

    for (const [title, data, payload] of [
      ['a string', 'é', 'é'],
      ['bytes', Uint8Array.of(97), 'a'],
      ['nothing', '', ''],
      ['125 bytes', 'x'.repeat(125), 'x'.repeat(125)],
    ] as const) {
      test(`carries ${title}`, async () => {
        await using m = await meet(side);
        await m.connection.ping(data);
        assert.equal((await m.peer.frame())?.payload.toString(), payload);
      });
    }

    test('refuses more than 125 bytes and what is no data, and the connection goes on', async () => {
      await using m = await meet(side);
      assert.equal(await rejectionText(m.connection.ping('x'.repeat(126))), 'ProtocolError: control frame too long');
      assert.equal(await rejectionText(m.connection.pong('x'.repeat(126))), 'ProtocolError: control frame too long');
      const wrong = 42 as unknown as string;
      assert.equal(await rejectionText(m.connection.ping(wrong)), 'TypeError: data must be str or bytes-like');
      assert.equal(await rejectionText(m.connection.pong(wrong)), 'TypeError: data must be str or bytes-like');
      assert.equal(m.connection.state, 'OPEN');
    });

    test('refuses data of any size without harm to the connection', async () => {
      await using m = await meet(side);
      for (const data of ['x'.repeat(1_000_000), new Uint8Array(1_000_000)]) {
        assert.equal(await rejectionText(m.connection.ping(data)), 'ProtocolError: control frame too long');
        assert.equal(await rejectionText(m.connection.pong(data)), 'ProtocolError: control frame too long');
      }
      await m.connection.ping('still here');
      assert.equal((await m.peer.frame())?.payload.toString(), 'still here');
    });

    test('comes to the round-trip time in seconds, which is the latency', async () => {
      await using m = await meet(side);
      assert.equal(latency(m.connection), 0);
      const { pong, data } = await m.connection.ping();
      assert.equal(await isPending(pong), true);
      m.peer.send({ opcode: PONG, payload: data });
      const seconds = await pong;
      assert.ok(seconds > 0 && seconds < 5, String(seconds));
      assert.equal(latency(m.connection), seconds);
      assert.equal(m.connection.latencyMs, seconds * 1000);
    });

    test('is answered by a pong for a later one, each with its own time', async () => {
      await using m = await meet(side);
      const first = await m.connection.ping('1');
      await new Promise((resolve) => setTimeout(resolve, 10));
      const second = await m.connection.ping('2');
      const third = await m.connection.ping('3');
      m.peer.send({ opcode: PONG, payload: '2' });
      assert.ok((await first.pong) > (await second.pong));
      assert.equal(latency(m.connection), await second.pong);
      assert.equal(await isPending(third.pong), true);
    });

    test('is not answered by a pong with other data', async () => {
      await using m = await meet(side);
      const { pong } = await m.connection.ping('mine');
      m.peer.send({ opcode: PONG, payload: 'other' }, { opcode: PONG }, { opcode: PING, payload: 'done?' });
      await m.peer.frame();
      assert.equal((await m.peer.frame())?.opcode, PONG);
      assert.equal(await isPending(pong), true);
      assert.equal(latency(m.connection), 0);
    });

    test('refuses data that is on its way already', async () => {
      await using m = await meet(side);
      const { pong } = await m.connection.ping('same');
      const error = await rejection(m.connection.ping('same'));
      assert.ok(error instanceof ConcurrencyError);
      assert.equal(error.message, 'already waiting for a pong with the same data');
      m.peer.send({ opcode: PONG, payload: 'same' });
      await pong;
      await m.connection.ping('same');
    });

    test('does not follow the bytes that it was given', async () => {
      await using m = await meet(side);
      const data = Buffer.from('data');
      const { pong } = await m.connection.ping(data);
      data.fill(0);
      m.peer.send({ opcode: PONG, payload: 'data' });
      await pong;
    });

    test('ends with ConnectionClosed when the connection does, unless it may end', async () => {
      await using m = await meet(side);
      const strict = await m.connection.ping('1');
      const lenient = await m.connection.ping('2', { ackOnClose: true });
      m.peer.socket.resetAndDestroy();
      assert.ok((await rejection(strict.pong)) instanceof ConnectionClosedError);
      assert.equal(await lenient.pong, Number.NaN);
      assert.ok((await rejection(m.connection.ping())) instanceof ConnectionClosedError);
      assert.ok((await rejection(m.connection.pong())) instanceof ConnectionClosedError);
    });
  });

  describe(`pong of a ${side}`, () => {
    test('answers each ping with its data, in order', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: PING, payload: '1' }, { opcode: PING }, { opcode: PING, payload: '3' });
      for (const payload of ['1', '', '3']) {
        const frame = await m.peer.frame();
        assert.equal(frame?.opcode, PONG);
        assert.equal(frame.payload.toString(), payload);
      }
    });

    test('can be sent without being asked', async () => {
      await using m = await meet(side);
      await m.connection.pong();
      await m.connection.pong('alive');
      assert.equal((await m.peer.frame())?.payload.length, 0);
      assert.equal((await m.peer.frame())?.payload.toString(), 'alive');
    });
  });

  describe(`keepalive of a ${side}`, () => {
    test('sends pings at the interval, and measures the latency', async () => {
      await using m = await meet(side, { pingIntervalMs: 10 });
      const payloads = new Set<string>();
      for (let i = 0; i < 3; i++) {
        const frame = await m.peer.frame();
        assert.equal(frame?.opcode, PING);
        assert.equal(frame.payload.length, 4);
        payloads.add(frame.payload.toString('hex'));
        m.peer.send({ opcode: PONG, payload: frame.payload });
      }
      assert.equal(payloads.size, 3);
      assert.ok(latency(m.connection) > 0);
    });

    test('fails the connection with 1011 when nothing comes in time', async () => {
      await using m = await meet(side, { pingIntervalMs: 10, pingTimeoutMs: 30, closeTimeoutMs: 30 });
      assert.equal((await m.peer.frame())?.opcode, PING);
      assert.equal(await m.peer.closeFrame(), '1011 keepalive ping timeout');
      assert.equal(
        await rejectionText(m.connection.recv()),
        'ConnectionClosedError: sent 1011 (internal error) keepalive ping timeout; no close frame received',
      );
    });

    test('goes on without pongs with pingTimeoutMs: null', async () => {
      await using m = await meet(side, { pingIntervalMs: 5, pingTimeoutMs: null });
      for (let i = 0; i < 3; i++) assert.equal((await m.peer.frame())?.opcode, PING);
      assert.equal(m.connection.state, 'OPEN');
    });

    test('ends with the connection, while it sleeps and while it waits for a pong', async () => {
      for (const pingIntervalMs of [60_000, 1]) {
        await using m = await meet(side, { pingIntervalMs, pingTimeoutMs: 60_000 });
        if (pingIntervalMs === 1) assert.equal((await m.peer.frame())?.opcode, PING);
        const closed = m.connection.close();
        await m.peer.finishClosing();
        await closed;
        assert.equal(m.connection.closeCode, 1000);
      }
    });
  });
}
