// Everything that the connection layer needs from the runtime under it, in one place. No code, only shapes.
import type { Hash } from '../core/digest.ts';
import type { DeflateEngine, DeflateLimits, Host } from '../core/host.ts';
import type { HttpLimits } from '../core/http-parser.ts';
import type { Logger } from '../core/logger.ts';
import type { BackoffSettings } from './client/backoff.ts';
import type { ConnectTurns } from './client/connect-turns.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { TimerWheel } from './timer-wheel.ts';
import type { FlushQueue } from './write-batch.ts';

/** Text to bytes and back, in native code. */
export interface TextCodec {
  /** Decodes UTF-8; what is not valid becomes U+FFFD. A byte order mark is kept. */
  readonly decode: (bytes: Uint8Array, start: number, end: number) => string;
  /**
   * Encodes to UTF-8; lone surrogates become U+FFFD. A result below 16 KiB is valid until the next call only: it may be a
   * view on a buffer that is used again.
   */
  readonly encode: (text: string) => Uint8Array;
}

/** What a runtime brings along. */
export interface Runtime {
  readonly host: Host;
  /** What compresses: an engine with limits of its own, or null for the one that all without such limits share. */
  readonly deflateEngine: (limits: DeflateLimits | null) => DeflateEngine;
  /** The hash functions of Digest authentication. */
  readonly hash: Hash;
  readonly text: TextCodec;
  /** Time, and the timers of all connections. */
  readonly clock: TimerWheel;
  /** Gathers what all connections write in a turn of the event loop. */
  readonly flushQueue: FlushQueue;
  /** Keeps the process running, which timers of the clock do not, until the function that it returns is called. */
  readonly holdProcess: () => () => void;
  /** Where log lines go when the user gives no logger: nothing below warnings. */
  readonly logger: Logger;
  /** Where whoever wants to watch all connections hears of them. Missing: nobody can. */
  readonly diagnostics?: Diagnostics | undefined;
  /** `{runtime}/{version} websockets/{version}`, for `User-Agent`; null: none. */
  readonly userAgent: string | null;
  /** The same for `Server`. */
  readonly serverHeader: string | null;
  /** The turns of clients that open one connection at a time. */
  readonly connectTurns: ConnectTurns;
  /** The numbers of the default delays between attempts to connect. */
  readonly backoff: BackoffSettings;
  /** Defaults of limits, which the environment may change. */
  readonly limits: { readonly http: HttpLimits; readonly maxLogSize: number; readonly maxRedirects: number };
}
