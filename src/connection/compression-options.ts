// The options of compression: their defaults, and what is wrong with them. Knows neither frames nor contexts.
import type { DeflateEngine } from '../core/host.ts';
import { amount, limit } from './check-options.ts';
import type { Runtime } from './runtime.ts';

/**
 * Options of compression. Windows, levels and who begins anew are settings of the factories in `websockets-ts/extensions`, which
 * have limits of their own on contexts: of these options, `compressionThreshold` holds for them too.
 */
export interface CompressionOptions {
  /** `'deflate'` negotiates permessage-deflate (RFC 7692); null doesn't. Default `'deflate'`. */
  readonly compression?: 'deflate' | null | undefined;
  /**
   * Bytes that a message must have for `compress: 'auto'` to compress it; one in fragments in its first fragment. Default 256:
   * there a message begins to halve.
   */
  readonly compressionThreshold?: number | undefined;
  /**
   * How many connections may keep a compressor of about 100 KiB, so that their messages can refer back to earlier ones. The
   * others share one, and their messages come out larger. Null: any number. Default 4 for the whole process; when given,
   * this server or client counts for itself.
   */
  readonly maxCompressionContexts?: number | null | undefined;
  /** Milliseconds after which a compressor that isn't used is freed, twice that at the latest. Null: never. Default 10,000. */
  readonly compressionIdleMs?: number | null | undefined;
}

/** Below, JSON shrinks by less than half, for the time that an uncompressed message takes (docs/compression.md). */
const COMPRESSION_THRESHOLD = 256;

/**
 * The engine that these options ask for; null: no compression.
 * @throws {RangeError} a value is of the right type and not allowed.
 * @throws {TypeError} a value is of the wrong type.
 */
export function deflateEngine(options: CompressionOptions, runtime: Runtime): DeflateEngine | null {
  const { compression = 'deflate', maxCompressionContexts: maxContexts, compressionIdleMs: idleMs } = options;
  if (maxContexts !== undefined) limit('maxCompressionContexts', maxContexts);
  if (idleMs !== undefined) limit('compressionIdleMs', idleMs, 'a number of milliseconds');
  if (compression === null) return null;
  if (compression !== 'deflate') throw new RangeError(`unsupported compression: ${String(compression)}`);
  const isShared = maxContexts === undefined && idleMs === undefined;
  return runtime.deflateEngine(isShared ? null : { maxContexts, idleMs });
}

/** The threshold in bytes. Throws as `deflateEngine`. */
export function compressionThreshold({
  compressionThreshold: bytes = COMPRESSION_THRESHOLD,
}: CompressionOptions): number {
  return amount('compressionThreshold', bytes);
}
