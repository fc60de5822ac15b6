// Reads the files of test/vectors/protocol (the README there explains the notation) and runs a protocol through them.
import { readdirSync, readFileSync } from 'node:fs';
import { Frame } from '#dist/core/frame.js';
import type { Opcode } from '#dist/core/opcode.js';
import { Protocol } from '#dist/core/protocol.js';
import type { MaxSize, ProtocolOptions } from '#dist/core/protocol-options.js';
import type { ProtocolOutput, ProtocolSink } from '#dist/core/protocol-pipe.js';
import { SEND_EOF } from '#dist/core/recorder.js';
import { Side, State } from '#dist/core/state.js';
import { fakeHost } from './fake-host.js';
import {
  decodeWireFrames,
  encodeWireFrame,
  readPayload,
  readWireFrame,
  showWireFrame,
  type WireFrame,
  wordsOf,
} from './wire-frames.js';

/** What happens to a protocol, in order. */
type Step =
  | { readonly kind: 'receive'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'call'; readonly words: readonly string[]; readonly error: string | null };

/** What happens to a protocol on one side, and what has to come of it. */
export interface ProtocolVector {
  readonly title: string;
  readonly side: Side;
  readonly options: Omit<ProtocolOptions, 'host'>;
  readonly steps: readonly Step[];
  readonly outcome: readonly string[];
  /** Whether the bytes stop in the middle of a frame. */
  readonly isUnfinished: boolean;
}

const FOLDER = new URL('../../../test/vectors/protocol/', import.meta.url);

/** The names of the files. */
export const protocolVectorFiles = (): string[] => readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));

/** The vectors of a file, each once for every side that it is about. */
export function readProtocolVectors(file: string): ProtocolVector[] {
  const parts = readFileSync(new URL(file, FOLDER), 'utf8').split(/^== /m).slice(1);
  return parts.flatMap((part) => {
    const [title, ...lines] = part.split('\n');
    const side = lines.map((line) => /^\* side (server|client)$/.exec(line)?.[1]).find((found) => found !== undefined);
    const sides = side === undefined ? [Side.SERVER, Side.CLIENT] : [side === 'server' ? Side.SERVER : Side.CLIENT];
    return sides.map((each) => readVector(title!, lines, each));
  });
}

function readVector(title: string, lines: readonly string[], side: Side): ProtocolVector {
  const options: Record<string, unknown> = {};
  const steps: Step[] = [];
  const sent: string[] = [];
  const events: string[] = [];
  const rest: string[] = [];
  let isUnfinished = false;
  for (const line of lines) {
    const [mark, ...words] = wordsOf(line.replace(/^server> /, side === Side.SERVER ? '> ' : '# '));
    if (mark === undefined || mark.startsWith('#')) continue;
    if (mark === '*') {
      if (words[0] === 'maxSize') options['maxSize'] = readMaxSize(words.slice(1));
      else if (words[0] === 'unfinished') isUnfinished = true;
      else if (words[0] !== 'side') options[words[0]!] = true;
    } else if (mark === '<' && words[0] === 'EOF') steps.push({ kind: 'end' });
    else if (mark === '<') steps.push({ kind: 'receive', bytes: readBytes(words, side) });
    else if (mark === '!') steps.push(readCall(line.slice(2)));
    else if (mark === '>') sent.push(words[0] === 'EOF' ? '> EOF' : `> ${showWireFrame(readWireFrame(words))}`);
    else if (mark === '=') events.push(`= ${showWireFrame(readWireFrame(words))}`);
    else if (mark === 'end' || mark === 'because') rest.push(line);
    else throw new Error(`cannot read the vector line: ${line}`);
  }
  return { title, side, options, steps: joined(steps), outcome: [...sent, ...events, ...rest], isUnfinished };
}

/** What arrives without anything happening in between arrives at once. */
function joined(steps: readonly Step[]): Step[] {
  const result: Step[] = [];
  for (const step of steps) {
    const last = result.at(-1);
    if (step.kind !== 'receive' || last?.kind !== 'receive') result.push(step);
    else result[result.length - 1] = { kind: 'receive', bytes: concat(last.bytes, step.bytes) };
  }
  return result;
}

function readBytes(words: readonly string[], side: Side): Uint8Array {
  if (words[0] === 'hex') return readPayload(words);
  const cut = words[0] === 'first' ? Number(words[1]) : Number.POSITIVE_INFINITY;
  const frame = readWireFrame(cut === Number.POSITIVE_INFINITY ? words : words.slice(3));
  return encodeWireFrame(frame, side === Side.SERVER).subarray(0, cut);
}

function readCall(text: string): Step {
  const [call, error = null] = text.split(' -> ');
  return { kind: 'call', words: wordsOf(call!), error };
}

function readMaxSize(words: readonly string[]): MaxSize {
  const [message, fragment] = words.map((word) => (word === 'null' ? null : Number(word)));
  return fragment === undefined ? message! : [message!, fragment];
}

function call(protocol: Protocol, [name, ...words]: readonly string[]): void {
  const fin = words[0] !== 'more';
  const data = (): Uint8Array => readPayload(fin ? words : words.slice(1));
  const code = words[0] === undefined ? undefined : Number(words[0]);
  const reason = Buffer.from(readPayload(words.slice(1))).toString('utf8');
  if (name === 'sendText') protocol.sendText(data(), fin);
  else if (name === 'sendBinary') protocol.sendBinary(data(), fin);
  else if (name === 'sendContinuation') protocol.sendContinuation(data(), fin);
  else if (name === 'sendPing') protocol.sendPing(data());
  else if (name === 'sendPong') protocol.sendPong(data());
  else if (name === 'sendClose') protocol.sendClose(code, reason);
  else if (name === 'fail') protocol.fail(code!, reason);
  else throw new Error(`no such call: ${name}`);
}

/** One way to hand a protocol its bytes and to take what comes out. */
interface Form {
  readonly name: string;
  readonly start: (protocol: Protocol) => Collected;
}

interface Collected {
  receive(bytes: Uint8Array): void;
  end(): void;
  /** What came out so far: bytes or null for the half-close, and frames. */
  take(): { readonly sent: readonly (Uint8Array | null)[]; readonly events: readonly Frame[] };
}

const pull: Form = {
  name: 'pull',
  start: (protocol) => ({
    receive: (bytes) => protocol.receiveData(bytes),
    end: () => protocol.receiveEof(),
    take: () => ({
      sent: protocol.dataToSend().map((chunk) => (chunk === SEND_EOF ? null : chunk)),
      events: protocol.eventsReceived().map((event) => {
        if (event instanceof Frame) return event;
        throw new Error('only frames can arrive when there is no handshake');
      }),
    }),
  }),
};

/** Pauses in each frame. Gives everything to one buffer that is too small again and again, as a write batch does. */
class PausingPipe implements ProtocolSink, ProtocolOutput {
  readonly appendFromBytes: number = 64;
  bytes = new Uint8Array(0);
  readonly sent: (Uint8Array | null)[] = [];
  readonly events: Frame[] = [];
  isPaused = false;
  readonly #protocol: Protocol;

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
    protocol.pipe(this, this);
  }

  onHandshake(): void {
    throw new Error('there is no handshake');
  }

  onFrame(opcode: Opcode, fin: boolean, bytes: Uint8Array, start: number, end: number): void {
    if (this.isPaused) throw new Error('a frame was handed over while paused');
    this.events.push(new Frame({ opcode, fin, data: bytes.slice(start, end) }));
    this.isPaused = true;
    this.#protocol.pause();
  }

  reserve(byteLength: number): number {
    // Not from the start of the buffer, so that an encoder which forgets the offset is found out.
    this.bytes = new Uint8Array(byteLength + 3);
    this.sent.push(this.bytes.subarray(3));
    return 3;
  }

  append(bytes: Uint8Array): void {
    const head = this.sent.pop();
    if (head == null) throw new Error('a payload was appended to nothing');
    this.sent.push(concat(head, bytes));
  }

  share(bytes: Uint8Array): void {
    this.sent.push(bytes);
  }

  end(): void {
    this.sent.push(null);
  }

  /** Resumes until nothing is kept back. */
  drain(): void {
    while (this.isPaused) {
      this.isPaused = false;
      this.#protocol.resume();
    }
  }
}

const push: Form = {
  name: 'push, pausing after each frame',
  start: (protocol) => {
    const pipe = new PausingPipe(protocol);
    return {
      receive: (bytes) => {
        protocol.receive(bytes.slice());
        pipe.drain();
      },
      end: () => {
        protocol.receiveEof();
        pipe.drain();
      },
      take: () => pipe,
    };
  },
};

/** One way to change what arrives, together with what that changes in the outcome. */
interface Cut {
  readonly name: string;
  /** Whether each byte comes by itself. */
  readonly isByteByByte: boolean;
  readonly change: (vector: ProtocolVector) => Pick<ProtocolVector, 'steps' | 'outcome'> | null;
}

const CUTS: readonly Cut[] = [
  { name: 'whole', isByteByByte: false, change: (vector) => vector },
  { name: 'byte by byte', isByteByByte: true, change: (vector) => vector },
  { name: 'with trailing bytes', isByteByByte: false, change: withTrailing },
];

/** A frame that changes nothing but that it has arrived; where the connection is over, garbage that must not even arrive. */
function withTrailing(vector: ProtocolVector): Pick<ProtocolVector, 'steps' | 'outcome'> | null {
  const { steps, outcome, side } = vector;
  const isOver = outcome.some((line) => line.startsWith('because') && !line.includes('EndOfStream'));
  const wasClosed = outcome.some((line) => line.startsWith('= CLOSE'));
  const wasFailed = steps.some((step) => step.kind === 'call' && step.words[0] === 'fail' && step.error === null);
  const last = steps.findLastIndex((step) => step.kind === 'receive');
  if (last === -1 || (vector.isUnfinished && !isOver)) return null;
  const harmless = encodeWireFrame(readWireFrame(['PONG']), side === Side.SERVER);
  const isIgnored = isOver || wasClosed || wasFailed;
  const trailing = isIgnored ? Uint8Array.of(...harmless, 0x83, 0xff, 0x88, 0) : harmless;
  const changed = steps.map((step, i) =>
    step.kind === 'receive' && i === last ? { ...step, bytes: concat(step.bytes, trailing) } : step,
  );
  if (isIgnored) return { steps: changed, outcome };
  const end = outcome.findIndex((line) => line.startsWith('end'));
  return { steps: changed, outcome: [...outcome.slice(0, end), '= PONG', ...outcome.slice(end)] };
}

/** What came out of a vector in one form and cut, beside what should have. The first line of both names the run. */
export interface Run {
  readonly actual: readonly string[];
  readonly expected: readonly string[];
}

/** Runs a vector in every form and cut. */
export function runProtocolVector(vector: ProtocolVector): Run[] {
  return [pull, push].flatMap((form) =>
    CUTS.flatMap((cut) => {
      const changed = cut.change(vector);
      if (changed === null) return [];
      const title = `${form.name}, ${cut.name}`;
      const actual = run({ ...vector, steps: changed.steps }, form, cut.isByteByByte);
      return [{ actual: [title, ...actual], expected: [title, ...changed.outcome] }];
    }),
  );
}

function run({ side, options, steps }: ProtocolVector, form: Form, isByteByByte: boolean): string[] {
  const protocol = new Protocol(side, { ...options, host: fakeHost() });
  const collected = form.start(protocol);
  for (const step of steps) {
    if (step.kind === 'end') collected.end();
    else if (step.kind === 'call') callAsTold(protocol, step);
    else if (isByteByByte) for (const byte of step.bytes) collected.receive(Uint8Array.of(byte));
    else collected.receive(step.bytes);
  }
  const { sent, events } = collected.take();
  const { state, parserExc } = protocol;
  return [
    ...sent.map((chunk) => (chunk === null ? '> EOF' : `> ${showWireFrame(onlyFrame(chunk, side))}`)),
    ...events.map(({ opcode, fin, data }) => `= ${showWireFrame({ opcode, fin, rsv: 0, payload: data })}`),
    `end ${state}${state === State.CLOSED ? ` ${protocol.closeCode} ${protocol.closeExc.toString()}` : ''}`,
    ...(parserExc === null ? [] : [`because ${parserExc.toString()}`]),
  ];
}

/** A call that has to throw must leave no trace: the rest of the vector shows that. */
function callAsTold(protocol: Protocol, { words, error }: Extract<Step, { kind: 'call' }>): void {
  let thrown: string | null = null;
  try {
    call(protocol, words);
  } catch (problem) {
    thrown = String(problem);
  }
  if (thrown !== error) throw new Error(`${words.join(' ')}: expected ${error}, got ${thrown}`);
}

/** Each chunk is one frame, with the shortest form of its length, masked by clients and by nobody else. */
function onlyFrame(chunk: Uint8Array, side: Side): WireFrame {
  const [frame, ...more] = decodeWireFrames(chunk);
  if (frame === undefined || more.length > 0) throw new Error('a chunk is one frame');
  if ((frame.mask === null) !== (side === Side.SERVER))
    throw new Error(`a ${side} sent ${showWireFrame(frame)} masked wrongly`);
  const { length } = frame.payload;
  const shortest = length < 126 ? 7 : length < 65_536 ? 16 : 64;
  if (frame.lengthBits !== shortest) throw new Error(`${length} bytes were announced in ${frame.lengthBits} bits`);
  return frame;
}

const concat = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
