// Whether a client follows a redirect, and where to. Knows no connection: it looks at an answer.
import { type InvalidStatus, InvalidURI, SecurityError } from '../../core/exceptions.ts';
import { isRequestTarget } from '../../core/handshake-headers.ts';
import { Headers, type HeadersLike } from '../../core/headers.ts';
import { formatUri, parseUri, type WebSocketURI } from '../../core/uri.ts';
import { resolveReference } from '../../core/uri-reference.ts';
import type { FixedRoute } from './dialer.ts';

const REDIRECTS: readonly number[] = [300, 301, 302, 303, 307, 308];

/** What is for one origin alone (RFC 9110 §15.4): names in lower case. */
const SECRET_HEADERS: readonly string[] = ['authorization', 'cookie', 'proxy-authorization'];

/** Whether the other URI is not of the same scheme, host and port. */
export const isCrossOrigin = (a: WebSocketURI, b: WebSocketURI): boolean =>
  a.secure !== b.secure || a.host !== b.host || a.port !== b.port;

/**
 * Where the answer to a request leads; null when it is no redirect. User name and password of the URI stay with a relative
 * `Location`, and not with an absolute one.
 *
 * @throws {InvalidURI} to something that isn't a WebSocket URI.
 * @throws {SecurityError} from `wss` to `ws`.
 * @throws {RangeError} somewhere that the fixed part of the route does not lead.
 */
export function redirectTarget(
  refusal: InvalidStatus,
  from: WebSocketURI,
  fixed: FixedRoute | null,
): WebSocketURI | null {
  const { statusCode, headers } = refusal.response;
  const locations = headers.getAll('Location');
  if (!REDIRECTS.includes(statusCode) || locations.length !== 1) return null;
  const cause = refusal;
  const text = resolveReference(formatUri(from), locations[0]!);
  const shown = withoutUserInfo(text);
  let to: WebSocketURI;
  try {
    to = parseUri(text);
  } catch (error) {
    throw error instanceof InvalidURI ? new InvalidURI(shown, error.msg, { cause }) : error;
  }
  if (!isRequestTarget(to.resourceName)) {
    // Of our user's own URI that is a TypeError: this one is the server's mistake.
    throw new InvalidURI(shown, "it can't stand in a request", { cause });
  }
  if (fixed === 'a preexisting socket') {
    throw new RangeError(`cannot follow redirect to ${shown} with ${fixed}`, { cause });
  }
  if (from.secure && !to.secure) {
    throw new SecurityError(`cannot follow redirect to non-secure URI ${shown}`, { cause });
  }
  if (fixed !== null && isCrossOrigin(from, to)) {
    throw new RangeError(`cannot follow cross-origin redirect to ${shown} with ${fixed}`, { cause });
  }
  return to;
}

/** As errors show it: what a server answers must not bring the user's password into a log. */
const withoutUserInfo = (uri: string): string => uri.replace(/^([^/?#]*\/\/)[^/?#]*@/, '$1');

/** The headers without those that are for one origin alone. */
export const withoutSecrets = (headers: HeadersLike): Headers =>
  new Headers([...new Headers(headers).rawItems()].filter(([name]) => !SECRET_HEADERS.includes(name.toLowerCase())));
