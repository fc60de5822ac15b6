// The server's handshake on top of the machine: answers, early bytes, ends of streams, log lines. Which request is good
// is tested in server-handshake.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NegotiationError } from '#dist/core/exceptions/handshake-errors.js';
import { EndOfStreamError, InvalidState } from '#dist/core/exceptions/protocol-errors.js';
import type { Extension, ServerExtensionFactory } from '#dist/core/extension.js';
import { Frame } from '#dist/core/frame.js';
import { Request } from '#dist/core/http-message.js';
import type { ProtocolSink } from '#dist/core/protocol-pipe.js';
import { Recorder, SEND_EOF } from '#dist/core/recorder.js';
import { ServerProtocol, type ServerProtocolOptions } from '#dist/core/server-protocol.js';
import { State } from '#dist/core/state.js';
import { fakeHost } from '../support/fake-host.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { encodeWireFrame, readWireFrame, showWireFrame, wordsOf } from '../support/wire-frames.js';

const HEADERS = [
  'Host: example.com',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];
const requestText = (...more: readonly string[]): string =>
  ['GET /chat HTTP/1.1', ...HEADERS, ...more, '', ''].join('\r\n');
const REQUEST = requestText();

const DATE = 'Date: Sun, 06 Nov 1994 08:49:37 GMT';
const SWITCHING = [
  'HTTP/1.1 101 Switching Protocols',
  DATE,
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
];

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const frames = (...lines: readonly string[]): Uint8Array =>
  Uint8Array.from(Buffer.concat(lines.map((line) => encodeWireFrame(readWireFrame(wordsOf(line)), true))));
const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

const create = (options: Omit<ServerProtocolOptions, 'host'> = {}): ServerProtocol =>
  new ServerProtocol({ ...options, host: fakeHost() });

/** What was sent: HTTP as lines, the half-close as EOF. */
function sent(protocol: ServerProtocol): string[] {
  return protocol
    .dataToSend()
    .flatMap((chunk) => (chunk === SEND_EOF ? ['EOF'] : Buffer.from(chunk).toString('latin1').trimEnd().split('\r\n')));
}

function received(protocol: ServerProtocol): string[] {
  return protocol.eventsReceived().map((event) => {
    if (event instanceof Request) return `${event.method} ${event.path}`;
    assert.ok(event instanceof Frame);
    return showWireFrame({ opcode: event.opcode, fin: event.fin, rsv: 0, payload: event.data });
  });
}

/** A protocol that has received the request, with the request. */
function requested(options: Omit<ServerProtocolOptions, 'host'> = {}, text = REQUEST): [ServerProtocol, Request] {
  const protocol = create(options);
  protocol.receiveData(bytesOf(text));
  const [request, ...more] = protocol.eventsReceived();
  assert.ok(request instanceof Request);
  assert.deepEqual(more, []);
  return [protocol, request];
}

describe('a good request', () => {
  test('is an event, however it arrives', () => {
    const protocol = create();
    for (const byte of bytesOf(REQUEST)) protocol.receiveData(Uint8Array.of(byte));
    assert.deepEqual(received(protocol), ['GET /chat']);
    assert.deepEqual(protocol.dataToSend(), []);
    assert.equal(protocol.state, State.CONNECTING);
    assert.equal(protocol.closeExpected(), false);
  });

  test('is answered with 101, which opens the connection', () => {
    const [protocol, request] = requested();
    const response = protocol.accept(request);
    assert.equal(protocol.state, State.CONNECTING);
    assert.deepEqual(protocol.dataToSend(), []);
    protocol.sendResponse(response);
    assert.equal(protocol.state, State.OPEN);
    assert.deepEqual(sent(protocol), SWITCHING);
    assert.equal(protocol.handshakeExc, null);
  });

  test('leaves origin, subprotocol and extensions as agreed', () => {
    const extension: Extension = { name: 'x-op', decode: (frame) => frame, encode: (frame) => frame };
    const factory: ServerExtensionFactory = { name: 'x-op', processRequestParams: () => [[['mode', '1']], extension] };
    const text = requestText(
      'Origin: https://example.com',
      'Sec-WebSocket-Protocol: a, b',
      'Sec-WebSocket-Extensions: x-op',
    );
    const [protocol, request] = requested({ subprotocols: ['b'], extensions: [factory] }, text);
    const response = protocol.accept(request);
    assert.equal(protocol.origin, 'https://example.com');
    assert.deepEqual([protocol.extensions, protocol.subprotocol], [[], null]);
    protocol.sendResponse(response);
    assert.deepEqual([protocol.extensions, protocol.subprotocol], [[extension], 'b']);
    assert.deepEqual(sent(protocol), [
      ...SWITCHING,
      'Sec-WebSocket-Extensions: x-op; mode=1',
      'Sec-WebSocket-Protocol: b',
    ]);
  });

  test('lets a hook choose the subprotocol, which is told the protocol and what is offered', () => {
    const seen: unknown[] = [];
    const text = requestText('Sec-WebSocket-Protocol: a, b');
    const [protocol, request] = requested(
      {
        selectSubprotocol: (...told) => {
          seen.push(...told);
          return 'c';
        },
      },
      text,
    );
    protocol.sendResponse(protocol.accept(request));
    assert.equal(protocol.subprotocol, 'c');
    assert.deepEqual(seen, [protocol, ['a', 'b']]);
  });

  test('may be answered with headers of our own', () => {
    const [protocol, request] = requested();
    const response = protocol.accept(request);
    response.headers.append('Server', 'me');
    protocol.sendResponse(response);
    assert.deepEqual(sent(protocol), [...SWITCHING, 'Server: me']);
  });

  test('may be skipped when something else did the handshake', () => {
    const protocol = create({ state: State.OPEN });
    protocol.receiveData(frames('TEXT "x"'));
    assert.deepEqual(received(protocol), ['TEXT "x"']);
  });
});

describe('bytes between request and answer', () => {
  test('are kept and parsed after the 101, the answer first', () => {
    const protocol = create();
    protocol.receiveData(join(bytesOf(REQUEST), frames('TEXT "a"').subarray(0, 3)));
    protocol.receiveData(join(frames('TEXT "a"').subarray(3), frames('PING "b"')));
    const [request, ...more] = protocol.eventsReceived();
    assert.ok(request instanceof Request);
    assert.deepEqual(more, []);
    assert.deepEqual(protocol.dataToSend(), []);
    protocol.sendResponse(protocol.accept(request));
    assert.deepEqual(received(protocol), ['TEXT "a"', 'PING "b"']);
    assert.deepEqual(sent(protocol).slice(-1), [Buffer.from([0x8a, 1, 0x62]).toString('latin1')]);
    protocol.receiveData(frames('TEXT "c"'));
    assert.deepEqual(received(protocol), ['TEXT "c"']);
  });

  test('in the push form are parsed when the request is answered from within its own event', () => {
    const protocol = create();
    const seen: string[] = [];
    const sink: ProtocolSink = {
      onHandshake: (request) => {
        assert.ok(request instanceof Request);
        protocol.sendResponse(protocol.accept(request));
        seen.push(protocol.state);
      },
      onFrame: (opcode) => seen.push(`frame ${opcode}`),
    };
    protocol.pipe(sink, new Recorder());
    protocol.receive(join(bytesOf(REQUEST), frames('TEXT "a"')));
    protocol.receive(frames('PONG "b"'));
    assert.deepEqual(seen, ['frame 1', 'OPEN', 'frame 10']);
  });

  test('are dropped after a rejection', () => {
    const [protocol] = requested();
    protocol.receiveData(frames('PING "a"'));
    protocol.sendResponse(protocol.reject(404, 'nothing here\n'));
    protocol.receiveData(frames('PING "b"'));
    assert.deepEqual(received(protocol), []);
    assert.equal(sent(protocol).at(-1), 'EOF');
  });

  test('are at most 64 KiB', () => {
    const [protocol, request] = requested();
    protocol.receiveData(frames('BINARY "x"*65528').subarray(0, 65_536));
    assert.deepEqual(protocol.dataToSend(), []);
    protocol.sendResponse(protocol.accept(request));
    assert.deepEqual(received(protocol), ['BINARY "x"*65528']);
  });

  for (const [how, parts] of [
    ['behind the request', [join(bytesOf(REQUEST), new Uint8Array(65_537))]],
    ['after it', [bytesOf(REQUEST), new Uint8Array(65_000), new Uint8Array(537)]],
  ] as const) {
    test(`beyond 64 KiB, ${how}, are refused with 400`, () => {
      const protocol = create();
      for (const part of parts) protocol.receiveData(part);
      const lines = sent(protocol);
      assert.equal(lines[0], 'HTTP/1.1 400 Bad Request');
      assert.equal(lines.at(-1), 'EOF');
      assert.equal(protocol.handshakeExc?.name, 'SecurityError');
      assert.equal(
        protocol.handshakeExc.message,
        'read 65537 bytes after the request, expected no more than 65536 bytes',
      );
      assert.deepEqual(received(protocol), parts.length === 1 ? [] : ['GET /chat']);
      assert.throws(() => protocol.sendResponse(protocol.reject(404, '')), new InvalidState('connection is closing'));
    });
  }

  test('are as many as maxEarlyBytes says', () => {
    const protocol = create({ maxEarlyBytes: 2 });
    protocol.receiveData(bytesOf(`${REQUEST}xx`));
    assert.equal(protocol.eofSent, false);
    protocol.receiveData(bytesOf('x'));
    assert.equal(protocol.handshakeExc?.message, 'read 3 bytes after the request, expected no more than 2 bytes');
  });
});

describe('a rejection', () => {
  test('is sent as it is made, and ends our half of the stream', () => {
    const [protocol] = requested();
    protocol.sendResponse(protocol.reject(403, 'not you\n'));
    assert.deepEqual(sent(protocol), [
      'HTTP/1.1 403 Forbidden',
      DATE,
      'Connection: close',
      'Content-Length: 8',
      'Content-Type: text/plain; charset=utf-8',
      '',
      'not you',
      'EOF',
    ]);
    assert.equal(protocol.state, State.CONNECTING);
    assert.equal(protocol.closeExpected(), true);
    assert.equal(protocol.handshakeExc, null);
    protocol.receiveEof();
    assert.equal(protocol.state, State.CLOSED);
    assert.equal(protocol.closeExpected(), false);
    assert.deepEqual(protocol.dataToSend(), []);
  });

  test('of a request that is not acceptable says why, as does handshakeExc', () => {
    const [protocol, request] = requested({}, REQUEST.replace('GET', 'POST'));
    const response = protocol.accept(request);
    assert.equal(response.statusCode, 405);
    assert.equal(protocol.handshakeExc?.name, 'InvalidMethod');
    const error = protocol.handshakeExc;
    protocol.sendResponse(response);
    assert.equal(protocol.handshakeExc, error);
  });

  test('of a hook that declines is a 400 with its reason', () => {
    const [protocol, request] = requested({
      selectSubprotocol: () => {
        throw new NegotiationError('say please');
      },
    });
    const response = protocol.accept(request);
    assert.equal(response.statusCode, 400);
    assert.match(Buffer.from(response.body).toString(), /say please/);
  });

  test('of a hook that declines with an error of another copy of this package is no error in the log', () => {
    const brand = ['NegotiationError', 'InvalidHandshake', 'WebSocketException'];
    const foreign = Object.assign(new Error('say please'), { [Symbol.for('websockets.error')]: brand });
    const logger = new RecordingLogger(['error']);
    const [protocol, request] = requested({
      logger,
      selectSubprotocol: () => {
        throw foreign;
      },
    });
    assert.equal(protocol.accept(request).statusCode, 400);
    assert.equal(protocol.handshakeExc, foreign);
    assert.deepEqual(logger.lines, []);
  });

  for (const thrown of [new TypeError('secret'), 'secret']) {
    test(`after a hook that throws ${typeof thrown} is a 500 that does not show it, and an error in the log`, () => {
      const logger = new RecordingLogger(['error']);
      const [protocol, request] = requested({
        logger,
        selectSubprotocol: () => {
          throw thrown;
        },
      });
      const response = protocol.accept(request);
      assert.equal(response.statusCode, 500);
      assert.doesNotMatch(Buffer.from(response.body).toString(), /secret/);
      assert.deepEqual(logger.lines, ['error opening handshake failed']);
      assert.deepEqual(logger.contexts, [{ error: thrown }]);
      if (thrown instanceof Error) assert.equal(protocol.handshakeExc, thrown);
      else assert.equal(protocol.handshakeExc?.cause, thrown);
    });
  }

  test('cannot be sent twice, nor after the connection is open or over', () => {
    const [rejected] = requested();
    const response = rejected.reject(404, '');
    rejected.sendResponse(response);
    assert.throws(() => rejected.sendResponse(response), new InvalidState('connection is closing'));
    const [opened, request] = requested();
    const switching = opened.accept(request);
    opened.sendResponse(switching);
    assert.throws(() => opened.sendResponse(switching), new InvalidState('connection is open'));
    assert.deepEqual(sent(opened), SWITCHING);
  });

  for (const [how, end] of [
    ['rejecting after all', (protocol: ServerProtocol) => protocol.sendResponse(protocol.reject(503, ''))],
    ['the end of the stream', (protocol: ServerProtocol) => protocol.receiveEof()],
    [
      'failing before the answer',
      (protocol: ServerProtocol) => {
        protocol.fail(1011);
        protocol.receiveEof();
      },
    ],
  ] as const) {
    test(`closes the extensions that were agreed on: ${how}`, () => {
      let closed = 0;
      const extension: Extension = { name: 'x-op', decode: (f) => f, encode: (f) => f, close: () => closed++ };
      const plain: Extension = { name: 'x-plain', decode: (f) => f, encode: (f) => f };
      const factories = [extension, plain].map(
        (each): ServerExtensionFactory => ({
          name: each.name,
          processRequestParams: () => [[], each],
        }),
      );
      const text = requestText('Sec-WebSocket-Extensions: x-op, x-plain');
      const [protocol, request] = requested({ extensions: factories }, text);
      protocol.accept(request);
      end(protocol);
      assert.equal(closed, 1);
      if (protocol.state !== State.CLOSED) protocol.receiveEof();
      assert.equal(closed, 1);
    });
  }
});

describe('a request that is checked twice', () => {
  /** A protocol that has received an offer, and the extensions that it has made of it. */
  function offered(): { protocol: ServerProtocol; request: Request; made: { closed: number }[] } {
    const made: { closed: number }[] = [];
    const factory: ServerExtensionFactory = {
      name: 'x-op',
      processRequestParams: () => {
        const life = { closed: 0 };
        made.push(life);
        const close = (): void => {
          life.closed += 1;
        };
        return [[], { name: 'x-op', decode: (f) => f, encode: (f) => f, close }];
      },
    };
    const [protocol, request] = requested({ extensions: [factory] }, requestText('Sec-WebSocket-Extensions: x-op'));
    return { protocol, request, made };
  }
  const closed = (made: readonly { closed: number }[]): number[] => made.map((life) => life.closed);

  test('closes the extensions of the first answer, and those of the second at the end', () => {
    const { protocol, request, made } = offered();
    protocol.accept(request);
    const response = protocol.accept(request);
    assert.deepEqual(closed(made), [1, 0]);
    protocol.sendResponse(response);
    assert.equal(protocol.extensions.length, 1);
    protocol.receiveEof();
    assert.deepEqual(closed(made), [1, 1]);
  });

  test('by processRequest leaves what comes out of it to the caller', () => {
    const { protocol, request, made } = offered();
    const accepted = protocol.processRequest(request);
    assert.equal(accepted.acceptValue, 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    assert.equal(accepted.extensionHeader, 'x-op');
    assert.deepEqual([accepted.origin, accepted.subprotocol, accepted.extensions.length], [null, null, 1]);
    protocol.receiveEof();
    assert.deepEqual(closed(made), [0]);
  });

  test('by processRequest throws what accept answers', () => {
    const [protocol, request] = requested({}, REQUEST.replace('GET', 'POST'));
    assert.throws(() => protocol.processRequest(request), { name: 'InvalidMethod' });
    assert.equal(protocol.handshakeExc, null);
    assert.equal(protocol.accept(request).statusCode, 405);
  });
});

describe('the choice of a subprotocol', () => {
  test('is the first of the list that is offered, or none without a list', () => {
    assert.equal(create({ subprotocols: ['a', 'b'] }).selectSubprotocol(['c', 'b', 'a']), 'a');
    assert.equal(create().selectSubprotocol(['a']), null);
    const { selectSubprotocol } = ServerProtocol.prototype;
    assert.throws(() => selectSubprotocol.call(create({ subprotocols: ['a'] }), ['b']), NegotiationError);
  });

  test('is that of the option, with none for undefined', () => {
    const protocol = create({ subprotocols: ['a'], selectSubprotocol: (_, [first]) => first });
    assert.equal(protocol.selectSubprotocol(['c', 'a']), 'c');
    assert.equal(protocol.selectSubprotocol([]), null);
  });

  test('may be made by a class of your own', () => {
    class Last extends ServerProtocol {
      override selectSubprotocol(offered: readonly string[]): string | null {
        return offered.at(-1) ?? null;
      }
    }
    const protocol = new Last({ host: fakeHost(), subprotocols: ['a'] });
    protocol.receiveData(bytesOf(requestText('Sec-WebSocket-Protocol: a, b')));
    const [request] = protocol.eventsReceived();
    protocol.sendResponse(protocol.accept(request as Request));
    assert.equal(protocol.subprotocol, 'b');
  });
});

describe('a request that cannot be parsed', () => {
  const LONG = 'x'.repeat(8192);
  const cases: readonly (readonly [what: string, text: string, status: string, error: string, message: string])[] = [
    [
      'a line that is no request',
      'hello\r\n',
      '400 Bad Request',
      'InvalidMessage',
      'did not receive a valid HTTP request',
    ],
    [
      'bytes of TLS',
      '\x16\x03\x01\x02\x00\x01\x00\n',
      '400 Bad Request',
      'InvalidMessage',
      'did not receive a valid HTTP request',
    ],
    [
      'a line that ends in a bare LF',
      'GET / HTTP/1.1\n',
      '400 Bad Request',
      'InvalidMessage',
      'did not receive a valid HTTP request',
    ],
    [
      'a header without a colon',
      'GET / HTTP/1.1\r\nHost\r\n',
      '400 Bad Request',
      'InvalidMessage',
      'did not receive a valid HTTP request',
    ],
    [
      'a body',
      requestText('Content-Length: 5'),
      '400 Bad Request',
      'InvalidMessage',
      'did not receive a valid HTTP request',
    ],
    [
      'a long request line',
      `GET /${LONG}`,
      '414 URI Too Long',
      'RequestLineTooLong',
      'read 8197 bytes, expected no more than 8192 bytes',
    ],
    [
      'a long header',
      `GET / HTTP/1.1\r\nX: ${LONG}`,
      '431 Request Header Fields Too Large',
      'HeaderLineTooLong',
      'read 8195 bytes, expected no more than 8192 bytes',
    ],
    [
      'many headers',
      `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(129)}`,
      '431 Request Header Fields Too Large',
      'TooManyHeaders',
      'expected no more than 128 headers',
    ],
  ];
  for (const [what, text, status, error, message] of cases) {
    test(`is answered with ${status}: ${what}`, () => {
      const protocol = create();
      protocol.receiveData(bytesOf(text));
      assert.deepEqual(received(protocol), []);
      const lines = sent(protocol);
      assert.equal(lines[0], `HTTP/1.1 ${status}`);
      assert.equal(lines.at(-1), 'EOF');
      assert.equal(protocol.handshakeExc?.name, error);
      assert.equal(protocol.handshakeExc.message, message);
      assert.equal(protocol.handshakeExc.cause instanceof Error, error === 'InvalidMessage');
      assert.equal(protocol.closeExpected(), true);
      protocol.receiveData(bytesOf(REQUEST));
      assert.deepEqual(received(protocol), []);
      protocol.receiveEof();
      assert.equal(protocol.state, State.CLOSED);
      assert.deepEqual(protocol.dataToSend(), []);
    });
  }

  test('is measured by the limits that were set', () => {
    const protocol = create({ httpLimits: { maxLineBytes: 20, maxHeaders: 128, maxBodyBytes: 0 } });
    protocol.receiveData(bytesOf(REQUEST));
    assert.equal(sent(protocol)[0], 'HTTP/1.1 431 Request Header Fields Too Large');
  });
});

describe('a stream that ends', () => {
  const inRequest: readonly (readonly [where: string, text: string, what: string, after: number])[] = [
    ['before the request', '', 'HTTP request line', 0],
    ['in the request line', 'GET /', 'HTTP request line', 5],
    ['after the request line', 'GET / HTTP/1.1\r\n', 'HTTP headers', 0],
    ['in the headers', 'GET / HTTP/1.1\r\nHost: x', 'HTTP headers', 7],
  ];
  for (const [where, text, what, after] of inRequest) {
    test(`${where} is closed without an answer, and the causes say where it was`, () => {
      const protocol = create();
      protocol.receiveData(bytesOf(text));
      protocol.receiveEof();
      assert.equal(protocol.state, State.CLOSED);
      assert.deepEqual(sent(protocol), ['EOF']);
      const error = protocol.handshakeExc;
      assert.equal(String(error), 'InvalidMessage: did not receive a valid HTTP request');
      assert.ok(error?.cause instanceof EndOfStreamError);
      assert.equal(error.cause.message, `connection closed while reading ${what}`);
      assert.ok(error.cause.cause instanceof EndOfStreamError);
      assert.equal(error.cause.cause.message, `stream ends after ${after} bytes, before end of line`);
      assert.equal(protocol.closeCode, 1006);
    });
  }

  test('before the answer is told as that, or as what was wrong with the request', () => {
    const [waiting] = requested();
    waiting.receiveEof();
    assert.equal(String(waiting.handshakeExc), 'EndOfStreamError: unexpected end of stream');
    const [refused, request] = requested({}, REQUEST.replace('GET', 'POST'));
    const response = refused.accept(request);
    refused.receiveEof();
    assert.equal(refused.handshakeExc?.name, 'InvalidMethod');
    assert.deepEqual(sent(refused), ['EOF']);
    assert.throws(() => refused.sendResponse(response), InvalidState);
  });

  test('right after the 101 is an abnormal closure', () => {
    const [protocol, request] = requested();
    protocol.sendResponse(protocol.accept(request));
    protocol.receiveEof();
    assert.equal(String(protocol.closeExc), 'ConnectionClosedError: no close frame received or sent');
    assert.deepEqual(sent(protocol), [...SWITCHING, 'EOF']);
  });
});

describe('log lines of a server', () => {
  test('show request and answer, and that the connection is open', () => {
    const logger = new RecordingLogger();
    const [protocol, request] = requested({ logger });
    protocol.sendResponse(protocol.accept(request));
    assert.deepEqual(logger.lines, [
      'debug < GET /chat HTTP/1.1',
      ...HEADERS.map((header) => `debug < ${header}`),
      ...SWITCHING.map((line) => `debug > ${line}`),
      'info connection open',
      'debug = connection is OPEN',
    ]);
  });

  test('tell a rejected connection from an answer in HTTP', () => {
    const logger = new RecordingLogger(['info']);
    const [rejected, request] = requested({ logger }, REQUEST.replace('HTTP/1.1', 'HTTP/1.0'));
    rejected.sendResponse(rejected.accept(request));
    rejected.receiveEof();
    const [answered] = requested({ logger });
    answered.sendResponse(answered.reject(200, 'hello\n'));
    assert.deepEqual(logger.lines, [
      'info connection rejected (505 HTTP Version Not Supported)',
      'info connection closed',
      'info HTTP response sent (200 OK)',
    ]);
  });

  test('show how long the body of an answer is', () => {
    const logger = new RecordingLogger(['debug']);
    const [protocol] = requested({ logger });
    logger.take();
    protocol.sendResponse(protocol.reject(404, '12345'));
    assert.deepEqual(logger.lines.slice(-2), ['debug > [body] (5 bytes)', 'debug > EOF']);
  });

  const problems: readonly (readonly [change: (text: string) => string, line: string])[] = [
    [(text) => text.replace('GET', 'PUT'), '! invalid method'],
    [(text) => text.replace('HTTP/1.1', 'HTTP/1.0'), '! invalid protocol'],
    [(text) => text.replace('Upgrade: websocket', 'Upgrade: h2c'), '! invalid upgrade'],
    [(text) => text.replace('\r\n\r\n', '\r\nOrigin: https://evil.example\r\n\r\n'), '! invalid origin'],
    [(text) => text.replace('Version: 13', 'Version: 8'), '! invalid handshake'],
  ];
  for (const [change, line] of problems) {
    test(`say what was wrong with a request: ${line}`, () => {
      const logger = new RecordingLogger(['debug']);
      const [protocol, request] = requested(
        { logger, origins: [null, 'https://example.com'] },
        change(requestText('X: y')),
      );
      logger.take();
      if (line.endsWith('origin')) assert.equal(request.headers.get('Origin'), 'https://evil.example');
      protocol.accept(request);
      assert.equal(logger.lines.at(-1), `debug ${line}`);
    });
  }

  const broken: readonly (readonly [text: string, line: string])[] = [
    ['hello\r\n', '! no valid HTTP request'],
    ['x'.repeat(9000), '! request line too long'],
    [`GET / HTTP/1.1\r\n${'x'.repeat(9000)}`, '! header fields too large'],
    [`GET / HTTP/1.1\r\n${'x: y\r\n'.repeat(129)}`, '! header fields too large'],
  ];
  for (const [text, line] of broken) {
    test(`say what was wrong with what is no request: ${line}, ${text.length} bytes`, () => {
      const logger = new RecordingLogger(['debug']);
      create({ logger }).receiveData(bytesOf(text));
      assert.equal(logger.lines[0], `debug ${line}`);
    });
  }

  test('say that a stream ended within the request', () => {
    const logger = new RecordingLogger();
    create({ logger }).receiveEof();
    assert.deepEqual(logger.lines, [
      'debug < EOF',
      'debug ! no valid HTTP request',
      'debug > EOF',
      'debug = connection is CLOSED',
      'info connection closed',
    ]);
  });
});

describe('a request that is only looked at', () => {
  test('is good so far when all but the negotiation is, which is left alone', () => {
    let asked = 0;
    const selectSubprotocol = (): never => {
      asked++;
      throw new NegotiationError('none');
    };
    const [protocol, request] = requested({ selectSubprotocol });
    assert.equal(protocol.check(request), null);
    assert.equal(protocol.handshakeExc, null);
    assert.equal(asked, 0);
    assert.equal(protocol.accept(request).statusCode, 400);
    assert.equal(asked, 1);
  });

  for (const [title, options, text] of [
    ['another method', {}, REQUEST.replace('GET', 'POST')],
    ['no upgrade', {}, REQUEST.replace('Connection: Upgrade\r\n', '')],
    ['another version', {}, REQUEST.replace('Version: 13', 'Version: 8')],
    ['an origin that is not allowed', { origins: ['https://a.example'] }, requestText('Origin: https://b.example')],
    ['a host that is not allowed', { allowedHosts: ['a.example'] }, REQUEST],
  ] as const) {
    test(`has with ${title} the rejection that accept has`, () => {
      const [looked, request] = requested(options, text);
      const [asked] = requested(options, text);
      const rejection = looked.check(request);
      assert.ok(rejection !== null);
      assert.deepEqual(rejection.serialize(), asked.accept(request).serialize());
      assert.deepEqual(looked.handshakeExc, asked.handshakeExc);
      looked.sendResponse(rejection);
      assert.equal(sent(looked).at(-1), 'EOF');
    });
  }
});
