// What a connection does while a large message is being compressed elsewhere: the test says when that is done, and how it ends.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settled } from 'websockets-ts/testing';
import { broadcast } from '#dist/connection/broadcast.js';
import { prepare } from '#dist/connection/prepare.js';
import type { DeflateEngine } from '#dist/core/host.js';
import { PerMessageDeflate } from '#dist/extensions.js';
import { NodeDeflateEngine } from '#dist/node/deflate-engine.js';
import { LogRecorder } from '../support/log-recorder.ts';
import { OpenConnection, type OpenOptions } from '../support/open-connection.ts';

const LARGE = 'abcdefgh'.repeat(10_000);

/** A connection whose large messages are compressed when the test says so. */
function make(options: OpenOptions = {}) {
  const jobs: { finish(): void; fail(error: Error): void }[] = [];
  const zlib = new NodeDeflateEngine();
  const engine: DeflateEngine = {
    createInflator: (settings) => zlib.createInflator(settings),
    createDeflator: (settings) => {
      const deflator = zlib.createDeflator(settings);
      return {
        deflate: (data) => deflator.deflate(data),
        deflateLater: (data) => {
          if (data.length < 65_536) return null;
          return new Promise((resolve, reject) => {
            const finish = (): void => {
              const own = zlib.createDeflator(settings);
              resolve(own.deflate(data));
              own.release();
            };
            jobs.push({ finish, fail: reject });
          });
        },
        reset: () => deflator.reset(),
        release: () => deflator.release(),
        close: () => {
          deflator.close();
          for (const { fail } of jobs) fail(new Error('taken back'));
        },
      };
    },
  };
  const connection = OpenConnection.make({ pingIntervalMs: null, ...options });
  connection.protocol.extensions = [new PerMessageDeflate({ engine })];
  return { connection, jobs };
}

/** What was written, each frame by its first byte and a byte of its payload when it is short. */
function frames({ transport }: OpenConnection): string[] {
  const bytes = Buffer.from(transport.writes.join(''), 'latin1');
  const shown: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes[at + 1]! < 126 ? bytes[at + 1]! : bytes.readUInt16BE(at + 2);
    const start = at + (bytes[at + 1]! < 126 ? 2 : 4);
    const isCompressed = (bytes[at]! & 0x40) !== 0;
    const payload = isCompressed
      ? `${length > 50 ? 'large' : 'small'}`
      : bytes.toString('latin1', start, start + length);
    shown.push(`${(bytes[at]! & 0x8f).toString(16)} ${payload}`);
    at = start + length;
  }
  return shown;
}

/** What a promise has come to. */
function watch(promise: Promise<unknown>): { state: string } {
  const watched = { state: 'pending' };
  promise.then(
    () => {
      watched.state = 'settled';
    },
    (error: Error) => {
      watched.state = error.name;
    },
  );
  return watched;
}

describe('while a large message is being compressed', () => {
  test('its promise is pending, later messages of all kinds wait behind it in order, and pings pass', async () => {
    const { connection, jobs } = make();
    const plain = { compress: false };
    const first = watch(connection.send(LARGE));
    const others = [
      connection.send('second', plain),
      connection.send(prepare('third', plain)),
      connection.send(['fourth'], plain),
      connection.send('fifth', plain),
    ].map(watch);
    broadcast([connection], 'sixth', plain);
    await connection.ping('?');
    await settled();
    assert.deepEqual(frames(connection), ['89 ?']);
    assert.deepEqual([first.state, ...others.map(({ state }) => state)], Array(5).fill('pending'));
    jobs[0]!.finish();
    await settled();
    const after = ['81 large', '81 second', '81 third', '1 fourth', '80 ', '81 fifth', '81 sixth'];
    assert.deepEqual(frames(connection), ['89 ?', ...after]);
    assert.deepEqual([first.state, ...others.map(({ state }) => state)], Array(5).fill('settled'));
  });

  test('the next one fails the connection when there is no compressor for it, and rejects', async () => {
    const { connection, jobs } = make({ logger: new LogRecorder('error') });
    const first = watch(connection.send(LARGE));
    const second = watch(connection.send(LARGE));
    const [extension] = connection.protocol.extensions;
    jobs[0]!.finish();
    Object.assign(extension!, {
      encodeLater: () => {
        throw new RangeError('no memory');
      },
    });
    await settled();
    assert.deepEqual([first.state, second.state], ['settled', 'ConnectionClosedError']);
  });

  test('another large one waits for its turn', async () => {
    const { connection, jobs } = make();
    void connection.send(LARGE);
    void connection.send(new Uint8Array(100_000));
    await settled();
    assert.equal(jobs.length, 1);
    jobs[0]!.finish();
    await settled();
    assert.deepEqual([jobs.length, frames(connection).length], [2, 1]);
    jobs[1]!.finish();
    await settled();
    assert.deepEqual(frames(connection), ['81 large', '82 large']);
  });

  test('close waits until it is sent, and refuses what is sent after close was called', async () => {
    const { connection, jobs } = make();
    const sent = watch(connection.send(LARGE));
    void connection.send('second', { compress: false });
    void connection.close({ code: 1001 });
    void connection.close({ code: 1002 });
    const late = watch(connection.send('late'));
    await settled();
    assert.deepEqual(frames(connection), []);
    jobs[0]!.finish();
    await settled();
    assert.deepEqual(frames(connection), ['81 large', '81 second', '88 \x03\xe9']);
    assert.equal(sent.state, 'settled');
    connection.abort();
    await settled();
    assert.equal(late.state, 'ConnectionClosedError');
  });

  test('close says at once what it cannot send, and does not wait for ever behind fragments that never come', async () => {
    const { connection, jobs } = make({ closeTimeoutMs: 1000 });
    void connection.send(LARGE);
    const wrong = watch(connection.close({ code: 999 }));
    async function* never(): AsyncGenerator<string> {
      yield 'a';
      await new Promise(() => {});
    }
    const fragments = watch(connection.send(never(), { compress: false }));
    const closing = watch(connection.close());
    jobs[0]!.finish();
    await settled();
    assert.equal(wrong.state, 'ProtocolError');
    assert.equal(closing.state, 'pending');
    await connection.clock.advance(1000);
    await settled();
    assert.deepEqual(frames(connection), ['81 large', '1 a', '88 \x03\xf3close during fragmented message']);
    connection.abort();
    await settled();
    assert.equal(fragments.state, 'ConnectionClosedError');
  });

  for (const [how, end] of [
    ['is dropped', (connection: OpenConnection) => connection.abort()],
    [
      'is closed by the peer',
      (connection: OpenConnection) => connection.receive({ opcode: 8, payload: Buffer.alloc(0) }),
    ],
  ] as const) {
    for (const outcome of ['finish', 'fail'] as const) {
      test(`a connection that ${how} rejects the send, however the work ends: ${outcome}`, async () => {
        const { connection, jobs } = make({ logger: new LogRecorder() });
        const sends = [connection.send(LARGE), connection.send('second')].map(watch);
        end(connection);
        await settled();
        jobs[0]![outcome](new Error('of zlib'));
        await settled();
        connection.abort();
        await settled();
        assert.deepEqual(
          sends.map(({ state }) => state.replace(/OK$|Error$/, '')),
          ['ConnectionClosed', 'ConnectionClosed'],
        );
        assert.equal(frames(connection).filter((frame) => frame.startsWith('81')).length, 0);
      });
    }
  }

  test('a connection that is dropped takes the work back, which is no failure', async () => {
    const logger = new LogRecorder();
    const { connection } = make({ logger });
    const sends = [connection.send(LARGE), connection.send('second')].map(watch);
    connection.abort();
    await settled();
    assert.deepEqual(
      sends.map(({ state }) => state),
      ['ConnectionClosedError', 'ConnectionClosedError'],
    );
    assert.deepEqual(logger.texts('error'), []);
  });

  test('a failure of the work drops the connection, and says so in the log', async () => {
    const logger = new LogRecorder();
    const { connection, jobs } = make({ logger });
    const sent = watch(connection.send(LARGE));
    jobs[0]!.fail(new Error('of zlib'));
    await settled();
    assert.equal(sent.state, 'ConnectionClosedError');
    assert.deepEqual(logger.texts('error'), ['unexpected internal error']);
  });

  test('a message that is not to be compressed goes at once', async () => {
    const { connection, jobs } = make();
    await connection.send('x'.repeat(60_000), { compress: false });
    await settled();
    assert.equal(jobs.length, 0);
    assert.equal(frames(connection).length, 1);
  });
});
