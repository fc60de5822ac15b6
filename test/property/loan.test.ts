// Bytes on loan: all that arrives stands in one array, which is overwritten as soon as the call returns. The pull form, which
// copies what it is given, says what must come of it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Frame } from '#dist/core/frame.js';
import type { Opcode } from '#dist/core/opcode.js';
import { Protocol } from '#dist/core/protocol.js';
import { Recorder } from '#dist/core/recorder.js';
import { Side } from '#dist/core/state.js';
import { fakeHost } from '../support/fake-host.js';
import { conversation, cuts, deflateOf, LENDERS, lend, reads, wireOf } from '../support/lent-wire.js';

/** What a protocol made of what it was given. */
interface Outcome {
  readonly frames: readonly string[];
  readonly sent: string;
  readonly ending: readonly unknown[];
}

/** What the sink does with each frame, in turn. */
type Reaction = 'go on' | 'pause' | 'pause and resume';
const reactions = fc.array(fc.constantFrom<Reaction>('go on', 'go on', 'pause', 'pause and resume'), { maxLength: 12 });

const frameText = (opcode: Opcode, fin: boolean, payload: Uint8Array): string =>
  `${opcode} ${fin} ${Buffer.from(payload).toString('latin1')}`;

/** A sink that copies nothing but what it writes down, and pauses as it is told. */
class Sink extends Recorder {
  readonly frames: string[] = [];
  isPaused = false;
  readonly #protocol: Protocol;
  readonly #reactions: readonly Reaction[];

  constructor(protocol: Protocol, reactions: readonly Reaction[]) {
    super();
    this.#protocol = protocol;
    this.#reactions = reactions;
  }

  override onFrame(opcode: Opcode, fin: boolean, bytes: Uint8Array, start: number, end: number): void {
    const reaction = this.#reactions[this.frames.length % Math.max(1, this.#reactions.length)] ?? 'go on';
    this.frames.push(frameText(opcode, fin, bytes.subarray(start, end)));
    if (reaction === 'go on') return;
    this.#protocol.pause();
    this.isPaused = reaction === 'pause';
    if (!this.isPaused) this.#protocol.resume();
  }
}

const ending = (protocol: Protocol): unknown[] => [
  protocol.state,
  protocol.closeCode,
  protocol.closeReason,
  String(protocol.parserExc),
  protocol.closeSent?.serialize(),
];

const sentBy = (chunks: readonly Uint8Array[]): string => Buffer.concat(chunks).toString('latin1');

function pull(protocol: Protocol, parts: readonly Uint8Array[]): Outcome {
  for (const part of parts) protocol.receiveData(part);
  protocol.receiveEof();
  const frames = protocol
    .eventsReceived()
    .map((event) => (event instanceof Frame ? frameText(event.opcode, event.fin, event.data) : String(event)));
  return { frames, sent: sentBy(protocol.dataToSend()), ending: ending(protocol) };
}

function push(
  protocol: Protocol,
  parts: readonly Uint8Array[],
  memory: Uint8Array,
  reactions: readonly Reaction[],
): Outcome {
  const sink = new Sink(protocol, reactions);
  protocol.pipe(sink, sink);
  for (const [i, part] of parts.entries()) {
    lend(memory, part, (bytes, end) => protocol.receive(bytes, end));
    // Whoever pauses resumes at some time, now or later.
    if (sink.isPaused && i % 2 === 0) resume(sink, protocol);
  }
  protocol.receiveEof();
  while (sink.isPaused) resume(sink, protocol);
  return { frames: sink.frames, sent: sentBy(sink.takeChunks()), ending: ending(protocol) };
}

function resume(sink: Sink, protocol: Protocol): void {
  sink.isPaused = false;
  protocol.resume();
}

/** A byte of the wire that is changed on the way, so that all that can be wrong comes up; mostly none. */
const damage = fc.option(fc.record({ at: fc.nat(), xor: fc.integer({ min: 1, max: 255 }) }), { freq: 2 });

describe('what is lent to a protocol', () => {
  for (const side of [Side.SERVER, Side.CLIENT])
    for (const isCompressed of [false, true])
      for (const { name, memory, unmask } of LENDERS) {
        const how = isCompressed ? ' with permessage-deflate' : '';
        test(`in ${name} comes to the same as what a ${side}${how} copied, at any cut and pause`, () => {
          fc.assert(
            fc.property(
              conversation,
              cuts,
              reactions,
              damage,
              fc.boolean(),
              (messages, places, reactions, damage, validateUtf8) => {
                const wire = wireOf(side, messages, isCompressed);
                if (damage !== null) wire[damage.at % wire.length]! ^= damage.xor;
                const parts = reads(wire, places);
                const make = (): Protocol => {
                  const protocol = new Protocol(side, { host: { ...fakeHost(), unmask }, validateUtf8 });
                  if (isCompressed) protocol.extensions = [deflateOf(side)];
                  return protocol;
                };
                assert.deepEqual(push(make(), parts, memory, reactions), pull(make(), parts));
              },
            ),
            { numRuns: 60 },
          );
        });
      }
});
