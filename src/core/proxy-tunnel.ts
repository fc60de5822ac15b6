// Knows how to ask an HTTP proxy for a tunnel (RFC 9110 §9.3.6), and which answer is one. Does no I/O, finds no proxy.
import type { Latin1Codec } from '../bytes/latin1.ts';
import { bestDigestChallenge, DigestSession, type DigestSource, type UserCredentials } from './digest.ts';
import { InvalidProxyMessage } from './exceptions/handshake-errors.ts';
import { addHeader, checkRequestTarget } from './handshake-headers.ts';
import { Headers } from './headers.ts';
import { Request, type Response } from './http-message.ts';
import { type HttpLimits, ResponseParser } from './http-parser.ts';
import { buildHost } from './uri.ts';

/** Where a tunnel is to lead. */
export interface TunnelTarget {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** Whether TLS will be spoken in the tunnel: then the default port is 443, not 80. */
  readonly secure: boolean;
}

/** Headers of the request, besides `Host`. */
export interface ConnectRequestHeaders {
  /** `User-Agent`; null: none is sent. */
  readonly userAgent: string | null;
  /** `Proxy-Authorization`; null: none is sent. */
  readonly authorization: string | null;
}

/** What stands in the request line: host and port, always both. */
export const tunnelAuthority = ({ host, port, secure }: TunnelTarget): string => buildHost(host, port, secure, true);

/**
 * Builds the request for a tunnel.
 * @throws {TypeError} host, port or a value can't stand where it would stand.
 */
export function buildConnectRequest(
  target: TunnelTarget,
  { userAgent, authorization }: ConnectRequestHeaders,
): Request {
  const authority = tunnelAuthority(target);
  checkRequestTarget(authority);
  const headers = new Headers();
  addHeader(headers, 'Host', buildHost(target.host, target.port, target.secure));
  if (userAgent !== null) addHeader(headers, 'User-Agent', userAgent);
  if (authorization !== null) addHeader(headers, 'Proxy-Authorization', authorization);
  return new Request(authority, headers, 'CONNECT');
}

/** Reads a proxy's answer as its bytes arrive. The head is all there is to it: what follows belongs to the tunnel. */
export class ConnectResponseReader {
  readonly #parser: ResponseParser;

  /**
   * @param limits those that differ from the default.
   * @param latin1 the host's codec. Default: our own.
   */
  constructor(limits?: Partial<HttpLimits>, latin1?: Latin1Codec) {
    this.#parser = new ResponseParser({ limits, latin1, anyVersion: true, readBody: false });
  }

  /**
   * Takes the next bytes. Returns the response when they complete it; null: more are needed.
   * @throws {InvalidProxyMessage} this is no HTTP response, or one that passes a limit.
   */
  push(bytes: Uint8Array): Response | null {
    return this.#advance((parser) => parser.push(bytes));
  }

  /**
   * Takes the end of the stream, which is too early.
   * @throws {InvalidProxyMessage} always.
   */
  end(): Response | null {
    return this.#advance((parser) => parser.end());
  }

  /** What followed the response: a view on the bytes of the last {@link push}. */
  get rest(): Uint8Array {
    return this.#parser.rest;
  }

  #advance(parse: (parser: ResponseParser) => Response | null): Response | null {
    try {
      return parse(this.#parser);
    } catch (cause) {
      throw new InvalidProxyMessage('did not receive a valid HTTP response from proxy', { cause });
    }
  }
}

/** Whether the response grants the tunnel: any 2xx does. */
export const isGranted = ({ statusCode }: Response): boolean => statusCode >= 200 && statusCode <= 299;

/**
 * The value of `Proxy-Authorization` that answers a refusal for want of credentials by Digest (RFC 7616); null: the proxy
 * refuses for another reason, or asks for nothing that can be answered so.
 *
 * @throws what `hash` throws when the runtime does not have the algorithm.
 */
export function digestAuthorization(
  response: Response,
  target: TunnelTarget,
  user: UserCredentials,
  source: DigestSource,
): string | null {
  if (response.statusCode !== 407) return null;
  const challenge = bestDigestChallenge(response.headers.getAll('Proxy-Authenticate'));
  if (challenge === null) return null;
  return new DigestSession(challenge, user, source).authorization('CONNECT', tunnelAuthority(target));
}
