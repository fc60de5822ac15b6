// Compressed messages that are so large that another thread decompresses them: whatever they are, the same comes of them as when
// they are decompressed at once; what follows waits for them and keeps its order, whenever the end of the stream comes.
import nodeZlib from 'node:zlib';
import { PerMessageDeflate } from '../../dist/core/extensions/permessage-deflate.js';
import { Protocol } from '../../dist/core/protocol.js';
import { Recorder, SEND_EOF } from '../../dist/core/recorder.js';
import { Side } from '../../dist/core/state.js';
import { NodeDeflateEngine } from '../../dist/node/deflate-engine.js';
import { stillHost } from '../engine/conversation.js';
import { holds, same } from '../engine/expect.js';
import { frameOf, Input, latin1Text, seed } from '../engine/input.js';

const { Z_SYNC_FLUSH, Z_FINISH } = nodeZlib.constants;
const RSV1 = 0x40;
/** From here on it is another thread's. */
const LATER_FROM_BYTES = 65_536;
const LIMITS = [null, 1_048_576, 70_000, 65_000, 200_000];
const MAX_MESSAGES = 5;
const engine = new NodeDeflateEngine();
const host = stillHost({ native: true });

/** Bytes that no compressor makes smaller, of which each message takes another part. */
const noise = new Uint8Array(1 << 18);
for (let i = 0, state = 1; i < noise.length; i++) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  noise[i] = state >>> 24;
}
const zeros = new Uint8Array(1 << 21);

const deflate = (content, { level = 1, finish = false, dictionary }) => {
  const settings = {
    level,
    finishFlush: finish ? Z_FINISH : Z_SYNC_FLUSH,
    ...(dictionary?.length > 0 && { dictionary }),
  };
  return nodeZlib.deflateRawSync(content, settings);
};

/** Frames that an input describes; whether one is large, so that there is something to compare. */
function framesFrom(input) {
  const frames = [];
  let window = Buffer.alloc(0);
  let hasLarge = false;
  const message = (opcode, payload, rsv) => frames.push(frameOf({ opcode, fin: true, rsv, payload }, false));
  for (let count = 0; count < MAX_MESSAGES && !input.isAtEnd; count++) {
    const what = input.byte() % 8;
    if (what === 0) message(9, input.take(input.byte() % 126), 0);
    else if (what === 1) message(2, input.take(input.byte()), 0);
    else if (what === 2) {
      // A small one, which may refer back to what came before.
      const content = Buffer.concat([window.subarray(-(input.byte() * 8)), input.take(8)]);
      if (content.length === 0) continue;
      message(2, deflate(content, { dictionary: window }).subarray(0, -4), RSV1);
      window = Buffer.concat([window, content]).subarray(-32_768);
    } else {
      const opcode = 1 + (input.byte() & 1);
      const from = input.byte() * 256;
      const content = noise.subarray(from, from + LATER_FROM_BYTES - 3_000 + input.byte() * 64);
      const finish = what === 3;
      const pieces = [deflate(content, { level: input.pick([0, 1]), finish, dictionary: window })];
      const added = [window, content];
      if (what === 3) {
        // Its stream has ended. Perhaps another one follows, which refers back to it.
        if (input.bool()) {
          const more = content.subarray(0, 500);
          pieces.push(deflate(more, { dictionary: content.subarray(-32_768) }).subarray(0, -4));
          added.push(more);
        } else pieces.push(Uint8Array.of(0));
      } else if (what < 6) {
        const bomb = zeros.subarray(0, input.byte() << (what === 4 ? 13 : 9));
        if (bomb.length > 0) pieces.push(deflate(bomb, { dictionary: content.subarray(-32_768) }));
        pieces.push(pieces.pop().subarray(0, -4));
        added.push(bomb);
      } else if (what === 6) pieces[0] = pieces[0].subarray(0, -4);
      const payload = Buffer.concat(pieces);
      if (what === 5) {
        // Broken in some places, or cut off.
        for (let errors = input.byte() % 4; errors > 0; errors--) {
          const fromEnd = input.bool();
          const place = (input.byte() * 256 + input.byte()) % payload.length;
          payload[fromEnd ? payload.length - 1 - place : place] ^= input.byte();
        }
      }
      const length = what === 5 ? Math.max(0, payload.length - input.byte() * 16) : payload.length;
      hasLarge ||= length >= LATER_FROM_BYTES;
      message(opcode, payload.subarray(0, length), RSV1);
      window = Buffer.concat(added).subarray(-32_768);
    }
  }
  if (input.bool()) message(8, Uint8Array.of(3, 232), 0);
  return { bytes: Buffer.concat(frames), hasLarge };
}

/** What comes of the bytes, in pieces of some size. `later`: how many turns of the loop it may take until a frame goes on. */
async function receive({ bytes, options, noContextTakeover, pieceBytes, later, endsEarly }) {
  host.restart();
  const protocol = new Protocol(Side.CLIENT, options);
  protocol.extensions = [new PerMessageDeflate({ engine, remoteNoContextTakeover: noContextTakeover })];
  const events = [];
  const output = new Recorder();
  let turns = 0;
  let wake = () => {};
  const sink = {
    onHandshake: () => {},
    onFrame: (opcode, fin, frame, start, end) => {
      holds(!protocol.isDecoding, 'a frame while another one is being decoded');
      events.push([opcode, fin, latin1Text(frame.subarray(start, end))]);
    },
    ...(later && {
      onDecoded: (goOn) => {
        turns += 1;
        goOn();
        wake();
      },
    }),
  };
  protocol.pipe(sink, output);
  const decoded = async () => {
    // Who asks again and again is seen by the fuzzer, and another number of times each time.
    while (protocol.isDecoding) {
      await new Promise((resolve) => {
        wake = resolve;
      });
    }
  };
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    // It may become something else when the call returns, and is unmasked in place.
    const piece = new Uint8Array(bytes.subarray(at, at + pieceBytes));
    protocol.receive(piece, piece.length);
    piece.fill(0x55);
    if (!endsEarly) await decoded();
  }
  protocol.receiveEof();
  await decoded();
  same(protocol.state, 'CLOSED', 'state at the end');
  const { parserExc, closeCode, closeReason } = protocol;
  return {
    turns,
    outcome: {
      events,
      sent: output.takeChunks().map((chunk) => (chunk === SEND_EOF ? 'EOF' : latin1Text(chunk))),
      close: [closeCode, closeReason],
      because: parserExc === null ? null : `${parserExc.name} ${parserExc.code ?? ''}`,
    },
  };
}

export async function fuzz(data) {
  const input = new Input(data);
  const flags = input.byte();
  const pieceBytes = input.pick([1 << 20, 70_000, 8_000]);
  const options = { host, maxSize: input.pick(LIMITS), validateUtf8: (flags & 1) !== 0 };
  const { bytes, hasLarge } = framesFrom(input);
  const all = { bytes, options, noContextTakeover: (flags & 2) !== 0, pieceBytes };
  const { outcome: atOnce } = await receive({ ...all, later: false, endsEarly: true });
  const { outcome, turns } = await receive({ ...all, later: true, endsEarly: (flags & 4) !== 0 });
  same(outcome, atOnce, 'elsewhere');
  if (!hasLarge) same(turns, 0, 'small ones are decoded at once');
}

export const hasEventLoop = true;
export const maxLength = 100;
export const words = ['\x06\x00', '\x03\x00', '\x04\x00', '\x05\x00', '\x02\xff'];
export const seeds = () => [
  seed([0, 0, 0, 6, 1, 3, 60, 0, 2, 200], 'abcdefgh'),
  seed([4, 1, 1, 6, 1, 3, 60, 0, 0, 2, 33, 33, 1, 3, 97, 97, 97]),
  seed([1, 0, 0, 6, 0, 0, 255, 1, 6, 1, 1, 255, 1, 2, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
  seed([0, 2, 0, 3, 1, 0, 200, 0, 1, 2, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
  seed([0, 0, 0, 3, 1, 0, 200, 0, 0, 2, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
  seed([4, 0, 1, 4, 1, 0, 200, 0, 250, 2, 10, 1, 1, 1, 1, 1, 1, 1, 1]),
  // Passes its limit, and is corrupt behind that.
  seed([0, 0, 2, 5, 0, 0, 60, 0, 100, 1, 1, 0, 4, 255, 0, 0]),
  seed([0, 0, 0, 5, 1, 0, 60, 0, 0, 3, 0, 3, 3, 1, 1, 0, 9, 2, 1, 0, 1, 4, 0]),
];
