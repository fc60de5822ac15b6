// What a protocol object is told, and which limits come of it. Knows nothing of what they are for.
import type { Host } from './host.ts';
import type { MessageLimits } from './incoming-message.ts';
import { type Logger, silentLogger } from './logger.ts';
import type { State } from './state.ts';
import type { RateLimit } from './token-bucket.ts';

/**
 * How large a message, and a single fragment of one, may be in bytes after decompression. A number limits messages only;
 * null means no limit.
 */
export type MaxSize = number | null | readonly [message: number | null, fragment: number | null];

/** Whether to compress a message: true, false, or `'auto'`: when it is large enough for that to pay. */
export type Compress = boolean | 'auto';

/** Options of every protocol object. */
export interface ProtocolOptions {
  /** What the machine does for us: random numbers and native UTF-8. */
  readonly host: Host;
  /** The state to begin in; OPEN skips the handshake when something else did it. */
  readonly state?: State | undefined;
  /** Limit for what is received. Default 1 MiB a message. */
  readonly maxSize?: MaxSize | undefined;
  /** Default: silent. */
  readonly logger?: Logger | undefined;
  /**
   * Whether text is checked as it arrives, also in messages and frames that are not complete; what is not UTF-8 fails the
   * connection with 1007. Default false: in the pull form the reader of a message checks it.
   */
  readonly validateUtf8?: boolean | undefined;
  /** Accept lengths that are not written in their shortest form (RFC 6455 §5.2 forbids them). Default false. */
  readonly lenientLengths?: boolean | undefined;
  /** How many pings and pongs are taken; more fail the connection with 1008. Default null: any number. */
  readonly controlFrameLimit?: RateLimit | null | undefined;
  /** How many empty fragments in a row are taken; more fail the connection with 1008. Default null: any number. */
  readonly maxEmptyFragments?: number | null | undefined;
  /** How many bytes a message must have to be compressed by itself, a fragmented one in its first fragment. Default 0. */
  readonly compressionThreshold?: number | undefined;
  /** How many characters of a frame a log line shows. Default 75. */
  readonly maxLogSize?: number | undefined;
}

const DEFAULT_MAX_MESSAGE_BYTES = 1_048_576;

/** The options with their defaults, as the machine uses them. */
export interface ProtocolSettings {
  readonly host: Host;
  readonly logger: Logger;
  readonly maxMessageSize: number | null;
  readonly maxFragmentSize: number | null;
  readonly messageLimits: MessageLimits;
  readonly validatesUtf8: boolean;
  readonly lenientLengths: boolean;
  readonly controlFrameLimit: RateLimit | null;
  readonly compressionThreshold: number;
  readonly maxLogSize: number;
}

/** Connections of one server have the same options, and keep one object of what they come to: 130 bytes less for each. */
const settingsOf: WeakMap<ProtocolOptions, ProtocolSettings> = new WeakMap();

/**
 * Fills in the defaults.
 * @throws {RangeError} a limit of `maxSize` is negative, or no number at all.
 * @throws {TypeError} a limit of `maxSize` is neither a number nor null.
 */
export function protocolSettings(options: ProtocolOptions): ProtocolSettings {
  const known = settingsOf.get(options);
  if (known !== undefined) return known;
  const [maxMessageSize, maxFragmentSize] = sizeLimits(options.maxSize);
  const settings: ProtocolSettings = {
    host: options.host,
    logger: options.logger ?? silentLogger,
    maxMessageSize,
    maxFragmentSize,
    messageLimits: {
      messageBytes: maxMessageSize ?? Number.POSITIVE_INFINITY,
      fragmentBytes: maxFragmentSize ?? Number.POSITIVE_INFINITY,
      emptyFragments: options.maxEmptyFragments ?? Number.POSITIVE_INFINITY,
    },
    validatesUtf8: options.validateUtf8 ?? false,
    lenientLengths: options.lenientLengths ?? false,
    controlFrameLimit: options.controlFrameLimit ?? null,
    compressionThreshold: options.compressionThreshold ?? 0,
    maxLogSize: options.maxLogSize ?? 75,
  };
  settingsOf.set(options, settings);
  return settings;
}

function sizeLimits(
  maxSize: MaxSize = DEFAULT_MAX_MESSAGE_BYTES,
): readonly [message: number | null, fragment: number | null] {
  const limits = typeof maxSize === 'object' && maxSize !== null ? maxSize : ([maxSize, null] as const);
  for (const limit of limits) checkSize(limit);
  return limits;
}

/** NaN would be no limit at all, and nobody would notice. */
function checkSize(size: number | null): void {
  if (size !== null && typeof size !== 'number') throw new TypeError('maxSize must be a number, a pair or null');
  if (size !== null && !(size >= 0)) throw new RangeError('maxSize must be positive or equal to zero');
}
