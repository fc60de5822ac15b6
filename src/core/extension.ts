// What an extension of the protocol looks like to us (RFC 6455 §9). Knows no particular extension.
import type { Frame } from './frame.ts';

/** A parameter of an extension as it stands in `Sec-WebSocket-Extensions`; null when it has no value. */
export type ExtensionParameter = readonly [name: string, value: string | null];

/** The name of an extension, a token. */
export type ExtensionName = string;

/** One extension in one direction's entry of `Sec-WebSocket-Extensions`. */
export type ExtensionHeader = readonly [name: ExtensionName, parameters: readonly ExtensionParameter[]];

/** What an extension is told of a frame that it encodes. */
export interface EncodeOptions {
  /** Whether a message should be compressed. Said with its first frame; that of the others has no meaning. Default true. */
  readonly compress?: boolean | undefined;
}

/** Hears of what an extension does that nobody else sees. */
export interface ExtensionWatcher {
  /** A limit was met that ends nothing, by the name of its option. */
  reportLimit(limit: 'maxCompressionContexts'): void;
}

/** An extension at work on one connection. Frames pass in list order when sent, in reverse order when received. */
export interface Extension {
  readonly name: ExtensionName;
  /** Called once, when the connection is open. */
  watch?(watcher: ExtensionWatcher): void;
  /**
   * Turns a received frame into what the next layer sees. Sees data and control frames, passes through what is not its
   * own, and clears the reserved bits that it owns.
   *
   * The payload of the frame is on loan until the call returns: what follows may stand in the same memory.
   *
   * @param limits `maxSize`: bytes that the decoded payload may have; null: no limit.
   * @throws {ProtocolError} the peer broke the extension's rules: the connection fails with 1002, or with 1007 when
   *   `DECOMPRESSION_FAILED`.
   * @throws {PayloadTooBig} the decoded payload passes `maxSize`: the connection fails with 1009.
   */
  decode(frame: Frame, limits: { readonly maxSize: number | null }): Frame;
  /**
   * As `decode` for a whole message, off the thread that calls where that takes long; null when it does not. The payload is
   * copied. Until it settles nothing else is decoded, but the extension may be closed.
   */
  decodeLater?(frame: Frame, limits: { readonly maxSize: number | null }): Promise<Frame> | null;
  /** Turns a frame to be sent into what goes on the wire. */
  encode(frame: Frame, options?: EncodeOptions): Frame;
  /**
   * As `encode`, for a whole message that goes to many connections. What it makes must not depend on what this connection
   * has sent before, and is kept in `forms` under a name that says all that it does depend on: it is looked for there
   * first. An extension without this method encodes the message for each connection.
   */
  encodeShared?(frame: Frame, options: EncodeOptions, forms: Map<string, Frame>): Frame;
  /**
   * As `encode` for a whole message, off the thread that calls where that takes long; null when it does not. Until it settles
   * no other frame of data is encoded, and `frame` must not change.
   */
  encodeLater?(frame: Frame, options: EncodeOptions): Promise<Frame> | null;
  /** Frees what the extension holds. Called once: when the connection has ended, or when the handshake that made it fails. */
  close?(): void;
}

/** Negotiates an extension for a client. */
export interface ClientExtensionFactory {
  readonly name: ExtensionName;
  /** The parameters to offer. */
  getRequestParams(): readonly ExtensionParameter[];
  /**
   * Makes the extension from the server's answer.
   * @throws {NegotiationError} the answer does not fit the offer.
   */
  processResponseParams(parameters: readonly ExtensionParameter[], accepted: readonly Extension[]): Extension;
}

/** Negotiates an extension for a server. */
export interface ServerExtensionFactory {
  readonly name: ExtensionName;
  /**
   * Makes the extension from one offer of the client, with the parameters of the answer.
   * @throws {NegotiationError} this offer is declined; the next one is tried.
   */
  processRequestParams(
    parameters: readonly ExtensionParameter[],
    accepted: readonly Extension[],
  ): readonly [readonly ExtensionParameter[], Extension];
}
