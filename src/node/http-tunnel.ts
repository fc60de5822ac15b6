// Opens a tunnel through an HTTP proxy, plain or over TLS. What stands in the messages is known to core/proxy-tunnel.ts.
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { buildAuthorizationBasic } from '../core/auth-grammar.ts';
import { InvalidProxyStatus } from '../core/exceptions.ts';
import { Response } from '../core/http-message.ts';
import type { HttpLimits } from '../core/http-parser.ts';
import type { Proxy as ProxyAddress } from '../core/proxy.ts';
import {
  buildConnectRequest,
  ConnectResponseReader,
  digestAuthorization,
  isGranted,
  type TunnelTarget,
} from '../core/proxy-tunnel.ts';
import { type ClientTlsOptions, discard, listening, openPlain, openTls } from './open-socket.ts';
import { nodeRuntime } from './runtime.ts';

/** How to reach a proxy, and what to tell it. */
export interface HttpTunnelSettings {
  /** `User-Agent`; null: none is sent. */
  readonly userAgent: string | null;
  /** TLS settings for the proxy itself. */
  readonly proxyTls: ClientTlsOptions | null | undefined;
  /** Local address to connect from. */
  readonly localAddress: string | undefined;
  /** How large the proxy's answer may be. */
  readonly limits: HttpLimits;
}

/**
 * The socket of a tunnel to the target. Nobody has read beyond the proxy's answer, and it is paused.
 *
 * @throws {InvalidProxyStatus} the proxy refuses.
 * @throws {InvalidProxyMessage} the proxy does not answer in HTTP.
 */
export async function openHttpTunnel(
  proxy: ProxyAddress,
  target: TunnelTarget,
  settings: HttpTunnelSettings,
  signal: AbortSignal,
): Promise<Socket> {
  const { userInfo } = proxy;
  const basic = userInfo === null ? null : buildAuthorizationBasic(...userInfo);
  const first = await ask(proxy, target, basic, settings, signal);
  if (!(first instanceof Response)) return first;

  const digest = userInfo === null ? null : digestFor(first, target, userInfo);
  if (digest === null) throw new InvalidProxyStatus(first);
  const second = await ask(proxy, target, digest, settings, signal);
  if (!(second instanceof Response)) return second;
  throw new InvalidProxyStatus(second);
}

function digestFor(
  response: Response,
  target: TunnelTarget,
  [username, password]: readonly [string, string],
): string | null {
  const source = { hash: nodeRuntime.hash, cnonce: randomBytes(16).toString('hex') };
  return digestAuthorization(response, target, { username, password }, source);
}

/**
 * Asks for the tunnel: its socket, or what the proxy says instead. Each time on a new connection: behind a refusal there may
 * be a body of any length, and it is not read.
 */
async function ask(
  proxy: ProxyAddress,
  target: TunnelTarget,
  authorization: string | null,
  { userAgent, proxyTls, localAddress, limits }: HttpTunnelSettings,
  signal: AbortSignal,
): Promise<Socket | Response> {
  const request = buildConnectRequest(target, { userAgent, authorization }).serialize();
  const tcp = await openPlain({ host: proxy.host, port: proxy.port, localAddress }, signal);
  const socket = proxy.scheme === 'https' ? await openTls(tcp, proxy.host, proxyTls, signal) : tcp;
  const answer = readResponse(socket, limits, signal);
  socket.write(request);
  const response = await answer;
  if (isGranted(response)) return socket;
  discard(socket);
  return response;
}

/** Reads the answer and not a byte more: what follows is put back, and the socket is paused. */
function readResponse(socket: Socket, limits: HttpLimits, signal: AbortSignal): Promise<Response> {
  const reader = new ConnectResponseReader(limits, nodeRuntime.host.latin1);
  return listening(socket, signal, (resolve, reject) => {
    const take = (read: () => Response | null): void => {
      try {
        const response = read();
        if (response === null) return;
        socket.pause();
        if (reader.rest.length > 0) socket.unshift(reader.rest);
        resolve(response);
      } catch (error) {
        reject(error);
      }
    };
    const onData = (bytes: Buffer): void => take(() => reader.push(bytes));
    const onEnd = (): void => take(() => reader.end());
    socket.on('data', onData);
    socket.on('end', onEnd);
    return () => {
      socket.off('data', onData);
      socket.off('end', onEnd);
    };
  });
}
