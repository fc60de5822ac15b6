// The client's half of the opening handshake on top of the machine. The rules stand in client-handshake.ts.
import type { Agreement } from './agreement.ts';
import { buildHandshakeRequest, checkHandshakeResponse } from './client-handshake.ts';
import { InvalidMessage, SecurityError, StatusLineTooLong } from './exceptions/handshake-errors.ts';
import { InvalidStatus } from './exceptions/status-errors.ts';
import type { ClientExtensionFactory } from './extension.ts';
import { generateKey } from './handshake-key.ts';
import type { HeadersLike } from './headers.ts';
import { type Request, type Response, requestHead } from './http-message.ts';
import { type HttpLimits, ResponseParser } from './http-parser.ts';
import { Protocol } from './protocol.ts';
import type { ProtocolOptions } from './protocol-options.ts';
import { Side, State } from './state.ts';
import { parseUri, type WebSocketURI } from './uri.ts';

/** Options of a client's protocol object. */
export interface ClientProtocolOptions extends ProtocolOptions {
  /** Value of `Authorization`; null: none is sent. Default: Basic, when the URI has user name and password. */
  readonly authorization?: string | null | undefined;
  /** Value of `Origin`. Default: none is sent. */
  readonly origin?: string | null | undefined;
  /** Extensions to offer, in order of preference. Default: none. */
  readonly extensions?: readonly ClientExtensionFactory[] | null | undefined;
  /** Subprotocols to offer, in order of preference. Default: none. */
  readonly subprotocols?: readonly string[] | null | undefined;
  /** Headers after ours in the request; a name that is there already is repeated. Default: none. */
  readonly additionalHeaders?: HeadersLike | null | undefined;
  /** `User-Agent`, unless the additional headers have one. Default: none is sent. */
  readonly userAgent?: string | null | undefined;
  /** Limits for the response. Default: 8,192 bytes a line, 128 headers, 64 KiB of them, a body of 1 MiB. */
  readonly httpLimits?: Partial<HttpLimits> | undefined;
  /**
   * Whether the body of a refusal is cut at its limit, which the `cause` of InvalidStatus then says; if not, one that is larger
   * is an error. Default false.
   */
  readonly cutBody?: boolean | undefined;
  /** How many interim responses (1xx) may come before the answer; more fail the handshake. Default 16. */
  readonly maxInterimResponses?: number | undefined;
}

const MAX_INTERIM_RESPONSES = 16;

/** The client's end of a connection without its I/O: see `Protocol`. Begins with the opening handshake (RFC 6455 §4.1). */
export class ClientProtocol extends Protocol {
  readonly uri: WebSocketURI;
  /** `Sec-WebSocket-Key`: new for each object. */
  readonly key: string;
  readonly #options: ClientProtocolOptions;
  #parser: ResponseParser | null;
  #interimResponses = 0;

  /** @throws {InvalidURI} `uri` is a string that isn't a WebSocket URI. */
  constructor(uri: WebSocketURI | string, options: ClientProtocolOptions) {
    super(Side.CLIENT, options, State.CONNECTING);
    this.uri = typeof uri === 'string' ? parseUri(uri) : uri;
    this.key = generateKey(options.host);
    this.#options = options;
    this.#parser = this.state === State.CONNECTING ? this.#createParser() : null;
  }

  /**
   * The request that asks for a WebSocket. Headers may be added before it goes to `sendRequest`.
   * @throws {TypeError} something in the options can't stand in a request.
   */
  connect(): Request {
    return buildHandshakeRequest({ ...this.#options, uri: this.uri, key: this.key });
  }

  /**
   * Sends the request.
   * @throws {InvalidState} the handshake is over.
   */
  sendRequest(request: Request): void {
    this.mustBeConnecting();
    this.logHead('>', request);
    this.writeHead(requestHead(request));
  }

  /**
   * Checks the server's answer (RFC 6455 §4.1) and returns what was negotiated.
   * @throws {InvalidHandshake} one of its kinds: the answer isn't acceptable.
   */
  processResponse(response: Response): Agreement {
    return checkHandshakeResponse(response, { ...this.#options, key: this.key });
  }

  protected override receiveHandshake(bytes: Uint8Array): void {
    this.#advance((parser) => parser.push(bytes));
  }

  protected override endHandshake(): void {
    this.#advance((parser) => parser.end());
  }

  /** Takes what came, or the end of the stream. While CONNECTING there is a parser, until the handshake has failed. */
  #advance(parse: (parser: ResponseParser) => Response | null): void {
    let response: Response | null;
    try {
      response = parse(this.#parser!);
      while (response !== null && isInterim(response)) response = this.#passOver(response);
    } catch (cause) {
      this.#parser = null;
      const error =
        cause instanceof StatusLineTooLong
          ? cause
          : new InvalidMessage('did not receive a valid HTTP response', { cause });
      this.handshakeFailed(error);
      return;
    }
    if (response === null) return;
    this.logHead('<', response);
    const { rest, cutBecause } = this.#parser!;
    this.#parser = null;
    let agreement: Agreement;
    try {
      agreement = this.processResponse(response);
    } catch (cause) {
      const isCut = cutBecause !== null && InvalidStatus.is(cause);
      const error = isCut ? new InvalidStatus(response, { cause: cutBecause }) : cause;
      this.handshakeFailed(error instanceof Error ? error : new Error('opening handshake failed', { cause: error }));
      this.handOver(response);
      return;
    }
    this.handshakeDone(agreement, rest);
    this.handOver(response);
    this.processFrames();
  }

  /** RFC 9110 §15.2: whoever asks must be able to take interim responses, and may ignore them. Returns what follows. */
  #passOver(response: Response): Response | null {
    this.logHead('<', response);
    const { maxInterimResponses = MAX_INTERIM_RESPONSES } = this.#options;
    this.#interimResponses += 1;
    if (this.#interimResponses > maxInterimResponses) {
      const text = `expected no more than ${maxInterimResponses} interim responses`;
      throw new SecurityError(text, { limit: 'maxInterimResponses' });
    }
    const { rest } = this.#parser!;
    this.#parser = this.#createParser();
    return rest.length > 0 ? this.#parser.push(rest) : null;
  }

  #createParser(): ResponseParser {
    const { httpLimits, cutBody, host } = this.#options;
    return new ResponseParser({ limits: httpLimits, cutBody, latin1: host.latin1 });
  }
}

/** 101 is an answer like any other. */
const isInterim = ({ statusCode }: Response): boolean => statusCode < 200 && statusCode !== 101;
