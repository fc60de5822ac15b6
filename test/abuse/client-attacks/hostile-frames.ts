// Servers that agree, and then break the protocol or flood.
import { deflateRawSync } from 'node:zlib';
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  encodeFrame,
  type Frame,
  PING,
  PONG,
  RSV1,
  TEXT,
} from '../../conformance/wire.ts';
import { switchingProtocols } from '../../support/raw-peer.ts';
import { type ClientAttack, type Expectation, MIB } from '../attack.ts';
import { flood } from '../hostile-server.ts';

const DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate\r\n';

const frames = (...all: readonly Frame[]): Buffer => Buffer.concat(all.map((frame) => encodeFrame(frame, 'server')));

interface Agreeing {
  readonly name: string;
  readonly headers?: string;
  /** What is sent once, and what is sent behind it without end. */
  readonly first?: Buffer;
  readonly more?: Buffer;
  readonly expect: Pick<Expectation, 'ends'> & Partial<Expectation>;
}

const agreeing = ({ name, headers, first, more, expect }: Agreeing): ClientAttack => ({
  name,
  client: { closeTimeoutMs: 300, pingIntervalMs: 500, pingTimeoutMs: 500 },
  expect: {
    memory: { bytes: 12 * MIB, because: 'one connection at a time, and a message of 1 MiB (`maxSize`)' },
    ...expect,
  },
  serve: (socket, request) => {
    socket.write(switchingProtocols(request, headers));
    if (first !== undefined) socket.write(first);
    return more === undefined ? undefined : flood(socket, '', more);
  },
});

/** A close code that we sent, in the words of whoever waits for a message. */
const closedWith = (code: number): string[] => [`ConnectionClosedError ${code}`];

export const maskedFrames: ClientAttack = agreeing({
  name: 'masked frames',
  first: frames({ opcode: TEXT, payload: 'hello', mask: 'wrong' }),
  expect: { ends: closedWith(1002) },
});

export const giantFrame: ClientAttack = agreeing({
  name: 'a frame of 2^63 - 1 bytes',
  first: frames({ opcode: BINARY, announced: 2n ** 63n - 1n }),
  more: Buffer.alloc(65_536),
  expect: { ends: closedWith(1009) },
});

export const giantMessage: ClientAttack = agreeing({
  name: 'a message in fragments without end',
  first: frames({ opcode: BINARY, fin: false }),
  more: frames({ opcode: CONTINUATION, fin: false, payload: new Uint8Array(10_000) }),
  expect: { ends: closedWith(1009) },
});

export const emptyFragmentsFromServer: ClientAttack = agreeing({
  name: 'empty fragments without end',
  first: frames({ opcode: BINARY, fin: false }),
  more: Buffer.alloc(20_000, frames({ opcode: CONTINUATION, fin: false })),
  expect: { ends: closedWith(1008) },
});

export const pingFloodFromServer: ClientAttack = agreeing({
  name: 'ping flood',
  more: Buffer.alloc(127 * 500, frames({ opcode: PING, payload: 'x'.repeat(125) })),
  expect: { ends: closedWith(1008) },
});

export const pongFloodFromServer: ClientAttack = agreeing({
  name: 'pong flood',
  more: Buffer.alloc(127 * 500, frames({ opcode: PONG, payload: 'x'.repeat(125) })),
  expect: { ends: closedWith(1008) },
});

export const bombFromServer: ClientAttack = agreeing({
  name: 'deflate bomb',
  headers: DEFLATE,
  first: frames({ opcode: BINARY, rsv: RSV1, payload: deflateRawSync(Buffer.alloc(500 * MIB)) }),
  expect: { ends: closedWith(1009) },
});

export const compressedWithoutAgreement: ClientAttack = agreeing({
  name: 'compressed messages without an agreement',
  first: frames({ opcode: BINARY, rsv: RSV1, payload: deflateRawSync(Buffer.alloc(MIB)) }),
  expect: { ends: closedWith(1002) },
});

export const brokenDeflateFromServer: ClientAttack = agreeing({
  name: 'broken deflate streams',
  headers: DEFLATE,
  first: frames({ opcode: BINARY, rsv: RSV1, payload: Buffer.alloc(1000, 0x07) }),
  expect: { ends: closedWith(1007) },
});

export const framesAfterCloseFromServer: ClientAttack = agreeing({
  name: 'close, and frames without end behind it',
  first: frames({ opcode: CLOSE, payload: Uint8Array.of(0x03, 0xe8) }),
  more: frames({ opcode: BINARY, payload: new Uint8Array(10_000) }),
  expect: { ends: ['closed', ...closedWith(1000)] },
});

export const silenceInAFrame: ClientAttack = agreeing({
  name: 'half a frame, then silence',
  first: frames({ opcode: BINARY, announced: 1000n, payload: 'half' }),
  expect: { ends: closedWith(1011) },
});
