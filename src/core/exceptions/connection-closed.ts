// The errors that say a connection is over, and which of them fits how it ended. Knows nothing of frames or sockets.
import { CloseCode, type CloseInfo, closeText } from '../close-code.ts';
import { brandClass, type CodeOf } from './names.ts';
import { WebSocketException } from './web-socket-exception.ts';

/**
 * The connection is closed: the base of {@link ConnectionClosedOK} and {@link ConnectionClosedError}, for catching both.
 * Only those two are thrown.
 *
 * `cause` is what ended the connection when it was not a closing handshake: a network error, a timeout, or what was wrong
 * with the bytes of the peer.
 */
export class ConnectionClosed extends WebSocketException {
  static {
    brandClass(this, 'ConnectionClosed');
  }

  declare readonly code: CodeOf<'ConnectionClosed'>;

  /** The close frame that came from the peer; null when none did. Code 1005 means a frame without a code. */
  readonly rcvd: CloseInfo | null;
  /** The close frame that we sent; null when we did not get to it. */
  readonly sent: CloseInfo | null;
  /** Who began: true when the peer did, false when we did. Null unless both frames exist. */
  readonly rcvdThenSent: boolean | null;

  /** @throws {TypeError} `rcvdThenSent` is null although both frames exist, or the other way round. */
  constructor(
    rcvd: CloseInfo | null,
    sent: CloseInfo | null,
    rcvdThenSent: boolean | null = null,
    options?: ErrorOptions,
  ) {
    if ((rcvdThenSent === null) !== (rcvd === null || sent === null)) {
      throw new TypeError('rcvdThenSent must be null exactly when a close frame is missing');
    }
    super(describeClosing(rcvd, sent, rcvdThenSent), options);
    this.rcvd = rcvd;
    this.sent = sent;
    this.rcvdThenSent = rcvdThenSent;
  }

  /**
   * The peer's close code; 1006 when it sent no close frame.
   * @deprecated Read `rcvd`, or `closeCode` of the connection.
   */
  get closeCode(): number {
    return this.rcvd?.code ?? CloseCode.ABNORMAL_CLOSURE;
  }

  /**
   * The peer's close reason; empty when it sent no close frame.
   * @deprecated Read `rcvd`, or `closeReason` of the connection.
   */
  get closeReason(): string {
    return this.rcvd?.reason ?? '';
  }
}

/** Both sides said goodbye, with 1000 (OK), 1001 (going away) or no code. Ends an iteration over messages silently. */
export class ConnectionClosedOK extends ConnectionClosed {
  static {
    brandClass(this, 'ConnectionClosedOK');
  }

  declare readonly code: CodeOf<'ConnectionClosedOK'>;
}

/** The connection ended in any other way: another close code on either side, or without a closing handshake. */
export class ConnectionClosedError extends ConnectionClosed {
  static {
    brandClass(this, 'ConnectionClosedError');
  }

  declare readonly code: CodeOf<'ConnectionClosedError'>;
}

/**
 * The error for a connection that ended with these close frames: {@link ConnectionClosedOK} when both exist and neither
 * reports a problem, else {@link ConnectionClosedError}.
 *
 * @throws {TypeError} `rcvdThenSent` is null although both frames exist, or the other way round.
 */
export function connectionClosed(
  rcvd: CloseInfo | null,
  sent: CloseInfo | null,
  rcvdThenSent: boolean | null = null,
  options?: ErrorOptions,
): ConnectionClosedOK | ConnectionClosedError {
  const Closed = isGoodbye(rcvd) && isGoodbye(sent) ? ConnectionClosedOK : ConnectionClosedError;
  return new Closed(rcvd, sent, rcvdThenSent, options);
}

const isGoodbye = (close: CloseInfo | null): boolean =>
  close?.code === CloseCode.NORMAL_CLOSURE ||
  close?.code === CloseCode.GOING_AWAY ||
  close?.code === CloseCode.NO_STATUS_RCVD;

function describeClosing(rcvd: CloseInfo | null, sent: CloseInfo | null, rcvdThenSent: boolean | null): string {
  if (rcvd === null && sent === null) return 'no close frame received or sent';
  if (rcvd === null) return `sent ${closeText(sent!)}; no close frame received`;
  if (sent === null) return `received ${closeText(rcvd)}; no close frame sent`;
  return rcvdThenSent
    ? `received ${closeText(rcvd)}; then sent ${closeText(sent)}`
    : `sent ${closeText(sent)}; then received ${closeText(rcvd)}`;
}
