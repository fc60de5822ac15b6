// Sending: messages of all kinds, fragments, backpressure, and what happens when the connection goes away meanwhile.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConnectionClosed, ConnectionClosedError, ConnectionClosedOK, type MessageSource } from 'websockets-ts';
import { BINARY, CONTINUATION, TEXT } from '../conformance/wire.ts';
import { agreeing, failing } from '../support/failing-extension.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import type { RawPeer } from '../support/raw-peer.ts';
import { deferred, isPending, meet, pair, rejection, rejectionText, SIDES } from './meet.ts';

const NAMES: Readonly<Record<number, string>> = { [CONTINUATION]: 'CONT', [TEXT]: 'TEXT', [BINARY]: 'BINARY' };

/** The next frame as `TEXT abc`, with `…` behind one that is not the last of its message. */
async function frameText(peer: RawPeer): Promise<string> {
  const frame = await peer.frame();
  if (frame === null) return 'end';
  return `${NAMES[frame.opcode] ?? frame.opcode} ${frame.payload}${frame.fin ? '' : '…'}`;
}

async function frameTexts(peer: RawPeer, count: number): Promise<string[]> {
  const texts: string[] = [];
  for (let i = 0; i < count; i++) texts.push(await frameText(peer));
  return texts;
}

async function* asynchronous<T>(...items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) {
    await nextTurn();
    yield item;
  }
}

const bytesOfA = Uint8Array.of(0, 97, 0).subarray(1, 2);

const MESSAGES: readonly { title: string; message: MessageSource; text?: boolean; frames: readonly string[] }[] = [
  { title: 'a string as text', message: 'é', frames: ['TEXT é'] },
  { title: 'an empty string', message: '', frames: ['TEXT '] },
  { title: 'a Uint8Array as binary, from where its view begins', message: bytesOfA, frames: ['BINARY a'] },
  { title: 'a Buffer as binary', message: Buffer.from('a'), frames: ['BINARY a'] },
  { title: 'a DataView as binary', message: new DataView(bytesOfA.buffer, 1, 1), frames: ['BINARY a'] },
  { title: 'an Uint16Array as the bytes that it is', message: Uint16Array.of(0x6161), frames: ['BINARY aa'] },
  { title: 'an ArrayBuffer as binary', message: Uint8Array.of(97).buffer, frames: ['BINARY a'] },
  { title: 'shared memory as binary', message: new Uint8Array(new SharedArrayBuffer(0)), frames: ['BINARY '] },
  { title: 'bytes as text with text: true', message: bytesOfA, text: true, frames: ['TEXT a'] },
  { title: 'a string as binary with text: false', message: 'é', text: false, frames: ['BINARY é'] },
  { title: 'an iterable of strings in fragments', message: ['a', 'b'], frames: ['TEXT a…', 'CONT b…', 'CONT '] },
  { title: 'an iterable of bytes in fragments', message: [bytesOfA], frames: ['BINARY a…', 'CONT '] },
  { title: 'an iterable of bytes as text', message: [bytesOfA], text: true, frames: ['TEXT a…', 'CONT '] },
  { title: 'an iterable of strings as binary', message: ['a'], text: false, frames: ['BINARY a…', 'CONT '] },
  { title: 'an async iterable', message: asynchronous('a', 'b'), frames: ['TEXT a…', 'CONT b…', 'CONT '] },
  { title: 'an iterable with an empty item', message: [''], frames: ['TEXT …', 'CONT '] },
  { title: 'a Set', message: new Set(['a']), frames: ['TEXT a…', 'CONT '] },
  { title: 'nothing for an empty iterable', message: [], frames: [] },
  { title: 'nothing for an empty async iterable', message: asynchronous<string>(), frames: [] },
];

const REFUSED: readonly { title: string; message: unknown; error: string }[] = [
  { title: 'a plain object', message: { a: 1 }, error: 'TypeError: data is a dict-like object' },
  {
    title: 'an object without prototype',
    message: Object.create(null),
    error: 'TypeError: data is a dict-like object',
  },
  { title: 'a Map', message: new Map([['a', 'b']]), error: 'TypeError: data is a dict-like object' },
  ...[42, null, undefined, true, Symbol('s'), () => 'a', new Date()].map((message) => ({
    title: `${typeof message} ${String(message).slice(0, 20)}`,
    message,
    error: 'TypeError: data must be str, bytes, iterable, or async iterable',
  })),
];

const BAD_FRAGMENTS: readonly { title: string; message: () => unknown; error: string }[] = [
  {
    title: 'a first item of a wrong type',
    message: () => [42],
    error: 'TypeError: iterable must contain bytes or str',
  },
  {
    title: 'a first async item of a wrong type',
    message: () => asynchronous(42),
    error: 'TypeError: async iterable must contain bytes or str',
  },
  {
    title: 'strings, then bytes',
    message: () => ['a', bytesOfA],
    error: 'TypeError: iterable must contain uniform types',
  },
  {
    title: 'bytes, then strings',
    message: () => [bytesOfA, 'a'],
    error: 'TypeError: iterable must contain uniform types',
  },
  { title: 'a later wrong type', message: () => ['a', 42], error: 'TypeError: iterable must contain uniform types' },
  {
    title: 'async strings, then bytes',
    message: () => asynchronous<unknown>('a', bytesOfA),
    error: 'TypeError: async iterable must contain uniform types',
  },
  {
    title: 'an iterable that throws',
    message: function* () {
      yield 'a';
      throw new RangeError('mine');
    },
    error: 'RangeError: mine',
  },
  {
    title: 'an async iterable that throws at once',
    // biome-ignore lint/correctness/useYield: it never comes to that.
    message: async function* () {
      throw new RangeError('mine');
    },
    error: 'RangeError: mine',
  },
];

/** More than the kernel takes on both ends of a loopback connection. */
const TOO_MUCH = 16 * 1024 * 1024;

for (const side of SIDES) {
  describe(`send of a ${side}`, () => {
    for (const { title, message, text, frames } of MESSAGES) {
      // A generator can be used once: the other side sends the same kinds without it.
      if (side === 'server' && Symbol.asyncIterator in Object(message)) continue;
      test(`sends ${title}`, async () => {
        await using m = await meet(side);
        await m.connection.send(message, text === undefined ? {} : { text });
        await m.connection.send('.');
        assert.deepEqual(await frameTexts(m.peer, frames.length + 1), [...frames, 'TEXT .']);
      });
    }

    for (const { title, message, error } of REFUSED) {
      test(`refuses ${title}, and the connection goes on`, async () => {
        await using m = await meet(side);
        assert.equal(await rejectionText(m.connection.send(message as string)), error);
        await m.connection.send('.');
        assert.equal(await frameText(m.peer), 'TEXT .');
      });
    }

    for (const { title, message, error } of BAD_FRAGMENTS) {
      test(`fails the connection with 1011 after ${title}`, async () => {
        await using m = await meet(side);
        assert.equal(await rejectionText(m.connection.send(message() as string[])), error);
        let last = await m.peer.frame();
        while (last?.opcode === TEXT || last?.opcode === BINARY) last = await m.peer.frame();
        assert.equal(last?.payload.toString('latin1', 2), 'error in fragmented message');
        assert.equal(last?.payload.readUInt16BE(0), 1011);
        assert.equal(m.connection.state, 'CLOSING');
      });
    }

    test('rejects for memory that was transferred away, and the connection goes on', async () => {
      await using m = await meet(side);
      const buffer = new ArrayBuffer(8);
      structuredClone(buffer, { transfer: [buffer] });
      // A detached view has no bytes left; a detached buffer can't even be looked at.
      const sent = m.connection.send(buffer);
      assert.equal((await rejection(sent)).name, 'TypeError');
      await m.connection.send('x');
      assert.equal((await m.peer.frame())?.payload.toString(), 'x');
    });

    test('keeps messages waiting behind a fragmented one, first come, first served', async () => {
      await using m = await meet(side);
      const gate = deferred();
      async function* source(): AsyncGenerator<string> {
        yield '1a';
        await gate.promise;
        yield '1b';
      }
      const all = [
        m.connection.send(source()),
        m.connection.send('2'),
        m.connection.send(['3a', '3b']),
        m.connection.send('4'),
      ];
      assert.equal(await frameText(m.peer), 'TEXT 1a…');
      await m.connection.ping('while it waits');
      assert.equal((await m.peer.frame())?.payload.toString(), 'while it waits');
      gate.resolve();
      await Promise.all(all);
      assert.deepEqual(await frameTexts(m.peer, 7), [
        'CONT 1b…',
        'CONT ',
        'TEXT 2',
        'TEXT 3a…',
        'CONT 3b…',
        'CONT ',
        'TEXT 4',
      ]);
    });

    test('gives up waiting behind a fragmented message at the signal, and sends nothing of it', async () => {
      await using m = await meet(side);
      const gate = deferred();
      async function* source(): AsyncGenerator<string> {
        yield 'a';
        await gate.promise;
      }
      const first = m.connection.send(source());
      const controller = new AbortController();
      const second = rejection(m.connection.send('never', { signal: controller.signal }));
      const third = m.connection.send('third');
      controller.abort();
      assert.equal((await second).name, 'AbortError');
      gate.resolve();
      await Promise.all([first, third]);
      assert.deepEqual(await frameTexts(m.peer, 3), ['TEXT a…', 'CONT ', 'TEXT third']);
    });

    test('refuses with a signal that was aborted before, and sends nothing', async () => {
      await using m = await meet(side);
      assert.equal((await rejection(m.connection.send('x', { signal: AbortSignal.abort() }))).name, 'AbortError');
      await m.connection.send('.');
      assert.equal(await frameText(m.peer), 'TEXT .');
    });

    test('fails the connection when a fragmented message is aborted', async () => {
      await using m = await meet(side);
      const controller = new AbortController();
      const ended = deferred();
      async function* source(): AsyncGenerator<string> {
        try {
          yield 'a';
          yield 'b';
          await new Promise(() => {});
        } finally {
          ended.resolve();
        }
      }
      const sent = rejection(m.connection.send(source(), { signal: controller.signal }));
      assert.deepEqual(await frameTexts(m.peer, 2), ['TEXT a…', 'CONT b…']);
      controller.abort();
      assert.equal((await sent).name, 'AbortError');
      assert.equal(await m.peer.closeFrame(), '1011 error in fragmented message');
    });

    test('settles without I/O below the high mark', async () => {
      await using m = await meet(side);
      const sent = m.connection.send('x');
      assert.equal(await Promise.race([sent.then(() => 'sent'), Promise.resolve().then(() => {})]), 'sent');
    });

    test('waits above the high mark until the peer reads', async () => {
      await using m = await meet(side, { writeLimit: [65_536, 16_384] });
      m.peer.socket.pause();
      const chunk = new Uint8Array(65_536);
      let sentBytes = 0;
      let sent = m.connection.send(chunk);
      while (!(await isPending(sent))) {
        sentBytes += chunk.length;
        assert.ok(sentBytes <= TOO_MUCH, 'send never waited');
        sent = m.connection.send(chunk);
      }
      assert.ok(m.connection.bufferedAmount > 0);
      m.peer.socket.resume();
      await sent;
      assert.ok(m.connection.bufferedAmount <= 65_536);
    });

    test('stops waiting for room at the signal', async () => {
      await using m = await meet(side);
      m.peer.socket.pause();
      const controller = new AbortController();
      const sent = m.connection.send(new Uint8Array(TOO_MUCH), { signal: controller.signal });
      assert.equal(await isPending(sent), true);
      controller.abort();
      assert.equal((await rejection(sent)).name, 'AbortError');
      assert.equal(m.connection.state, 'OPEN');
    });

    test('rejects with ConnectionClosedError when the connection is lost while it waits', async () => {
      await using m = await meet(side);
      m.peer.socket.pause();
      const sent = rejection(m.connection.send(new Uint8Array(TOO_MUCH)));
      m.peer.socket.resetAndDestroy();
      assert.ok((await sent) instanceof ConnectionClosedError);
    });

    test('rejects with the close when the peer closes during a fragmented message', async () => {
      await using m = await meet(side);
      async function* source(): AsyncGenerator<string> {
        yield 'a';
        await new Promise(() => {});
      }
      const sent = rejection(m.connection.send(source()));
      const queued = rejection(m.connection.send('behind'));
      await m.peer.frame();
      m.peer.sendClose(1000);
      await m.peer.finishClosing();
      assert.ok((await sent) instanceof ConnectionClosed);
      assert.ok((await queued) instanceof ConnectionClosed);
    });

    test('rejects after the connection is closed, with the codes of the close', async () => {
      await using m = await meet(side);
      await Promise.all([m.connection.close({ code: 1001 }), m.peer.finishClosing()]);
      for (const message of ['x', Uint8Array.of(1), ['a']]) {
        const error = await rejection(m.connection.send(message));
        assert.ok(error instanceof ConnectionClosedOK);
        assert.equal(error.message, 'sent 1001 (going away); then received 1001 (going away)');
      }
      assert.equal((await rejection(m.connection.send(42 as unknown as string))).name, 'TypeError');
    });

    test('may be forgotten: a rejection that nobody looks at ends no process', async () => {
      await using m = await meet(side);
      m.peer.socket.resetAndDestroy();
      await m.connection.closed;
      void m.connection.send('x');
      void m.connection.send(['x']);
      void m.connection.ping();
      void m.connection.pong();
      await nextTurn();
    });
  });
}

describe('a connection whose extension cannot encode', () => {
  test('is dropped at the first send, with the error as the cause, and says so in the log', async () => {
    const logger = new LogRecorder('error');
    await using p = await pair({ client: { extensions: [failing], logger }, server: { extensions: [agreeing] } });
    const error = await rejection(p.client.send('x'));
    assert.ok(error instanceof ConnectionClosedError);
    assert.equal(String(error.cause), 'RangeError: mine');
    assert.deepEqual(logger.texts('error'), ['unexpected internal error']);
  });

  test('is dropped by close, which settles as always', async () => {
    const logger = new LogRecorder('error');
    await using p = await pair({ client: { extensions: [failing], logger }, server: { extensions: [agreeing] } });
    await p.client.close();
    assert.equal(p.client.closeCode, 1006);
    assert.deepEqual(logger.texts('error'), ['unexpected internal error']);
  });
});
