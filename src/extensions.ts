// The entry `websockets-ts/extensions`: permessage-deflate with Node's zlib, and what an extension of your own implements.

import type { ClientExtensionFactory, ServerExtensionFactory } from './core/extension.ts';
import * as deflate from './core/extensions/permessage-deflate.ts';
import * as negotiation from './core/extensions/permessage-deflate-negotiation.ts';
import type { DeflateEngine, DeflateLimits } from './core/host.ts';
import { NodeDeflateEngine, sharedDeflateEngine } from './node/deflate-engine.ts';
import { isInstance } from './same-class.ts';

export type {
  ClientExtensionFactory,
  Extension,
  ExtensionName,
  ExtensionParameter,
  ExtensionWatcher,
  ServerExtensionFactory,
} from './core/extension.ts';
export type { CompressSettings, DeflateEngine, DeflateLimits, Deflator, DeflatorOwner, Inflator } from './core/host.ts';

/** Who does the work. */
export interface EngineOptions {
  /** Default: Node's zlib. */
  readonly engine?: DeflateEngine | undefined;
  /** Limits of an engine of its own, when `engine` is not given. Default: those of the engine that the process shares. */
  readonly limits?: DeflateLimits | undefined;
}

/** Settings of {@link PerMessageDeflate}. */
export interface PerMessageDeflateOptions extends Omit<deflate.PerMessageDeflateOptions, 'engine'>, EngineOptions {}

/** Settings of {@link ClientPerMessageDeflateFactory}. */
export interface ClientPerMessageDeflateOptions
  extends Omit<negotiation.ClientPerMessageDeflateOptions, 'engine'>,
    EngineOptions {}

/** Settings of {@link ServerPerMessageDeflateFactory}. */
export interface ServerPerMessageDeflateOptions
  extends Omit<negotiation.ServerPerMessageDeflateOptions, 'engine'>,
    EngineOptions {}

/**
 * `permessage-deflate` at work on one connection (RFC 7692). The factories make it.
 *
 * Every data frame that passes `encode` is compressed. A message that should not be is sent without it: that leaves the
 * window as it is, in both directions.
 */
export class PerMessageDeflate extends deflate.PerMessageDeflate {
  /** @internal Also those that the package makes. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(value, this, { entry: PerMessageDeflate, core: deflate.PerMessageDeflate });
  }

  constructor(options: PerMessageDeflateOptions = {}) {
    super({ ...options, engine: engineOf(options) });
  }
}

/**
 * Negotiates permessage-deflate for a client, in other words than the default.
 *
 * @example
 * await connect(uri, { extensions: [new ClientPerMessageDeflateFactory({ serverMaxWindowBits: 11 })] });
 */
export class ClientPerMessageDeflateFactory extends negotiation.ClientPerMessageDeflateFactory {
  /** @throws {RangeError} a setting is not in its range, or `compressSettings` has a window. */
  constructor(options: ClientPerMessageDeflateOptions = {}) {
    super({ ...options, engine: engineOf(options) });
  }
}

/**
 * Negotiates permessage-deflate for a server, in other words than the default.
 *
 * @example
 * await serve(handler, { extensions: [new ServerPerMessageDeflateFactory({ serverMaxWindowBits: 11 })] });
 */
export class ServerPerMessageDeflateFactory extends negotiation.ServerPerMessageDeflateFactory {
  /**
   * @throws {RangeError} a setting is not in its range, `compressSettings` has a window, or
   *   `requireClientMaxWindowBits` is on without `clientMaxWindowBits`.
   */
  constructor(options: ServerPerMessageDeflateOptions = {}) {
    super({ ...options, engine: engineOf(options) });
  }
}

/** Adds permessage-deflate with a client's default settings, unless the list has it already. Returns a new list. */
export function enableClientPermessageDeflate(
  extensions: readonly ClientExtensionFactory[] | null = null,
  { engine = sharedDeflateEngine() }: { readonly engine?: DeflateEngine } = {},
): ClientExtensionFactory[] {
  return negotiation.enableClientPermessageDeflate(extensions, { engine });
}

/** Adds permessage-deflate with a server's default settings, unless the list has it already. Returns a new list. */
export function enableServerPermessageDeflate(
  extensions: readonly ServerExtensionFactory[] | null = null,
  { engine = sharedDeflateEngine() }: { readonly engine?: DeflateEngine } = {},
): ServerExtensionFactory[] {
  return negotiation.enableServerPermessageDeflate(extensions, { engine });
}

const engineOf = ({ engine, limits }: EngineOptions): DeflateEngine =>
  engine ?? (limits === undefined ? sharedDeflateEngine() : new NodeDeflateEngine(undefined, limits));
