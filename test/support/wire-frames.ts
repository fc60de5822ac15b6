// Frames in the notation of test/vectors/protocol, and as bytes. The slow twin of the parser and the encoder in src/core:
// written from RFC 6455 §5.2 and sharing no code with them.

/** A frame as it stands on the wire, right or wrong. */
export interface WireFrame {
  readonly opcode: number;
  readonly fin: boolean;
  /** The three reserved bits: 0x40, 0x20, 0x10. */
  readonly rsv: number;
  readonly payload: Uint8Array;
  /** Null: not masked. Undefined: as the side that sends it has to. */
  readonly mask?: readonly number[] | null | undefined;
  /** The form of the length: 7, 16 or 64 bits. Default: the shortest. */
  readonly lengthBits?: 7 | 16 | 64 | undefined;
  /** The length in the header. Default: that of the payload. */
  readonly announced?: bigint | undefined;
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'CONT'],
  [1, 'TEXT'],
  [2, 'BINARY'],
  [8, 'CLOSE'],
  [9, 'PING'],
  [10, 'PONG'],
]);
const RSV_BITS = { rsv1: 0x40, rsv2: 0x20, rsv3: 0x10 } as const;
const MASK = [0x12, 0xfe, 0x34, 0xdc];

/** Encodes a frame; `masked` says whether its sender has to mask. */
export function encodeWireFrame(frame: WireFrame, masked: boolean): Uint8Array {
  const { opcode, fin, rsv, payload, mask = masked ? MASK : null } = frame;
  const announced = frame.announced ?? BigInt(payload.length);
  const bits = frame.lengthBits ?? (announced < 126n ? 7 : announced < 65_536n ? 16 : 64);
  const digits = announced.toString(16).padStart(bits / 4, '0');
  const length = bits === 7 ? Number(announced) : bits === 16 ? 126 : 127;
  const head = [(fin ? 0x80 : 0) | rsv | opcode, (mask === null ? 0 : 0x80) | length];
  const extended = bits === 7 ? [] : [...Buffer.from(digits, 'hex')];
  const body = mask === null ? payload : payload.map((byte, i) => byte ^ mask[i % 4]!);
  return Uint8Array.from([...head, ...extended, ...(mask ?? []), ...body]);
}

/** Takes the frames out of bytes that hold nothing else. */
export function decodeWireFrames(bytes: Uint8Array): WireFrame[] {
  const frames: WireFrame[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const first = view.getUint8(at);
    const second = view.getUint8(at + 1);
    at += 2;
    let length = second & 0x7f;
    let lengthBits: 7 | 16 | 64 = 7;
    if (length === 126) {
      lengthBits = 16;
      length = view.getUint16(at);
      at += 2;
    } else if (length === 127) {
      lengthBits = 64;
      length = Number(view.getBigUint64(at));
      at += 8;
    }
    let mask: number[] | null = null;
    if (second >= 0x80) {
      mask = [...bytes.subarray(at, at + 4)];
      at += 4;
    }
    if (at + length > bytes.length) throw new Error('the last frame is not complete');
    const payload = bytes.slice(at, at + length).map((byte, i) => (mask === null ? byte : byte ^ mask[i % 4]!));
    frames.push({ opcode: first & 0x0f, fin: first >= 0x80, rsv: first & 0x70, payload, mask, lengthBits });
    at += length;
  }
  return frames;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

/** Reads `hex c3 28`, `"text"` and `"x"*1000`, one after the other. */
export function readPayload(words: readonly string[]): Uint8Array {
  const parts = words.map((word) => {
    const quoted = /^"((?:[^"\\]|\\.)*)"(?:\*(\d+))?$/.exec(word);
    if (quoted !== null) {
      const text = quoted[1]!.replace(/\\(.)/g, (_, letter: string) => escapes[letter]!);
      return Buffer.from(text.repeat(Number(quoted[2] ?? 1)), 'utf8');
    }
    if (word === 'hex') return Buffer.alloc(0);
    if (/^[0-9a-f]{2}$/.test(word)) return Buffer.from(word, 'hex');
    throw new Error(`not a payload: ${word}`);
  });
  return Uint8Array.from(Buffer.concat(parts));
}

/** The words of a line; what stands in quotes is one, with its `*1000`. */
export const wordsOf = (line: string): string[] => line.match(/"(?:[^"\\]|\\.)*"(?:\*\d+)?|\S+/g) ?? [];

/** Reads a frame in the notation of test/vectors/protocol/README.md. */
export function readWireFrame(words: readonly string[]): WireFrame {
  const [name, ...rest] = words;
  const opcode =
    [...NAMES].find(([, known]) => known === name)?.[0] ?? Number(/^OP(\d+)$/.exec(name!)?.[1] ?? Number.NaN);
  if (Number.isNaN(opcode)) throw new Error(`not a frame: ${words.join(' ')}`);
  let fin = true;
  let rsv = 0;
  const header: { -readonly [Key in 'mask' | 'lengthBits' | 'announced']: WireFrame[Key] } = {
    mask: undefined,
    lengthBits: undefined,
    announced: undefined,
  };
  let code: number[] = [];
  for (;;) {
    const word = rest[0];
    if (word === 'more') fin = false;
    else if (word === 'rsv1' || word === 'rsv2' || word === 'rsv3') rsv |= RSV_BITS[word];
    else if (word === 'masked') header.mask = MASK;
    else if (word === 'unmasked') header.mask = null;
    else if (word === 'zero-mask') header.mask = [0, 0, 0, 0];
    else if (word === 'len16') header.lengthBits = 16;
    else if (word === 'len64') header.lengthBits = 64;
    else if (word === 'announces') header.announced = BigInt(rest.splice(1, 1)[0]!);
    else if (opcode === 8 && /^\d{1,5}$/.test(word ?? '')) code = [Number(word) >> 8, Number(word) & 255];
    else break;
    rest.shift();
  }
  const payload = Uint8Array.from([...code, ...readPayload(rest)]);
  return { opcode, fin, rsv, payload, ...header };
}

/** Writes opcode, flags and payload in the same notation, in one way only. */
export function showWireFrame({ opcode, fin, rsv, payload }: WireFrame): string {
  const flags = Object.entries(RSV_BITS).filter(([, bit]) => (rsv & bit) !== 0);
  const words = [NAMES.get(opcode) ?? `OP${opcode}`, ...(fin ? [] : ['more']), ...flags.map(([flag]) => flag)];
  if (opcode !== 8 || payload.length < 2) return [...words, ...showPayload(payload)].join(' ');
  return [...words, (payload[0]! << 8) | payload[1]!, ...showPayload(payload.subarray(2))].join(' ');
}

function showPayload(payload: Uint8Array): string[] {
  if (payload.length === 0) return [];
  const isVisible = payload.every((byte) => byte >= 0x20 && byte < 0x7f);
  if (isVisible && payload.length > 16 && payload.every((byte) => byte === payload[0])) {
    return [`"${String.fromCharCode(payload[0]!)}"*${payload.length}`];
  }
  if (isVisible) return [JSON.stringify(Buffer.from(payload).toString('latin1'))];
  return ['hex', ...Array.from(payload, (byte) => byte.toString(16).padStart(2, '0'))];
}
