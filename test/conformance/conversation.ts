// One connection after its handshake: writes the frames of a case and holds what comes back against it.
// Knows nothing of HTTP, nor which program is under test.
import { isUtf8 } from 'node:buffer';
import { Deflater, type DeflateTerms, Inflater } from './deflate.ts';
import type { Link } from './link.ts';
import { binaryMessage, close, closePayload, type Exchange, type Expectation, type Message, ping } from './script.ts';
import {
  BINARY,
  bytesOf,
  CLOSE,
  CONTINUATION,
  closeText,
  encodeFrame,
  type Frame,
  PING,
  PONG,
  type ReceivedFrame,
  type Role,
  RSV1,
  readFrame,
  TEXT,
} from './wire.ts';

const OPPOSITE = { client: 'server', server: 'client' } as const;

const excerpt = (payload: Buffer): string =>
  `${payload.toString('hex', 0, 24)}${payload.length > 24 ? '…' : ''} (${payload.length} bytes)`;

const describeMessage = ({ opcode, payload }: Message): string =>
  `${opcode === TEXT ? 'text' : 'binary'} ${excerpt(payload)}`;

function compare(kind: string, got: readonly string[], wanted: readonly string[]): void {
  for (const [index, text] of got.entries()) {
    if (text !== wanted[index])
      throw new Error(`${kind} ${index + 1}: got ${text}, expected ${wanted[index] ?? 'none'}`);
  }
}

export class Conversation {
  readonly #link: Link;
  readonly #us: Role;
  readonly #them: Role;
  readonly #deflater: Deflater | null;
  readonly #inflater: Inflater | null;

  #messages: Message[] = [];
  #pongs: Buffer[] = [];
  #close: Buffer | null = null;
  #lastKey: string | null = null;
  /** The message of which more fragments are to come. */
  #unfinished: { opcode: number; isCompressed: boolean; parts: Buffer[] } | null = null;

  constructor(link: Link, us: Role, terms: DeflateTerms | null) {
    this.#link = link;
    this.#us = us;
    this.#them = OPPOSITE[us];
    this.#deflater = terms === null ? null : new Deflater(terms[us]);
    this.#inflater = terms === null ? null : new Inflater(terms[this.#them]);
  }

  /** Does the exchanges in order and, if none of them ended the connection, closes it in order. */
  async run(exchanges: readonly Exchange[]): Promise<void> {
    for (const { send, cut, hangUp, expect } of exchanges) {
      const bytes = Buffer.concat(send.map((frame) => this.#encode(frame)));
      await this.#link.write(bytes, cut);
      if (hangUp === 'fin') this.#link.end();
      if (hangUp === 'reset') this.#link.reset();
      await this.#meet(expect);
      if (expect.end !== undefined) return;
    }
    await this.#closeInOrder();
  }

  #encode(frame: Frame): Buffer {
    if (frame.deflated !== true) return encodeFrame(frame, this.#us);
    if (this.#deflater === null) throw new Error('the case needs permessage-deflate, which was not negotiated');
    const payload = this.#deflater.deflate(bytesOf(frame.payload ?? ''));
    return encodeFrame({ ...frame, rsv: frame.rsv ?? RSV1, payload }, this.#us);
  }

  async #meet({ messages = [], pongs = [], end }: Expectation): Promise<void> {
    this.#messages = [];
    this.#pongs = [];
    if (end?.how === 'unwatched') return;
    if (end?.how === 'fails or survives') {
      await this.#failOrSurvive(end.codes);
      return;
    }
    const isComplete = (): boolean =>
      end === undefined
        ? this.#messages.length >= messages.length && this.#pongs.length >= pongs.length
        : this.#close !== null;
    while (!isComplete()) {
      const comes = await this.#readNext();
      if (!comes && end?.how === 'drops') break;
      if (!comes) throw new Error(`TCP ended (${this.#link.ending}) without a close frame`);
      if (end === undefined && this.#close !== null) throw new Error(`closed with ${closeText(this.#close)}`);
    }
    compare('message', this.#messages.map(describeMessage), messages.map(describeMessage));
    for (const [index, { payload }] of this.#messages.entries()) {
      if (!payload.equals(messages[index]!.payload)) throw new Error(`message ${index + 1} came back with other bytes`);
    }
    compare('pong', this.#pongs.map(excerpt), pongs.map(excerpt));
    if (this.#close === null) return;
    if (end?.how === 'drops') throw new Error(`closed with ${closeText(this.#close)}, expected no close frame`);
    if (end?.how === 'fails') this.#checkCode(this.#close, end.codes);
    if (end?.how === 'answers' && !this.#close.equals(end.payload)) {
      throw new Error(`closed with ${closeText(this.#close)}, expected ${closeText(end.payload)}`);
    }
    await this.#expectEndOfTcp();
  }

  /** Reads until the connection fails or the ping that we send now is answered. */
  async #failOrSurvive(codes: readonly number[]): Promise<void> {
    await this.#link.write(encodeFrame(ping('alive'), this.#us));
    while (this.#close === null && this.#pongs.length === 0) {
      if (!(await this.#readNext())) throw new Error('TCP ended without a close frame');
    }
    if (this.#close === null) {
      await this.#closeInOrder({ mayHaveMessages: true });
      return;
    }
    this.#checkCode(this.#close, codes);
    await this.#expectEndOfTcp();
  }

  #checkCode(payload: Buffer, codes: readonly number[]): void {
    const code = payload.length === 0 ? 1005 : payload.readUInt16BE(0);
    if (!codes.includes(code)) throw new Error(`closed with ${closeText(payload)}, expected ${codes.join(' or ')}`);
  }

  /** The closing handshake, begun by us (RFC 6455 §7.1.2). */
  async #closeInOrder({ mayHaveMessages = false } = {}): Promise<void> {
    this.#messages = [];
    this.#pongs = [];
    await this.#link.write(encodeFrame(close(1000, 'done'), this.#us));
    while (this.#close === null) {
      if (!(await this.#readNext())) throw new Error(`TCP ended (${this.#link.ending}) before our close was answered`);
    }
    if (!mayHaveMessages) compare('message', this.#messages.map(describeMessage), []);
    compare('pong', this.#pongs.map(excerpt), []);
    if (!this.#close.equals(closePayload(1000, 'done'))) {
      throw new Error(`our close was answered with ${closeText(this.#close)}`);
    }
    await this.#expectEndOfTcp();
    if (this.#link.ending !== 'fin') throw new Error('TCP was reset after the closing handshake');
  }

  /** After a close frame nothing follows; the server ends TCP first, the client when it sees that (RFC 6455 §7.1.1). */
  async #expectEndOfTcp(): Promise<void> {
    if (this.#us === 'server') this.#link.end();
    const rest = await this.#link.takeAll();
    if (rest.length > 0) throw new Error(`after the close frame came ${excerpt(rest)}`);
  }

  /** Takes in one frame; false at the end of the stream. */
  async #readNext(): Promise<boolean> {
    const frame = await readFrame(this.#link, this.#them);
    if (frame === null) return false;
    if (frame.key !== null && frame.key === this.#lastKey) throw new Error('two frames with the same mask key');
    this.#lastKey = frame.key;
    if (frame.opcode >= CLOSE && frame.rsv1) throw new Error('the peer set RSV1 on a control frame');
    if (frame.opcode === CLOSE) this.#close = frame.payload;
    else if (frame.opcode === PONG) this.#pongs.push(frame.payload);
    else if (frame.opcode === PING)
      await this.#link.write(encodeFrame({ opcode: PONG, payload: frame.payload }, this.#us));
    else this.#takeFragment(frame);
    return true;
  }

  #takeFragment({ opcode, fin, rsv1, payload }: ReceivedFrame): void {
    if ((opcode === CONTINUATION) !== (this.#unfinished !== null)) {
      throw new Error(opcode === CONTINUATION ? 'a continuation of nothing' : 'a new message inside another');
    }
    if (rsv1 && (opcode === CONTINUATION || this.#inflater === null)) throw new Error('RSV1 where it has no meaning');
    this.#unfinished ??= { opcode, isCompressed: rsv1, parts: [] };
    const message = this.#unfinished;
    message.parts.push(payload);
    if (!fin) return;
    this.#unfinished = null;
    const raw = Buffer.concat(message.parts);
    const whole = message.isCompressed ? this.#inflater!.inflate(raw) : raw;
    if (message.opcode === BINARY) {
      this.#messages.push(binaryMessage(whole));
      return;
    }
    if (!isUtf8(whole)) throw new Error(`the peer sent text that is not UTF-8: ${excerpt(whole)}`);
    this.#messages.push({ opcode: TEXT, payload: whole });
  }
}
