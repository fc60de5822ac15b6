// Options that `connect` and `serve` share. Knows neither.
import type { HttpLimits } from '../core/http-parser.ts';
import type { Logger } from '../core/logger.ts';
import type { MaxSize, ProtocolOptions } from '../core/protocol-options.ts';
import type { RateLimit } from '../core/token-bucket.ts';
import { amount, limit, mostOf } from './check-options.ts';
import { type CompressionOptions, compressionThreshold } from './compression-options.ts';
import type { CommonConnectionOptions } from './connection-settings.ts';
import type { Runtime } from './runtime.ts';

/** Options of both `connect` and `serve`. Null switches a limit or feature off. */
export interface CommonOptions extends CommonConnectionOptions, CompressionOptions {
  /** Milliseconds that opening may take, all in all. Default 10,000. */
  readonly openTimeoutMs?: number | null | undefined;
  /**
   * Bytes that the first line of the peer's half of the handshake may have, and each of its header lines, CRLF included: a line
   * without end is kept until it ends. Null: any number. Default 8,192, as most servers of HTTP; `WEBSOCKETS_MAX_LINE_LENGTH`.
   */
  readonly maxLineBytes?: number | null | undefined;
  /**
   * Bytes that all header lines together may have: a connection keeps them. The extensions of a chunked body may have as much.
   * Null: any number. Default 65,536.
   */
  readonly maxHeadBytes?: number | null | undefined;
  /**
   * How many header lines there may be: each costs more than its bytes. Null: any number. Default 128;
   * `WEBSOCKETS_MAX_NUM_HEADERS`.
   */
  readonly maxHeaders?: number | null | undefined;
  /** Bytes that a received message, and a fragment of one, may have. Default 1,048,576 a message. */
  readonly maxSize?: MaxSize | undefined;
  /** Accept lengths that are not in their shortest form. Default false. */
  readonly lenientLengths?: boolean | undefined;
  /** How many pings and pongs a peer may send; more fail the connection with 1008. Null: any number. Default 1,000 at once, then 200 a second. */
  readonly controlFrameLimit?: RateLimit | null | undefined;
  /** How many empty fragments a peer may send in a row; more fail the connection with 1008. Null: any number. Default 1,024. */
  readonly maxEmptyFragments?: number | null | undefined;
  /** Where log lines go. Default: warnings and errors to the console. */
  readonly logger?: Logger | undefined;
}

const CONTROL_FRAME_LIMIT: RateLimit = { burst: 1_000, perSecond: 200 };
const MAX_EMPTY_FRAGMENTS = 1_024;

/**
 * The options of the protocol object that follow from these.
 * @throws {RangeError} a value is of the right type and not allowed.
 * @throws {TypeError} a value is of the wrong type.
 */
export function protocolOptions(options: CommonOptions, runtime: Runtime): ProtocolOptions {
  const { maxSize, controlFrameLimit = CONTROL_FRAME_LIMIT, maxEmptyFragments = MAX_EMPTY_FRAGMENTS } = options;
  for (const size of Array.isArray(maxSize) ? maxSize : [maxSize ?? null]) limit('maxSize', size);
  if (controlFrameLimit !== null) {
    amount('controlFrameLimit.burst', controlFrameLimit.burst);
    amount('controlFrameLimit.perSecond', controlFrameLimit.perSecond);
  }
  limit('maxEmptyFragments', maxEmptyFragments);
  return {
    host: runtime.host,
    logger: options.logger ?? runtime.logger,
    validateUtf8: options.validateUtf8 ?? true,
    lenientLengths: options.lenientLengths ?? false,
    controlFrameLimit,
    maxEmptyFragments,
    compressionThreshold: compressionThreshold(options),
    maxLogSize: runtime.limits.maxLogSize,
    maxSize,
  };
}

/** The options of both sides that say how large the peer's half of the handshake may be. */
export type HandshakeSizeOptions = Pick<CommonOptions, 'maxLineBytes' | 'maxHeadBytes' | 'maxHeaders'>;

/**
 * The limits of the handshake's HTTP that follow from these.
 * @throws {RangeError} a limit is negative or NaN.
 * @throws {TypeError} a limit is neither a number nor null.
 */
export function httpLimits(
  options: HandshakeSizeOptions & { readonly maxBodyBytes?: number | null | undefined },
  { limits }: Runtime,
): HttpLimits {
  const of = (name: keyof HttpLimits): number => mostOf(name, options[name]) ?? limits.http[name];
  return {
    maxLineBytes: of('maxLineBytes'),
    maxHeadBytes: of('maxHeadBytes'),
    maxHeaders: of('maxHeaders'),
    maxBodyBytes: of('maxBodyBytes'),
  };
}

/** The limit on whole messages in bytes; null: none. */
export const maxMessageBytes = (maxSize: MaxSize | undefined): number | null =>
  maxSize === undefined ? 1_048_576 : typeof maxSize === 'object' && maxSize !== null ? maxSize[0] : maxSize;
