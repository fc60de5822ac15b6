// The client's handshake on top of the machine: request, answers, ends of streams, log lines. Which answer is good is
// tested in client-handshake.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ClientProtocol, type ClientProtocolOptions } from '#dist/core/client-protocol.js';
import { InvalidHeader, InvalidMessage } from '#dist/core/exceptions/handshake-errors.js';
import { EndOfStreamError, InvalidState } from '#dist/core/exceptions/protocol-errors.js';
import { InvalidStatus } from '#dist/core/exceptions/status-errors.js';
import type { ClientExtensionFactory, Extension } from '#dist/core/extension.js';
import { Frame } from '#dist/core/frame.js';
import { acceptKey } from '#dist/core/handshake-key.js';
import { Response } from '#dist/core/http-message.js';
import type { ProtocolSink } from '#dist/core/protocol-pipe.js';
import { Recorder, SEND_EOF } from '#dist/core/recorder.js';
import { State } from '#dist/core/state.js';
import { parseUri } from '#dist/core/uri.js';
import { fakeHost } from '../support/fake-host.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { encodeWireFrame, readWireFrame, showWireFrame, wordsOf } from '../support/wire-frames.js';

/** Sixteen bytes that count up: what the fake host makes of a key. */
const KEY = 'AAECAwQFBgcICQoLDA0ODw==';
const SWITCHING = [
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: websocket',
  'Connection: Upgrade',
  `Sec-WebSocket-Accept: ${acceptKey(KEY)}`,
];
const responseText = (...more: readonly string[]): string => [...SWITCHING, ...more, '', ''].join('\r\n');

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const frames = (...lines: readonly string[]): Uint8Array =>
  Uint8Array.from(Buffer.concat(lines.map((line) => encodeWireFrame(readWireFrame(wordsOf(line)), false))));
const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

type Options = Omit<ClientProtocolOptions, 'host'>;
const create = (options: Options = {}, uri = 'ws://example.com/chat'): ClientProtocol =>
  new ClientProtocol(uri, { ...options, host: fakeHost() });

function received(protocol: ClientProtocol): string[] {
  return protocol.eventsReceived().map((event) => {
    if (event instanceof Response) return `${event.statusCode} ${Buffer.from(event.body).toString('latin1')}`.trim();
    assert.ok(event instanceof Frame);
    return showWireFrame({ opcode: event.opcode, fin: event.fin, rsv: 0, payload: event.data });
  });
}

const sentEof = (protocol: ClientProtocol): boolean[] => protocol.dataToSend().map((chunk) => chunk === SEND_EOF);

describe('the request', () => {
  test('is built from the URI and goes out when it is sent', () => {
    const protocol = create();
    assert.equal(protocol.key, KEY);
    const request = protocol.connect();
    assert.deepEqual(protocol.dataToSend(), []);
    protocol.sendRequest(request);
    assert.equal(
      Buffer.concat(protocol.dataToSend()).toString('latin1'),
      [
        'GET /chat HTTP/1.1',
        'Host: example.com',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Key: ${KEY}`,
        'Sec-WebSocket-Version: 13',
        '',
        '',
      ].join('\r\n'),
    );
    assert.equal(protocol.state, State.CONNECTING);
    assert.equal(protocol.closeExpected(), false);
  });

  test('carries the options, and headers that were added to it', () => {
    const options: Options = {
      origin: 'https://example.com',
      subprotocols: ['a', 'b'],
      additionalHeaders: { 'X-One': '1' },
      userAgent: 'me',
    };
    const request = create(options).connect();
    request.headers.append('X-Two', '2');
    const headers = Object.fromEntries(request.headers.rawItems());
    assert.equal(headers['Origin'], 'https://example.com');
    assert.equal(headers['Sec-WebSocket-Protocol'], 'a, b');
    assert.equal(headers['X-One'], '1');
    assert.equal(headers['User-Agent'], 'me');
    assert.equal(headers['X-Two'], '2');
  });

  test('goes out while there is a handshake only', () => {
    const over = create();
    over.receiveEof();
    over.dataToSend();
    assert.throws(() => over.sendRequest(over.connect()), new InvalidState('connection is closing'));
    assert.deepEqual(over.dataToSend(), []);
    const open = create({ state: State.OPEN });
    assert.throws(() => open.sendRequest(open.connect()), new InvalidState('connection is open'));
  });

  test('needs a URI, as text or parsed', () => {
    const uri = parseUri('wss://example.com/');
    assert.equal(new ClientProtocol(uri, { host: fakeHost() }).uri, uri);
    assert.throws(() => create({}, 'http://example.com/'), { name: 'InvalidURI' });
  });

  test('may be skipped when something else did the handshake', () => {
    const protocol = create({ state: State.OPEN });
    protocol.receiveData(frames('TEXT "x"'));
    assert.deepEqual(received(protocol), ['TEXT "x"']);
  });
});

describe('a good answer', () => {
  test('opens the connection, however it arrives', () => {
    const protocol = create();
    for (const byte of bytesOf(responseText())) {
      assert.equal(protocol.state, State.CONNECTING);
      protocol.receiveData(Uint8Array.of(byte));
    }
    assert.equal(protocol.state, State.OPEN);
    assert.deepEqual(received(protocol), ['101']);
    assert.equal(protocol.handshakeExc, null);
    assert.deepEqual(protocol.dataToSend(), []);
  });

  test('with frames glued to it is an event before them', () => {
    const protocol = create();
    protocol.receiveData(join(bytesOf(responseText()), frames('TEXT "a"', 'TEXT "b"').subarray(0, 5)));
    assert.deepEqual(received(protocol), ['101', 'TEXT "a"']);
    protocol.receiveData(frames('TEXT "b"').subarray(2));
    assert.deepEqual(received(protocol), ['TEXT "b"']);
  });

  test('in the push form finds the connection open when it is handed over, and frames after it', () => {
    const protocol = create();
    const seen: string[] = [];
    const sink: ProtocolSink = {
      onHandshake: (message) => seen.push(`${message instanceof Response} ${protocol.state}`),
      onFrame: (opcode) => seen.push(`frame ${opcode}`),
    };
    protocol.pipe(sink, new Recorder());
    protocol.receive(join(bytesOf(responseText()), frames('TEXT "a"')));
    assert.deepEqual(seen, ['true OPEN', 'frame 1']);
  });

  test('leaves subprotocol and extensions as agreed', () => {
    const extension: Extension = { name: 'x-op', decode: (frame) => frame, encode: (frame) => frame };
    const factory: ClientExtensionFactory = {
      name: 'x-op',
      getRequestParams: () => [['mode', '1']],
      processResponseParams: () => extension,
    };
    const protocol = create({ subprotocols: ['a', 'b'], extensions: [factory] });
    assert.equal(protocol.connect().headers.get('Sec-WebSocket-Extensions'), 'x-op; mode=1');
    protocol.receiveData(bytesOf(responseText('Sec-WebSocket-Extensions: x-op', 'Sec-WebSocket-Protocol: b')));
    assert.deepEqual([protocol.extensions, protocol.subprotocol], [[extension], 'b']);
  });

  test('followed by the end of the stream is an abnormal closure', () => {
    const protocol = create();
    protocol.receiveData(bytesOf(responseText()));
    protocol.receiveEof();
    assert.equal(String(protocol.closeExc), 'ConnectionClosedError: no close frame received or sent');
    assert.equal(protocol.handshakeExc, null);
    assert.deepEqual(sentEof(protocol), [true]);
  });
});

describe('interim responses', () => {
  const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';

  test('are passed over, however they and the answer are cut', () => {
    const text = `HTTP/1.1 100 Continue\r\n\r\n${early}${responseText()}`;
    for (const size of [text.length, 1, 7, early.length]) {
      const protocol = create();
      const bytes = join(bytesOf(text), frames('TEXT "hello"'));
      for (let at = 0; at < bytes.length; at += size) protocol.receiveData(bytes.subarray(at, at + size));
      assert.deepEqual(received(protocol), ['101', 'TEXT "hello"'], `${size} bytes at a time`);
      assert.equal(protocol.state, State.OPEN);
    }
  });

  test('followed by a refusal are no part of it', () => {
    const protocol = create();
    protocol.receiveData(bytesOf(`${early}HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope`));
    assert.deepEqual(received(protocol), ['404 nope']);
    assert.ok(protocol.handshakeExc instanceof InvalidStatus);
  });

  test('are 16 at most', () => {
    const accepted = create();
    accepted.receiveData(bytesOf(early.repeat(16) + responseText()));
    assert.equal(accepted.state, State.OPEN);

    const protocol = create();
    for (let i = 0; i < 17; i++) protocol.receiveData(bytesOf(early));
    assert.ok(protocol.handshakeExc instanceof InvalidMessage);
    assert.equal(String(protocol.handshakeExc.cause), 'SecurityError: expected no more than 16 interim responses');
    assertFailed(protocol);
  });

  test('are as many as the option says', () => {
    const protocol = create({ maxInterimResponses: 1 });
    protocol.receiveData(bytesOf(early));
    assert.equal(protocol.eofSent, false);
    protocol.receiveData(bytesOf(early));
    assert.equal(String(protocol.handshakeExc?.cause), 'SecurityError: expected no more than 1 interim responses');
  });

  test('followed by the end of the stream are no answer', () => {
    const protocol = create();
    protocol.receiveData(bytesOf(early));
    protocol.receiveEof();
    assert.ok(protocol.handshakeExc instanceof InvalidMessage);
    assert.equal(protocol.state, State.CLOSED);
  });
});

/** What holds after any handshake that failed. */
function assertFailed(protocol: ClientProtocol): void {
  assert.equal(protocol.state, State.CONNECTING);
  assert.equal(protocol.closeExpected(), true);
  assert.deepEqual(sentEof(protocol), [true]);
  protocol.receiveData(frames('PING "x"'));
  assert.deepEqual(received(protocol), []);
  assert.throws(() => protocol.sendText(bytesOf('')), new InvalidState('connection is connecting'));
  protocol.receiveEof();
  assert.equal(protocol.state, State.CLOSED);
  assert.equal(protocol.closeExpected(), false);
  assert.deepEqual(protocol.dataToSend(), []);
}

describe('an answer that is not acceptable', () => {
  test('is an event all the same, and the error has it with its body', () => {
    const protocol = create();
    protocol.receiveData(bytesOf('HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope'));
    const [response] = protocol.eventsReceived();
    assert.ok(protocol.handshakeExc instanceof InvalidStatus);
    assert.equal(protocol.handshakeExc.response, response);
    assert.deepEqual(protocol.handshakeExc.response.body, bytesOf('nope'));
    assertFailed(protocol);
  });

  test('in the push form says what is wrong before it is handed over', () => {
    const protocol = create();
    const seen: unknown[] = [];
    protocol.pipe(
      { onHandshake: () => seen.push(protocol.handshakeExc?.name, protocol.eofSent), onFrame: () => assert.fail() },
      new Recorder(),
    );
    protocol.receive(bytesOf('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'));
    assert.deepEqual(seen, ['InvalidStatus', true]);
  });

  test('is waited for until its body is complete', () => {
    const protocol = create();
    protocol.receiveData(bytesOf('HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnop'));
    assert.deepEqual(received(protocol), []);
    assert.equal(protocol.handshakeExc, null);
    assert.equal(protocol.closeExpected(), false);
    protocol.receiveData(bytesOf('e'));
    assert.deepEqual(received(protocol), ['404 nope']);
    assertFailed(protocol);
  });

  test('without a length ends with the stream', () => {
    const protocol = create();
    protocol.receiveData(bytesOf('HTTP/1.1 500 Oops\r\n\r\nit is '));
    protocol.receiveData(bytesOf('broken'));
    assert.deepEqual(received(protocol), []);
    protocol.receiveEof();
    assert.deepEqual(received(protocol), ['500 it is broken']);
    assert.equal(protocol.handshakeExc?.name, 'InvalidStatus');
    assert.equal(protocol.state, State.CLOSED);
    assert.deepEqual(sentEof(protocol), [true]);
  });

  test('is a 101 that answers another request', () => {
    const protocol = create();
    protocol.receiveData(bytesOf(responseText().replace(acceptKey(KEY), acceptKey('other'))));
    assert.ok(protocol.handshakeExc instanceof InvalidHeader);
    assert.equal(protocol.handshakeExc.headerName, 'Sec-WebSocket-Accept');
    assert.deepEqual(received(protocol), ['101']);
    assertFailed(protocol);
  });

  test('has nothing parsed that follows it', () => {
    const protocol = create();
    const text = responseText('Sec-WebSocket-Protocol: unasked');
    protocol.receiveData(join(bytesOf(text), frames('PING "a"')));
    assert.deepEqual(received(protocol), ['101']);
    assert.equal(String(protocol.handshakeExc), 'NegotiationError: no subprotocols supported');
    assertFailed(protocol);
  });

  for (const thrown of [new TypeError('mine'), 'mine']) {
    test(`may be so because a factory throws ${typeof thrown}`, () => {
      const factory: ClientExtensionFactory = {
        name: 'x-op',
        getRequestParams: () => [],
        processResponseParams: () => {
          throw thrown;
        },
      };
      const protocol = create({ extensions: [factory] });
      protocol.receiveData(bytesOf(responseText('Sec-WebSocket-Extensions: x-op')));
      if (thrown instanceof Error) assert.equal(protocol.handshakeExc, thrown);
      else assert.equal(protocol.handshakeExc?.cause, thrown);
      assert.deepEqual(received(protocol), ['101']);
      assertFailed(protocol);
    });
  }
});

describe('an answer that cannot be parsed', () => {
  const cases: readonly (readonly [what: string, text: string, cause: string])[] = [
    ['no HTTP', 'SSH-2.0-OpenSSH_9.7\r\n', 'RangeError: invalid HTTP status line: SSH-2.0-OpenSSH_9.7'],
    ['HTTP/1.0', 'HTTP/1.0 101 OK\r\n', 'RangeError: unsupported protocol; expected HTTP/1.1: HTTP/1.0 101 OK'],
    [
      'a long header',
      `HTTP/1.1 101 OK\r\nX: ${'x'.repeat(9000)}`,
      'HeaderLineTooLong: read 9003 bytes, expected no more than 8192 bytes',
    ],
    [
      'many headers',
      `HTTP/1.1 101 OK\r\n${'X: y\r\n'.repeat(129)}`,
      'TooManyHeaders: expected no more than 128 headers',
    ],
    [
      'a long body',
      'HTTP/1.1 403 No\r\nContent-Length: 9999999\r\n\r\n',
      'SecurityError: body too large: 9999999 bytes',
    ],
    [
      'two lengths',
      'HTTP/1.1 403 No\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n',
      'InvalidHeader: invalid Content-Length header: multiple values',
    ],
  ];
  for (const [what, text, cause] of cases) {
    test(`is no event, and the cause says why: ${what}`, () => {
      const protocol = create();
      protocol.receiveData(bytesOf(text));
      assert.deepEqual(received(protocol), []);
      assert.ok(protocol.handshakeExc instanceof InvalidMessage);
      assert.equal(protocol.handshakeExc.message, 'did not receive a valid HTTP response');
      assert.equal(String(protocol.handshakeExc.cause), cause);
      assertFailed(protocol);
    });
  }

  test('because its first line is too long is told as that', () => {
    const protocol = create();
    protocol.receiveData(bytesOf('x'.repeat(8193)));
    assert.equal(String(protocol.handshakeExc), 'StatusLineTooLong: read 8193 bytes, expected no more than 8192 bytes');
    assertFailed(protocol);
  });

  test('is measured by the limits that were set', () => {
    const protocol = create({ httpLimits: { maxLineBytes: 8192, maxHeaders: 128, maxBodyBytes: 3 } });
    protocol.receiveData(bytesOf('HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\n'));
    assert.equal(String(protocol.handshakeExc?.cause), 'SecurityError: body too large: 4 bytes');
  });
});

describe('cutBody', () => {
  const answer = 'HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\n';

  test('cuts the body of a refusal, and the cause says so', () => {
    const protocol = create({ httpLimits: { maxBodyBytes: 3 }, cutBody: true });
    protocol.receiveData(bytesOf(`${answer}nope`));
    const error = protocol.handshakeExc;
    assert.ok(error instanceof InvalidStatus);
    assert.equal(String(error.cause), 'SecurityError: body too large: 4 bytes');
    assert.deepEqual(received(protocol), ['404 nop']);
  });

  test('leaves one that keeps to the limit without a cause', () => {
    const protocol = create({ httpLimits: { maxBodyBytes: 4 }, cutBody: true });
    protocol.receiveData(bytesOf(`${answer}nope`));
    assert.ok(protocol.handshakeExc instanceof InvalidStatus);
    assert.equal('cause' in protocol.handshakeExc, false);
  });
});

describe('a stream that ends within the answer', () => {
  const cases: readonly (readonly [where: string, text: string, causes: readonly string[]])[] = [
    [
      'before it',
      '',
      ['connection closed while reading HTTP status line', 'stream ends after 0 bytes, before end of line'],
    ],
    [
      'in the status line',
      'HTTP',
      ['connection closed while reading HTTP status line', 'stream ends after 4 bytes, before end of line'],
    ],
    [
      'in the headers',
      'HTTP/1.1 101 OK\r\nX:',
      ['connection closed while reading HTTP headers', 'stream ends after 2 bytes, before end of line'],
    ],
    ['in the body', 'HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nabc', ['stream ends after 3 bytes, expected 5 bytes']],
  ];
  for (const [where, text, causes] of cases) {
    test(`${where} fails the handshake, and the causes say where it was`, () => {
      const protocol = create();
      protocol.receiveData(bytesOf(text));
      protocol.receiveEof();
      assert.equal(String(protocol.handshakeExc), 'InvalidMessage: did not receive a valid HTTP response');
      let error: unknown = protocol.handshakeExc;
      for (const message of causes) {
        assert.ok(error instanceof Error);
        error = error.cause;
        assert.ok(error instanceof EndOfStreamError);
        assert.equal(error.message, message);
      }
      assert.deepEqual(received(protocol), []);
      assert.equal(protocol.state, State.CLOSED);
      assert.deepEqual(sentEof(protocol), [true]);
    });
  }
});

describe('log lines of a client', () => {
  test('show request and answer', () => {
    const logger = new RecordingLogger();
    const protocol = create({ logger });
    protocol.sendRequest(protocol.connect());
    protocol.receiveData(bytesOf(responseText()));
    assert.deepEqual(logger.lines, [
      'debug > GET /chat HTTP/1.1',
      'debug > Host: example.com',
      'debug > Upgrade: websocket',
      'debug > Connection: Upgrade',
      `debug > Sec-WebSocket-Key: ${KEY}`,
      'debug > Sec-WebSocket-Version: 13',
      ...SWITCHING.map((line) => `debug < ${line}`),
      'debug = connection is OPEN',
    ]);
  });

  test('show how long the body of an answer is, and the ends of the streams', () => {
    const logger = new RecordingLogger();
    const protocol = create({ logger });
    protocol.receiveData(bytesOf('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'));
    protocol.receiveEof();
    assert.deepEqual(logger.lines, [
      'debug < HTTP/1.1 403 Forbidden',
      'debug < Content-Length: 2',
      'debug < [body] (2 bytes)',
      'debug > EOF',
      'debug < EOF',
      'debug = connection is CLOSED',
    ]);
  });
});
