// Opens a tunnel through a SOCKS proxy. The package `socks` speaks SOCKS; this file finds it, moves its bytes, and resolves names.
import { lookup } from 'node:dns/promises';
import { isIP, isIPv6, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { waitFor } from '../connection/wait.ts';
import { EndOfStreamError, ProxyError } from '../core/exceptions.ts';
import type { Proxy as ProxyAddress } from '../core/proxy.ts';
import type { TunnelTarget } from '../core/proxy-tunnel.ts';
import { listening, openPlain } from './open-socket.ts';
import { nodeRuntime } from './runtime.ts';

/** The package has a deadline of its own, which it never cancels: until then it keeps its client. Ours comes first. */
const LATER_MS = 1_000;
/** Where we have no deadline. */
const NO_DEADLINE_MS = 3_600_000;
/** Timers of Node know no longer time. */
const LONGEST_MS = 2 ** 31 - 1;

/** How to reach a proxy, and how long. */
export interface SocksTunnelSettings {
  /** Milliseconds until the signal will be aborted. Default 10,000; null: nobody knows. */
  readonly openTimeoutMs: number | null | undefined;
  /** Local address to connect from. */
  readonly localAddress: string | undefined;
}

/**
 * The socket of a tunnel to the target. Nobody has read beyond the proxy's last answer, and it is paused.
 *
 * @throws {ProxyError} the proxy refuses, or does not speak SOCKS, or the package `socks` is not installed. `cause` says what.
 */
export async function openSocksTunnel(
  proxy: ProxyAddress,
  target: TunnelTarget,
  { openTimeoutMs = 10_000, localAddress }: SocksTunnelSettings,
  signal: AbortSignal,
): Promise<Socket> {
  const { SocksClient } = await loadSocks();
  const host = await addressFor(proxy, target.host, signal);
  const socket = await openPlain({ host: proxy.host, port: proxy.port, localAddress }, signal);
  return listening(socket, signal, (resolve, reject) => {
    const fail = (cause: unknown): void => reject(refusal(cause));
    const channel = new Channel(socket);
    let isEstablished = false;
    const onData = (bytes: Buffer): void => {
      try {
        for (let at = 0; at < bytes.length; at++) {
          channel.emit('data', bytes.subarray(at, at + 1));
          if (!isEstablished) continue;
          socket.pause();
          if (at + 1 < bytes.length) socket.unshift(bytes.subarray(at + 1));
          resolve(socket);
          return;
        }
      } catch (error) {
        fail(error);
      }
    };
    const onEnd = (): void => fail(new EndOfStreamError('connection closed while negotiating with the proxy'));
    socket.on('data', onData);
    socket.on('end', onEnd);
    try {
      const client = new SocksClient({
        command: 'connect',
        proxy: {
          host: proxy.host,
          port: proxy.port,
          type: isSocks4(proxy) ? 4 : 5,
          userId: proxy.username ?? '',
          password: proxy.password ?? '',
        },
        destination: { host, port: target.port },
        timeout: Math.min((openTimeoutMs ?? NO_DEADLINE_MS) + LATER_MS, LONGEST_MS),
      });
      client.once('established', ({ remoteHost }) => {
        // The package passes over an address of a kind that it does not know, and takes the rest of the answer for what follows it.
        if (remoteHost === undefined && !isSocks4(proxy))
          fail(new Error('the proxy answers with no known kind of address'));
        else isEstablished = true;
      });
      client.once('error', fail);
      client.connect(channel);
    } catch (error) {
      fail(error);
    }
    return () => {
      socket.off('data', onData);
      socket.off('end', onEnd);
    };
  });
}

/**
 * What the package takes for the proxy's socket. It is given the proxy's bytes one at a time, as events: so it never has any
 * that follow the last answer, and belong to the tunnel.
 */
class Channel extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    // What happens to the socket is heard there; the package does not listen for ever.
    this.on('error', () => {});
  }

  override _read(): void {}

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done);
  }
}

async function loadSocks(): Promise<typeof import('socks')> {
  try {
    return await import('socks');
  } catch (cause) {
    throw new ProxyError('SOCKS proxies need the package socks, which is not installed: npm install socks', { cause });
  }
}

const isSocks4 = ({ scheme }: ProxyAddress): boolean => scheme === 'socks4' || scheme === 'socks4a';

/** What to ask the proxy for: the host as it is, or its address where it is for us to resolve. */
async function addressFor(proxy: ProxyAddress, host: string, signal: AbortSignal): Promise<string> {
  if (proxy.scheme === 'socks4' && isIPv6(host)) throw refusal(new Error(`SOCKS4 knows no IPv6 addresses: ${host}`));
  if (isIP(host) !== 0 || proxy.scheme === 'socks5h' || proxy.scheme === 'socks4a') return host;
  signal.throwIfAborted();
  const family = isSocks4(proxy) ? 4 : 0;
  const { address } = await waitFor(lookup(host, { family }), { signal }, nodeRuntime.clock);
  return address;
}

function refusal(cause: unknown): ProxyError {
  // The package's errors show its options wherever they are logged, with the password among them.
  if (cause instanceof Error && 'options' in cause) Object.defineProperty(cause, 'options', { enumerable: false });
  return new ProxyError('failed to connect to SOCKS proxy', { cause });
}
