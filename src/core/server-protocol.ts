// The server's half of the opening handshake on top of the machine. The rules stand in server-handshake.ts.
import { GrowingBytes } from '../bytes/growing-bytes.ts';
import { InvalidHandshake, InvalidMessage, SecurityError } from './exceptions/handshake-errors.ts';
import { EndOfStreamError, InvalidState } from './exceptions/protocol-errors.ts';
import type { ServerExtensionFactory } from './extension.ts';
import type { Request, Response } from './http-message.ts';
import { type HttpLimits, RequestParser } from './http-parser.ts';
import { type Agreement, Protocol, type ProtocolOptions } from './protocol.ts';
import {
  checkHandshakeRequest,
  type HostRule,
  type OriginRules,
  rejection,
  rejectionFor,
  switchingProtocols,
} from './server-handshake.ts';
import { Side, State } from './state.ts';

/** Bytes that may follow a request before it is answered: they are parsed after the 101, and dropped after anything else. */
const MAX_EARLY_BYTES = 65_536;

/** Options of a server's protocol object. */
export interface ServerProtocolOptions extends ProtocolOptions {
  /** Origins to accept: see `OriginRules`. Default null: not checked. */
  readonly origins?: OriginRules | null | undefined;
  /** Hosts to accept in `Host`: see `HostRule`. Default null: any well-formed one. */
  readonly allowedHosts?: readonly HostRule[] | null | undefined;
  /** Extensions to negotiate, in order of preference. Default: none. */
  readonly extensions?: readonly ServerExtensionFactory[] | null | undefined;
  /** Subprotocols that are understood, in order of preference. Default: none. */
  readonly subprotocols?: readonly string[] | null | undefined;
  /** Replaces the default choice of a subprotocol. May throw NegotiationError for a 400. */
  readonly selectSubprotocol?:
    | ((protocol: ServerProtocol, offered: readonly string[]) => string | null | undefined)
    | undefined;
  /** Limits for the request. Default: 8,192 bytes a line, 128 headers, 64 KiB of them. */
  readonly httpLimits?: Partial<HttpLimits> | undefined;
}

const NO_AGREEMENT: Agreement = { extensions: [], subprotocol: null };

/** The server's end of a connection without its I/O: see `Protocol`. Begins with the opening handshake (RFC 6455 §4.2). */
export class ServerProtocol extends Protocol {
  readonly #options: ServerProtocolOptions;
  #parser: RequestParser | null;
  #agreement: Agreement = NO_AGREEMENT;
  /** What came after the request and before its answer. */
  readonly #early: GrowingBytes = new GrowingBytes();

  constructor(options: ServerProtocolOptions) {
    super(Side.SERVER, options, State.CONNECTING);
    this.#options = options;
    this.#parser = this.state === State.CONNECTING ? new RequestParser(options.httpLimits) : null;
  }

  /**
   * Answers a request (RFC 6455 §4.2.2): 101 with what was negotiated, or a rejection, with `handshakeExc` saying why.
   * Never throws. The answer is sent by `sendResponse`.
   */
  accept(request: Request): Response {
    try {
      const { selectSubprotocol, ...policy } = this.#options;
      const accepted = checkHandshakeRequest(request, {
        ...policy,
        selectSubprotocol: selectSubprotocol && ((offered) => selectSubprotocol(this, offered)),
      });
      this.origin = accepted.origin;
      this.#agreement = { extensions: accepted.extensions, subprotocol: accepted.subprotocol };
      return switchingProtocols({ ...accepted, now: this.host.now() });
    } catch (error) {
      this.handshakeExc = error instanceof Error ? error : new Error('opening handshake failed', { cause: error });
      if (error instanceof InvalidHandshake)
        this.log('debug', `! ${LOG_TEXTS[error.name] ?? 'invalid handshake'}`, error);
      else this.log('error', 'opening handshake failed', error);
      return rejectionFor(this.handshakeExc, this.host.now());
    }
  }

  /** A plain-text answer that is no 101: see `sendResponse`. */
  reject(status: number, text: string): Response {
    return rejection(status, text, [], this.host.now());
  }

  /**
   * Sends the answer. A 101 opens the connection; after anything else our half of the stream ends.
   * @throws {InvalidState} the handshake is over.
   */
  sendResponse(response: Response): void {
    if (this.state !== State.CONNECTING || this.eofSent) {
      throw new InvalidState(`connection is ${this.eofSent ? 'closing' : this.state.toLowerCase()}`);
    }
    if (this.logs('debug')) {
      this.log('debug', `> HTTP/1.1 ${response.statusCode} ${response.reasonPhrase}`);
      for (const [name, value] of response.headers.rawItems()) this.log('debug', `> ${name}: ${value}`);
      if (response.body.length > 0) this.log('debug', `> [body] (${response.body.length} bytes)`);
    }
    this.writeBytes(response.serialize());
    const status = `${response.statusCode} ${response.reasonPhrase}`;
    if (response.statusCode === 101) {
      this.log('info', 'connection open');
      this.handshakeDone(this.#agreement, this.#early.take());
      this.processRest();
      return;
    }
    this.log('info', this.handshakeExc === null ? `HTTP response sent (${status})` : `connection rejected (${status})`);
    this.#giveUp(this.handshakeExc);
  }

  protected override receiveHandshake(bytes: Uint8Array): void {
    if (this.#parser === null) {
      this.#keepEarly(bytes);
      return;
    }
    let request: Request | null;
    try {
      request = this.#parser.push(bytes);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    if (request === null) return;
    if (this.logs('debug')) {
      this.log('debug', `< ${request.method} ${request.path} ${request.protocol}`);
      for (const [name, value] of request.headers.rawItems()) this.log('debug', `< ${name}: ${value}`);
    }
    const { rest } = this.#parser;
    this.#parser = null;
    if (rest.length > 0) this.#keepEarly(rest);
    if (!this.isDiscarding) this.handOver(request);
  }

  protected override endHandshake(): void {
    let error: Error = new EndOfStreamError('unexpected end of stream');
    try {
      this.#parser?.end();
    } catch (cause) {
      error = new InvalidMessage('did not receive a valid HTTP request', { cause });
      this.log('debug', '! no valid HTTP request', error);
    }
    this.#giveUp(this.handshakeExc ?? error);
  }

  /** There will be no connection: neither the frames that came for it nor the extensions are needed. */
  #giveUp(error: Error | null): void {
    this.#early.take();
    for (const extension of this.#agreement.extensions) extension.close?.();
    this.handshakeFailed(error);
  }

  /** A request that cannot be parsed has no event: it is answered here. */
  #refuse(error: unknown): void {
    this.#parser = null;
    const known = error instanceof SecurityError;
    this.handshakeExc = known ? error : new InvalidMessage('did not receive a valid HTTP request', { cause: error });
    this.log('debug', `! ${LOG_TEXTS[this.handshakeExc.name] ?? 'no valid HTTP request'}`, this.handshakeExc);
    this.sendResponse(rejectionFor(this.handshakeExc, this.host.now()));
  }

  #keepEarly(bytes: Uint8Array): void {
    const length = this.#early.length + bytes.length;
    if (length > MAX_EARLY_BYTES) {
      const text = `read ${length} bytes after the request, expected no more than ${MAX_EARLY_BYTES} bytes`;
      this.#refuse(new SecurityError(text));
      return;
    }
    this.#early.append(bytes);
  }
}

const LOG_TEXTS: Readonly<Record<string, string>> = {
  InvalidOrigin: 'invalid origin',
  InvalidMethod: 'invalid method',
  InvalidProtocol: 'invalid protocol',
  InvalidUpgrade: 'invalid upgrade',
  RequestLineTooLong: 'request line too long',
  HeaderLineTooLong: 'header fields too large',
  TooManyHeaders: 'header fields too large',
};
