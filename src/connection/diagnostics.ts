// What whoever watches all connections of a process is told, and on which channel. Knows no runtime's channels.
import {
  EndOfStreamError,
  type HandshakeLimit,
  PayloadTooBig,
  ProtocolError,
  SecurityError,
  type Violation,
} from '../core/exceptions.ts';
import { Opcode } from '../core/opcode.ts';
import type { Protocol } from '../core/protocol.ts';
import { State } from '../core/state.ts';

/** One of the runtime's channels: a named list of subscribers. Costs a look at `hasSubscribers` while there are none. */
export interface DiagnosticsChannel {
  readonly hasSubscribers: boolean;
  /** Tells all subscribers. What one of them throws does not come back here. */
  publish(message: unknown): void;
}

/** The channels, in Node under the names `websockets:handshake` and so on. Each has its own kind of message. */
export interface Diagnostics {
  /** {@link HandshakeDiagnostics} */
  readonly handshake: DiagnosticsChannel;
  /** {@link OpenDiagnostics} */
  readonly open: DiagnosticsChannel;
  /** {@link MessageDiagnostics} */
  readonly message: DiagnosticsChannel;
  /** {@link CloseDiagnostics} */
  readonly close: DiagnosticsChannel;
  /** {@link ErrorDiagnostics} */
  readonly error: DiagnosticsChannel;
  /** {@link LimitDiagnostics} */
  readonly limit: DiagnosticsChannel;
}

/** `websockets:handshake`: an opening handshake is over. The connection has `request`, `response` and addresses. */
export interface HandshakeDiagnostics {
  readonly connection: unknown;
  /** Whether the connection is OPEN now. */
  readonly isOpen: boolean;
  /** Why it isn't, when the protocol knows: a response of the user's says so itself. */
  readonly error: Error | null;
}

/** `websockets:open`: a connection is OPEN. */
export interface OpenDiagnostics {
  readonly connection: unknown;
}

/** `websockets:message`: a message, or a fragment of one, was sent or has arrived. Its content is not told. */
export interface MessageDiagnostics {
  readonly connection: unknown;
  readonly direction: 'sent' | 'received';
  /** Whether it is text; null for fragments behind the first. */
  readonly isText: boolean | null;
  /** Whether the message is complete with it. */
  readonly fin: boolean;
  /** Bytes before compression. */
  readonly byteLength: number;
}

/** `websockets:close`: a connection that was open is gone, TCP included. */
export interface CloseDiagnostics {
  readonly connection: unknown;
  /** The peer's: 1005 for a close frame without one, 1006 when no close frame came. */
  readonly code: number;
  readonly reason: string;
  /** As whoever still uses the connection gets it: ConnectionClosedOK or ConnectionClosedError. */
  readonly error: Error;
}

/** `websockets:error`: something failed: the network, the peer, the handler or a hook at a connection; a server that could not accept one. */
export interface ErrorDiagnostics {
  /** Null when it was about none. */
  readonly connection: unknown;
  /** What failed, as the log has it. */
  readonly message: string;
  readonly error: unknown;
}

/** A limit of ours, by the name of its option. `maxFinalBlocks` has none: see SECURITY.md. */
export type LimitName =
  | HandshakeLimit
  | 'openTimeoutMs'
  | 'maxPending'
  | 'maxRetryAfterMs'
  | 'maxSize'
  | 'controlFrameLimit'
  | 'maxEmptyFragments'
  | 'maxFinalBlocks'
  | 'maxCompressionContexts'
  | 'maxQueueBytes'
  | 'maxBuffered'
  | 'slowTimeoutMs'
  | 'pingTimeoutMs'
  | 'closeTimeoutMs'
  | 'idleTimeoutMs'
  | 'maxLifetimeMs';

/** `websockets:limit`: a limit ended or refused something, or cut it short. One that only makes somebody wait is not told. */
export interface LimitDiagnostics {
  /** Null when there is none yet. */
  readonly connection: unknown;
  readonly limit: LimitName;
}

/** As much of a runtime as this needs. */
type Watched = { readonly diagnostics?: Diagnostics | undefined };

/** Says that an opening handshake is over. */
export function reportHandshake(
  { diagnostics }: Watched,
  connection: unknown,
  { state, handshakeExc }: Pick<Protocol, 'state' | 'handshakeExc'>,
): void {
  if (!diagnostics?.handshake.hasSubscribers) return;
  const isOpen = state === State.OPEN;
  diagnostics.handshake.publish({ connection, isOpen, error: handshakeExc } satisfies HandshakeDiagnostics);
}

/** Says that a connection is OPEN. */
export function reportOpen({ diagnostics }: Watched, connection: unknown): void {
  if (!diagnostics?.open.hasSubscribers) return;
  diagnostics.open.publish({ connection } satisfies OpenDiagnostics);
}

/** Says that a frame of data was sent or has arrived. */
export function reportMessage(
  { diagnostics }: Watched,
  connection: unknown,
  direction: 'sent' | 'received',
  opcode: Opcode,
  fin: boolean,
  byteLength: number,
): void {
  if (!diagnostics?.message.hasSubscribers) return;
  const isText = opcode === Opcode.CONT ? null : opcode === Opcode.TEXT;
  diagnostics.message.publish({ connection, direction, isText, fin, byteLength } satisfies MessageDiagnostics);
}

/** Says that a connection is gone; the protocol is CLOSED. */
export function reportClose({ diagnostics }: Watched, connection: unknown, protocol: Protocol, cause: unknown): void {
  if (!diagnostics?.close.hasSubscribers) return;
  const { closeCode, closeReason } = protocol;
  const error = protocol.closedBecause(cause);
  diagnostics.close.publish({
    connection,
    code: closeCode ?? 1006,
    reason: closeReason ?? '',
    error,
  } satisfies CloseDiagnostics);
}

/** Says that a limit was met. The only place that does. */
export function reportLimit({ diagnostics }: Watched, connection: unknown, limit: LimitName): void {
  if (!diagnostics?.limit.hasSubscribers) return;
  diagnostics.limit.publish({ connection, limit } satisfies LimitDiagnostics);
}

/** Says that something failed. */
export function reportError({ diagnostics }: Watched, connection: unknown, message: string, error: unknown): void {
  if (!diagnostics?.error.hasSubscribers) return;
  diagnostics.error.publish({ connection, message, error } satisfies ErrorDiagnostics);
}

/** Says that the peer's bytes ended a connection, and whether it was a limit of ours that they met. */
export function reportViolation(runtime: Watched, connection: unknown, error: unknown): void {
  if (error instanceof EndOfStreamError) return; // That is what `close` tells.
  reportError(runtime, connection, 'the peer broke the protocol', error);
  reportLimitBehind(runtime, connection, error);
}

/** Says which limit was met, if this error, or what caused it, means that one was. */
export function reportLimitBehind(runtime: Watched, connection: unknown, error: unknown): void {
  if (!runtime.diagnostics?.limit.hasSubscribers) return;
  let limit: LimitName | null = null;
  const seen = new Set<unknown>();
  for (let next = error; next instanceof Error && limit === null && !seen.has(next); next = next.cause) {
    seen.add(next);
    limit = limitOf(next);
  }
  if (limit !== null) reportLimit(runtime, connection, limit);
}

/** The violations that are no breach of the protocol, but of a limit of ours. */
const LIMITS: { readonly [code in Violation]?: LimitName } = {
  TOO_MANY_CONTROL_FRAMES: 'controlFrameLimit',
  TOO_MANY_EMPTY_FRAGMENTS: 'maxEmptyFragments',
  TOO_MANY_FINAL_BLOCKS: 'maxFinalBlocks',
};

function limitOf(error: Error): LimitName | null {
  if (PayloadTooBig.is(error)) return 'maxSize';
  if (SecurityError.is(error)) return error.limit ?? null; // An error of another copy of the package may not know.
  if (!ProtocolError.is(error) || error.code === 'PROTOCOL_ERROR') return null;
  return LIMITS[error.code] ?? null;
}
