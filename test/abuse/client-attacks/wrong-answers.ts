// Answers that agree to something else than what was asked for.
import { switchingProtocols } from '../../support/raw-peer.ts';
import { type ClientAttack, MIB } from '../attack.ts';

const wrong = (name: string, answer: (request: string) => string, ends: readonly string[]): ClientAttack => ({
  name,
  connections: 50,
  expect: { ends, memory: { bytes: 8 * MIB, because: 'the connection ends with its handshake' } },
  serve: (socket, request) => {
    socket.write(answer(request));
  },
});

export const wrongAccept: ClientAttack = wrong(
  'wrong Sec-WebSocket-Accept',
  (request) =>
    switchingProtocols(request.replace(/^sec-websocket-key: .*$/im, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==')),
  ['InvalidHeaderValue'],
);

export const unsolicitedExtension: ClientAttack = wrong(
  'an extension that was not asked for',
  (request) => switchingProtocols(request, 'Sec-WebSocket-Extensions: x-evil\r\n'),
  ['NegotiationError'],
);

export const unsolicitedSubprotocol: ClientAttack = wrong(
  'a subprotocol that was not asked for',
  (request) => switchingProtocols(request, 'Sec-WebSocket-Protocol: evil\r\n'),
  ['NegotiationError'],
);

export const malformedAnswer: ClientAttack = wrong(
  'an answer with a bare LF, a folded line, and a NUL',
  (request) => switchingProtocols(request, 'X: a\r\n b\r\nY: \0\nZ: c\r\n'),
  ['InvalidMessage'],
);
