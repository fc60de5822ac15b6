// Knows which origins of web pages a server admits (RFC 6455 §10.2). Knows no other header than Origin and the host asked for.
import { type HostHeader, parseHostHeader } from './host-header.ts';
import { matchesWhole } from './whole-match.ts';

/** The value of an `Origin` header: scheme, host and port of a page, as `https://example.com` (RFC 6454 §6.2), or `null`. */
export type Origin = string;

/**
 * One way to be admitted: an origin exactly as browsers write it, a regular expression that matches the whole of it,
 * null for requests without Origin, or `'same-host'` for pages of the host that the request names (any port) and
 * requests without Origin.
 */
export type OriginRule = Origin | RegExp | null;

/** Which origins a server admits: those that one of the rules fits. An empty list admits nobody. */
export type OriginRules = 'same-host' | readonly OriginRule[];

/** The scheme of an origin and what follows (RFC 6454 §6.2). */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/(.*)$/is;

/** As browsers write them: nothing behind the host and the port, not even a slash. */
const WRITTEN_ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/i;

/** Whether there are requests that the rule could fit: no page has the origin `*`, or one with a path. */
export const isOriginRule = (rule: unknown): rule is OriginRule =>
  rule === null ||
  rule instanceof RegExp ||
  (typeof rule === 'string' && (rule === 'null' || rule === 'same-host' || WRITTEN_ORIGIN.test(rule)));

/** Whether the rules admit a request with this Origin header (null: it has none) to this host. */
export function isOriginAllowed(origin: Origin | null, host: HostHeader, rules: OriginRules): boolean {
  const list = rules === 'same-host' ? [rules] : rules;
  return list.some((rule) => {
    if (rule === 'same-host') return origin === null || originHost(origin) === host.host;
    if (rule instanceof RegExp) return origin !== null && matchesWhole(rule, origin);
    return rule === origin;
  });
}

/** The host of an origin as the Host header would name it; null for `null` and for what is no origin. */
function originHost(origin: string): string | null {
  const hostAndPort = ORIGIN.exec(origin)?.[1] ?? '';
  return parseHostHeader(hostAndPort)?.host ?? null;
}
