// The state machine where it is more than bytes in and bytes out: forms, extensions, errors of others, log lines. What it
// makes of what arrives stands in test/vectors/protocol.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EndOfStreamError, InvalidState, PayloadTooBig, ProtocolError } from '#dist/core/exceptions/protocol-errors.js';
import type { Extension } from '#dist/core/extension.js';
import { Frame } from '#dist/core/frame.js';
import { Opcode } from '#dist/core/opcode.js';
import { Protocol } from '#dist/core/protocol.js';
import type { ProtocolOptions } from '#dist/core/protocol-options.js';
import type { ProtocolOutput, ProtocolSink } from '#dist/core/protocol-pipe.js';
import { Recorder, SEND_EOF } from '#dist/core/recorder.js';
import { Side, State } from '#dist/core/state.js';
import { fakeHost } from '../support/fake-host.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { decodeWireFrames, encodeWireFrame, readWireFrame, showWireFrame, wordsOf } from '../support/wire-frames.js';

type Options = Omit<ProtocolOptions, 'host'> & { readonly extensions?: readonly Extension[] };

function create(side: Side, { extensions = [], ...options }: Options = {}): Protocol {
  const protocol = new Protocol(side, { ...options, host: fakeHost() });
  protocol.extensions = extensions;
  return protocol;
}

const client = (options?: Options): Protocol => create(Side.CLIENT, options);
const server = (options?: Options): Protocol => create(Side.SERVER, options);

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

/** Frames in the notation of the vectors, as the peer of this protocol would send them. */
function wire(protocol: Protocol, ...frames: readonly string[]): Uint8Array {
  const masked = protocol.side === Side.SERVER;
  return Uint8Array.from(Buffer.concat(frames.map((frame) => encodeWireFrame(readWireFrame(wordsOf(frame)), masked))));
}

const receive = (protocol: Protocol, ...frames: readonly string[]): void =>
  protocol.receiveData(wire(protocol, ...frames));

function sent(protocol: Protocol): string[] {
  return protocol
    .dataToSend()
    .flatMap((chunk) => (chunk === SEND_EOF ? ['EOF'] : decodeWireFrames(chunk).map(showWireFrame)));
}

function events(protocol: Protocol): string[] {
  return protocol.eventsReceived().map((event) => {
    assert.ok(event instanceof Frame);
    const { opcode, fin, data } = event;
    return showWireFrame({ opcode, fin, rsv: 0, payload: data });
  });
}

describe('a protocol at the beginning', () => {
  test('is OPEN, knows its limits, and has nothing to tell', () => {
    const protocol = client();
    assert.equal(protocol.side, Side.CLIENT);
    assert.equal(protocol.state, State.OPEN);
    assert.equal(protocol.maxMessageSize, 1_048_576);
    assert.equal(protocol.maxFragmentSize, null);
    assert.deepEqual(protocol.extensions, []);
    const { origin, subprotocol, closeRcvd, closeSent, closeRcvdThenSent, handshakeExc, parserExc } = protocol;
    assert.deepEqual(
      [origin, subprotocol, closeRcvd, closeSent, closeRcvdThenSent, handshakeExc, parserExc],
      new Array(7).fill(null),
    );
    assert.deepEqual([protocol.closeCode, protocol.closeReason, protocol.eofSent], [null, null, false]);
    assert.equal(protocol.closeExpected(), false);
    assert.deepEqual(protocol.dataToSend(), []);
    assert.deepEqual(protocol.eventsReceived(), []);
  });

  test('takes a limit for messages alone, for both, or none', () => {
    const limits = ([maxSize]: [ProtocolOptions['maxSize'] & {}] | [null]): unknown[] => {
      const { maxMessageSize, maxFragmentSize } = client({ maxSize });
      return [maxMessageSize, maxFragmentSize];
    };
    assert.deepEqual(limits([5]), [5, null]);
    assert.deepEqual(limits([null]), [null, null]);
    assert.deepEqual(limits([[7, 3]]), [7, 3]);
    assert.deepEqual(limits([[null, 3]]), [null, 3]);
  });

  test('has an id that is a random UUID, its own and always the same', () => {
    const protocol = client();
    assert.match(protocol.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(protocol.id, protocol.id);
  });

  test('drops bytes while CONNECTING when it is no side that has a handshake, and fails when they end', () => {
    const protocol = server({ state: State.CONNECTING });
    receive(protocol, 'PING "x"');
    assert.deepEqual(events(protocol), []);
    assert.throws(() => protocol.sendPing(bytesOf('')), new InvalidState('connection is connecting'));
    assert.throws(() => protocol.sendText(bytesOf('')), new InvalidState('connection is connecting'));
    assert.throws(() => protocol.sendClose(), new InvalidState('connection is connecting'));
    protocol.receiveEof();
    assert.equal(protocol.state, State.CLOSED);
    assert.equal(protocol.handshakeExc?.message, 'unexpected end of stream');
    assert.deepEqual(sent(protocol), ['EOF']);
  });

  for (const side of [Side.CLIENT, Side.SERVER]) {
    test(`ends its half of the stream once when a ${side} fails while CONNECTING`, () => {
      const protocol = create(side, { state: State.CONNECTING });
      protocol.fail(1011, 'not now');
      assert.equal(protocol.state, State.CONNECTING);
      receive(protocol, 'PING "x"');
      protocol.receiveEof();
      assert.equal(protocol.state, State.CLOSED);
      assert.deepEqual(sent(protocol), ['EOF']);
      assert.equal(protocol.closeSent, null);
    });
  }
});

describe('closing', () => {
  test('is expected from the first close frame on until the end of the stream', () => {
    const protocol = client();
    protocol.sendClose(1000);
    assert.equal(protocol.closeExpected(), true);
    assert.deepEqual([protocol.closeCode, protocol.closeReason], [null, null]);
    receive(protocol, 'CLOSE 1001 "bye"');
    assert.equal(protocol.closeExpected(), true);
    assert.deepEqual([protocol.closeCode, protocol.closeReason], [null, null]);
    protocol.receiveEof();
    assert.equal(protocol.closeExpected(), false);
    assert.deepEqual([protocol.closeCode, protocol.closeReason], [1001, 'bye']);
  });

  test('shows both close frames and their order', () => {
    const first = client();
    first.sendClose();
    assert.deepEqual({ ...first.closeSent }, { code: 1005, reason: '' });
    assert.equal(first.closeRcvdThenSent, null);
    receive(first, 'CLOSE 1000 "ok"');
    assert.deepEqual({ ...first.closeRcvd }, { code: 1000, reason: 'ok' });
    assert.equal(first.closeRcvdThenSent, false);
    const second = server();
    receive(second, 'CLOSE 1000 "ok"');
    assert.equal(second.closeSent, second.closeRcvd);
    assert.equal(second.closeRcvdThenSent, true);
  });

  test('without a close frame has code 1006 and no reason, even when we failed with another', () => {
    const protocol = server();
    protocol.fail(1002, 'x');
    protocol.receiveEof();
    assert.deepEqual([protocol.closeCode, protocol.closeReason], [1006, '']);
    assert.deepEqual({ ...protocol.closeSent }, { code: 1002, reason: 'x' });
  });

  test('has no error to throw before it is over', () => {
    const protocol = client();
    for (const change of [() => {}, () => protocol.sendClose(1000)]) {
      change();
      assert.throws(() => protocol.closeExc, { name: 'Error', message: "connection isn't closed yet" });
    }
  });

  test('gives a new error each time, whose cause is what was wrong with the bytes', () => {
    const protocol = server();
    receive(protocol, 'OP3');
    protocol.receiveEof();
    assert.notEqual(protocol.closeExc, protocol.closeExc);
    assert.equal(protocol.closeExc.cause, protocol.parserExc);
    assert.ok(protocol.parserExc instanceof ProtocolError);
    assert.equal(protocol.parserExc.code, 'INVALID_OPCODE');
  });

  test('takes the cause of the I/O layer before its own, and none when there is none', () => {
    const protocol = server();
    protocol.receiveEof();
    assert.ok(protocol.closeExc.cause instanceof EndOfStreamError);
    const reset = new Error('ECONNRESET');
    assert.equal(protocol.closedBecause(reset).cause, reset);
    const clean = server();
    receive(clean, 'CLOSE');
    clean.receiveEof();
    assert.equal(Object.hasOwn(clean.closeExc, 'cause'), false);
  });

  test('refuses a reason without a code, and nothing happened', () => {
    for (const code of [undefined, null]) {
      const protocol = client();
      assert.throws(() => protocol.sendClose(code, 'why'), { name: 'ProtocolError', code: 'REASON_WITHOUT_CODE' });
      assert.equal(protocol.state, State.OPEN);
      assert.deepEqual(sent(protocol), []);
    }
  });
});

describe('after the end of our half of the stream', () => {
  test('no close frame follows when a server fails again', () => {
    const protocol = server();
    protocol.fail(1006);
    protocol.fail(1011, 'x');
    assert.deepEqual(sent(protocol), ['EOF']);
    assert.equal(protocol.closeSent, null);
  });

  test('a server can send neither messages nor a close frame', () => {
    const protocol = server();
    protocol.fail(1006);
    assert.equal(protocol.state, State.OPEN);
    const closing = new InvalidState('connection is closing');
    assert.throws(() => protocol.sendText(bytesOf('x')), closing);
    assert.throws(() => protocol.sendBinary(bytesOf('x'), false), closing);
    assert.throws(() => protocol.sendClose(1000), closing);
    assert.deepEqual(sent(protocol), ['EOF']);
  });
});

describe('receiving', () => {
  test('after the end of the stream is a mistake of the owner', () => {
    for (const method of ['receiveData', 'receive'] as const) {
      const protocol = client();
      protocol.receiveEof();
      assert.throws(() => protocol[method](new Uint8Array(1)), { name: 'EndOfStreamError', message: 'stream ended' });
    }
  });

  test('nothing is harmless', () => {
    const protocol = client();
    protocol.receiveData(new Uint8Array(0));
    assert.deepEqual(events(protocol), []);
    assert.equal(protocol.state, State.OPEN);
  });

  for (const kind of ['Uint8Array', 'Buffer']) {
    test(`in the pull form leaves a ${kind} of the caller alone, and does not look at it later`, () => {
      const protocol = server();
      const bytes = wire(protocol, 'TEXT "hello"');
      const given = kind === 'Buffer' ? Buffer.from(bytes) : Uint8Array.from(bytes);
      protocol.receiveData(given);
      assert.deepEqual(Uint8Array.from(given), bytes);
      given.fill(0);
      assert.deepEqual(events(protocol), ['TEXT "hello"']);
    });
  }

  test('sending leaves the buffer of the caller alone, too', () => {
    const protocol = client();
    const data = bytesOf('hello');
    protocol.sendText(data);
    assert.deepEqual(data, bytesOf('hello'));
  });

  test('a client takes a fresh mask for each frame, also for empty ones and for answers', () => {
    const protocol = client();
    protocol.sendText(bytesOf('a'));
    protocol.sendBinary(new Uint8Array(0));
    receive(protocol, 'PING', 'CLOSE');
    const masks = protocol.dataToSend().flatMap((chunk) => decodeWireFrames(chunk).map(({ mask }) => mask?.[3]));
    assert.deepEqual(masks, [0x3d, 0x3e, 0x3f, 0x40]);
  });
});

/** Hands each frame to a function, and what is sent to a recorder. */
class Sink implements ProtocolSink {
  readonly output: Recorder & { isBlocked?: boolean } = new Recorder();
  readonly seen: string[] = [];
  readonly #react: (frame: string) => void;

  constructor(react: (frame: string) => void) {
    this.#react = react;
  }

  onHandshake(): void {
    assert.fail('there is no handshake');
  }

  onFrame(opcode: Opcode, fin: boolean, bytes: Uint8Array, start: number, end: number): void {
    const frame = showWireFrame({ opcode, fin, rsv: 0, payload: bytes.subarray(start, end) });
    this.seen.push(frame);
    this.#react(frame);
  }

  sent(): string[] {
    const chunks = this.output.takeChunks();
    return chunks.flatMap((chunk) => (chunk === SEND_EOF ? ['EOF'] : decodeWireFrames(chunk).map(showWireFrame)));
  }
}

function piped(protocol: Protocol, react: (frame: string) => void = () => {}): Sink {
  const sink = new Sink(react);
  protocol.pipe(sink, sink.output);
  return sink;
}

describe('the push form', () => {
  test('records nothing, and says so to whoever asks', () => {
    const protocol = client();
    const output: ProtocolOutput = new Recorder();
    protocol.pipe(new Sink(() => {}), output);
    const message = 'the protocol is piped: its events and bytes go to the sink and the output';
    assert.throws(() => protocol.eventsReceived(), { message });
    assert.throws(() => protocol.dataToSend(), { message });
  });

  test('answers only the latest of the pings that come while the output is blocked, when it is told that it is not', () => {
    const protocol = server();
    const sink = piped(protocol);
    protocol.receive(wire(protocol, 'PING "a"', 'PING "b"'));
    assert.deepEqual(sink.sent(), ['PONG "a"', 'PONG "b"']);
    sink.output.isBlocked = true;
    protocol.receive(wire(protocol, 'PING "c"', 'PING "d"'));
    assert.deepEqual(sink.sent(), []);
    assert.equal(protocol.hasKeptPing, true);
    sink.output.isBlocked = false;
    protocol.answerKeptPing();
    protocol.answerKeptPing();
    assert.deepEqual(sink.sent(), ['PONG "d"']);
    assert.equal(protocol.hasKeptPing, false);
  });

  test('answers it before a ping that comes when the output is not blocked any more, and before a close', () => {
    const protocol = server();
    const sink = piped(protocol);
    for (const [next, answer] of [
      ['PING "b"', ['PONG "a"', 'PONG "b"']],
      ['CLOSE 1000', ['PONG "a"', 'CLOSE 1000', 'EOF']],
    ] as const) {
      sink.output.isBlocked = true;
      protocol.receive(wire(protocol, 'PING "a"'));
      sink.output.isBlocked = false;
      protocol.receive(wire(protocol, next));
      assert.deepEqual(sink.sent(), answer);
    }
  });

  test('tells of each data frame that is sent, by its length before extensions, and of no other', () => {
    const protocol = client();
    const sent: unknown[] = [];
    const sink = piped(protocol);
    (sink as ProtocolSink).onSent = (...frame) => sent.push(frame);
    protocol.sendText(bytesOf('a'));
    protocol.sendBinary(bytesOf('bc'), false);
    protocol.sendPing(bytesOf('x'));
    protocol.sendContinuation(bytesOf('def'), true);
    protocol.sendClose(1000);
    assert.deepEqual(sent, [
      [Opcode.TEXT, true, 1],
      [Opcode.BINARY, false, 2],
      [Opcode.CONT, true, 3],
    ]);
  });

  test('gives no frame while paused, and the rest in order when resumed', () => {
    const protocol = server();
    const sink = piped(protocol, (frame) => frame === 'TEXT "b"' && protocol.pause());
    protocol.receive(wire(protocol, 'TEXT "a"', 'TEXT "b"', 'PING "c"'));
    protocol.receive(wire(protocol, 'TEXT "d"'));
    assert.deepEqual(sink.seen, ['TEXT "a"', 'TEXT "b"']);
    assert.deepEqual(sink.sent(), []);
    protocol.resume();
    assert.deepEqual(sink.seen, ['TEXT "a"', 'TEXT "b"', 'PING "c"', 'TEXT "d"']);
    assert.deepEqual(sink.sent(), ['PONG "c"']);
  });

  test('keeps the end of the stream back while paused, behind what came before it', () => {
    const protocol = server();
    const sink = piped(protocol);
    protocol.pause();
    protocol.receive(wire(protocol, 'TEXT "a"', 'CLOSE 1000'));
    protocol.receiveEof();
    assert.equal(protocol.state, State.OPEN);
    protocol.resume();
    assert.deepEqual(sink.seen, ['TEXT "a"', 'CLOSE 1000']);
    assert.equal(protocol.state, State.CLOSED);
    assert.equal(protocol.closeCode, 1000);
  });

  test('ends once, however often it is resumed after the end', () => {
    const extension = new Reversing('a');
    const protocol = client({ extensions: [extension] });
    const sink = piped(protocol);
    protocol.receiveEof();
    protocol.resume();
    protocol.resume();
    assert.deepEqual(sink.sent(), ['EOF']);
    assert.equal(extension.closed, 1);
  });

  test('resuming from within a frame goes on with the next, in order', () => {
    const protocol = server();
    const sink = piped(protocol, () => {
      protocol.pause();
      protocol.resume();
    });
    protocol.receive(wire(protocol, 'TEXT "a"', 'TEXT "b"', 'TEXT "c"'));
    assert.deepEqual(sink.seen, ['TEXT "a"', 'TEXT "b"', 'TEXT "c"']);
  });

  test('resuming from within a frame does not nest, however many frames there are', () => {
    const protocol = client();
    let count = 0;
    piped(protocol, () => {
      count += 1;
      protocol.pause();
      protocol.resume();
    });
    protocol.receive(new Uint8Array(2 * 20_000).map((_, i) => (i % 2 === 0 ? 0x82 : 0)));
    assert.equal(count, 20_000);
  });

  test('bytes given from within a frame come after those that are there', () => {
    const protocol = server();
    const sink = piped(protocol, (frame) => {
      if (frame === 'TEXT "a"') protocol.receive(wire(protocol, 'TEXT "c"'));
    });
    protocol.receive(wire(protocol, 'TEXT "a"', 'TEXT "b"'));
    assert.deepEqual(sink.seen, ['TEXT "a"', 'TEXT "b"', 'TEXT "c"']);
  });

  test('failing from within a frame drops what is behind it', () => {
    const protocol = server();
    const sink = piped(protocol, () => protocol.fail(1008, 'no'));
    protocol.receive(wire(protocol, 'TEXT "a"', 'TEXT "b"', 'OP3'));
    assert.deepEqual(sink.seen, ['TEXT "a"']);
    assert.deepEqual(sink.sent(), ['CLOSE 1008 "no"', 'EOF']);
    assert.equal(protocol.parserExc, null);
  });

  test('what the sink throws goes to whoever gave the bytes, and the next frame is not lost', () => {
    const protocol = server();
    const sink = piped(protocol, (frame) => {
      if (frame === 'TEXT "a"') throw new Error('from the sink');
    });
    assert.throws(() => protocol.receive(wire(protocol, 'TEXT "a"', 'TEXT "b"')), { message: 'from the sink' });
    protocol.resume();
    assert.deepEqual(sink.seen, ['TEXT "a"', 'TEXT "b"']);
    assert.equal(protocol.state, State.OPEN);
  });

  test('what is left when the sink throws is copied first: the bytes go back to their owner', () => {
    const protocol = server();
    const sink = piped(protocol, (frame) => {
      if (frame === 'TEXT "a"') throw new Error('from the sink');
    });
    const lent = wire(protocol, 'TEXT "a"', 'TEXT "b"');
    assert.throws(() => protocol.receive(lent), { message: 'from the sink' });
    lent.fill(0);
    protocol.resume();
    assert.deepEqual(sink.seen, ['TEXT "a"', 'TEXT "b"']);
  });

  test('bytes given from within a frame go back to their owner before they are looked at', () => {
    const protocol = server();
    const sink = piped(protocol, (frame) => {
      if (frame !== 'TEXT "a"') return;
      const lent = wire(protocol, 'TEXT "b"');
      protocol.receive(lent);
      lent.fill(0);
    });
    protocol.receive(wire(protocol, 'TEXT "a"'));
    assert.deepEqual(sink.seen, ['TEXT "a"', 'TEXT "b"']);
  });

  test('what is kept of a Buffer is a copy, too', () => {
    const protocol = server();
    const sink = piped(protocol, (frame) => frame === 'TEXT "a"' && protocol.pause());
    for (const frames of [['TEXT "a"', 'TEXT "b"'], ['TEXT "c"']]) {
      const lent = Buffer.from(wire(protocol, ...frames));
      protocol.receive(lent);
      lent.fill(0);
    }
    protocol.resume();
    assert.deepEqual(sink.seen, ['TEXT "a"', 'TEXT "b"', 'TEXT "c"']);
  });

  test('is not begun over what was recorded and nobody took: it would be lost', () => {
    for (const [record, take] of [
      [(protocol: Protocol) => receive(protocol, 'PONG "x"'), (protocol: Protocol) => protocol.eventsReceived()],
      [(protocol: Protocol) => protocol.sendPing(bytesOf('x')), (protocol: Protocol) => protocol.dataToSend()],
    ] as const) {
      const protocol = client();
      record(protocol);
      const recorder = new Recorder();
      const pipe = (): void => protocol.pipe(recorder, recorder);
      assert.throws(pipe, { message: 'take eventsReceived() and dataToSend() first: what was recorded would be lost' });
      assert.equal(take(protocol).length, 1);
      pipe();
    }
  });

  test('gives log lines the connection it was told', () => {
    const logger = new RecordingLogger(['debug']);
    const protocol = server({ logger });
    const connection = {};
    protocol.pipe(new Sink(() => {}), new Recorder(), connection);
    protocol.sendPing(bytesOf('x'));
    assert.deepEqual(logger.contexts, [{ connection }]);
  });
});

/** Reverses the payload of data frames and appends its own letter when it sends; marks them with RSV2. */
class Reversing implements Extension {
  readonly name = 'reversing';
  readonly letter: string;
  closed = 0;

  constructor(letter: string) {
    this.letter = letter;
  }

  encode(frame: Frame): Frame {
    if (frame.opcode >= Opcode.CLOSE) return frame;
    return frame.with({ data: bytesOf(`${text(frame.data.toReversed())}${this.letter}`), rsv2: true });
  }

  decode(frame: Frame): Frame {
    if (frame.opcode >= Opcode.CLOSE || !frame.rsv2) return frame;
    assert.equal(text(frame.data.subarray(-1)), this.letter);
    return frame.with({ data: frame.data.subarray(0, -1).toReversed(), rsv2: this.letter === 'b' });
  }

  close(): void {
    this.closed += 1;
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** An error as another copy of this package makes it: of a class that ours knows by name only. */
const foreign = (name: string, fields: object): Error =>
  Object.assign(new Error(), { [Symbol.for('websockets.error')]: [name, 'WebSocketException'] }, fields);

/** Does something on the way in, and passes everything through on the way out. */
const decoding = (decode: Extension['decode']): Extension => ({ name: 'decoding', decode, encode: (frame) => frame });

const throwing = (error: unknown): Extension =>
  decoding(() => {
    throw error;
  });

describe('extensions', () => {
  test('see frames in order when they are sent, and in reverse order when they are received', () => {
    const extensions = [new Reversing('a'), new Reversing('b')];
    const protocol = client({ extensions });
    protocol.sendText(bytesOf('xyz'));
    const [frame] = protocol.dataToSend().flatMap(decodeWireFrames);
    // Reversed and marked with a, then reversed and marked with b.
    assert.equal(showWireFrame(frame!), 'TEXT rsv2 "axyzb"');
    const peer = server({ extensions });
    peer.receiveData(encodeWireFrame(frame!, true));
    assert.deepEqual(events(peer), ['TEXT "xyz"']);
  });

  test('see control frames, too', () => {
    const seen: string[] = [];
    const note = (way: string, { opcode, data }: Frame): void => void seen.push(`${way} ${opcode} ${text(data)}`);
    const extension: Extension = {
      name: 'noting',
      decode: (frame) => {
        note('<', frame);
        return frame;
      },
      encode: (frame) => {
        note('>', frame);
        return frame;
      },
    };
    const protocol = server({ extensions: [extension] });
    receive(protocol, 'PING "1"', 'PONG "2"', 'CLOSE');
    assert.deepEqual(seen, ['< 9 1', '> 10 1', '< 10 2', '< 8 ', '> 8 ']);
  });

  test('may set and clear every reserved bit and FIN, opcode and payload of what is sent', () => {
    const extension: Extension = {
      name: 'all',
      encode: (frame) => frame.with({ rsv1: true, rsv2: true, rsv3: true, fin: false, opcode: Opcode.BINARY }),
      decode: (frame) => frame.with({ rsv1: false, rsv2: false, rsv3: false }),
    };
    const protocol = server({ extensions: [extension] });
    protocol.sendText(bytesOf('x'));
    assert.deepEqual(sent(protocol), ['BINARY more rsv1 rsv2 rsv3 "x"']);
    receive(protocol, 'TEXT rsv1 rsv2 rsv3 "x"');
    assert.deepEqual(events(protocol), ['TEXT "x"']);
  });

  test('that leave a reserved bit set leave a violation', () => {
    for (const bit of ['rsv1', 'rsv2', 'rsv3']) {
      const protocol = client({ extensions: [decoding((frame) => frame)] });
      receive(protocol, `TEXT ${bit} "x"`);
      assert.deepEqual(sent(protocol), ['CLOSE 1002 "reserved bits must be 0"']);
    }
  });

  test('are told the limit of what is left of the message, null when there is none', () => {
    const limits: (number | null)[] = [];
    const extension = decoding((frame, { maxSize }) => {
      limits.push(maxSize);
      return frame;
    });
    const protocol = client({ maxSize: [10, 8], extensions: [extension] });
    receive(protocol, 'TEXT more "123"', 'CONT "4"', 'TEXT "5"');
    receive(client({ maxSize: null, extensions: [extension] }), 'TEXT "x"');
    assert.deepEqual(limits, [8, 7, 8, null]);
  });

  test('decode before bytes are counted', () => {
    const extension = decoding((frame) => frame.with({ data: bytesOf('12345') }));
    const protocol = client({ maxSize: 10, extensions: [extension] });
    receive(protocol, 'TEXT more "1"', 'CONT more "1"', 'CONT "1"');
    assert.deepEqual(events(protocol), ['TEXT more "12345"', 'CONT more "12345"']);
    assert.deepEqual(sent(protocol), [
      'CLOSE 1009 "frame with 1 bytes after reading 10 bytes exceeds limit of 10 bytes"',
    ]);
  });

  test('decode before text is checked, and a text that one has encoded is not looked at before', () => {
    const extension = decoding((frame) => frame.with({ data: bytesOf('ok'), rsv2: false }));
    const protocol = client({ validateUtf8: true, extensions: [extension] });
    for (const byte of wire(protocol, 'TEXT rsv2 hex ff ff ff', 'TEXT more hex ff ff', 'CONT hex ff ff')) {
      protocol.receiveData(Uint8Array.of(byte));
    }
    assert.deepEqual(events(protocol), ['TEXT "ok"', 'TEXT more "ok"', 'CONT "ok"']);
  });

  test('a text that permessage-deflate leaves alone is checked while it arrives, one that it encodes is not', () => {
    const extension = {
      ...decoding((frame) => frame.with({ data: bytesOf('ok'), rsv1: false })),
      name: 'permessage-deflate',
    };
    const protocol = client({ validateUtf8: true, extensions: [extension] });
    for (const byte of wire(protocol, 'TEXT more rsv1 hex ff ff', 'CONT hex ff ff')) {
      protocol.receiveData(Uint8Array.of(byte));
    }
    assert.deepEqual(events(protocol), ['TEXT more "ok"', 'CONT "ok"']);
    protocol.receiveData(wire(protocol, 'TEXT hex ff ff').subarray(0, 3));
    assert.deepEqual(sent(protocol), ['CLOSE 1007 "invalid start byte at position 0"']);
  });

  test('a control frame is too long when it is after decoding', () => {
    const protocol = client({ extensions: [decoding((frame) => frame.with({ data: new Uint8Array(126) }))] });
    receive(protocol, 'PING "x"');
    assert.deepEqual(sent(protocol), ['CLOSE 1002 "control frame too long"']);
  });

  const errors: readonly (readonly [what: string, error: unknown, close: string])[] = [
    ['a ProtocolError', new ProtocolError('my own rule'), 'CLOSE 1002 "my own rule"'],
    [
      'a ProtocolError about compressed data',
      new ProtocolError('decompression failed'),
      'CLOSE 1007 "decompression failed"',
    ],
    ['PayloadTooBig', new PayloadTooBig(null, 7), 'CLOSE 1009 "frame after reading 3 bytes exceeds limit of 10 bytes"'],
    [
      'PayloadTooBig that knows its size already',
      new PayloadTooBig(null, 7, 3),
      'CLOSE 1009 "frame after reading 3 bytes exceeds limit of 10 bytes"',
    ],
    [
      'a ProtocolError of another copy of this package',
      foreign('ProtocolError', { message: 'my own rule', code: 'PROTOCOL_ERROR' }),
      'CLOSE 1002 "my own rule"',
    ],
    [
      'PayloadTooBig of another copy of this package',
      foreign('PayloadTooBig', { message: 'too much', currentSize: 3 }),
      'CLOSE 1009 "too much"',
    ],
    ['an error of its own', new TypeError('secret'), 'CLOSE 1011'],
    ['something that is no error', 'secret', 'CLOSE 1011'],
  ];
  for (const [what, error, close] of errors) {
    test(`that throw ${what} fail the connection with ${close}`, () => {
      const logger = new RecordingLogger(['error']);
      const protocol = client({ logger, maxSize: 10 });
      receive(protocol, 'TEXT more "123"');
      protocol.extensions = [throwing(error)];
      receive(protocol, 'CONT "x"', 'CONT "y"');
      assert.deepEqual(sent(protocol), [close]);
      assert.deepEqual(events(protocol), ['TEXT more "123"']);
      const isOurs = ProtocolError.is(error) || PayloadTooBig.is(error);
      assert.deepEqual(logger.lines, isOurs ? [] : ['error parser failed']);
      if (!isOurs) assert.deepEqual(logger.contexts, [{ error }]);
      if (error instanceof Error) assert.equal(protocol.parserExc, error);
      else assert.equal(protocol.parserExc?.cause, error);
    });
  }

  test('that throw while sending throw it at the caller, and nothing happened', () => {
    const problem = new Error('cannot encode');
    const extension: Extension = {
      name: 'refusing',
      decode: (frame) => frame,
      encode: () => {
        throw problem;
      },
    };
    const protocol = server({ extensions: [extension] });
    assert.throws(() => protocol.sendText(bytesOf('a'), false), problem);
    assert.throws(() => protocol.sendPing(bytesOf('a')), problem);
    assert.throws(() => protocol.sendClose(1000), problem);
    assert.deepEqual([protocol.state, protocol.closeSent], [State.OPEN, null]);
    protocol.extensions = [];
    protocol.sendText(bytesOf('b'), false);
    protocol.extensions = [extension];
    assert.throws(() => protocol.sendContinuation(bytesOf('c'), true), problem);
    protocol.extensions = [];
    protocol.sendContinuation(bytesOf('d'), true);
    assert.deepEqual(sent(protocol), ['TEXT more "b"', 'CONT "d"']);
  });

  for (const frame of ['PING "a"', 'CLOSE 1000', 'TEXT rsv1 "a"']) {
    test(`that cannot encode the reply to ${frame} lose the connection, not the process`, () => {
      const logger = new RecordingLogger(['error']);
      const refusing: Extension = {
        name: 'refusing',
        decode: (received) => received,
        encode: () => {
          throw new Error('cannot encode');
        },
      };
      const protocol = server({ extensions: [refusing], logger });
      receive(protocol, frame);
      assert.deepEqual(sent(protocol), ['EOF']);
      protocol.receiveEof();
      assert.equal(protocol.state, State.CLOSED);
      assert.equal(protocol.closeExc.sent, null);
      assert.ok(logger.lines.includes('error parser failed'));
    });
  }

  test('are closed once, when the stream has ended; one need not have a close', () => {
    const extension = new Reversing('a');
    const protocol = server({ extensions: [extension, decoding((frame) => frame)] });
    receive(protocol, 'CLOSE 1000');
    assert.equal(extension.closed, 0);
    protocol.receiveEof();
    protocol.receiveEof();
    assert.equal(extension.closed, 1);
  });
});

describe('floods of frames that carry nothing', () => {
  /** A client whose clock is set by hand. */
  function timed(options: Omit<ProtocolOptions, 'host'>): { protocol: Protocol; clock: { now: number } } {
    const clock = { now: 0 };
    return {
      protocol: new Protocol(Side.CLIENT, { ...options, host: { ...fakeHost(), now: () => clock.now } }),
      clock,
    };
  }

  test('pings and pongs beyond the limit fail the connection with 1008, before they are answered', () => {
    const { protocol } = timed({ controlFrameLimit: { burst: 3, perSecond: 1 } });
    receive(protocol, 'PING "1"', 'PONG "2"', 'PING "3"', 'PING "4"', 'PING "5"');
    assert.deepEqual(events(protocol), ['PING "1"', 'PONG "2"', 'PING "3"']);
    assert.equal(protocol.closeSent?.code, 1008);
    assert.ok(protocol.parserExc instanceof ProtocolError);
    assert.equal(protocol.parserExc.code, 'TOO_MANY_CONTROL_FRAMES');
    assert.deepEqual(sent(protocol), ['PONG "1"', 'PONG "3"', `CLOSE 1008 "${protocol.parserExc.message}"`]);
  });

  test('the limit comes back with time, and messages and close frames do not count', () => {
    const { protocol, clock } = timed({ controlFrameLimit: { burst: 2, perSecond: 1 } });
    receive(protocol, 'PONG', 'PONG', 'TEXT', 'TEXT', 'TEXT');
    clock.now = 1000;
    receive(protocol, 'PONG', 'CLOSE 1000');
    assert.equal(protocol.closeRcvd?.code, 1000);
    assert.equal(protocol.parserExc, null);
  });

  test('empty fragments in a row beyond the limit fail the connection with 1008', () => {
    const { protocol } = timed({ maxEmptyFragments: 3 });
    receive(protocol, 'TEXT more', 'CONT more', 'CONT more', 'CONT more');
    assert.deepEqual(events(protocol), ['TEXT more', 'CONT more', 'CONT more']);
    assert.ok(protocol.parserExc instanceof ProtocolError);
    assert.equal(protocol.parserExc.code, 'TOO_MANY_EMPTY_FRAGMENTS');
    assert.deepEqual(sent(protocol), [`CLOSE 1008 "${protocol.parserExc.message}"`]);
  });

  test('a fragment with content begins the count again, and empty messages are none', () => {
    const { protocol } = timed({ maxEmptyFragments: 2 });
    receive(protocol, 'TEXT', 'TEXT', 'TEXT', 'TEXT more', 'CONT more', 'CONT more "x"', 'CONT more', 'CONT');
    assert.equal(events(protocol).length, 8);
    assert.equal(protocol.parserExc, null);
  });

  test('are taken without a limit by default', () => {
    const protocol = server();
    receive(
      protocol,
      'TEXT more',
      ...new Array<string>(2000).fill('CONT more'),
      ...new Array<string>(2000).fill('PONG'),
    );
    assert.equal(events(protocol).length, 4001);
    assert.equal(protocol.parserExc, null);
  });
});

describe('log lines', () => {
  test('show frames both ways, changes of state and ends of streams', () => {
    const logger = new RecordingLogger();
    const protocol = server({ logger });
    protocol.sendText(bytesOf('hi'), false);
    receive(protocol, 'PING "?"', 'BINARY hex 00 01', 'CLOSE 1000 "bye"');
    protocol.receiveEof();
    assert.deepEqual(logger.lines, [
      "debug > TEXT 'hi' [2 bytes, continued]",
      "debug < PING '?' [text, 1 byte]",
      "debug > PONG '?' [text, 1 byte]",
      'debug < BINARY 00 01 [2 bytes]',
      'debug < CLOSE 1000 (OK) bye [5 bytes]',
      'debug > CLOSE 1000 (OK) bye [5 bytes]',
      'debug = connection is CLOSING',
      'debug > EOF',
      'debug < EOF',
      'debug = connection is CLOSED',
      'info connection closed',
    ]);
  });

  test('tell no change of state where there is none', () => {
    const logger = new RecordingLogger(['debug']);
    const protocol = client({ logger, state: State.CLOSED });
    protocol.receiveEof();
    assert.deepEqual(logger.lines, ['debug < EOF', 'debug > EOF']);
  });

  test('of a client say nothing at the level of a server operator', () => {
    const logger = new RecordingLogger(['info', 'warn', 'error']);
    const protocol = client({ logger });
    receive(protocol, 'TEXT "x"', 'CLOSE 1000');
    protocol.receiveEof();
    assert.deepEqual(logger.lines, []);
  });

  test('show as much of a frame as was asked for', () => {
    const logger = new RecordingLogger(['debug']);
    client({ logger, maxLogSize: 12 }).sendText(bytesOf('x'.repeat(50)));
    assert.deepEqual(logger.lines, ["debug > TEXT 'xxxxx...xx' [50 bytes]"]);
  });

  test('are asked for by a logger that does not say which levels it reads', () => {
    const lines: string[] = [];
    const note = (line: string): void => void lines.push(line);
    const protocol = client({ logger: { debug: note, info: note, warn: note, error: note } });
    protocol.sendPing(bytesOf(''));
    assert.deepEqual(lines, ["> PING '' [0 bytes]"]);
  });
});
