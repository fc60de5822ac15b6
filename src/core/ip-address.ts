// Knows how IPv4 and IPv6 addresses are written and which of them mean this very machine. Knows no host names.

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4: RegExp = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
const GROUP = /^[0-9a-f]{1,4}$/i;
/** RFC 4007 §11 leaves the form of a zone to the system; this is what URIs may carry (RFC 6874 §2). */
const ZONE = /^[\w.~%-]+$/;
const GROUP_COUNT = 8;

/** Whether the text is an IPv4 address in four decimal parts without leading zeros (RFC 3986 §3.2.2). */
export const isIPv4 = (text: string): boolean => IPV4.test(text);

/** Whether the text is an IPv6 address without brackets, with or without a zone: `::1`, `fe80::1%eth0`. */
export const isIPv6 = (text: string): boolean => parseIPv6(text) !== null;

/** Whether the address, without brackets, never leaves this machine: 127.0.0.0/8, `::1` and `::ffff:127.0.0.0/104`. */
export function isLoopbackAddress(address: string): boolean {
  if (isIPv4(address)) return address.startsWith('127.');
  const groups = parseIPv6(address);
  if (groups === null || groups.slice(0, 5).some((group) => group !== 0)) return false;
  const [mapped, high, low] = groups.slice(5) as [number, number, number];
  return mapped === 0xffff ? high >>> 8 === 127 : mapped === 0 && high === 0 && low === 1;
}

/** The eight groups of an IPv6 address (RFC 4291 §2.2), its zone left out, or null when it is none. */
function parseIPv6(text: string): number[] | null {
  const zoneStart = text.indexOf('%');
  if (zoneStart !== -1 && !ZONE.test(text.slice(zoneStart + 1))) return null;
  const address = zoneStart === -1 ? text : text.slice(0, zoneStart);

  const halves = address.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0]!, { mayEndInIPv4: halves.length === 1 });
  if (halves.length === 1) return head?.length === GROUP_COUNT ? head : null;
  const tail = parseGroups(halves[1]!, { mayEndInIPv4: true });
  if (head === null || tail === null) return null;
  const zeros = GROUP_COUNT - head.length - tail.length;
  return zeros > 0 ? [...head, ...new Array<number>(zeros).fill(0), ...tail] : null;
}

/** The groups between colons; an IPv4 address as the last of them counts for two. Null when one is malformed. */
function parseGroups(text: string, { mayEndInIPv4 }: { mayEndInIPv4: boolean }): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (GROUP.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else if (mayEndInIPv4 && i === parts.length - 1 && isIPv4(part)) {
      const [a, b, c, d] = part.split('.').map(Number) as [number, number, number, number];
      groups.push((a << 8) | b, (c << 8) | d);
    } else {
      return null;
    }
  }
  return groups;
}
