// Which proxy a connection takes: what the options say, or the environment of the process. The rules stand in core/proxy*.ts.
import { type Proxy as ProxyAddress, parseProxy } from '../core/proxy.ts';
import { getProxy as getProxyFrom, PROXY_VARIABLES, type ProxyEnvironment } from '../core/proxy-environment.ts';
import { parseUri, type WebSocketURI } from '../core/uri.ts';
import type { ClientTlsOptions } from './open-socket.ts';

/** The environment of the process. */
const environment = (): ProxyEnvironment => globalThis.process?.env ?? {};

/**
 * The variables that may name a proxy: those in lower or upper case, and what else there was at the start. To look through all
 * variables for each connection takes 20 to 80 µs, to read these takes 6.
 */
const NAMES: readonly string[] = ['REQUEST_METHOD', ...spellings()];

function spellings(): string[] {
  const upperCase = PROXY_VARIABLES.map((name) => name.toUpperCase());
  // Windows finds a variable by any spelling: by one in lower case, which counts for more, what was not set so.
  if (globalThis.process?.platform === 'win32') return upperCase;
  const others = Object.keys(environment()).filter((name) => PROXY_VARIABLES.includes(name.toLowerCase()));
  return [...PROXY_VARIABLES, ...upperCase, ...others];
}

/** These variables as they are now. */
function currentVariables(): ProxyEnvironment {
  const env = environment();
  const variables: Record<string, string | undefined> = {};
  for (const name of NAMES) {
    const value = env[name];
    if (value !== undefined) variables[name] = value;
  }
  return variables;
}

/** Options about proxies. Unix sockets, and sockets that are connected already, go without. */
export interface ProxyOptions {
  /**
   * The proxy to go through, as `http://proxy.example:3128`: its scheme is `http`, `https`, `socks5h`, `socks5`, `socks4a` or
   * `socks4` (those of SOCKS need the package `socks`); its port is 443 for `https` and 80 for all others unless it says
   * otherwise. Null: none. Default true: the one that `getProxy` finds in the environment.
   */
  readonly proxy?: string | true | null | undefined;
  /** TLS settings for an `https` proxy itself; its certificate is checked against the host of its address. */
  readonly proxyTls?: ClientTlsOptions | null | undefined;
}

/**
 * The address of the proxy for a connection to this URI, by the environment variables `ws_proxy`, `wss_proxy`, `socks_proxy`,
 * `https_proxy`, `http_proxy` and `no_proxy`; null: none. The value is as it stands there, perhaps no address.
 *
 * The first of these counts: `wss_proxy`, `socks_proxy`, `https_proxy` for `wss`, and `ws_proxy`, `socks_proxy`,
 * `https_proxy`, `http_proxy` for `ws`. Names are the same in any case; one in lower case wins, also when it is empty.
 *
 * @param env default: the environment of the process, as it is now.
 * @throws {InvalidURI} `uri` is a string that isn't a WebSocket URI.
 */
export function getProxy(uri: WebSocketURI | string, env: ProxyEnvironment = currentVariables()): string | null {
  return getProxyFrom(typeof uri === 'string' ? parseUri(uri) : uri, env);
}

/** The proxy for a connection to this URI; null: none. Throws as {@link checkProxyOptions}. */
export function chooseProxy(uri: WebSocketURI, options: ProxyOptions): ProxyAddress | null {
  const { proxy = true } = options;
  const address = proxy === true ? getProxy(uri) : proxy;
  return address === null ? null : usableProxy(address, options);
}

/**
 * Checks what can be said without the environment.
 *
 * @throws {InvalidProxy} `proxy` isn't the address of a proxy.
 * @throws {RangeError} `proxyTls` doesn't go with it.
 * @throws {TypeError} `proxy` is neither a string nor true nor null.
 */
export function checkProxyOptions(options: ProxyOptions): void {
  const { proxy = true } = options;
  if (typeof proxy === 'string') usableProxy(proxy, options);
  else if (proxy !== true && proxy !== null) throw new TypeError('proxy must be a string, true or null');
}

function usableProxy(address: string, { proxyTls }: ProxyOptions): ProxyAddress {
  const proxy = parseProxy(address);
  if (proxy.scheme === 'https') {
    if (proxyTls === null) throw new RangeError('proxy_ssl=None is incompatible with an https:// proxy');
  } else if (proxyTls != null) {
    const kind = proxy.scheme === 'http' ? 'an http:// proxy' : 'a SOCKS proxy';
    throw new RangeError(`proxy_ssl argument is incompatible with ${kind}`);
  }
  return proxy;
}
