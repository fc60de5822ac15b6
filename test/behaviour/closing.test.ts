// Closing: who sends what, who waits for whom, deadlines, and what the ends hear about it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConnectionClosedError, ConnectionClosedOK } from 'websockets-ts';
import { CONTINUATION, TEXT } from '../conformance/wire.ts';
import { isPending, meet, rejection, rejectionText, SIDES } from './meet.ts';

for (const side of SIDES) {
  describe(`close of a ${side}`, () => {
    test('sends 1000 by default, and settles when TCP is gone', async () => {
      await using m = await meet(side);
      const closed = m.connection.close();
      assert.equal(await m.peer.closeFrame(), '1000');
      assert.equal(m.connection.state, 'CLOSING');
      assert.equal(m.connection.closeCode, null);
      assert.equal(await isPending(closed), true);
      m.peer.sendClose(1000);
      await m.peer.finishClosing();
      await closed;
      assert.equal(m.connection.state, 'CLOSED');
      assert.equal(m.connection.closeCode, 1000);
      assert.equal(m.connection.closeReason, '');
    });

    test('sends the code and the reason that are given', async () => {
      await using m = await meet(side);
      void m.connection.close({ code: 4321, reason: 'é' });
      assert.equal(await m.peer.closeFrame(), `4321 é`);
    });

    for (const [code, reason, text] of [
      [1005, '', 'invalid status code'],
      [1006, '', 'invalid status code'],
      [999, '', 'invalid status code'],
      [2000, '', 'invalid status code'],
      [5000, '', 'invalid status code'],
      [1000, 'x'.repeat(124), 'control frame too long'],
    ] as const) {
      test(`refuses ${code} ${reason.slice(0, 3)}, and leaves the connection open`, async () => {
        await using m = await meet(side);
        assert.equal(await rejectionText(m.connection.close({ code, reason })), `ProtocolError: ${text}`);
        assert.equal(m.connection.state, 'OPEN');
        await m.connection.send('still here');
        assert.equal((await m.peer.frame())?.payload.toString(), 'still here');
      });
    }

    test('can be called again and again, and all calls wait', async () => {
      await using m = await meet(side);
      const calls = [m.connection.close(), m.connection.close({ code: 4000 }), m.connection.closed];
      for (const call of calls) assert.equal(await isPending(call), true);
      await m.peer.finishClosing();
      await Promise.all(calls);
      await m.connection.close();
      assert.equal(m.connection.closeCode, 1000);
    });

    test('waits for TCP when the peer closes first, and sends nothing of its own', async () => {
      await using m = await meet(side);
      m.peer.sendClose(1001, 'off');
      assert.equal(await m.peer.closeFrame(), '1001 off');
      const closed = m.connection.close({ code: 4000 });
      await m.peer.finishClosing();
      await closed;
      assert.equal(m.connection.closeCode, 1001);
      assert.equal(m.connection.closeReason, 'off');
    });

    test('echoes a close frame without a code as one without a code', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: 8 });
      assert.equal(await m.peer.closeFrame(), '');
      await m.peer.finishClosing();
      await m.connection.closed;
      assert.equal(m.connection.closeCode, 1005);
      assert.ok((await rejection(m.connection.recv())) instanceof ConnectionClosedOK);
    });

    test('drops TCP when the peer never answers', async () => {
      await using m = await meet(side, { closeTimeoutMs: 30 });
      await m.connection.close();
      assert.equal(m.connection.closeCode, 1006);
      const error = await rejection(m.connection.recv());
      assert.ok(error instanceof ConnectionClosedError);
      assert.equal(error.message, 'sent 1000 (OK); no close frame received');
      assert.equal(String(error.cause), 'TimeoutError: timed out while closing connection');
    });

    test('drops TCP when the peer answers and never ends TCP', async () => {
      await using m = await meet(side, { closeTimeoutMs: 30 });
      const closed = m.connection.close();
      await m.peer.closeFrame();
      m.peer.sendClose(1000);
      await closed;
      assert.equal(m.connection.closeCode, 1000);
    });

    test('drops TCP without any call when the peer begins to close and leaves it at that', async () => {
      await using m = await meet(side, { closeTimeoutMs: 30 });
      m.peer.sendClose(1000);
      await m.connection.closed;
      assert.equal(m.connection.closeCode, 1000);
    });

    test('drops TCP when the peer ends its half and never reads', async () => {
      await using m = await meet(side, { closeTimeoutMs: 30 });
      m.peer.socket.pause();
      const sent = rejection(m.connection.send(new Uint8Array(32 * 1024 * 1024)));
      m.peer.socket.end();
      await m.connection.closed;
      assert.ok((await sent) instanceof ConnectionClosedError);
    });

    test('waits for ever with closeTimeoutMs: null', async () => {
      await using m = await meet(side, { closeTimeoutMs: null });
      const closed = m.connection.close();
      await m.peer.closeFrame();
      assert.equal(await isPending(closed), true);
      m.peer.sendClose(1000);
      await m.peer.finishClosing();
      await closed;
    });

    test('leaves messages that came before the peer answered', async () => {
      await using m = await meet(side);
      const closed = m.connection.close();
      await m.peer.closeFrame();
      m.peer.send({ opcode: TEXT, payload: 'late' });
      m.peer.sendClose(1000);
      await m.peer.finishClosing();
      await closed;
      assert.equal(await m.connection.recv(), 'late');
      assert.ok((await rejection(m.connection.recv())) instanceof ConnectionClosedOK);
    });

    test('comes through with a full queue', async () => {
      await using m = await meet(side, { maxQueue: 1 });
      for (let i = 0; i < 64; i++) m.peer.send({ opcode: TEXT, payload: 'x'.repeat(1000) });
      const closed = m.connection.close();
      await m.peer.finishClosing();
      await closed;
      assert.equal(m.connection.closeCode, 1000);
    });

    test('ends a recv that waits', async () => {
      await using m = await meet(side);
      const message = rejection(m.connection.recv());
      void m.connection.close();
      await m.peer.finishClosing();
      assert.equal(String(await message), 'ConnectionClosedOK: sent 1000 (OK); then received 1000 (OK)');
    });

    test('ends a recvStreaming that waits for the rest of a message', async () => {
      await using m = await meet(side);
      m.peer.send({ opcode: TEXT, payload: 'a', fin: false });
      const pieces = m.connection.recvStreaming();
      await pieces.next();
      const late = pieces.next();
      void m.connection.close();
      await m.peer.closeFrame();
      m.peer.send({ opcode: CONTINUATION, payload: 'b', fin: false });
      assert.deepEqual(await late, { value: 'b', done: false });
      const next = rejection(pieces.next());
      m.peer.socket.end();
      assert.ok((await next) instanceof ConnectionClosedError);
    });

    test('fails with 1011 during a fragmented message', async () => {
      await using m = await meet(side);
      async function* source(): AsyncGenerator<string> {
        yield 'a';
        await new Promise(() => {});
      }
      const sent = rejection(m.connection.send(source()));
      await m.peer.frame();
      const closed = m.connection.close();
      assert.equal(await m.peer.closeFrame(), '1011 close during fragmented message');
      m.peer.sendClose(1011);
      await m.peer.finishClosing();
      await closed;
      assert.ok((await sent) instanceof ConnectionClosedError);
    });

    test('never throws ConnectionClosed, whatever the end was', async () => {
      await using m = await meet(side);
      m.peer.socket.resetAndDestroy();
      await m.connection.close();
      assert.equal(m.connection.closeCode, 1006);
      assert.equal(m.connection.closeReason, '');
    });
  });

  describe(`the end of a ${side}`, () => {
    test('is awaited by waitClosed, which gives up by signal and by time', async () => {
      await using m = await meet(side);
      assert.equal((await rejection(m.connection.waitClosed({ timeoutMs: 5 }))).name, 'TimeoutError');
      assert.equal((await rejection(m.connection.waitClosed({ signal: AbortSignal.abort() }))).name, 'AbortError');
      const closed = m.connection.waitClosed({ timeoutMs: 10_000 });
      m.peer.socket.resetAndDestroy();
      await closed;
      await m.connection.waitClosed();
    });

    test('comes at once with abort: the peer sees no close frame', async () => {
      await using m = await meet(side);
      m.connection.abort();
      await m.connection.closed;
      m.connection.abort();
      assert.equal(await m.peer.frame(), null);
      assert.equal(await rejectionText(m.connection.recv()), 'ConnectionClosedError: no close frame received or sent');
    });

    test('closes with 1000 when a scope is left', async () => {
      await using m = await meet(side);
      const left = (async () => {
        await using connection = m.connection;
        await connection.send('x');
      })();
      await m.peer.frame();
      assert.equal(await m.peer.closeFrame(), '1000');
      m.peer.sendClose(1000);
      await m.peer.finishClosing();
      await left;
    });

    test('follows the function that uses the connection: 1000 when it returns, with its value', async () => {
      await using m = await meet(side);
      const used = m.connection.use(() => 42);
      assert.equal(await m.peer.closeFrame(), '1000');
      m.peer.sendClose(1000);
      await m.peer.finishClosing();
      assert.equal(await used, 42);
    });

    test('follows the function that uses the connection: 1011 when it throws, with its error', async () => {
      await using m = await meet(side);
      const used = rejection(
        m.connection.use(() => {
          throw new RangeError('mine');
        }),
      );
      assert.equal(await m.peer.closeFrame(), '1011');
      m.peer.sendClose(1011);
      await m.peer.finishClosing();
      assert.equal((await used).message, 'mine');
    });

    test('leaves the addresses readable', async () => {
      await using m = await meet(side);
      const { localAddress, remoteAddress } = m.connection;
      assert.equal(remoteAddress?.[0], '127.0.0.1');
      m.connection.abort();
      await m.connection.closed;
      assert.deepEqual(m.connection.localAddress, localAddress);
      assert.deepEqual(m.connection.remoteAddress, remoteAddress);
    });
  });
}
