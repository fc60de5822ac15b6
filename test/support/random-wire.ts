// Two protocols with a wire between them that is as slow, chopped and unreliable as a test wants it to be.
import { Frame } from '#dist/core/frame.js';
import { Opcode } from '#dist/core/opcode.js';
import type { Protocol } from '#dist/core/protocol.js';
import { SEND_EOF } from '#dist/core/recorder.js';
import { State } from '#dist/core/state.js';

/** One end of the wire: its protocol, what is on its way to the other end, and what it has seen. */
export class WireEnd {
  readonly protocol: Protocol;
  /** Data frames that were received, as `fin opcode payload`. */
  readonly receivedData: string[] = [];
  readonly receivedPings: string[] = [];
  readonly receivedPongs: string[] = [];
  /** How often our half of the stream ended. */
  markers = 0;
  #outgoing: Uint8Array = new Uint8Array(0);
  #hasEnded = false;
  #wasToldTheEnd = false;

  constructor(protocol: Protocol) {
    this.protocol = protocol;
  }

  /** Whether there is something to deliver to the other end. */
  get hasOutgoing(): boolean {
    return this.#outgoing.length > 0 || (this.markers > 0 && !this.#hasEnded);
  }

  /** Moves what the protocol has to say to the wire, and what it has heard to the lists. As an I/O layer does after each call. */
  settle(): void {
    for (const chunk of this.protocol.dataToSend()) {
      if (chunk === SEND_EOF) this.markers += 1;
      else this.#outgoing = Uint8Array.from(Buffer.concat([this.#outgoing, chunk]));
    }
    for (const event of this.protocol.eventsReceived()) {
      if (!(event instanceof Frame)) continue;
      const payload = Buffer.from(event.data).toString('latin1');
      if (event.opcode === Opcode.PING) this.receivedPings.push(payload);
      else if (event.opcode === Opcode.PONG) this.receivedPongs.push(payload);
      else if (event.opcode !== Opcode.CLOSE) this.receivedData.push(dataFrameText(event.opcode, event.fin, payload));
    }
  }

  /** Delivers up to `count` bytes to the other end, and the end of the stream when nothing else is left. */
  deliver(other: WireEnd, count: number): void {
    const bytes = this.#outgoing.subarray(0, count);
    this.#outgoing = this.#outgoing.slice(bytes.length);
    if (bytes.length > 0 && !other.#wasToldTheEnd) {
      other.protocol.receiveData(bytes);
      other.settle();
    }
    if (this.#outgoing.length > 0 || this.markers === 0 || this.#hasEnded) return;
    this.#hasEnded = true;
    other.break();
  }

  /** The stream towards this end is over: nothing comes any more. */
  break(): void {
    this.#wasToldTheEnd = true;
    this.protocol.receiveEof();
    this.settle();
  }
}

/** A data frame in one line, to compare what was sent with what came. */
export const dataFrameText = (opcode: number, fin: boolean, payload: string): string =>
  `${fin ? 'last' : 'more'} ${opcode} ${payload}`;

/** Delivers all there is, both ways, until nothing moves. */
export function deliverAll(a: WireEnd, b: WireEnd): void {
  a.settle();
  b.settle();
  while (a.hasOutgoing || b.hasOutgoing) {
    a.deliver(b, Number.POSITIVE_INFINITY);
    b.deliver(a, Number.POSITIVE_INFINITY);
  }
}

/** What owners of connections do in the end: close what is open, and cut what does not end by itself. */
export function finish(a: WireEnd, b: WireEnd): void {
  deliverAll(a, b);
  for (const end of [a, b])
    if (end.protocol.state === State.OPEN && !end.protocol.eofSent) end.protocol.sendClose(1000);
  deliverAll(a, b);
  for (const end of [a, b]) end.break();
}
