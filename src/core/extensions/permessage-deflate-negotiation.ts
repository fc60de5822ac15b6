// How both ends agree on permessage-deflate (RFC 7692 §5 and §7.1). Knows nothing of frames.
import {
  DuplicateParameter,
  InvalidParameterName,
  InvalidParameterValue,
  NegotiationError,
} from '../exceptions/handshake-errors.ts';
import type { ClientExtensionFactory, Extension, ExtensionParameter, ServerExtensionFactory } from '../extension.ts';
import type { CompressSettings, DeflateEngine } from '../host.ts';
import { PERMESSAGE_DEFLATE, PerMessageDeflate } from './permessage-deflate.ts';

/** What client and server can be told alike. */
interface FactoryOptions {
  /** Ask or answer that the server starts each message with an empty window: less memory there, larger output. Default false. */
  readonly serverNoContextTakeover?: boolean | undefined;
  /** Ask or answer that the client starts each message with an empty window: less memory there, larger output. Default false. */
  readonly clientNoContextTakeover?: boolean | undefined;
  /**
   * The largest window that the server may use, in bits, 8 to 15; null: do not speak of it. Default null. A server that is
   * set to 8 never compresses: zlib cannot keep to so small a window.
   */
  readonly serverMaxWindowBits?: number | null | undefined;
  /** How hard our compressor works: level, memLevel and strategy of zlib, never its window. Default: zlib's own settings. */
  readonly compressSettings?: CompressSettings | undefined;
  /** Does the work. */
  readonly engine: DeflateEngine;
}

/** Settings of {@link ClientPerMessageDeflateFactory}. */
export interface ClientPerMessageDeflateOptions extends FactoryOptions {
  /**
   * The largest window that we will use, in bits, 8 to 15; true: tell the server that it may choose; null: do not speak of
   * it. Default true. With 8 no answer of a server is good: zlib cannot keep to so small a window.
   */
  readonly clientMaxWindowBits?: number | true | null | undefined;
}

/** Settings of {@link ServerPerMessageDeflateFactory}. */
export interface ServerPerMessageDeflateOptions extends FactoryOptions {
  /** The largest window that clients may use, in bits, 8 to 15; only those that offer it can be told. Null: any. Default null. */
  readonly clientMaxWindowBits?: number | null | undefined;
  /** Decline clients that cannot be told their window. Needs `clientMaxWindowBits`. Default false. */
  readonly requireClientMaxWindowBits?: boolean | undefined;
}

/** Negotiates permessage-deflate for a client. */
export class ClientPerMessageDeflateFactory implements ClientExtensionFactory {
  readonly name: typeof PERMESSAGE_DEFLATE = PERMESSAGE_DEFLATE;
  readonly #offer: DeflateParameters;
  readonly #compressSettings: CompressSettings;
  readonly #engine: DeflateEngine;

  /** @throws {RangeError} a setting is not in its range, or `compressSettings` has a window. */
  constructor({
    serverNoContextTakeover = false,
    clientNoContextTakeover = false,
    serverMaxWindowBits = null,
    clientMaxWindowBits = true,
    compressSettings = {},
    engine,
  }: ClientPerMessageDeflateOptions) {
    checkWindowBits('serverMaxWindowBits', serverMaxWindowBits);
    if (clientMaxWindowBits !== true) checkWindowBits('clientMaxWindowBits', clientMaxWindowBits);
    checkCompressSettings(compressSettings, 'clientMaxWindowBits');
    this.#offer = { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits };
    this.#compressSettings = compressSettings;
    this.#engine = engine;
  }

  getRequestParams(): ExtensionParameter[] {
    return buildParameters(this.#offer);
  }

  /**
   * Makes the extension from the server's answer.
   * @throws {NegotiationError} the answer does not fit the offer, or would have us compress with a window of 8 bits.
   */
  processResponseParams(parameters: readonly ExtensionParameter[], accepted: readonly Extension[]): PerMessageDeflate {
    if (accepted.some(isPerMessageDeflate)) throw new NegotiationError(`received duplicate ${PERMESSAGE_DEFLATE}`);
    const offer = this.#offer;
    const answer = readParameters(parameters, { sentBy: 'server' });

    if (offer.serverNoContextTakeover && !answer.serverNoContextTakeover) {
      throw new NegotiationError('expected server_no_context_takeover');
    }
    return new PerMessageDeflate({
      remoteNoContextTakeover: answer.serverNoContextTakeover,
      localNoContextTakeover: offer.clientNoContextTakeover || answer.clientNoContextTakeover,
      remoteMaxWindowBits: this.#acceptServerMaxWindowBits(answer.serverMaxWindowBits),
      localMaxWindowBits: refuseTinyWindow(this.#acceptClientMaxWindowBits(answer.clientMaxWindowBits)),
      compressSettings: this.#compressSettings,
      engine: this.#engine,
    });
  }

  #acceptServerMaxWindowBits(answered: number | null): number {
    const asked = this.#offer.serverMaxWindowBits;
    if (asked === null) return answered ?? MAX_WINDOW_BITS;
    if (answered === null) throw new NegotiationError('expected server_max_window_bits');
    if (answered > asked) throw new NegotiationError('unsupported server_max_window_bits');
    return answered;
  }

  #acceptClientMaxWindowBits(answered: number | null): number {
    const offered = this.#offer.clientMaxWindowBits;
    if (offered === null && answered !== null) throw new NegotiationError('unexpected client_max_window_bits');
    const ceiling = typeof offered === 'number' ? offered : MAX_WINDOW_BITS;
    if (answered === null) return ceiling;
    if (answered > ceiling) throw new NegotiationError('unsupported client_max_window_bits');
    return answered;
  }
}

/** Negotiates permessage-deflate for a server. */
export class ServerPerMessageDeflateFactory implements ServerExtensionFactory {
  readonly name: typeof PERMESSAGE_DEFLATE = PERMESSAGE_DEFLATE;
  readonly #serverNoContextTakeover: boolean;
  readonly #clientNoContextTakeover: boolean;
  readonly #serverMaxWindowBits: number | null;
  readonly #clientMaxWindowBits: number | null;
  readonly #requireClientMaxWindowBits: boolean;
  readonly #compressSettings: CompressSettings;
  readonly #engine: DeflateEngine;

  /**
   * @throws {RangeError} a setting is not in its range, `compressSettings` has a window, or
   *   `requireClientMaxWindowBits` is on without `clientMaxWindowBits`.
   */
  constructor({
    serverNoContextTakeover = false,
    clientNoContextTakeover = false,
    serverMaxWindowBits = null,
    clientMaxWindowBits = null,
    compressSettings = {},
    requireClientMaxWindowBits = false,
    engine,
  }: ServerPerMessageDeflateOptions) {
    checkWindowBits('serverMaxWindowBits', serverMaxWindowBits);
    checkWindowBits('clientMaxWindowBits', clientMaxWindowBits);
    checkCompressSettings(compressSettings, 'serverMaxWindowBits');
    if (requireClientMaxWindowBits && clientMaxWindowBits === null) {
      throw new RangeError("requireClientMaxWindowBits is enabled, but clientMaxWindowBits isn't configured");
    }
    this.#serverNoContextTakeover = serverNoContextTakeover;
    this.#clientNoContextTakeover = clientNoContextTakeover;
    this.#serverMaxWindowBits = serverMaxWindowBits;
    this.#clientMaxWindowBits = clientMaxWindowBits;
    this.#requireClientMaxWindowBits = requireClientMaxWindowBits;
    this.#compressSettings = compressSettings;
    this.#engine = engine;
  }

  /**
   * Makes the extension from one offer of the client, with the parameters of the answer.
   * @throws {NegotiationError} this offer is declined: it is malformed, comes after one that was accepted, asks for what
   *   we are not set to do, or would have us compress with a window of 8 bits.
   */
  processRequestParams(
    parameters: readonly ExtensionParameter[],
    accepted: readonly Extension[],
  ): [ExtensionParameter[], PerMessageDeflate] {
    if (accepted.some(isPerMessageDeflate)) throw new NegotiationError(`skipped duplicate ${PERMESSAGE_DEFLATE}`);
    const offer = readParameters(parameters, { sentBy: 'client' });
    const answer = {
      serverNoContextTakeover: this.#serverNoContextTakeover || offer.serverNoContextTakeover,
      clientNoContextTakeover: this.#clientNoContextTakeover || offer.clientNoContextTakeover,
      serverMaxWindowBits: smaller(this.#serverMaxWindowBits, offer.serverMaxWindowBits),
      clientMaxWindowBits: this.#answerClientMaxWindowBits(offer.clientMaxWindowBits),
    };
    const extension = new PerMessageDeflate({
      remoteNoContextTakeover: answer.clientNoContextTakeover,
      localNoContextTakeover: answer.serverNoContextTakeover,
      remoteMaxWindowBits: answer.clientMaxWindowBits ?? MAX_WINDOW_BITS,
      localMaxWindowBits: refuseTinyWindow(answer.serverMaxWindowBits ?? MAX_WINDOW_BITS),
      compressSettings: this.#compressSettings,
      engine: this.#engine,
    });
    return [buildParameters(answer), extension];
  }

  /** RFC 7692 §7.1.2.2: the answer must not speak of the client's window unless the offer did. */
  #answerClientMaxWindowBits(offered: number | true | null): number | null {
    if (offered === true) return this.#clientMaxWindowBits;
    if (offered !== null) return smaller(this.#clientMaxWindowBits, offered);
    if (this.#requireClientMaxWindowBits) throw new NegotiationError('required client_max_window_bits');
    return null;
  }
}

/**
 * Adds permessage-deflate with a client's default settings, unless the list has it already: the server may choose our
 * window, because some servers mishandle offers that say more, and memory matters less on clients.
 *
 * @param extensions what the user asked for, in order of preference; it is not changed.
 */
export function enableClientPermessageDeflate(
  extensions: readonly ClientExtensionFactory[] | null,
  { engine }: { readonly engine: DeflateEngine },
): ClientExtensionFactory[] {
  const list = [...(extensions ?? [])];
  if (list.some(isPerMessageDeflate)) return list;
  return [...list, new ClientPerMessageDeflateFactory({ compressSettings: { memLevel: 5 }, engine })];
}

/**
 * Adds permessage-deflate with a server's default settings, unless the list has it already: with windows of 12 bits a
 * compressor takes 100 KiB instead of 210, and a client's messages 4 KiB of memory instead of 32, for output that is about a
 * tenth larger; level 3 takes 7.9 instead of 9.3 µs for 1 KiB of JSON, for output that is 2 % larger (docs/compression.md).
 *
 * @param extensions what the user asked for, in order of preference; it is not changed.
 */
export function enableServerPermessageDeflate(
  extensions: readonly ServerExtensionFactory[] | null,
  { engine }: { readonly engine: DeflateEngine },
): ServerExtensionFactory[] {
  const list = [...(extensions ?? [])];
  if (list.some(isPerMessageDeflate)) return list;
  const windows = { serverMaxWindowBits: 12, clientMaxWindowBits: 12 };
  return [
    ...list,
    new ServerPerMessageDeflateFactory({ ...windows, compressSettings: { level: 3, memLevel: 5 }, engine }),
  ];
}

/** The largest window of deflate, and what holds when nobody speaks of windows (RFC 7692 §7.1.2). */
const MAX_WINDOW_BITS = 15;

/** The parameters of an offer or an answer. `clientMaxWindowBits` true: present without a value, which only an offer has. */
interface DeflateParameters<ClientMaxWindowBits = number | true | null> {
  serverNoContextTakeover: boolean;
  clientNoContextTakeover: boolean;
  serverMaxWindowBits: number | null;
  clientMaxWindowBits: ClientMaxWindowBits;
}

function readParameters(
  parameters: readonly ExtensionParameter[],
  from: { readonly sentBy: 'client' },
): DeflateParameters;
function readParameters(
  parameters: readonly ExtensionParameter[],
  from: { readonly sentBy: 'server' },
): DeflateParameters<number | null>;
function readParameters(
  parameters: readonly ExtensionParameter[],
  { sentBy }: { readonly sentBy: 'client' | 'server' },
): DeflateParameters {
  const read: DeflateParameters = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: null,
    clientMaxWindowBits: null,
  };
  const seen = new Set<string>();
  for (const [name, value] of parameters) {
    if (seen.has(name)) throw new DuplicateParameter(name);
    seen.add(name);
    switch (name) {
      case 'server_no_context_takeover':
        read.serverNoContextTakeover = readFlag(name, value);
        break;
      case 'client_no_context_takeover':
        read.clientNoContextTakeover = readFlag(name, value);
        break;
      case 'server_max_window_bits':
        read.serverMaxWindowBits = readWindowBits(name, value);
        break;
      case 'client_max_window_bits':
        read.clientMaxWindowBits = value === null && sentBy === 'client' ? true : readWindowBits(name, value);
        break;
      default:
        throw new InvalidParameterName(name);
    }
  }
  return read;
}

function readFlag(name: string, value: string | null): true {
  if (value !== null) throw new InvalidParameterValue(name, value);
  return true;
}

/** RFC 7692 §7.1.2: a decimal number without leading zeros. */
function readWindowBits(name: string, value: string | null): number {
  if (value === null || !/^(?:[89]|1[0-5])$/.test(value)) throw new InvalidParameterValue(name, value);
  return Number(value);
}

function buildParameters(parameters: DeflateParameters): ExtensionParameter[] {
  const { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits } = parameters;
  const built: ExtensionParameter[] = [];
  if (serverNoContextTakeover) built.push(['server_no_context_takeover', null]);
  if (clientNoContextTakeover) built.push(['client_no_context_takeover', null]);
  if (serverMaxWindowBits !== null) built.push(['server_max_window_bits', String(serverMaxWindowBits)]);
  if (clientMaxWindowBits === true) built.push(['client_max_window_bits', null]);
  else if (clientMaxWindowBits !== null) built.push(['client_max_window_bits', String(clientMaxWindowBits)]);
  return built;
}

/** The smaller of two limits, where null is none. */
function smaller(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

/** zlib's deflate cannot keep to 256 bytes: it takes 512 without saying so, and the peer could not follow. */
function refuseTinyWindow(windowBits: number): number {
  if (windowBits === 8) throw new NegotiationError('cannot compress with a window of 8 bits');
  return windowBits;
}

/** Extensions and factories alike are known by their name. */
function isPerMessageDeflate({ name }: { readonly name: string }): boolean {
  return name === PERMESSAGE_DEFLATE;
}

function checkWindowBits(setting: string, windowBits: number | null): void {
  if (windowBits === null || isIntegerIn(windowBits, 8, MAX_WINDOW_BITS)) return;
  throw new RangeError(`${setting} must be between 8 and 15`);
}

/** Refuses now what zlib would refuse in the middle of a connection. */
function checkCompressSettings(settings: CompressSettings, windowSetting: string): void {
  if ('windowBits' in settings) {
    throw new RangeError(`compressSettings must not include windowBits, set ${windowSetting} instead`);
  }
  const { level = -1, memLevel = 8, strategy = 0 } = settings;
  if (!isIntegerIn(level, -1, 9)) throw new RangeError('compressSettings.level must be between -1 and 9');
  if (!isIntegerIn(memLevel, 1, 9)) throw new RangeError('compressSettings.memLevel must be between 1 and 9');
  if (!isIntegerIn(strategy, 0, 4)) throw new RangeError('compressSettings.strategy must be between 0 and 4');
}

function isIntegerIn(value: number, smallest: number, largest: number): boolean {
  return Number.isInteger(value) && value >= smallest && value <= largest;
}
