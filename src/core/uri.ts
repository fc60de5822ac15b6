// Knows WebSocket URIs (RFC 6455 §3) and IRIs, and the Host header that belongs to one. Knows no redirects and no proxies.
//
// The URL class is not used: it rewrites paths, drops ports and refuses URIs that have to be accepted.
import { type Authority, isHost, lowerCaseHost, parsePort, splitAuthority } from './authority.ts';
import { InvalidURI } from './exceptions/handshake-errors.ts';
import { hostNameToAscii } from './idna.ts';
import { isIPv6 } from './ip-address.ts';

/** The parts of a generic URI (RFC 3986 §3), as written. */
export interface UriParts {
  /** Lower-cased, empty when there is no colon. */
  readonly scheme: string;
  /** What stands between `//` and the path; null when there is no `//`. */
  readonly authority: string | null;
  readonly path: string;
  /** Without the `?`; empty when there is none. */
  readonly query: string;
  /** Without the `#`; empty when there is none. */
  readonly fragment: string;
}

/** User name and password of an authority, as written, and the `host[:port]` that is left. */
export interface UserInfoParts {
  /** Null when there is no `@`. */
  readonly username: string | null;
  /** Null when there is no colon before the `@`. */
  readonly password: string | null;
  readonly hostAndPort: string;
}

const LEADING_CONTROLS_AND_SPACES = /^[\0- ]+/;
const LINE_BREAKS_AND_TABS = /[\t\r\n]/g;
const NON_ASCII = /[^\0-\x7f]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Splits a URI into its parts (RFC 3986 appendix B) without decoding or checking them. Control characters and spaces
 * before it are dropped, and tabs and line breaks anywhere: people paste them.
 */
export function splitUri(uri: string): UriParts {
  const text = uri.replace(LEADING_CONTROLS_AND_SPACES, '').replace(LINE_BREAKS_AND_TABS, '');
  const colon = text.indexOf(':');
  const scheme = text.slice(0, Math.max(colon, 0)).toLowerCase();
  const [beforeFragment, fragment] = splitAtFirst(text.slice(colon + 1), '#');
  const [hierarchy, query] = splitAtFirst(beforeFragment, '?');
  if (!hierarchy.startsWith('//')) return { scheme, authority: null, path: hierarchy, query, fragment };
  const slash = hierarchy.indexOf('/', 2);
  const end = slash === -1 ? hierarchy.length : slash;
  return { scheme, authority: hierarchy.slice(2, end), path: hierarchy.slice(end), query, fragment };
}

/** Splits the user information off an authority: before the last `@`, with the password behind the first colon. */
export function splitUserInfo(authority: string): UserInfoParts {
  const at = authority.lastIndexOf('@');
  if (at === -1) return { username: null, password: null, hostAndPort: authority };
  const userInfo = authority.slice(0, at);
  const hostAndPort = authority.slice(at + 1);
  const colon = userInfo.indexOf(':');
  if (colon === -1) return { username: userInfo, password: null, hostAndPort };
  return { username: userInfo.slice(0, colon), password: userInfo.slice(colon + 1), hostAndPort };
}

function splitAtFirst(text: string, separator: string): [before: string, after: string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** What a {@link WebSocketURI} is made of. */
export interface WebSocketURIInit {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly query: string;
  /** Default null. */
  readonly username?: string | null;
  /** Default null. */
  readonly password?: string | null;
}

/** A WebSocket URI in parts (RFC 6455 §3), all ASCII. */
export class WebSocketURI {
  /** Whether the scheme is `wss`. */
  readonly secure: boolean;
  /** Lower-cased; an IPv6 address without brackets. */
  readonly host: string;
  /** The default of the scheme, 80 or 443, when the URI names none. */
  readonly port: number;
  /** As written, perhaps empty. */
  readonly path: string;
  /** As written, without the `?`, perhaps empty. */
  readonly query: string;
  /** As written, not percent-decoded; null when the URI carries no user information. */
  readonly username: string | null;
  /** As written, not percent-decoded; null when the URI carries no user information. */
  readonly password: string | null;

  constructor({ secure, host, port, path, query, username = null, password = null }: WebSocketURIInit) {
    this.secure = secure;
    this.host = host;
    this.port = port;
    this.path = path;
    this.query = query;
    this.username = username;
    this.password = password;
  }

  /** What the request line asks for: the path, `/` when it is empty, and the query (RFC 6455 §3). */
  get resourceName(): string {
    const path = this.path === '' ? '/' : this.path;
    return this.query === '' ? path : `${path}?${this.query}`;
  }

  /** User name and password, or null when the URI carries none. */
  get userInfo(): readonly [username: string, password: string] | null {
    return this.username === null || this.password === null ? null : [this.username, this.password];
  }
}

/**
 * Reads a `ws://` or `wss://` URI (RFC 6455 §3). A URI with non-ASCII characters is an IRI (RFC 3987): its host is
 * written in Punycode and the rest is percent-encoded; one without is left as it is.
 *
 * @throws {InvalidURI} the text is no WebSocket URI.
 * @throws {TypeError} it is no text: of a URL give `href`.
 */
export function parseUri(uri: string): WebSocketURI {
  if (typeof uri !== 'string') throw new TypeError('uri must be a string');
  const { scheme, authority, path, query, fragment } = splitUri(uri);
  if (scheme !== 'ws' && scheme !== 'wss') throw new InvalidURI(uri, "scheme isn't ws or wss");
  const secure = scheme === 'wss';

  const { username, password, hostAndPort } = splitUserInfo(authority ?? '');
  const parts = splitAuthority(hostAndPort);
  if (parts?.host === '') throw new InvalidURI(uri, "hostname isn't provided");
  if (fragment !== '') throw new InvalidURI(uri, 'fragment identifier is meaningless');
  if (username !== null && password === null) throw new InvalidURI(uri, 'username provided without password');

  const host = parts === null ? null : asciiHost(parts);
  if (parts === null || host === null) throw new InvalidURI(uri, "hostname isn't valid");
  const port = parsePort(parts.port);
  if (Number.isNaN(port)) throw new InvalidURI(uri, "port isn't a number from 0 to 65535");
  const encode = partEncoder(uri);
  if (encode === null) throw new InvalidURI(uri, "text isn't valid Unicode");
  return new WebSocketURI({
    secure,
    host,
    port: port || defaultPort(secure),
    path: encode(path),
    query: encode(query),
    username: username === null ? null : encode(username),
    password: password === null ? null : encode(password),
  });
}

/** The URI as text, in ASCII: what {@link parseUri} reads as the same URI. */
export function formatUri({ secure, host, port, path, query, userInfo }: WebSocketURI): string {
  const user = userInfo === null ? '' : `${userInfo.join(':')}@`;
  return `${secure ? 'wss' : 'ws'}://${user}${buildHost(host, port, secure)}${path}${query === '' ? '' : `?${query}`}`;
}

/** The host in ASCII and lower case, or null when it cannot be one. */
export function asciiHost(parts: Authority): string | null {
  const host = parts.isLiteral ? lowerCaseHost(parts) : hostNameToAscii(parts.host);
  return host !== null && isHost({ ...parts, host }) ? host : null;
}

/**
 * How the parts of this URI other than its host are written in ASCII: those of an IRI (RFC 3987) percent-encoded, those of
 * a plain URI as they are. Null when the text is not valid Unicode.
 */
export function partEncoder(uri: string): ((part: string) => string) | null {
  if (LONE_SURROGATE.test(uri)) return null;
  return NON_ASCII.test(uri) ? percentEncode : (part) => part;
}

/** Encodes all but the unreserved and reserved characters of RFC 3986 §2; `%` is neither, so it is encoded again. */
const percentEncode = (text: string): string => encodeURI(text).replaceAll('%5B', '[').replaceAll('%5D', ']');

const defaultPort = (secure: boolean): number => (secure ? 443 : 80);

/**
 * Writes the value of a Host header (RFC 9110 §7.2): IPv6 addresses in brackets, the port when it is not the default
 * of the scheme, 80 or 443 for `secure`, or when `alwaysIncludePort` asks for it (default false).
 */
export function buildHost(host: string, port: number, secure: boolean, alwaysIncludePort = false): string {
  const name = isIPv6(host) ? `[${host}]` : host;
  return alwaysIncludePort || port !== defaultPort(secure) ? `${name}:${port}` : name;
}
