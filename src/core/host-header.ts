// Knows the Host header of a request and which hosts a server answers for. Knows no socket and no other header.
import { isHost, lowerCaseHost, parsePort, splitAuthority } from './authority.ts';
import { isLoopbackAddress } from './ip-address.ts';
import { matchesWhole } from './whole-match.ts';

/** Whom a Host header names. */
export interface HostHeader {
  /** Lower-cased, without brackets and without the trailing dot of a rooted name. */
  readonly host: string;
  /** Null when the header names none. */
  readonly port: number | null;
}

/**
 * Which hosts a server answers for: a host name or address in any case (any port, or `name:port` for one port), a
 * regular expression that must match the whole name, or a function that is asked with the name. Both see it in lower
 * case and without its port.
 */
export type HostRule = string | RegExp | ((host: string) => boolean);

/** Reads a Host header (RFC 9112 §3.2, RFC 3986 §3.2.2), or returns null when it is malformed or names nobody. */
export function parseHostHeader(value: string): HostHeader | null {
  const parts = splitAuthority(value);
  if (parts === null || !isHost(parts)) return null;
  const port = parsePort(parts.port);
  if (Number.isNaN(port)) return null;
  const host = lowerCaseHost(parts);
  const isRootedName = !parts.isLiteral && host.length > 1 && host.endsWith('.');
  return { host: isRootedName ? host.slice(0, -1) : host, port };
}

/** Whether one of the rules allows the host. */
export const isHostAllowed = (named: HostHeader, rules: readonly HostRule[]): boolean =>
  rules.some((rule) => {
    if (typeof rule === 'function') return rule(named.host);
    if (rule instanceof RegExp) return matchesWhole(rule, named.host);
    // An IPv6 address in a list of hosts is clear without brackets too.
    const listed = parseHostHeader(rule) ?? parseHostHeader(`[${rule}]`);
    return listed?.host === named.host && (listed.port === null || listed.port === named.port);
  });

/**
 * Whether a host, without port and brackets, is a name of this very machine: `localhost`, a name below it (RFC 6761
 * §6.3) or a loopback address. A page in a browser cannot make its own name resolve to one of these, which is what
 * protects a server on a developer's machine from DNS rebinding.
 */
export function isLoopbackName(host: string): boolean {
  const name = host.toLowerCase();
  // The zone behind an IPv6 address may end as a name does.
  const isBelow = name.endsWith('.localhost') && !name.includes(':');
  return name === 'localhost' || isBelow || isLoopbackAddress(name);
}
