// Gives a protocol what a peer sends, in several forms, and writes down what comes of it.
import { isUtf8 } from 'node:buffer';
import { isSendableCloseCode } from '../../dist/core/close-code.js';
import {
  EndOfStreamError,
  InvalidUtf8Error,
  PayloadTooBig,
  ProtocolError,
} from '../../dist/core/exceptions/protocol-errors.js';
import { Recorder, SEND_EOF } from '../../dist/core/recorder.js';
import { State } from '../../dist/core/state.js';
import { nodeRuntime } from '../../dist/node/runtime.js';
import { holds, same } from './expect.js';
import { latin1Text } from './input.js';

const FIRST_MASK = 0x37_fa_21_3d;
/** The key of a client on a {@link stillHost}, and what a server has to answer (RFC 6455 §4.2.2). */
export const STILL_KEY = 'AAECAwQFBgcICQoLDA0ODw==';
export const STILL_ACCEPT = 'Bz3qJYTGdOe8gUSpLosEdiLKDrk=';

/**
 * A host without chance and time. `native`: Node's own functions where it has them, or else the plain loops. Whoever keeps it
 * for another protocol calls `restart` first.
 */
export function stillHost({ native, allocate }) {
  let nextByte = 0;
  let nextMask = FIRST_MASK;
  const { unmask, latin1 } = nodeRuntime.host;
  return {
    restart: () => {
      nextByte = 0;
      nextMask = FIRST_MASK;
    },
    fillRandom: (bytes) => {
      for (let i = 0; i < bytes.length; i++) bytes[i] = nextByte++;
    },
    nextMask: () => nextMask++,
    isUtf8,
    now: () => 784_111_777_000,
    ...(native && { unmask, latin1 }),
    ...(allocate && { allocate }),
  };
}

const frameText = (opcode, fin, payload) => `${opcode}${fin ? '' : '+'} ${latin1Text(payload)}`;

/** Events, bytes and the end, in a form that can be compared. */
const outcomeOf = (protocol, events, chunks) => ({
  events,
  sent: chunks.map((chunk) => (chunk === SEND_EOF ? 'EOF' : latin1Text(chunk))),
  state: protocol.state,
  close: [protocol.closeCode, protocol.closeReason],
  because: String(protocol.parserExc),
});

/** Everything in the pull form, then the end of the stream. */
export function pull(protocol, pieces) {
  for (const piece of pieces) protocol.receiveData(piece);
  const isOver = protocol.closeExpected();
  protocol.receiveEof();
  const events = protocol.eventsReceived().map(({ opcode, fin, data }) => frameText(opcode, fin, data));
  const outcome = outcomeOf(protocol, events, protocol.dataToSend());
  checkEnding(protocol, outcome, isOver);
  return outcome;
}

/** The push form as connections use it: bytes on loan, which become something else after each call, and pauses in between. */
export function push(protocol, pieces, pausesAfter) {
  const events = [];
  const recorder = new Recorder();
  let isPaused = false;
  protocol.pipe(
    {
      onHandshake: () => {},
      onFrame: (opcode, fin, bytes, start, end) => {
        events.push(frameText(opcode, fin, bytes.subarray(start, end)));
        if (events.length % 8 >= pausesAfter) return;
        protocol.pause();
        isPaused = true;
      },
    },
    recorder,
  );
  const goOn = () => {
    while (isPaused) {
      isPaused = false;
      protocol.resume();
    }
  };
  const loan = new Uint8Array(1 + pieces.reduce((most, { length }) => Math.max(most, length), 0));
  const sent = [];
  const takeSent = () =>
    sent.push(...recorder.takeChunks().map((chunk) => (chunk === SEND_EOF ? chunk : chunk.slice())));
  for (const piece of pieces) {
    loan.set(piece);
    protocol.receive(loan, piece.length);
    loan.fill(0xaa);
    goOn();
    takeSent();
  }
  protocol.receiveEof();
  goOn();
  takeSent();
  return outcomeOf(protocol, events, sent);
}

/** Whatever was received, the connection is closed, our half of the stream ended once, and the close code is the documented one. */
function checkEnding(protocol, { sent }, isOver) {
  same(protocol.state, State.CLOSED, 'state at the end');
  same(sent.filter((chunk) => chunk === 'EOF').length, 1, 'ends of our half of the stream');
  const { parserExc, closeSent, closeRcvd } = protocol;
  if (parserExc === null) {
    holds(closeRcvd !== null && closeSent === closeRcvd, 'the close frame is echoed');
    holds(closeRcvd.code === 1005 || isSendableCloseCode(closeRcvd.code), 'a close code that may travel');
    return;
  }
  if (parserExc instanceof EndOfStreamError) {
    holds(closeSent === null && !isOver, 'a stream that just ends is answered with nothing');
    return;
  }
  const code = expectedCode(parserExc);
  holds(code !== undefined, `an error that is not documented: ${parserExc.stack}`);
  same(closeSent?.code, code, 'close code');
}

function expectedCode(error) {
  if (error instanceof PayloadTooBig) return 1009;
  if (error instanceof InvalidUtf8Error) return 1007;
  if (!(error instanceof ProtocolError)) return undefined;
  return (
    { DECOMPRESSION_FAILED: 1007, TOO_MANY_CONTROL_FRAMES: 1008, TOO_MANY_EMPTY_FRAGMENTS: 1008 }[error.code] ?? 1002
  );
}
