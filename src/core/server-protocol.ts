// The server's half of the opening handshake on top of the machine. The rules stand in server-handshake.ts.
import { GrowingBytes } from '../bytes/growing-bytes.ts';
import { type Agreement, NO_EXTENSIONS, type Subprotocol } from './agreement.ts';
import { InvalidHandshake, InvalidMessage, SecurityError } from './exceptions/handshake-errors.ts';
import { EndOfStreamError } from './exceptions/protocol-errors.ts';
import type { ServerExtensionFactory } from './extension.ts';
import { rejection, rejectionFor, switchingProtocols } from './handshake-answers.ts';
import type { HostRule } from './host-header.ts';
import { type Request, type Response, responseHead } from './http-message.ts';
import { type HttpLimits, RequestParser } from './http-parser.ts';
import type { OriginRules } from './origin.ts';
import { Protocol } from './protocol.ts';
import type { ProtocolOptions } from './protocol-options.ts';
import {
  type AcceptedRequest,
  checkRequest,
  checkWithoutNegotiating,
  preferredSubprotocol,
} from './server-handshake.ts';
import { Side, State } from './state.ts';

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
  /**
   * Bytes that may follow the request before it is answered: they are parsed after the 101, and dropped after anything else.
   * More fail the handshake with 400. Default 65,536.
   */
  readonly maxEarlyBytes?: number | undefined;
}

/** The default of `maxEarlyBytes`. */
export const MAX_EARLY_BYTES = 65_536;

const NO_BYTES = new Uint8Array(0);
const NO_AGREEMENT: Agreement = { extensions: NO_EXTENSIONS, subprotocol: null };

/** The server's end of a connection without its I/O: see `Protocol`. Begins with the opening handshake (RFC 6455 §4.2). */
export class ServerProtocol extends Protocol {
  readonly #options: ServerProtocolOptions;
  #parser: RequestParser | null;
  #agreement: Agreement = NO_AGREEMENT;
  /** What came after the request and before its answer; null: nothing did. */
  #early: GrowingBytes | null = null;

  constructor(options: ServerProtocolOptions) {
    super(Side.SERVER, options, State.CONNECTING);
    this.#options = options;
    this.#parser = this.state === State.CONNECTING ? new RequestParser(options.httpLimits, options.host.latin1) : null;
  }

  /**
   * Answers a request (RFC 6455 §4.2.2): 101 with what was negotiated, or a rejection, with `handshakeExc` saying why.
   * Never throws. The answer is sent by `sendResponse`.
   */
  accept(request: Request): Response {
    this.#dropAgreement();
    try {
      const accepted = this.processRequest(request);
      this.origin = accepted.origin;
      this.#agreement = accepted;
      const { acceptValue, extensionHeader, subprotocol } = accepted;
      return switchingProtocols({ acceptValue, extensionHeader, subprotocol, now: this.host.now() });
    } catch (error) {
      return this.#rejectionFor(error);
    }
  }

  /**
   * Looks at a request as `accept` does, without negotiating: null when it is good so far, else the rejection, with
   * `handshakeExc` saying why. For whoever has something to ask first that a bad request is not worth. Never throws.
   */
  check(request: Request): Response | null {
    try {
      checkWithoutNegotiating(request, this.#options);
      return null;
    } catch (error) {
      return this.#rejectionFor(error);
    }
  }

  /**
   * Checks a request and negotiates, as `accept` does before it answers (RFC 6455 §4.2.1). The extensions of the result
   * belong to the caller, who closes them when they are not used.
   * @throws {InvalidHandshake} one of its kinds: the request is not acceptable.
   * @throws {TypeError} `selectSubprotocol` or an extension returned what cannot stand in a header.
   */
  processRequest(request: Request): AcceptedRequest {
    return checkRequest(request, this.#options, (offered) => this.selectSubprotocol(offered));
  }

  /**
   * Chooses a subprotocol among those that a client offers: as the option `selectSubprotocol` says, or else the first of
   * the option `subprotocols` that is offered. Null: none.
   * @throws {NegotiationError} the client offers nothing of the list.
   */
  selectSubprotocol(offered: readonly Subprotocol[]): Subprotocol | null {
    const { selectSubprotocol, subprotocols } = this.#options;
    if (selectSubprotocol === undefined) return preferredSubprotocol(offered, subprotocols ?? []);
    return selectSubprotocol(this, offered) ?? null;
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
    this.mustBeConnecting();
    this.logHead('>', response);
    this.writeHead(responseHead(response), response.body);
    const status = `${response.statusCode} ${response.reasonPhrase}`;
    if (response.statusCode === 101) {
      this.log('info', 'connection open');
      const agreement = this.#agreement;
      this.#agreement = NO_AGREEMENT;
      const early = this.#early;
      this.#early = null;
      this.handshakeDone(agreement, early?.take() ?? NO_BYTES);
      this.processFrames();
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
    this.logHead('<', request);
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

  #rejectionFor(error: unknown): Response {
    this.handshakeExc = error instanceof Error ? error : new Error('opening handshake failed', { cause: error });
    if (InvalidHandshake.is(error)) this.log('debug', `! ${LOG_TEXTS[error.name] ?? 'invalid handshake'}`, error);
    else this.log('error', 'opening handshake failed', error);
    return rejectionFor(this.handshakeExc, this.host.now());
  }

  /** There will be no connection: neither the frames that came for it nor the extensions are needed. */
  #giveUp(error: Error | null): void {
    this.#early = null;
    this.#dropAgreement();
    this.handshakeFailed(error);
  }

  protected override closeExtensions(): void {
    super.closeExtensions();
    this.#dropAgreement();
  }

  /** What was agreed on and never came into effect is not needed any more. */
  #dropAgreement(): void {
    const { extensions } = this.#agreement;
    this.#agreement = NO_AGREEMENT;
    for (const extension of extensions) extension.close?.();
  }

  /** A request that cannot be parsed has no event: it is answered here. */
  #refuse(error: unknown): void {
    this.#parser = null;
    const known = SecurityError.is(error);
    this.handshakeExc = known ? error : new InvalidMessage('did not receive a valid HTTP request', { cause: error });
    this.log('debug', `! ${LOG_TEXTS[this.handshakeExc.name] ?? 'no valid HTTP request'}`, this.handshakeExc);
    this.sendResponse(rejectionFor(this.handshakeExc, this.host.now()));
  }

  #keepEarly(bytes: Uint8Array): void {
    this.#early ??= new GrowingBytes();
    const length = this.#early.length + bytes.length;
    const { maxEarlyBytes = MAX_EARLY_BYTES } = this.#options;
    if (length > maxEarlyBytes) {
      const text = `read ${length} bytes after the request, expected no more than ${maxEarlyBytes} bytes`;
      this.#refuse(new SecurityError(text, { limit: 'maxEarlyBytes' }));
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
