// Whatever a peer sends, nothing is thrown, and the connection ends with a code that is documented for it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ClientProtocol } from '#dist/core/client-protocol.js';
import { isSendableCloseCode } from '#dist/core/close-code.js';
import {
  EndOfStreamError,
  InvalidUtf8Error,
  PayloadTooBig,
  ProtocolError,
} from '#dist/core/exceptions/protocol-errors.js';
import {
  ClientPerMessageDeflateFactory,
  ServerPerMessageDeflateFactory,
} from '#dist/core/extensions/permessage-deflate-negotiation.js';
import { Protocol } from '#dist/core/protocol.js';
import { SEND_EOF } from '#dist/core/recorder.js';
import { ServerProtocol } from '#dist/core/server-protocol.js';
import { Side, State } from '#dist/core/state.js';
import { NodeDeflateEngine } from '#dist/node/deflate-engine.js';
import { fakeHost } from '../support/fake-host.js';
import { encodeWireFrame } from '../support/wire-frames.js';

const engine = new NodeDeflateEngine();

/** Bytes that get past the first checks: frames with anything wrong with them, among noise. */
const almostFrames = (masked: boolean): fc.Arbitrary<Uint8Array> =>
  fc
    .record({
      opcode: fc.constantFrom(0, 1, 2, 8, 9, 10, 1, 2, 0, 3, 15),
      fin: fc.boolean(),
      rsv: fc.constantFrom(0, 0, 0, 0x40, 0x10, 0x70),
      payload: fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 120, maxLength: 200 })),
      mask: fc.constantFrom(undefined, undefined, undefined, null),
      announced: fc.constantFrom(undefined, undefined, undefined, 5n, 70_000n, 2n ** 63n, 2n ** 60n),
    })
    .map((frame) => encodeWireFrame(frame, masked));

const chunks = (masked: boolean): fc.Arbitrary<Uint8Array[]> =>
  fc.array(fc.oneof(fc.uint8Array({ maxLength: 30 }), almostFrames(masked), almostFrames(masked)), { maxLength: 12 });

/** Gives everything, then the end, and looks at how it ended. */
function assertSurvives(protocol: Protocol, parts: readonly Uint8Array[]): void {
  for (const part of parts) protocol.receiveData(part);
  const isOver = protocol.closeExpected();
  protocol.receiveEof();
  assert.equal(protocol.state, State.CLOSED);
  assert.equal(protocol.dataToSend().filter((chunk) => chunk === SEND_EOF).length, 1);
  const { parserExc, closeSent, closeRcvd } = protocol;
  if (parserExc === null) {
    assert.notEqual(closeRcvd, null);
    assert.equal(closeSent, closeRcvd, 'the close frame is echoed');
    assert.ok(closeRcvd!.code === 1005 || isSendableCloseCode(closeRcvd!.code));
  } else if (parserExc instanceof ProtocolError) {
    assert.equal(closeSent?.code, parserExc.code === 'DECOMPRESSION_FAILED' ? 1007 : 1002);
  } else if (parserExc instanceof PayloadTooBig) {
    assert.equal(closeSent?.code, 1009);
  } else if (parserExc instanceof InvalidUtf8Error) {
    assert.equal(closeSent?.code, 1007);
  } else {
    assert.ok(parserExc instanceof EndOfStreamError, String(parserExc));
    assert.equal(closeSent, null);
    assert.equal(isOver, false);
  }
}

describe('garbage', () => {
  for (const side of [Side.CLIENT, Side.SERVER]) {
    test(`given to a ${side} that is open ends in a close code`, () => {
      fc.assert(
        fc.property(chunks(side === Side.SERVER), fc.boolean(), fc.boolean(), (parts, validateUtf8, lenientLengths) => {
          assertSurvives(new Protocol(side, { host: fakeHost(), maxSize: 1000, validateUtf8, lenientLengths }), parts);
        }),
        { numRuns: 400 },
      );
    });

    test(`given to a ${side} with permessage-deflate ends in a close code`, () => {
      fc.assert(
        fc.property(chunks(side === Side.SERVER), fc.boolean(), (parts, validateUtf8) => {
          const protocol = new Protocol(side, { host: fakeHost(), maxSize: 1000, validateUtf8 });
          const [, extension] = new ServerPerMessageDeflateFactory({ engine }).processRequestParams([], []);
          protocol.extensions = [extension];
          assertSurvives(protocol, parts);
        }),
        { numRuns: 200 },
      );
    });
  }

  const heads = fc.constantFrom(
    '',
    'GET / HTTP/1.1\r\n',
    'HTTP/1.1 101 x\r\n',
    'HTTP/1.1 404 x\r\n',
    'Host: x\r\n',
    '\r\n',
    'x: ',
  );
  const http = fc.array(
    fc.oneof(
      heads.map((text) => Uint8Array.from(Buffer.from(text))),
      fc.uint8Array({ maxLength: 30 }),
    ),
  );

  test('given to a server that waits for a request is answered or ignored, and never opens the connection', () => {
    fc.assert(
      fc.property(http, (parts) => {
        const protocol = new ServerProtocol({ host: fakeHost() });
        for (const part of parts) protocol.receiveData(part);
        assert.equal(protocol.state, State.CONNECTING);
        protocol.receiveEof();
        assert.equal(protocol.state, State.CLOSED);
        assert.notEqual(protocol.handshakeExc, null);
        assert.equal(protocol.dataToSend().filter((chunk) => chunk === SEND_EOF).length, 1);
      }),
      { numRuns: 300 },
    );
  });

  test('given to a client that waits for an answer fails the handshake', () => {
    fc.assert(
      fc.property(http, (parts) => {
        const extensions = [new ClientPerMessageDeflateFactory({ engine })];
        const protocol = new ClientProtocol('ws://example.com/', { host: fakeHost(), extensions });
        for (const part of parts) protocol.receiveData(part);
        assert.equal(protocol.state, State.CONNECTING);
        protocol.receiveEof();
        assert.equal(protocol.state, State.CLOSED);
        assert.notEqual(protocol.handshakeExc, null);
        assert.equal(protocol.dataToSend().filter((chunk) => chunk === SEND_EOF).length, 1);
      }),
      { numRuns: 300 },
    );
  });
});
