// The opening handshake on both sides, whole and in pieces: what comes out, and that our own answer can be read.
import { ClientProtocol } from '../../dist/core/client-protocol.js';
import { InvalidHandshake } from '../../dist/core/exceptions/handshake-errors.js';
import { EndOfStreamError } from '../../dist/core/exceptions/protocol-errors.js';
import {
  ClientPerMessageDeflateFactory,
  ServerPerMessageDeflateFactory,
} from '../../dist/core/extensions/permessage-deflate-negotiation.js';
import { Request } from '../../dist/core/http-message.js';
import { ResponseParser } from '../../dist/core/http-parser.js';
import { SEND_EOF } from '../../dist/core/recorder.js';
import { ServerProtocol } from '../../dist/core/server-protocol.js';
import { State } from '../../dist/core/state.js';
import { parseUri } from '../../dist/core/uri.js';
import { NodeDeflateEngine } from '../../dist/node/deflate-engine.js';
import { STILL_ACCEPT, stillHost } from '../engine/conversation.js';
import { holds, inLinearTime, same } from '../engine/expect.js';
import { describeMessage, httpSeeds } from '../engine/http.js';
import { cut, Input, latin1, latin1Text, seed } from '../engine/input.js';

const engine = new NodeDeflateEngine();
const HANDSHAKE_STATUSES = [101, 400, 403, 405, 414, 426, 431, 505];

const HOSTS = [false, true].map((native) => stillHost({ native }));

/** Protocols keep what their options come to as long as they meet the same object: there is one for each choice. */
const serverOptions = Array.from({ length: 32 }, (_, flags) => ({
  host: HOSTS[flags & 1],
  origins: (flags & 2) !== 0 ? 'same-host' : null,
  allowedHosts: (flags & 4) !== 0 ? ['example.com', 'localhost'] : null,
  subprotocols: (flags & 8) !== 0 ? ['chat', 'b'] : null,
  extensions: [
    new ServerPerMessageDeflateFactory({
      serverMaxWindowBits: 12,
      clientMaxWindowBits: (flags & 16) !== 0 ? 10 : null,
      engine,
    }),
  ],
}));
const clientOptions = Array.from({ length: 16 }, (_, flags) => ({
  host: HOSTS[flags & 1],
  subprotocols: (flags & 8) !== 0 ? ['chat', 'b'] : null,
  extensions: (flags & 2) !== 0 ? [new ClientPerMessageDeflateFactory({ engine })] : null,
}));
const uri = parseUri('ws://example.com/');

function server(flags) {
  const options = serverOptions[flags & 31];
  options.host.restart();
  return new ServerProtocol(options);
}

function client(flags) {
  const options = clientOptions[flags & 15];
  options.host.restart();
  return new ClientProtocol(uri, options);
}

const describeFrame = ({ opcode, fin, data }) => `${opcode} ${fin} ${latin1Text(data)}`;

/** Answers the request when it has come, as soon as it has. */
function serve(protocol, pieces) {
  const events = [];
  const sent = [];
  let response = null;
  const take = () => {
    for (const event of protocol.eventsReceived()) {
      if (!(event instanceof Request)) {
        events.push(describeFrame(event));
        continue;
      }
      events.push(describeMessage(event));
      response = protocol.accept(event);
      if (protocol.state === State.CONNECTING) protocol.sendResponse(response);
      for (const frame of protocol.eventsReceived()) events.push(describeFrame(frame));
    }
    for (const chunk of protocol.dataToSend()) sent.push(chunk === SEND_EOF ? 'EOF' : latin1Text(chunk));
  };
  for (const piece of pieces) {
    protocol.receiveData(piece);
    take();
  }
  protocol.receiveEof();
  take();
  return {
    events,
    sent,
    status: response?.statusCode,
    because: String(protocol.handshakeExc),
  };
}

function checkServer(flags, bytes, pieces) {
  const protocol = server(flags);
  const whole = serve(protocol, [bytes]);
  const { handshakeExc } = protocol;
  same(protocol.state, State.CLOSED, 'state at the end');
  same(whole.sent.filter((chunk) => chunk === 'EOF').length, 1, 'ends of our half of the stream');
  holds(
    handshakeExc === null
      ? whole.status === 101
      : handshakeExc instanceof InvalidHandshake || handshakeExc instanceof EndOfStreamError,
    `an error that is not documented: ${handshakeExc?.stack}`,
  );
  const [first] = whole.sent;
  if (first.startsWith('HTTP/')) {
    // An answer that we ourselves read, with nothing behind it that belongs to it.
    const parser = new ResponseParser();
    const answer = parser.push(Buffer.from(first, 'latin1')) ?? parser.end();
    holds(HANDSHAKE_STATUSES.includes(answer.statusCode), `status ${answer.statusCode}`);
    same(answer.statusCode === 101, handshakeExc === null, 'status');
    if (answer.statusCode !== 101) same(whole.sent.slice(1), ['EOF'], 'after a refusal');
    same(parser.rest.length, 0, 'bytes behind the answer');
  }
  const other = serve(server(flags), pieces);
  // How many bytes were read when a limit was passed depends on the cut.
  const isLimit = /^(?:SecurityError|RequestLineTooLong|HeaderLineTooLong|TooManyHeaders)/.test(whole.because);
  if (isLimit) same(other.because.split(':')[0], whole.because.split(':')[0], 'in pieces');
  else same(other, whole, 'in pieces');
}

function converse(flags, pieces) {
  const protocol = client(flags);
  protocol.sendRequest(protocol.connect());
  const request = protocol.dataToSend();
  for (const piece of pieces) protocol.receiveData(piece);
  const wasOpen = protocol.state !== State.CONNECTING;
  protocol.receiveEof();
  const { handshakeExc } = protocol;
  same(protocol.state, State.CLOSED, 'state at the end');
  same(wasOpen, handshakeExc === null, 'opened or failed');
  holds(
    handshakeExc === null || handshakeExc instanceof InvalidHandshake || handshakeExc instanceof EndOfStreamError,
    `an error that is not documented: ${handshakeExc?.stack}`,
  );
  const sent = protocol.dataToSend();
  same(sent.filter((chunk) => chunk === SEND_EOF).length, 1, 'ends of our half of the stream');
  return {
    events: protocol
      .eventsReceived()
      .map((event) => ('opcode' in event ? describeFrame(event) : describeMessage(event))),
    sent: [...request, ...sent].map(latin1Text),
    handshake: handshakeExc?.name,
    frames: String(protocol.parserExc),
    subprotocol: protocol.subprotocol,
  };
}

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  const flags = input.byte();
  const cutSeed = input.byte();
  const bytes = input.rest();
  const pieces = cut(bytes, cutSeed);
  if (flags < 128) checkServer(flags, bytes, pieces);
  else same(converse(flags, pieces), converse(flags, [bytes]), 'in pieces');
});

const REQUEST = `GET /chat HTTP/1.1\r
Host: example.com\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
Sec-WebSocket-Version: 13\r
`;
const RESPONSE = `HTTP/1.1 101 Switching Protocols\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Accept: ${STILL_ACCEPT}\r
`;

export const maxLength = 1200;
export const words = [
  'Sec-WebSocket-Accept: ',
  'Sec-WebSocket-Extensions: permessage-deflate',
  'Sec-WebSocket-Protocol: chat',
  'Origin: http://example.com',
  'Upgrade: websocket\r\n',
  'Connection: Upgrade\r\n',
  'Sec-WebSocket-Version: 13\r\n',
  'Host: example.com\r\n',
  '\r\n\r\n',
];
export function seeds() {
  // No fuzzer would find it out by itself.
  same(converse(128, [latin1(`${RESPONSE}\r\n`)]).handshake, undefined, 'what the good answer fails with');
  return [
    ...[0, 2, 4, 8, 16, 31].map((flags) =>
      seed(
        [flags, flags],
        `${REQUEST}Origin: http://example.com\r\nSec-WebSocket-Protocol: b, chat\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n\x81\x80\x00\x00\x00\x00`,
      ),
    ),
    seed([1, 0], `${REQUEST}\r\n\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x88\x80abcd`),
    ...[128, 129, 130, 138].map((flags) => seed([flags, flags], `${RESPONSE}\r\n\x81\x05Hello\x88\x00`)),
    seed(
      [138, 1],
      `${RESPONSE}Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00`,
    ),
    ...httpSeeds('requests.txt').map((bytes) => seed([1, 3], bytes)),
    ...httpSeeds('responses.txt').map((bytes) => seed([130, 3], bytes)),
  ];
}
