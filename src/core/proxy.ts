// Knows the addresses of proxies. Knows not where they come from, and does not talk to them.
import { parsePort, splitAuthority } from './authority.ts';
import { InvalidProxy } from './exceptions/handshake-errors.ts';
import { asciiHost, partEncoder, splitUri, splitUserInfo } from './uri.ts';

const SCHEMES = ['socks5h', 'socks5', 'socks4a', 'socks4', 'https', 'http'] as const;

/**
 * How to talk to a proxy: `http` asks for a tunnel with CONNECT, `https` does the same over TLS. `socks5h` and `socks4a`
 * leave it to the proxy to resolve the server's name, `socks5` and `socks4` resolve it here.
 */
export type ProxyScheme = (typeof SCHEMES)[number];

const isSupported = (scheme: string): scheme is ProxyScheme => (SCHEMES as readonly string[]).includes(scheme);

/** What a {@link Proxy} is made of. */
export interface ProxyInit {
  readonly scheme: ProxyScheme;
  readonly host: string;
  readonly port: number;
  /** Default null. */
  readonly username?: string | null;
  /** Default null. */
  readonly password?: string | null;
}

/** The address of a proxy in parts, all ASCII. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: this is what users of the reference know it as.
export class Proxy {
  readonly scheme: ProxyScheme;
  /** Lower-cased; an IPv6 address without brackets. */
  readonly host: string;
  /** When the address names none: 443 for `https`, 80 for all others. */
  readonly port: number;
  /** As written, not percent-decoded; null when the address carries no user information. */
  readonly username: string | null;
  /** As written, not percent-decoded; null when the address carries no user information. */
  readonly password: string | null;

  constructor({ scheme, host, port, username = null, password = null }: ProxyInit) {
    this.scheme = scheme;
    this.host = host;
    this.port = port;
    this.username = username;
    this.password = password;
  }

  /** User name and password, or null when the address carries none. */
  get userInfo(): readonly [username: string, password: string] | null {
    return this.username === null || this.password === null ? null : [this.username, this.password];
  }
}

/**
 * Reads the address of a proxy, such as `http://proxy.example:3128` or `socks5h://user:password@localhost:1080`. One with
 * non-ASCII characters is treated like such a WebSocket URI.
 *
 * @throws {InvalidProxy} the text is no address of a proxy of a kind that we can use.
 */
export function parseProxy(proxy: string): Proxy {
  const { scheme, authority, path, query, fragment } = splitUri(proxy);
  if (!isSupported(scheme)) throw new InvalidProxy(proxy, `scheme ${scheme} isn't supported`);

  const { username, password, hostAndPort } = splitUserInfo(authority ?? '');
  const parts = splitAuthority(hostAndPort);
  if (parts?.host === '') throw new InvalidProxy(proxy, "hostname isn't provided");
  if (path !== '' && path !== '/') throw new InvalidProxy(proxy, 'path is meaningless');
  if (query !== '') throw new InvalidProxy(proxy, 'query is meaningless');
  if (fragment !== '') throw new InvalidProxy(proxy, 'fragment is meaningless');
  if (username !== null && password === null) throw new InvalidProxy(proxy, 'username provided without password');

  const host = parts === null ? null : asciiHost(parts);
  if (parts === null || host === null) throw new InvalidProxy(proxy, "hostname isn't valid");
  const port = parsePort(parts.port);
  if (Number.isNaN(port)) throw new InvalidProxy(proxy, "port isn't a number from 0 to 65535");
  const encode = partEncoder(proxy);
  if (encode === null) throw new InvalidProxy(proxy, "text isn't valid Unicode");

  return new Proxy({
    scheme,
    host,
    port: port || (scheme === 'https' ? 443 : 80),
    username: username === null ? null : encode(username),
    password: password === null ? null : encode(password),
  });
}
