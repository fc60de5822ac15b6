// Knows which proxy environment variables ask for: ws_proxy, wss_proxy, socks_proxy, https_proxy, http_proxy and no_proxy.
// Reads no environment itself, and understands no address.
import type { WebSocketURI } from './uri.ts';

/** Environment variables by their names. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/** Whom a connection goes to. */
type Target = Pick<WebSocketURI, 'secure' | 'host' | 'port'>;

/** The variables that {@link getProxy} reads, in lower case, besides REQUEST_METHOD. */
export const PROXY_VARIABLES: readonly string[] = [
  'ws_proxy',
  'wss_proxy',
  'socks_proxy',
  'https_proxy',
  'http_proxy',
  'no_proxy',
];

// A proxy for https tunnels to anywhere, so it serves `ws` too, before one for http, which may let nothing but port 443 through.
const SECURE_NAMES = ['wss_proxy', 'socks_proxy', 'https_proxy'];
const PLAIN_NAMES = ['ws_proxy', 'socks_proxy', 'https_proxy', 'http_proxy'];

/**
 * The address of the proxy for a connection to this URI, as it stands in the environment; null: none.
 *
 * The first of these counts: `wss_proxy`, `socks_proxy`, `https_proxy` for `wss`, and `ws_proxy`, `socks_proxy`,
 * `https_proxy`, `http_proxy` for `ws`. There is none for a host that `no_proxy` names: itself or a domain that it belongs to,
 * separated by commas, with a port or without; `*` alone names all. Names of variables are the same in any case; one in
 * lower case wins, and when it is empty there is none.
 */
export function getProxy(uri: Target, env: ProxyEnvironment): string | null {
  const variables = proxyVariables(env);
  if (isBypassed(uri, variables.get('no_proxy') ?? '')) return null;
  for (const name of uri.secure ? SECURE_NAMES : PLAIN_NAMES) {
    const proxy = variables.get(name);
    if (proxy === undefined) continue;
    // Systems have settings for SOCKS proxies that know only `http://`.
    return name === 'socks_proxy' ? proxy.replace(/^http:\/\//, 'socks5h://') : proxy;
  }
  return null;
}

/** The variables that are set and not empty, by their names in lower case. */
function proxyVariables(env: ProxyEnvironment): Map<string, string> {
  const variables = new Map<string, string>();
  const isLowerCase = (name: string): boolean => name === name.toLowerCase();
  const names = Object.keys(env).filter((name) => /_proxy$/i.test(name));
  for (const name of names.filter((name) => !isLowerCase(name))) {
    const value = env[name];
    if (value) variables.set(name.toLowerCase(), value);
  }
  // A web server gives a CGI program the request's header `Proxy` under the name HTTP_PROXY (CVE-2016-1000110).
  if (env['REQUEST_METHOD'] !== undefined) variables.delete('http_proxy');
  for (const name of names.filter(isLowerCase)) {
    const value = env[name];
    if (value) variables.set(name, value);
    else variables.delete(name);
  }
  return variables;
}

function isBypassed({ host, port }: Target, noProxy: string): boolean {
  if (noProxy === '*') return true;
  const name = host.toLowerCase();
  const nameWithPort = `${name}:${port}`;
  return noProxy.split(',').some((item) => {
    const listed = item.trim().replace(/^\.+/, '').toLowerCase();
    if (listed === '') return false;
    return [name, nameWithPort].some((text) => text === listed || text.endsWith(`.${listed}`));
  });
}
