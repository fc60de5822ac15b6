// Knows the server's half of the opening handshake (RFC 6455 §4.2.1): which request is good. The answers stand in
// handshake-answers.ts. Does no I/O.
import { decodeBase64 } from '../bytes/base64.ts';
import { type Agreement, NO_EXTENSIONS } from './agreement.ts';
import {
  InvalidHeader,
  InvalidHeaderValue,
  InvalidMethod,
  InvalidOrigin,
  InvalidProtocol,
  NegotiationError,
} from './exceptions/handshake-errors.ts';
import type { Extension, ExtensionHeader, ServerExtensionFactory } from './extension.ts';
import { closingOnFailure, firstThatFits } from './extension-negotiation.ts';
import { buildExtensionHeader, checkToken, checkUpgrade, singleValue } from './handshake-headers.ts';
import { acceptKey, KEY_BYTES } from './handshake-key.ts';
import { parseExtension, parseSubprotocol } from './header-grammar.ts';
import type { Headers } from './headers.ts';
import { type HostHeader, type HostRule, isHostAllowed, parseHostHeader } from './host-header.ts';
import type { Request } from './http-message.ts';
import { isOriginAllowed, type Origin, type OriginRules } from './origin.ts';

/** Chooses among the subprotocols that a client offers. */
type SelectSubprotocol = (offered: readonly string[]) => string | null | undefined;

/** What a server admits and offers. */
export interface HandshakeRequestPolicy {
  /** Pages that may connect: see {@link OriginRules}. Default null: all. */
  readonly origins?: OriginRules | null | undefined;
  /** Hosts that the server answers for: see {@link HostRule}. Default null: any. */
  readonly allowedHosts?: readonly HostRule[] | null | undefined;
  /** Subprotocols of the server, in order of preference. Default null: none. */
  readonly subprotocols?: readonly string[] | null | undefined;
  /**
   * Chooses a subprotocol among those that the client offers, instead of the rule that the first of the server's list
   * wins. May throw NegotiationError for a 400; any other error is passed on.
   */
  readonly selectSubprotocol?: SelectSubprotocol | undefined;
  /** Extensions of the server, in order of preference. Default null: none. */
  readonly extensions?: readonly ServerExtensionFactory[] | null | undefined;
}

/** A request that was found good: what was agreed on, and what the answer has to say. */
export interface AcceptedRequest extends Agreement {
  /** Value of `Origin`; null when there is none. */
  readonly origin: Origin | null;
  /** Value of `Sec-WebSocket-Extensions` in the answer; null when it has none. */
  readonly extensionHeader: string | null;
  /** Value of `Sec-WebSocket-Accept` in the answer. */
  readonly acceptValue: string;
}

/**
 * Checks a request (RFC 6455 §4.2.1) and negotiates. What it throws, `rejectionFor` answers.
 *
 * @throws {InvalidHandshake} one of its kinds: the request is not acceptable.
 * @throws {TypeError} `selectSubprotocol` or an extension returned what cannot stand in a header.
 * @throws whatever `selectSubprotocol` or an extension throws.
 */
export const checkHandshakeRequest = (request: Request, policy: HandshakeRequestPolicy): AcceptedRequest =>
  checkRequest(request, policy, (offered) =>
    policy.selectSubprotocol === undefined
      ? preferredSubprotocol(offered, policy.subprotocols ?? [])
      : policy.selectSubprotocol(offered),
  );

/** As {@link checkHandshakeRequest}, for a server that chooses the subprotocol itself. */
export function checkRequest(
  request: Request,
  policy: Pick<HandshakeRequestPolicy, 'origins' | 'allowedHosts' | 'extensions'>,
  selectSubprotocol: SelectSubprotocol,
): AcceptedRequest {
  const { key, origin } = checkWithoutNegotiating(request, policy);
  const extensions: Extension[] = [];
  return closingOnFailure(extensions, () => {
    const { headers } = request;
    const answers = negotiateExtensions(headers, policy.extensions ?? [], extensions);
    return {
      origin,
      // Without the room to grow that a list has to which something was added.
      extensions: extensions.length === 0 ? NO_EXTENSIONS : extensions.slice(),
      extensionHeader: answers.length === 0 ? null : shared(buildExtensionHeader(answers)),
      subprotocol: negotiateSubprotocol(headers, selectSubprotocol),
      acceptValue: acceptKey(key),
    };
  });
}

/**
 * The part of {@link checkRequest} that comes before extensions and subprotocol.
 * @throws {InvalidHandshake} one of its kinds: the request is not acceptable.
 */
export function checkWithoutNegotiating(
  request: Request,
  policy: Pick<HandshakeRequestPolicy, 'origins' | 'allowedHosts'>,
): { readonly key: string; readonly origin: Origin | null } {
  const { headers } = request;
  if (request.method !== 'GET') throw new InvalidMethod(request.method);
  if (request.protocol !== 'HTTP/1.1') throw new InvalidProtocol(request.protocol);
  const host = checkHost(headers, policy.allowedHosts ?? null);
  checkUpgrade(headers);
  const key = checkKey(headers);
  checkVersion(headers);
  return { key, origin: checkOrigin(headers, host, policy.origins ?? null) };
}

/** The text itself, or one like it that is there already: nearly all clients are answered alike, and connections keep it. */
function shared(text: string): string {
  if (text !== lastShared) lastShared = text;
  return lastShared;
}

let lastShared = '';

/** RFC 9112 §3.2: exactly one Host that is a host. Which one it is decides whether a page was led here by DNS rebinding. */
function checkHost(headers: Headers, allowedHosts: readonly HostRule[] | null): HostHeader {
  const value = singleValue(headers, 'Host');
  const host = parseHostHeader(value);
  if (host === null) throw new InvalidHeader('Host', value);
  // The one InvalidHeaderValue for Host: by its class the answer knows that it is a 403.
  if (allowedHosts !== null && !isHostAllowed(host, allowedHosts)) throw new InvalidHeaderValue('Host', value);
  return host;
}

function checkKey(headers: Headers): string {
  const key = singleValue(headers, 'Sec-WebSocket-Key');
  if (decodeBase64(key)?.length !== KEY_BYTES) throw new InvalidHeaderValue('Sec-WebSocket-Key', key);
  return key;
}

function checkVersion(headers: Headers): void {
  const version = singleValue(headers, 'Sec-WebSocket-Version');
  if (!/^[\t ]*13[\t ]*$/.test(version)) throw new InvalidHeaderValue('Sec-WebSocket-Version', version);
}

function checkOrigin(headers: Headers, host: HostHeader, rules: OriginRules | null): string | null {
  const origin = headers.has('Origin') ? singleValue(headers, 'Origin') : null;
  if (rules !== null && !isOriginAllowed(origin, host, rules)) throw new InvalidOrigin(origin);
  return origin;
}

/** What nearly every client offers, Chromium and `ws` the first, Firefox and Safari the second: parsed once. */
const USUAL_OFFERS: ReadonlyMap<string, readonly ExtensionHeader[]> = new Map(
  ['permessage-deflate; client_max_window_bits', 'permessage-deflate'].map((offer) => [offer, parseExtension(offer)]),
);

/** Offers beyond this number are declined unseen: an honest client makes a handful, and each one costs us work. */
const MAX_OFFERS = 32;

/**
 * Goes through the client's offers in its order, and for each through our extensions in ours (RFC 6455 §9.1). Adds those
 * that fit to `accepted`, and returns what the answer says about each.
 */
function negotiateExtensions(
  headers: Headers,
  available: readonly ServerExtensionFactory[],
  accepted: Extension[],
): ExtensionHeader[] {
  // Without extensions of ours the header is not even read: RFC 6455 §9.1 lets us ignore it.
  if (available.length === 0) return [];
  const answers: ExtensionHeader[] = [];
  const values = headers.getAll('Sec-WebSocket-Extensions');
  const usual = values.length === 1 ? USUAL_OFFERS.get(values[0]!) : undefined;
  const offers = usual ?? values.flatMap(parseExtension);
  for (const [name, parameters] of offers.slice(0, MAX_OFFERS)) {
    const fit = firstThatFits(available, name, (factory) => factory.processRequestParams(parameters, accepted));
    if (fit === null) continue;
    const [answer, extension] = fit;
    accepted.push(extension);
    answers.push([name, answer]);
  }
  return answers;
}

function negotiateSubprotocol(headers: Headers, selectSubprotocol: SelectSubprotocol): string | null {
  const offered = headers.getAll('Sec-WebSocket-Protocol').flatMap(parseSubprotocol);
  const selected = selectSubprotocol(offered) ?? null;
  if (selected !== null) checkToken('subprotocol', selected);
  return selected;
}

/**
 * The choice of a server that is not told another: the first of its list that the client offers.
 * @throws {NegotiationError} the server has a list, and the client offers nothing of it.
 */
export function preferredSubprotocol(offered: readonly string[], available: readonly string[]): string | null {
  if (available.length === 0) return null;
  if (offered.length === 0) throw new NegotiationError('missing subprotocol');
  const preferred = available.find((subprotocol) => offered.includes(subprotocol));
  if (preferred === undefined) {
    throw new NegotiationError(`invalid subprotocol; expected one of {${available.join(', ')}}`);
  }
  return preferred;
}
