// Knows host and port as URIs and the Host header write them (RFC 3986 §3.2.2, §3.2.3). Knows no scheme, resolves nothing.
import { isIPv6 } from './ip-address.ts';

/** The two parts of `host[:port]`, not checked yet. */
export interface Authority {
  /** As written, an IPv6 literal without its brackets. */
  readonly host: string;
  /** What follows the colon; null when there is no colon. */
  readonly port: string | null;
  /** Whether the host stood in brackets. */
  readonly isLiteral: boolean;
}

/** Unreserved characters, sub-delimiters and percent-encoded bytes. */
const REGISTERED_NAME = /^(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})+$/i;
const LITERAL = /^\[([^[\]]*)\](?::(.*))?$/s;
const MAX_PORT = 65_535;

/** Splits `host[:port]` at the last colon. Null when brackets are where none may be. */
export function splitAuthority(text: string): Authority | null {
  if (/[[\]]/.test(text)) {
    const match = LITERAL.exec(text);
    return match === null ? null : { host: match[1]!, port: match[2] ?? null, isLiteral: true };
  }
  const colon = text.lastIndexOf(':');
  if (colon === -1) return { host: text, port: null, isLiteral: false };
  return { host: text.slice(0, colon), port: text.slice(colon + 1), isLiteral: false };
}

/** Whether the host is an IPv6 literal or has the form of a name or an IPv4 address. An empty one has not. */
export const isHost = ({ host, isLiteral }: Authority): boolean =>
  isLiteral ? isIPv6(host) : REGISTERED_NAME.test(host);

/** The number that a port stands for, null when it is absent or empty, NaN when it is no port. */
export function parsePort(text: string | null): number | null {
  if (text === null || text === '') return null;
  const port = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  return port <= MAX_PORT ? port : Number.NaN;
}

/** Host names know no case, but the zone of an IPv6 address does: it names a network interface. */
export function lowerCaseHost({ host, isLiteral }: Authority): string {
  const zoneStart = isLiteral ? host.indexOf('%') : -1;
  return zoneStart === -1 ? host.toLowerCase() : host.slice(0, zoneStart).toLowerCase() + host.slice(zoneStart);
}
