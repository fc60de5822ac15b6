// What a connection does with time, room and memory, decided frame by frame. No socket, no real time.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import { settled } from 'websockets-ts/testing';
import { broadcast } from '#dist/connection/broadcast.js';
import type { Data } from '#dist/connection/message-source.js';
import { prepare } from '#dist/connection/prepare.js';
import type { Extension } from '#dist/core/extension.js';
import { PerMessageDeflate } from '#dist/extensions.js';
import { BINARY, CLOSE, CONTINUATION, encodeFrame, type Frame, PONG, TEXT } from '../conformance/wire.ts';
import { isCollected } from '../support/collected.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import { OpenConnection, type OpenOptions } from '../support/open-connection.ts';

const bytes = (length: number, value = 0): Uint8Array => new Uint8Array(length).fill(value);

/** A connection without keepalive, unless the options say. */
const open = (options: OpenOptions = {}): OpenConnection => OpenConnection.make({ pingIntervalMs: null, ...options });

const failing: Extension = {
  name: 'failing',
  decode: (frame) => frame,
  encode: () => {
    throw new RangeError('mine');
  },
};

/** What has become of a promise by now. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  let text = 'pending';
  promise.then(
    (value) => {
      text = String(value);
    },
    (error: unknown) => {
      text = String(error);
    },
  );
  await settled();
  return text;
}

/** The payloads of the pings that were written and not looked at yet. */
function takePings({ transport }: OpenConnection): Buffer[] {
  const written = Buffer.from(transport.writes.splice(0).join(''), 'latin1');
  const pings: Buffer[] = [];
  for (let at = written.indexOf('\x89\x04', 'latin1'); at >= 0; at = written.indexOf('\x89\x04', at + 6, 'latin1')) {
    pings.push(written.subarray(at + 2, at + 6));
  }
  return pings;
}

describe('send', () => {
  test('waits for nobody once the system has taken a large broadcast', async () => {
    const connection = open();
    connection.transport.isSlow = true;
    broadcast([connection], bytes(40_000));
    connection.transport.isSlow = false;
    connection.transport.drain();
    assert.equal(await outcome(connection.send('x')), 'undefined');
    assert.equal(await outcome(connection.ping().then(() => 'sent')), 'sent');
  });

  test('waits until the system has taken a large broadcast, whatever the high mark', async () => {
    const connection = open({ writeLimit: 1_000_000 });
    connection.transport.isSlow = true;
    broadcast([connection], bytes(40_000));
    const sent = connection.send('x');
    assert.equal(await outcome(sent), 'pending');
    connection.transport.drain();
    assert.equal(await outcome(sent), 'undefined');
  });
});

test('a send that waits for room has it as soon as the system has, whatever was gathered meanwhile', async () => {
  const connection = open();
  connection.transport.isSlow = true;
  const waiting = connection.send(bytes(40_000));
  assert.equal(await outcome(waiting), 'pending');
  connection.transport.isSlow = false;
  void connection.send(bytes(10_000));
  connection.transport.drain();
  assert.equal(await outcome(waiting), 'undefined');
});

describe('a logger that throws', () => {
  const logger = {
    debug() {},
    info() {},
    warn() {},
    error() {
      throw new Error('disk full');
    },
    isEnabled: (level: string) => level === 'error',
  };

  test('does not keep a connection alive whose handler has failed', () => {
    const handlers = {
      message() {
        throw new Error('bug');
      },
    };
    const connection = open({ handlers, logger });
    assert.throws(() => connection.receive({ opcode: TEXT, payload: Buffer.from('x') }), /disk full/);
    assert.equal(connection.state, 'CLOSED');
    assert.equal(connection.bufferedAmount, 0);
  });
});

describe('a logger whose debug throws', () => {
  const logger = {
    debug(message: string): void {
      if (/^[-!]/.test(message)) throw new Error('disk full');
    },
    info() {},
    warn() {},
    error() {},
  };

  test('does not keep a connection that is lost', async () => {
    const connection = open({ logger });
    const received = connection.recv();
    assert.throws(() => connection.transport.sink?.onClose(new Error('read ECONNRESET')), /disk full/);
    assert.match(await outcome(received), /^ConnectionClosedError/);
  });

  test('does not keep one whose closing takes too long', async () => {
    const connection = open({ logger, closeTimeoutMs: 500 });
    const closed = connection.close();
    await assert.rejects(connection.clock.advance(500), /disk full/);
    assert.equal(await outcome(closed), 'undefined');
  });
});

describe('a fragmented message', () => {
  test('is not waited for when the connection ends between two fragments', async () => {
    const connection = open();
    connection.transport.isSlow = true;
    async function* source(): AsyncGenerator<Uint8Array> {
      yield bytes(40_000);
      await new Promise(() => {});
    }
    const sent = connection.send(source());
    await settled();
    connection.transport.drain();
    connection.transport.abort();
    assert.match(await outcome(sent), /^ConnectionClosedError/);
  });

  test('whose source fails drops a connection that cannot even encode the close frame, and says what failed', async () => {
    const connection = open({ logger: new LogRecorder() });
    async function* source(): AsyncGenerator<string> {
      yield 'a';
      connection.protocol.extensions = [failing];
      throw new Error('of the source');
    }
    assert.equal(await outcome(connection.send(source())), 'Error: of the source');
    assert.equal(connection.state, 'CLOSED');
  });
});

describe('keepalive', () => {
  const often = { pingIntervalMs: 100, pingTimeoutMs: 50 };

  test('does not fail a peer that answers pings while a full buffer waits for it', async () => {
    const connection = open(often);
    connection.transport.isSlow = true;
    void connection.send(bytes(1_000_000));
    for (let round = 0; round < 5; round++) {
      // The round trip counts as part of the interval.
      await connection.clock.advance(round === 0 ? 100 : 90);
      const pings = takePings(connection);
      assert.equal(pings.length, 1);
      await connection.clock.advance(10);
      connection.receive({ opcode: PONG, payload: pings[0]! });
      await settled();
    }
    assert.equal(connection.state, 'OPEN');
    assert.equal(connection.latency, 0.01);
    assert.ok(connection.bufferedAmount > 1_000_000);
  });

  test('fails a peer that answers none and sends nothing else', async () => {
    const connection = open(often);
    await connection.clock.advance(150);
    assert.equal(connection.state, 'CLOSING');
    assert.match(connection.transport.writes.join(''), /\x03\xf3keepalive ping timeout$/);
  });

  test('takes whatever a peer sends for a sign of life, but asks again', async () => {
    const connection = open(often);
    await connection.clock.advance(100);
    connection.receiveBytes(Uint8Array.of(0x81)); // the first byte of a frame
    await connection.clock.advance(50);
    assert.equal(connection.state, 'OPEN');
    const [first, second] = takePings(connection);
    assert.deepEqual(first, second);
    await connection.clock.advance(50);
    assert.equal(connection.state, 'CLOSING');
  });

  test('keeps one ping on its way with a peer that never answers, and takes a late pong', async () => {
    const connection = open({ ...often, pingTimeoutMs: null });
    await connection.clock.advance(1000);
    const pings = takePings(connection);
    assert.equal(pings.length, 10);
    for (const ping of pings) assert.deepEqual(ping, pings[0]);
    connection.receive({ opcode: PONG, payload: pings[0]! });
    assert.equal(connection.latency, 0.9);
    await connection.clock.advance(100);
    assert.notDeepEqual(takePings(connection)[0], pings[0]);
  });

  for (const pingTimeoutMs of [50, null]) {
    test(`sets no timer when the logger closes the connection, with pingTimeoutMs: ${pingTimeoutMs}`, async () => {
      const logger = new LogRecorder();
      const connection = open({ ...often, pingTimeoutMs, closeTimeoutMs: null, logger });
      logger.debug = (message) => {
        if (message === '% sent keepalive ping') void connection.close();
      };
      await connection.clock.advance(100);
      assert.equal(connection.state, 'CLOSING');
      assert.equal(connection.clock.pending, 0);
    });

    test(`drops a connection whose pings cannot be encoded, with pingTimeoutMs: ${pingTimeoutMs}`, async () => {
      const logger = new LogRecorder('error');
      const connection = open({ ...often, pingTimeoutMs, logger });
      connection.protocol.extensions = [failing];
      await connection.clock.advance(100);
      assert.equal(connection.state, 'CLOSED');
      assert.equal(connection.clock.pending, 0);
      assert.deepEqual(logger.texts('error'), ['unexpected internal error']);
    });
  }

  test('drops a connection whose close frame cannot be encoded when no pong comes', async () => {
    const connection = open({ ...often, logger: new LogRecorder() });
    await connection.clock.advance(100);
    connection.protocol.extensions = [failing];
    await connection.clock.advance(50);
    assert.equal(connection.state, 'CLOSED');
    assert.match(await outcome(connection.recv()), /^ConnectionClosedError: no close frame received or sent/);
  });
});

describe('what is received', () => {
  /** Transfers the buffer, as `postMessage` to a worker does. */
  const transfer = (data: Data): number => {
    if (typeof data === 'string') return data.length;
    const { length, buffer } = data;
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
    return length;
  };

  const frames: readonly Frame[] = [
    { opcode: BINARY, payload: bytes(20_000) },
    { opcode: BINARY, payload: bytes(5000), fin: false },
    { opcode: CONTINUATION, payload: bytes(5001) },
    { opcode: BINARY, payload: bytes(300) },
    { opcode: TEXT, payload: 'tail' },
  ];
  const wire = Buffer.concat(frames.map((frame) => encodeFrame(frame, 'client')));
  const lengths = [20_000, 10_001, 300, 4];

  // The second cut has a payload in a read of its own: the one case in which the user gets the buffer of a read.
  for (const [title, cuts] of [
    ['with more frames in the same read', []],
    ['in a read for itself', [8, 20_008]],
    ['over two reads', [10_000]],
  ] as const) {
    test(`may be transferred to a worker by a direct handler, ${title}`, () => {
      const got: number[] = [];
      const connection = open({ handlers: { message: (_, data) => got.push(transfer(data)) } });
      for (const [i, end] of [...cuts, wire.length].entries()) connection.receiveBytes(wire.subarray(cuts[i - 1], end));
      connection.receive({ opcode: TEXT, payload: 'next' });
      assert.deepEqual(got, [...lengths, 4]);
      assert.equal(connection.state, 'OPEN');
    });

    test(`may be transferred to a worker after recv, ${title}`, async () => {
      const connection = open();
      for (const [i, end] of [...cuts, wire.length].entries()) connection.receiveBytes(wire.subarray(cuts[i - 1], end));
      for (const length of lengths) assert.equal(transfer(await connection.recv()), length);
      connection.receive({ opcode: TEXT, payload: 'next' });
      assert.equal(await connection.recv(), 'next');
    });
  }

  for (const [title, options] of [
    ['while closing', {}],
    ['without maxQueue', { maxQueue: null }],
  ] as const) {
    test(`costs something even if it is empty: a flood of it ends in memory of limited size ${title}`, async () => {
      const connection = open({ maxQueueBytes: 10_000, ...options });
      if (title === 'while closing') void connection.close();
      const empty = Array.from({ length: 1000 }, () => ({ opcode: TEXT }));
      for (let i = 0; i < 10; i++) connection.receive(...empty);
      if (title === 'without maxQueue') {
        assert.equal(connection.transport.isPaused, true);
        return;
      }
      let count = 0;
      while ((await outcome(connection.recv({ timeoutMs: 0 }))) === '') count++;
      assert.ok(count > 0 && count < 1000, `${count} messages were kept`);
    });
  }

  test('on a connection that is lost is kept as far as maxQueueBytes goes, and a close frame behind the rest makes no clean end', async () => {
    const connection = open({ maxQueue: 4, maxQueueBytes: 2000 });
    const messages = Array.from({ length: 50 }, (_, i): Frame => ({ opcode: TEXT, payload: `${i} `.padEnd(500, '.') }));
    // Reading stops in the middle of what has arrived: the rest waits.
    connection.receive(...messages, { opcode: CLOSE, payload: Uint8Array.of(0x03, 0xe8) });
    connection.transport.abort();
    await connection.closed;
    for (const index of [0, 1, 2, 3, 4]) assert.match(String(await connection.recv()), new RegExp(`^${index} `));
    assert.match(await outcome(connection.recv()), /^ConnectionClosedError: no close frame received or sent/);
  });

  test('on a connection that is lost is all there, with its close frame, when it is small', async () => {
    const connection = open({ maxQueue: 4 });
    const messages = Array.from({ length: 50 }, (_, i): Frame => ({ opcode: TEXT, payload: `${i}` }));
    connection.receive(...messages, { opcode: CLOSE, payload: Uint8Array.of(0x03, 0xe8) });
    connection.transport.abort();
    for (let i = 0; i < 50; i++) assert.equal(await connection.recv(), `${i}`);
    assert.match(await outcome(connection.recv()), /^ConnectionClosedOK: /);
  });

  test('while closing has no holes: nothing follows what did not fit', async () => {
    const connection = open({ maxQueueBytes: 1000 });
    const piece = (payload: string, fin = false): Frame => ({ opcode: CONTINUATION, payload, fin });
    connection.receive({ opcode: TEXT, payload: 'whole' });
    connection.receive({ opcode: TEXT, payload: 'a'.repeat(600), fin: false });
    void connection.close();
    connection.receive(piece('b'.repeat(600)));
    connection.receive(piece('c'.repeat(600)));
    assert.equal(await connection.recv(), 'whole');
    const torn = connection.recv();
    connection.receive(piece('end', true), { opcode: TEXT, payload: 'next' });
    assert.equal(await outcome(torn), 'pending');
    connection.transport.abort();
    assert.match(await outcome(torn), /^ConnectionClosedError: /);
  });

  test('while closing has no holes, also when somebody waited for it in vain', async () => {
    const connection = open({ maxQueueBytes: 1000 });
    const piece = (payload: string, fin = false): Frame => ({ opcode: CONTINUATION, payload, fin });
    connection.receive({ opcode: TEXT, payload: 'a'.repeat(100), fin: false });
    void connection.close();
    // Once joined for whoever waits, what fitted costs less than the limit: that makes no room.
    for (let i = 0; i < 10; i++) connection.receive(piece('b'.repeat(100)));
    const waiting = connection.recv({ timeoutMs: 10 });
    waiting.catch(() => {});
    await connection.clock.advance(10);
    assert.equal(await outcome(waiting), 'TimeoutError: timed out after 10 ms');
    connection.receive(piece('end', true));
    assert.equal(await outcome(connection.recv({ timeoutMs: 0 })), 'TimeoutError: no message is there');
  });
});

describe('serial handlers', () => {
  /** A connection whose first message is never done with, unless the test says so. */
  function busy(options: OpenOptions = {}): { connection: OpenConnection; got: Data[]; goOn: () => void } {
    const got: Data[] = [];
    let goOn!: () => void;
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const message = (_: unknown, data: Data): Promise<void> => {
      got.push(data);
      return gate;
    };
    const connection = open({ serial: true, handlers: { message }, ...options });
    connection.receive({ opcode: TEXT, payload: 'first' });
    return { connection, got, goOn };
  }

  test('keep no more than maxQueueBytes of a peer that goes on while the connection is closing', async () => {
    const { connection, got, goOn } = busy({ maxQueueBytes: 10_000 });
    void connection.close();
    for (let i = 0; i < 1000; i++) connection.receive({ opcode: TEXT, payload: String(i).padEnd(1000) });
    goOn();
    await settled();
    await settled();
    assert.ok(got.length > 5 && got.length < 12, `${got.length} messages were kept`);
    assert.deepEqual(
      got.slice(1).map(Number),
      got.slice(1).map((_, i) => i),
    );
  });

  test('let the close frame of the peer through while they are busy with what came before', async () => {
    const messages: Data[] = [];
    let goOn!: () => void;
    const first = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const message = (_: unknown, data: Data): Promise<void> => {
      messages.push(data);
      return data === '1' ? first : new Promise(() => {});
    };
    const connection = open({ serial: true, handlers: { message } });
    connection.receive({ opcode: TEXT, payload: '1' });
    void connection.close();
    connection.receive({ opcode: TEXT, payload: '2' });
    goOn();
    await settled();
    assert.deepEqual(messages, ['1', '2']);
    connection.receive({ opcode: 8, payload: Buffer.from([0x03, 0xe8]) });
    assert.equal(connection.transport.hasEnded, true);
  });
});

describe('waitClosed', () => {
  test('leaves no timer and no listener behind, whether it gives up or not', async () => {
    const connection = open();
    const controller = new AbortController();
    const first = connection.waitClosed({ timeoutMs: 10 });
    const second = connection.waitClosed({ signal: controller.signal, timeoutMs: 1000 });
    first.catch(() => {});
    await connection.clock.advance(10);
    assert.equal(await outcome(first), 'TimeoutError: timed out after 10 ms');
    assert.equal(await outcome(second), 'pending');
    connection.abort();
    assert.equal(await outcome(second), 'undefined');
    assert.equal(connection.clock.pending, 0);
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
  });

  test('is forgotten once it has given up, however long the connection lives', async () => {
    const connection = open();
    // A function of its own: nothing on the stack of the test may hold the reason.
    const giveUp = async (): Promise<WeakRef<object>> => {
      const reason = { why: 'enough' };
      const controller = new AbortController();
      const waiting = connection.waitClosed({ signal: controller.signal });
      controller.abort(reason);
      await assert.rejects(waiting);
      return new WeakRef(reason);
    };
    assert.equal(await isCollected(await giveUp()), true);
    assert.equal(connection.state, 'OPEN');
  });
});

describe('the option compress', () => {
  const TEXT_1K = 'abcdefgh'.repeat(128);
  const first = (connection: OpenConnection): number => connection.transport.writes.at(-1)!.charCodeAt(0);

  test('of send is for whole messages, and for fragmented ones from the first to the last', async () => {
    const connection = open();
    connection.protocol.extensions = [new PerMessageDeflate()];
    for (const [compress, byte] of [
      [true, 0xc1],
      [false, 0x81],
      ['auto', 0xc1],
      [undefined, 0xc1],
    ] as const) {
      await connection.send(TEXT_1K, { compress });
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(first(connection), byte);
      connection.transport.writes.length = 0;
      await connection.send([TEXT_1K, TEXT_1K], { compress });
      await new Promise((resolve) => setImmediate(resolve));
      const all = connection.transport.writes.join('');
      assert.equal(all.charCodeAt(0), byte & 0x7f);
      assert.equal(all.length < 1000, byte === 0xc1);
      connection.transport.writes.length = 0;
    }
  });

  test('of broadcast is for messages that are not prepared', async () => {
    const connection = open();
    connection.protocol.extensions = [new PerMessageDeflate()];
    for (const [message, byte] of [
      [TEXT_1K, 0x81],
      [prepare(TEXT_1K), 0xc1],
    ] as const) {
      broadcast([connection], message, { compress: false });
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(first(connection), byte);
    }
  });
});
