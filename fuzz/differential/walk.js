// Walks through the frames of a case as RFC 6455 and 7692 describe them, slowly and with everything at hand, up to the first
// frame that has something wrong with it. Written from the RFCs, and sharing no code with src/: differences are explained by it.
import nodeZlib from 'node:zlib';

const TAIL = Buffer.of(0, 0, 0xff, 0xff);
const KNOWN = [0, 1, 2, 8, 9, 10];

/** Which close code belongs to what can be wrong. */
export const CODES = {
  rsv: 1002,
  opcode: 1002,
  mask: 1002,
  notMinimal: 1002,
  topBit: 1002,
  controlFin: 1002,
  controlLength: 1002,
  sequence: 1002,
  closeLength: 1002,
  closeCode: 1002,
  closeMidMessage: 1002,
  closeUtf8: 1007,
  utf8: 1007,
  deflate: 1007,
  size: 1009,
};

/**
 * All good frames and the one that follows them, if there is one that is not complete or has something wrong.
 *
 * @param rules how the implementations that are compared were told to do it: `lenientLengths`, and `textAtEnd` when text is
 *   looked at once a message is whole.
 * @returns `events` as they are compared; `closed`: the close frame that ends it, or null; `last`: null, or what follows the
 *   good frames, with its `faults`; `traits`: what is peculiar about the stream, by name, each with how many events came
 *   before it.
 */
export function walk({ side, deflate, maxSize, bytes }, rules) {
  const frames = [];
  const events = [];
  const traits = new Map();
  const trait = (name) => traits.has(name) || traits.set(name, events.length);
  const limit = maxSize ?? Number.POSITIVE_INFINITY;
  const state = { message: null, window: Buffer.alloc(0), limit, deflate, trait, rules };
  for (let at = 0; at < bytes.length; ) {
    const frame = readFrame(bytes, at, side === 'server');
    if (frame.isBegun) judgeHead(frame, state);
    if (frame.isComplete || frame.partial.length > 0) judgePayload(frame, state);
    if (rules.lenientLengths) frame.faults.delete('notMinimal');
    if (frame.faults.size > 0 || !frame.isComplete) return { frames, events, closed: null, last: frame, traits };
    if (frame.hasLongForm) trait('longControl');
    frames.push(frame);
    if (frame.opcode === 8) return { frames, events, closed: closeOf(frame.partial), last: null, traits };
    if (frame.opcode >= 9) {
      events.push((frame.opcode === 9 ? 'P' : 'O') + frame.partial.toString('latin1'));
      if (state.message?.isCompressed) trait('controlInsideCompressed');
    } else if (frame.message) {
      events.push((frame.message.isText ? 'T' : 'B') + frame.message.bytes.toString('latin1'));
    }
    at = frame.end;
  }
  return { frames, events, closed: null, last: null, traits };
}

const closeOf = (payload) =>
  payload.length === 0 ? [1005, ''] : [payload.readUInt16BE(0), payload.toString('latin1', 2)];

function readFrame(bytes, start, isMasked) {
  const faults = new Set();
  const frame = {
    faults,
    hasHead: false,
    isComplete: false,
    partial: Buffer.alloc(0),
    length: 0n,
    isBegun: bytes.length - start >= 2,
  };
  if (!frame.isBegun) return frame;
  const first = bytes[start];
  const second = bytes[start + 1];
  Object.assign(frame, { opcode: first & 15, fin: first >= 128, rsv: first & 0x70 });
  if (!KNOWN.includes(frame.opcode)) faults.add('opcode');
  if (second >= 128 !== isMasked) faults.add('mask');
  if (frame.opcode >= 8 && !frame.fin) faults.add('controlFin');
  frame.hasLongForm = frame.opcode >= 8 && (second & 127) > 125;
  let at = start + 2;
  const short = second & 127;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (bytes.length < at + lengthBytes) return frame;
  frame.length = BigInt(short);
  if (lengthBytes > 0) frame.length = BigInt(`0x${bytes.toString('hex', at, at + lengthBytes)}`);
  if (lengthBytes === 2 && frame.length < 126n) faults.add('notMinimal');
  if (lengthBytes === 8 && frame.length < 65_536n) faults.add('notMinimal');
  if (frame.length >= 2n ** 63n) faults.add('topBit');
  if (frame.opcode >= 8 && frame.length > 125n) faults.add('controlLength');
  if (frame.opcode === 8 && frame.length === 1n) faults.add('closeLength');
  at += lengthBytes;
  frame.hasHead = true;
  const key = second >= 128 ? bytes.subarray(at, at + 4) : Buffer.alloc(4);
  if (key.length < 4) return frame;
  if (second >= 128) at += 4;
  const there = BigInt(bytes.length - at);
  frame.isComplete = there >= frame.length;
  frame.end = frame.isComplete ? at + Number(frame.length) : bytes.length;
  frame.partial = bytes.subarray(at, frame.end).map((byte, i) => byte ^ key[i % 4]);
  return frame;
}

/** What the head says, where it stands in the stream. */
function judgeHead(frame, { message, limit, deflate, trait }) {
  const { opcode, rsv, faults } = frame;
  const mayCompress = deflate !== null && (opcode === 1 || opcode === 2);
  if ((rsv & ~(mayCompress ? 0x40 : 0)) !== 0) faults.add('rsv');
  if (opcode === 0 && message === null) faults.add('sequence');
  if ((opcode === 1 || opcode === 2) && message !== null) faults.add('sequence');
  // What is left of the message in progress is the limit of every frame.
  if (frame.hasHead && Number(frame.length) > limit - (message?.bytes.length ?? 0)) faults.add('size');
  const announced = Number(frame.length) + (opcode === 0 ? (message?.announced ?? 0) : 0);
  frame.isCompressed = opcode === 0 ? message?.isCompressed : mayCompress && (rsv & 0x40) !== 0;
  if (frame.isCompressed && announced > limit) trait('compressedBeyondLimit');
}

function judgePayload(frame, state) {
  const { opcode, isComplete } = frame;
  if (opcode === 8) {
    if (isComplete) judgeClose(frame, state);
  } else if (opcode < 3) judgeData(frame, state);
}

function judgeClose(frame, { message }) {
  const { partial: payload, faults } = frame;
  if (message !== null) faults.add('closeMidMessage');
  if (payload.length < 2) return;
  const code = payload.readUInt16BE(0);
  frame.closeCode = code;
  const isKnown = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014].includes(code);
  if (!isKnown && !(code >= 3000 && code < 5000)) faults.add('closeCode');
  if (!isText(payload.subarray(2))) faults.add('closeUtf8');
}

function judgeData(frame, state) {
  const { opcode, fin, rsv, faults, partial, isComplete } = frame;
  if (faults.has('sequence')) {
    frame.isInsideCompressed = state.message?.isCompressed ?? false;
    // It may be decompressed before it is found in the wrong place, where the decompressor may stand in another message.
    if (opcode === 0 || (rsv & 0x40) === 0 || state.deflate === null) return;
    if (frame.isInsideCompressed) faults.add('deflate').add('size');
    else {
      const alone = { wire: partial };
      inflate(alone, fin, { ...state, trait: () => {} }, faults);
      if (alone.bytes.length > state.limit - (state.message?.bytes.length ?? 0)) faults.add('size');
    }
    return;
  }
  const { limit, trait, rules } = state;
  if (opcode !== 0) {
    state.message = {
      isText: opcode === 1,
      isCompressed: (rsv & 0x40) !== 0 && state.deflate !== null,
      wire: Buffer.alloc(0),
      bytes: Buffer.alloc(0),
      frames: 0,
      announced: 0,
    };
  }
  const { message } = state;
  frame.inMessage = message;
  message.announced += Number(frame.length);
  message.frames += 1;
  message.wire = Buffer.concat([message.wire, partial]);
  if (message.isCompressed) inflate(message, fin && isComplete, state, faults);
  else message.bytes = message.wire;
  if (message.bytes.length > limit) faults.add('size');
  if (message.isCompressed && message.frames > 1 && message.bytes.length >= limit) trait('limitReached');
  const isWhole = fin && isComplete;
  if (message.isText && !rules.textAtEnd && !(isWhole ? isText(message.bytes) : mayBecomeText(message.bytes)))
    faults.add('utf8');
  if (message.isText && rules.textAtEnd && isWhole && !isText(message.bytes)) faults.add('utf8');
  if (!fin || !isComplete) return;
  frame.message = message;
  state.message = null;
  if (!message.isCompressed) return;
  state.window = state.deflate.noContextTakeover
    ? Buffer.alloc(0)
    : Buffer.concat([state.window, message.bytes]).subarray(-(1 << state.deflate.windowBits));
}

/** All that the message has so far, with zlib's one call; notes what is peculiar about where streams and messages end. */
function inflate(message, isWhole, { deflate, window, trait }, faults) {
  const tail = isWhole ? TAIL : Buffer.alloc(0);
  if (isWhole && (message.wire.length === 0 || message.wire.subarray(-4).equals(TAIL))) trait('endsInFlush');
  let output = Buffer.alloc(0);
  let rest = Buffer.concat([message.wire, tail]);
  try {
    for (;;) {
      // A stream that follows another one may refer back to it.
      const dictionary = Buffer.concat([window, output]).subarray(-(1 << deflate.windowBits));
      const { buffer, engine } = inflateRaw(rest, deflate.windowBits, dictionary, nodeZlib.constants.Z_SYNC_FLUSH);
      output = Buffer.concat([output, buffer]);
      if (!staysInWindow(rest, deflate.windowBits, dictionary)) trait('beyondWindow');
      if (engine.bytesWritten === rest.length) {
        if (isWhole && !isAtBlock(rest, deflate.windowBits, dictionary)) trait('endsInBlock');
        break;
      }
      trait('streamEnds');
      rest = rest.subarray(engine.bytesWritten);
      // What is left of our own end of the message is no stream.
      if (isWhole && rest.length < tail.length) break;
    }
  } catch {
    faults.add('deflate');
    output = Buffer.concat([output, outputBefore(rest, deflate.windowBits, Buffer.concat([window, output]))]);
  }
  message.bytes = output;
}

/** What comes out of corrupt data before zlib finds that it is: the limit may be passed there. */
function outputBefore(bytes, windowBits, before) {
  const dictionary = before.subarray(-(1 << windowBits));
  for (let length = bytes.length - 1; length > 0; length--) {
    try {
      return inflateRaw(bytes.subarray(0, length), windowBits, dictionary, nodeZlib.constants.Z_SYNC_FLUSH).buffer;
    } catch {
      // The fault lies before this byte.
    }
  }
  return Buffer.alloc(0);
}

const inflateRaw = (bytes, windowBits, dictionary, finishFlush) =>
  nodeZlib.inflateRawSync(bytes, {
    windowBits,
    finishFlush,
    info: true,
    maxOutputLength: 10_000_000,
    ...(dictionary.length > 0 && { dictionary }),
  });

/**
 * Whether no distance is larger than the window. zlib finds those that are only where its output begins: in one call it lets
 * them reach back over what the same call has put out. Here each byte is a call of its own.
 */
function staysInWindow(bytes, windowBits, dictionary) {
  const stream = nodeZlib.createInflateRaw({ windowBits, ...(dictionary.length > 0 && { dictionary }) });
  let isCorrupt = false;
  stream._handle.onerror = () => {
    isCorrupt = true;
  };
  const output = Buffer.alloc(1);
  let at = 0;
  for (let left = 0; left === 0 && !isCorrupt; ) {
    stream._handle.writeSync(nodeZlib.constants.Z_SYNC_FLUSH, bytes, at, bytes.length - at, output, 0, 1);
    left = stream._writeState[0];
    at = bytes.length - stream._writeState[1];
  }
  stream.close();
  return !isCorrupt;
}

/** Whether another block can follow: one that ends the stream is taken for just that. */
function isAtBlock(bytes, windowBits, dictionary) {
  try {
    const ended = Buffer.concat([bytes, LAST_BLOCK]);
    return inflateRaw(ended, windowBits, dictionary, nodeZlib.constants.Z_FINISH).engine.bytesWritten === ended.length;
  } catch {
    return false;
  }
}

/** An empty block with nothing in it, marked as the last one. */
const LAST_BLOCK = Buffer.of(1, 0, 0, 0xff, 0xff);

const isText = (bytes) => Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);

/** Whether something could follow that makes it text: of what is cut at its end, at most three bytes are missing. */
function mayBecomeText(bytes) {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    decoder.decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
