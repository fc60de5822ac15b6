// Entry: the sans-I/O protocol, with the random numbers and the clock of the runtime at hand.
import { type ClientProtocolOptions, ClientProtocol as CoreClientProtocol } from './core/client-protocol.ts';
import { generateKey as generateKeyWith } from './core/handshake-key.ts';
import { Protocol as CoreProtocol } from './core/protocol.ts';
import type { ProtocolOptions } from './core/protocol-options.ts';
import type { ProtocolEvent } from './core/recorder.ts';
import { ServerProtocol as CoreServerProtocol, type ServerProtocolOptions } from './core/server-protocol.ts';
import type { Side } from './core/state.ts';
import type { WebSocketURI } from './core/uri.ts';
import { nodeRuntime } from './node/runtime.ts';
import { isInstance } from './same-class.ts';

const { host } = nodeRuntime;
/** With the host of the runtime at hand unless the options bring one. */
type WithoutHost<Options extends ProtocolOptions> = Omit<Options, 'host'> & Partial<Pick<Options, 'host'>>;

/**
 * A WebSocket connection without its I/O: bytes in, events and bytes out. One object per connection. This one has no opening
 * handshake: it is OPEN from the start, unless the options say otherwise.
 *
 * **Pull form.** Give it `receiveData` and `receiveEof`; after each, write `dataToSend()`, then process
 * `eventsReceived()`, then look at `closeExpected()`.
 *
 * **Push form.** `pipe` it to a sink and an output of your own; frames and bytes then go there as they come up, and
 * nothing is recorded. This is what a `Connection` does. Both forms are the same machine.
 */
export class Protocol extends CoreProtocol {
  /** @internal Also those that the package makes. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(value, this, { entry: Protocol, core: CoreProtocol });
  }

  constructor(side: Side, options: WithoutHost<ProtocolOptions> = {}) {
    super(side, { host, ...options });
  }
}

/** The client's end of a connection without its I/O. Begins with the opening handshake (RFC 6455 §4.1). */
export class ClientProtocol extends CoreClientProtocol {
  /** @internal Also those that the package makes. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(value, this, { entry: ClientProtocol, core: CoreClientProtocol });
  }

  /** @throws {InvalidURI} `uri` is a string that isn't a WebSocket URI. */
  constructor(uri: WebSocketURI | string, options: WithoutHost<ClientProtocolOptions> = {}) {
    super(uri, { host, ...options });
  }
}

/** The server's end of a connection without its I/O. Begins with the opening handshake (RFC 6455 §4.2). */
export class ServerProtocol extends CoreServerProtocol {
  /** @internal Also those that the package makes. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(value, this, { entry: ServerProtocol, core: CoreServerProtocol });
  }

  constructor(options: WithoutHost<ServerProtocolOptions> = {}) {
    super({ host, ...options });
  }
}

/** A fresh `Sec-WebSocket-Key`: 16 random bytes in base64 (RFC 6455 §4.1). */
export function generateKey(): string {
  return generateKeyWith(host);
}

/** The name that this has in other languages: see {@link ProtocolEvent}. */
export type Event = ProtocolEvent;

export { maskedCopy as applyMask } from './bytes/mask.ts';
export type { Agreement, Subprotocol } from './core/agreement.ts';
export type { ClientProtocolOptions } from './core/client-protocol.ts';
export { Close } from './core/close.ts';
export { CloseCode, type CloseInfo } from './core/close-code.ts';
export type { Extension, ExtensionName, ExtensionParameter } from './core/extension.ts';
export { Frame, type FrameInit } from './core/frame.ts';
export { acceptKey } from './core/handshake-key.ts';
export { Headers, type HeadersLike, MultipleValuesError } from './core/headers.ts';
export type { Host } from './core/host.ts';
export type { HostRule } from './core/host-header.ts';
export { Request, Response } from './core/http-message.ts';
export { HTTP_LIMITS, type HttpLimits } from './core/http-parser.ts';
export type { LogContext, Logger, LogLevel } from './core/logger.ts';
export { Opcode } from './core/opcode.ts';
export type { Origin, OriginRule, OriginRules } from './core/origin.ts';
export type { MaxSize, ProtocolOptions } from './core/protocol-options.ts';
export type { ProtocolOutput, ProtocolSink } from './core/protocol-pipe.ts';
export { type ProtocolEvent, SEND_EOF } from './core/recorder.ts';
export type { AcceptedRequest } from './core/server-handshake.ts';
export type { ServerProtocolOptions } from './core/server-protocol.ts';
export { Side, State } from './core/state.ts';
export type { RateLimit } from './core/token-bucket.ts';
export { parseUri, WebSocketURI } from './core/uri.ts';
