// A server of which a test plays every byte, for tests of what a client does with it.
import { MemoryHost, type TestHost } from './memory-host.ts';
import type { NetworkOptions } from './network.ts';
import { RawPeer } from './raw-peer.ts';

/** A server in memory that says nothing by itself. Disposing of it cuts its connections. */
export interface RawServer extends TestHost {
  /** The server's end of the next connection: waits for it. */
  accept(): Promise<RawPeer>;
}

/**
 * Starts a server whose answers the test writes.
 *
 * @throws {RangeError} a fault is not possible.
 */
export function rawServer(options: NetworkOptions = {}): RawServer {
  const host = new MemoryHost(options);
  const ready: RawPeer[] = [];
  const waiting: ((peer: RawPeer) => void)[] = [];
  host.accept = (transport) => {
    const peer = new RawPeer(transport);
    const take = waiting.shift();
    if (take === undefined) ready.push(peer);
    else take(peer);
  };
  return {
    network: host.network,
    connect: host.connect,
    accept: async () => ready.shift() ?? new Promise((resolve) => waiting.push(resolve)),
    [Symbol.asyncDispose]: async () => {
      host.accept = null;
      await host.close();
    },
  };
}
