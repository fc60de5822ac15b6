// What a connection does while a large message is being decompressed elsewhere: the test says when that is done, and how it ends.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { settled } from 'websockets-ts/testing';
import type { Data } from '#dist/connection/message-source.js';
import type { DeflateEngine } from '#dist/core/host.js';
import { PerMessageDeflate } from '#dist/extensions.js';
import { NodeDeflateEngine } from '#dist/node/deflate-engine.js';
import { CLOSE, type Frame, PING, TEXT } from '../conformance/wire.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import { OpenConnection, type OpenOptions } from '../support/open-connection.ts';

const LARGE = randomBytes(70_000).toString('hex');
/** One final block: it needs no end of a flush (RFC 7692 §7.2.3.4). */
const PACKED = deflateRawSync(LARGE);
const large: Frame = { opcode: TEXT, rsv: 4, payload: PACKED };
const text = (payload: string): Frame => ({ opcode: TEXT, payload: Buffer.from(payload) });
const close: Frame = { opcode: CLOSE, payload: Buffer.from([0x03, 0xe8]) };

/** A connection whose large messages are decompressed when the test says so, and what its handler and its peer hear. */
function make(options: OpenOptions = {}) {
  const jobs: { finish(): void; fail(error: Error): void; exceed(): void }[] = [];
  const zlib = new NodeDeflateEngine();
  const engine: DeflateEngine = {
    createDeflator: (settings) => zlib.createDeflator(settings),
    createInflator: (settings) => {
      const inflator = zlib.createInflator(settings);
      return {
        inflate: (data, limits) => inflator.inflate(data, limits),
        inflateLater: (data, limits) => {
          if (data.length < 65_536) return null;
          const copy = Uint8Array.from(data);
          return new Promise((resolve, reject) => {
            const finish = (): void => resolve(inflator.inflate(copy, limits));
            jobs.push({ finish, fail: reject, exceed: () => resolve(null) });
          });
        },
        rest: () => inflator.rest(),
        release: () => inflator.release(),
        close: () => inflator.close(),
      };
    },
  };
  const heard: string[] = [];
  const handlers = {
    message: (_: unknown, data: Data) => void heard.push(data === LARGE ? 'large' : String(data)),
    close: (_: unknown, code: number) => void heard.push(`closed ${code}`),
  };
  const connection = OpenConnection.make({ pingIntervalMs: null, logger: new LogRecorder(), handlers, ...options });
  connection.protocol.extensions = [new PerMessageDeflate({ engine })];
  const written = (): string => connection.transport.writes.join('');
  return { connection, jobs, heard, written };
}

describe('while a large message is being decompressed', () => {
  test('what follows waits, pings too, and comes in order when it is done', async () => {
    const { connection, jobs, heard, written } = make();
    connection.receive(text('first'), large, { opcode: PING, payload: Buffer.from('?') }, text('second'));
    connection.receive(large, text('third'));
    await settled();
    assert.deepEqual([heard, written(), jobs.length], [['first'], '', 1]);
    jobs[0]!.finish();
    await settled();
    assert.deepEqual([heard, written(), jobs.length], [['first', 'large', 'second'], '\x8a\x01?', 2]);
    jobs[1]!.finish();
    await settled();
    assert.deepEqual(heard, ['first', 'large', 'second', 'large', 'third']);
  });

  test('the peer is not charged for the time that it takes', async () => {
    const { connection, jobs, heard, written } = make({ pingIntervalMs: 1000, pingTimeoutMs: 1000 });
    connection.receive(large, text('second'));
    for (let second = 0; second < 10; second++) await connection.clock.advance(1000);
    jobs[0]!.finish();
    await settled();
    assert.deepEqual(heard, ['large', 'second']);
    // What has come meanwhile may not be read yet.
    await connection.clock.advance(1000);
    assert.doesNotMatch(written(), /timeout/);
    for (let second = 0; second < 3; second++) await connection.clock.advance(1000);
    assert.match(written(), /keepalive ping timeout$/);
  });

  test('what we send goes out', async () => {
    const { connection, written } = make();
    connection.receive(large);
    await connection.send('hi', { compress: false });
    await settled();
    assert.equal(written(), '\x81\x02hi');
  });

  test('reading stops when more arrives, and goes on afterwards', async () => {
    const { connection, jobs, heard } = make();
    connection.receive(large);
    assert.equal(connection.transport.isPaused, false);
    connection.receive(text('more'));
    assert.equal(connection.transport.isPaused, true);
    jobs[0]!.finish();
    await settled();
    assert.deepEqual([connection.transport.isPaused, heard], [false, ['large', 'more']]);
  });

  test('a reader that has enough is not given more, nor is the socket read', async () => {
    const { connection, jobs } = make({ handlers: undefined as never, maxQueue: 1 });
    connection.receive(large, text('a'), text('b'), text('c'));
    const received = connection.recv();
    jobs[0]!.finish();
    assert.equal(await received, LARGE);
    connection.receive(text('d'));
    assert.equal(connection.transport.isPaused, true);
    const rest: Data[] = [];
    for (let i = 0; i < 4; i++) rest.push(await connection.recv());
    assert.deepEqual([rest, connection.transport.isPaused], [['a', 'b', 'c', 'd'], false]);
  });

  test('the end of the stream waits, and so does a close frame', async () => {
    const { connection, jobs, heard } = make();
    connection.receive(large, text('last'), close);
    connection.transport.sink?.onEnd();
    await settled();
    assert.deepEqual([heard, connection.state], [[], 'OPEN']);
    jobs[0]!.finish();
    await settled();
    assert.deepEqual([heard, connection.state], [['large', 'last'], 'CLOSED']);
    connection.transport.abort();
    await connection.closed;
    assert.deepEqual(heard, ['large', 'last', 'closed 1000']);
  });

  test('a connection that is lost is closed when its messages are handed over', async () => {
    const { connection, jobs, heard } = make();
    connection.receive(large, large, text('last'));
    connection.transport.sink?.onClose(new Error('reset'));
    await settled();
    assert.deepEqual(heard, []);
    jobs[0]!.finish();
    await settled();
    assert.deepEqual(heard, ['large']);
    jobs[1]!.finish();
    await connection.closed;
    assert.deepEqual(heard, ['large', 'large', 'last', 'closed 1006']);
  });

  for (const outcome of ['finish', 'fail', 'exceed'] as const) {
    test(`a connection that we drop is closed when the work is done, and nobody is called: ${outcome}`, async () => {
      const { connection, jobs, heard } = make();
      connection.receive(large, text('last'));
      connection.abort();
      jobs[0]![outcome](new Error('of zlib'));
      await connection.closed;
      assert.deepEqual(heard, ['closed 1006']);
    });

    test(`what fails the connection meanwhile drops the message: ${outcome}`, async () => {
      const { connection, jobs, heard, written } = make();
      connection.receive(large, text('last'));
      connection.protocol.fail(1008, 'enough');
      jobs[0]![outcome](new Error('of zlib'));
      await settled();
      assert.deepEqual([heard, written()], [[], '\x88\x08\x03\xf0enough']);
      connection.transport.sink?.onEnd();
      connection.transport.abort();
      await connection.closed;
      assert.deepEqual(heard, ['closed 1006']);
    });
  }

  test('a loss is not waited for when the connection has failed meanwhile', async () => {
    const { connection, jobs } = make();
    connection.receive(large);
    connection.transport.sink?.onClose(null);
    connection.protocol.fail(1011);
    jobs[0]!.finish();
    await connection.closed;
    assert.equal(connection.closeCode, 1006);
  });

  test('our own close lets the message come through', async () => {
    const { connection, jobs, heard } = make();
    connection.receive(large, close);
    void connection.close();
    jobs[0]!.finish();
    await settled();
    assert.deepEqual([heard, connection.closeCode ?? connection.protocol.closeRcvd?.code], [['large'], 1000]);
    connection.transport.sink?.onEnd();
    connection.transport.abort();
    await connection.closed;
  });

  test('corrupt data and too much of it close the connection as they always do', async () => {
    for (const [end, code] of [
      ['fail', 1007],
      ['exceed', 1009],
    ] as const) {
      const { connection, jobs, heard } = make();
      connection.receive(text('first'), large, text('last'));
      jobs[0]![end](new Error('of zlib'));
      await settled();
      assert.deepEqual([connection.protocol.closeSent?.code, heard], [code, ['first']]);
      connection.abort();
      await connection.closed;
    }
  });
});

test('a protocol that is not piped decodes large messages at once', () => {
  const { connection, jobs } = make();
  const { protocol } = OpenConnection.make();
  protocol.extensions = connection.protocol.extensions;
  protocol.pipe(
    { onHandshake() {}, onFrame: (...frame) => void frames.push(frame) },
    {
      bytes: new Uint8Array(0),
      appendFromBytes: 0,
      reserve: () => 0,
      append() {},
      share() {},
      end() {},
    },
  );
  const frames: unknown[] = [];
  const bytes = Buffer.concat([Buffer.from([0xc1, 0xff, 0, 0, 0, 0]), new Uint8Array(8), PACKED]);
  bytes.writeUInt32BE(PACKED.length, 6);
  protocol.receive(Uint8Array.from(bytes));
  assert.deepEqual([frames.length, jobs.length], [1, 0]);
});
