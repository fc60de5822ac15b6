// Knows the client's half of the opening handshake (RFC 6455 §4.1): its request, and which answer is good. Does no I/O.
import type { Agreement } from './agreement.ts';
import { buildAuthorizationBasic } from './auth-grammar.ts';
import { InvalidHeader, InvalidHeaderValue, NegotiationError } from './exceptions/handshake-errors.ts';
import { InvalidStatus } from './exceptions/status-errors.ts';
import type { ClientExtensionFactory, Extension } from './extension.ts';
import { closingOnFailure, firstThatFits } from './extension-negotiation.ts';
import {
  addHeader,
  addHeaders,
  buildExtensionHeader,
  checkRequestTarget,
  checkToken,
  checkUpgrade,
  singleValue,
} from './handshake-headers.ts';
import { acceptKey } from './handshake-key.ts';
import { buildSubprotocol, parseExtension, parseSubprotocol } from './header-grammar.ts';
import { Headers, type HeadersLike } from './headers.ts';
import { Request, type Response } from './http-message.ts';
import { buildHost, type WebSocketURI } from './uri.ts';

/** What a request of the opening handshake says. */
export interface HandshakeRequestOptions {
  readonly uri: WebSocketURI;
  /** `Sec-WebSocket-Key`: see `generateKey`. Fresh for each connection. */
  readonly key: string;
  /** Value of `Authorization`; null: none is sent. Default: Basic, when the URI has user name and password. */
  readonly authorization?: string | null | undefined;
  /** Value of `Origin`. Default null: none is sent. */
  readonly origin?: string | null | undefined;
  /** Subprotocols to offer, in order of preference. Default null: none. */
  readonly subprotocols?: readonly string[] | null | undefined;
  /** Extensions to offer, in order of preference. Default null: none. */
  readonly extensions?: readonly ClientExtensionFactory[] | null | undefined;
  /** Headers after ours; a name that is there already is repeated. Default: none. */
  readonly additionalHeaders?: HeadersLike | null | undefined;
  /** `User-Agent`, unless the additional headers have one. Default null: none is sent. */
  readonly userAgent?: string | null | undefined;
}

/**
 * Builds the request that asks for a WebSocket (RFC 6455 §4.1).
 *
 * @throws {TypeError} something that would go into the request may not stand where it would stand: line breaks and
 *   other control characters, white space in the path, a name that is no token.
 */
export function buildHandshakeRequest(options: HandshakeRequestOptions): Request {
  const {
    uri,
    key,
    authorization = basicOf(uri),
    origin,
    subprotocols,
    extensions,
    additionalHeaders,
    userAgent,
  } = options;
  checkRequestTarget(uri.resourceName);

  const headers = new Headers();
  addHeader(headers, 'Host', buildHost(uri.host, uri.port, uri.secure));
  if (authorization !== null) addHeader(headers, 'Authorization', authorization);
  if (origin != null) addHeader(headers, 'Origin', origin);
  addHeader(headers, 'Upgrade', 'websocket');
  addHeader(headers, 'Connection', 'Upgrade');
  addHeader(headers, 'Sec-WebSocket-Key', key);
  addHeader(headers, 'Sec-WebSocket-Version', '13');
  if (extensions != null && extensions.length > 0) {
    const offers = extensions.map((factory) => [factory.name, factory.getRequestParams()] as const);
    addHeader(headers, 'Sec-WebSocket-Extensions', buildExtensionHeader(offers));
  }
  if (subprotocols != null && subprotocols.length > 0) {
    for (const subprotocol of subprotocols) checkToken('subprotocol', subprotocol);
    addHeader(headers, 'Sec-WebSocket-Protocol', buildSubprotocol(subprotocols));
  }
  if (additionalHeaders != null) addHeaders(headers, additionalHeaders);
  if (userAgent != null && !headers.has('User-Agent')) addHeader(headers, 'User-Agent', userAgent);
  return new Request(uri.resourceName, headers);
}

const basicOf = ({ userInfo }: WebSocketURI): string | null =>
  userInfo === null ? null : buildAuthorizationBasic(...userInfo);

/** What the client asked for, to hold the answer against. */
export interface HandshakeResponseOptions {
  /** The `Sec-WebSocket-Key` of the request. */
  readonly key: string;
  /** The subprotocols that were offered. Default null: none. */
  readonly subprotocols?: readonly string[] | null | undefined;
  /** The extensions that were offered. Default null: none. */
  readonly extensions?: readonly ClientExtensionFactory[] | null | undefined;
}

/**
 * Checks the server's answer (RFC 6455 §4.1, the second list) and returns what was agreed on.
 *
 * @throws {InvalidStatus} the status is not 101.
 * @throws {InvalidUpgrade} the answer does not switch to WebSocket.
 * @throws {InvalidHeader} a header is missing, repeated or wrong.
 * @throws {NegotiationError} the answer names an extension or a subprotocol that was not offered.
 */
export function checkHandshakeResponse(response: Response, options: HandshakeResponseOptions): Agreement {
  if (response.statusCode !== 101) throw new InvalidStatus(response);
  const { headers } = response;
  checkUpgrade(headers);
  const accept = singleValue(headers, 'Sec-WebSocket-Accept');
  if (accept !== acceptKey(options.key)) throw new InvalidHeaderValue('Sec-WebSocket-Accept', accept);

  const extensions: Extension[] = [];
  return closingOnFailure(extensions, () => {
    acceptExtensions(headers, options.extensions ?? [], extensions);
    return { extensions, subprotocol: acceptedSubprotocol(headers, options.subprotocols ?? []) };
  });
}

/** Adds the extensions that the server accepted, in its order (RFC 6455 §9.1). */
function acceptExtensions(headers: Headers, offered: readonly ClientExtensionFactory[], accepted: Extension[]): void {
  const values = headers.getAll('Sec-WebSocket-Extensions');
  if (values.length === 0) return;
  if (offered.length === 0) throw new NegotiationError('no extensions supported');

  for (const [name, parameters] of values.flatMap(parseExtension)) {
    const extension = firstThatFits(offered, name, (factory) => factory.processResponseParams(parameters, accepted));
    if (extension === null) {
      const text = parameters.map(([key, value]) => (value === null ? key : `${key}=${value}`)).join(', ');
      throw new NegotiationError(`Unsupported extension: name = ${name}, params = [${text}]`);
    }
    accepted.push(extension);
  }
}

/** The subprotocol that the server chose; not choosing any is its right (RFC 6455 §4.2.2). */
function acceptedSubprotocol(headers: Headers, offered: readonly string[]): string | null {
  const values = headers.getAll('Sec-WebSocket-Protocol');
  if (values.length === 0) return null;
  if (offered.length === 0) throw new NegotiationError('no subprotocols supported');

  const chosen = values.flatMap(parseSubprotocol);
  if (chosen.length > 1) {
    throw new InvalidHeader('Sec-WebSocket-Protocol', `multiple values: ${chosen.join(', ')}`);
  }
  const subprotocol = chosen[0]!;
  if (!offered.includes(subprotocol)) throw new NegotiationError(`unsupported subprotocol: ${subprotocol}`);
  return subprotocol;
}
