// What our Protocol makes of a case, in the form that all implementations are compared in.
//
// An outcome is what was delivered in order (`T` text, `B` binary, `P` ping, `O` pong, each with its bytes), the code that the
// connection was failed with, or the close frame that was received, or neither: it still waits.

import { decodeWireFrames } from '../../build/test/support/wire-frames.js';
import { InvalidUtf8Error } from '../../dist/core/exceptions/protocol-errors.js';
import { PerMessageDeflate } from '../../dist/core/extensions/permessage-deflate.js';
import { Protocol } from '../../dist/core/protocol.js';
import { SEND_EOF } from '../../dist/core/recorder.js';
import { Side } from '../../dist/core/state.js';
import { NodeDeflateEngine } from '../../dist/node/deflate-engine.js';
import { stillHost } from '../engine/conversation.js';
import { holds, same } from '../engine/expect.js';
import { cut } from '../engine/input.js';

const engine = new NodeDeflateEngine();
const latin1 = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

/** @param settings where peers differ from our defaults by documented choice, so that the rest can be compared. */
export function ours({ side, deflate, maxSize, bytes, cutSeed }, settings = {}) {
  const protocol = new Protocol(side === 'server' ? Side.SERVER : Side.CLIENT, {
    host: stillHost({ native: true }),
    maxSize,
    validateUtf8: true,
    ...settings,
  });
  if (deflate !== null) {
    const { noContextTakeover, windowBits } = deflate;
    protocol.extensions = [
      new PerMessageDeflate({ remoteNoContextTakeover: noContextTakeover, remoteMaxWindowBits: windowBits, engine }),
    ];
  }
  for (const piece of cut(bytes, cutSeed)) protocol.receiveData(piece);
  const outcome = outcomeOf(protocol, settings.validateUtf8 ?? true);
  protocol.receiveEof();
  return outcome;
}

function outcomeOf(protocol, isTextChecked) {
  const received = protocol.eventsReceived();
  checkSent(protocol, received);
  const events = [];
  let message = '';
  let type = '';
  let frames = 0;
  let closed = null;
  let failed = protocol.parserExc === null ? null : protocol.closeSent.code;
  for (const { opcode, fin, data } of received) {
    frames += 1;
    const payload = latin1(data);
    if (opcode === 8) closed = [protocol.closeRcvd.code, Buffer.from(protocol.closeRcvd.reason).toString('latin1')];
    else if (opcode === 9) events.push(`P${payload}`);
    else if (opcode === 10) events.push(`O${payload}`);
    else {
      if (opcode !== 0) {
        type = opcode === 1 ? 'T' : 'B';
        message = '';
      }
      message += payload;
      if (!fin) continue;
      if (type === 'T' && !isTextChecked && !isText(message)) {
        // Who reads the message finds it, as the reference does it.
        failed = 1007;
        closed = null;
        break;
      }
      events.push(type + message);
    }
  }
  return { events, failed, closed, frames, isUtf8: protocol.parserExc instanceof InvalidUtf8Error };
}

const isText = (text) => Buffer.from(Buffer.from(text, 'latin1').toString('utf8'), 'utf8').toString('latin1') === text;

/** Every ping is answered in order, then at most one close frame follows: the echo, or why we failed. */
function checkSent(protocol, received) {
  const pings = received.filter(({ opcode }) => opcode === 9).map(({ data }) => latin1(data));
  const chunks = protocol.dataToSend().filter((chunk) => chunk !== SEND_EOF);
  const sent = chunks.flatMap((chunk) => decodeWireFrames(chunk));
  const pongs = sent.filter(({ opcode }) => opcode === 10).map(({ payload }) => latin1(payload));
  same(pongs, pings, 'pongs');
  const closes = sent.filter(({ opcode }) => opcode === 8);
  holds(closes.length <= 1 && sent.length === pongs.length + closes.length, 'what was sent');
  if (closes.length === 1) holds(sent.at(-1).opcode === 8, 'a frame behind the close frame');
}
