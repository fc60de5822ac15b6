// A server without a port, for tests of its handler: the real server and real clients, in memory.
import {
  type SelectsSubprotocol,
  Server,
  type ServerConnection,
  type ServerHandler,
  type ServerOptions,
  type ServerSubprotocol,
} from '../index.ts';
import { MemoryHost, type TestHost } from './memory-host.ts';
import { type NetworkOptions, SERVER_ADDRESS } from './network.ts';
import { RawPeer } from './raw-peer.ts';

/** Options of `testServer`: those of `serve` but for the network, and those of the network in memory. */
export type TestServerOptions<
  P extends string = string,
  C extends ServerConnection = ServerConnection,
  D = C['data'],
> = ServerOptions<P, C, D> & NetworkOptions;

/** A server in memory and the way to it. Disposing of it closes the server, then cuts what is left of its connections. */
export interface TestServer<S extends ServerConnection = ServerConnection> extends TestHost {
  readonly server: Server<S>;
  /** Connects a client of which the test plays every byte. @throws {Error} ECONNREFUSED. */
  dial(): RawPeer;
}

/**
 * Starts a server in memory, to test its handler. It is a real one: hooks, origins, subprotocols, compression, limits and
 * graceful stops are those of `serve`, and its clients are those of `connect`.
 *
 * ```ts
 * await using chat = await testServer(handler);
 * await using client = await chat.connect('/lobby');
 * ```
 *
 * @throws {RangeError} an option has a value that isn't allowed.
 * @throws {TypeError} an option has a value of the wrong type.
 */
export function testServer<
  const P extends string,
  D = undefined,
  S extends ServerConnection = ServerConnection<P | null, D>,
>(
  handler: ServerHandler<NoInfer<S>>,
  options: TestServerOptions<P, S, D> & SelectsSubprotocol<P, S>,
): Promise<TestServer<S>>;
export function testServer<
  const P extends string = never,
  D = undefined,
  S extends ServerConnection = ServerConnection<ServerSubprotocol<P>, D>,
>(handler: ServerHandler<NoInfer<S>>, options?: TestServerOptions<P, S, D>): Promise<TestServer<S>>;
export async function testServer<S extends ServerConnection>(
  handler: ServerHandler<S>,
  options: TestServerOptions<string, S> = {},
): Promise<TestServer<S>> {
  const host = new MemoryHost(options);
  const { network } = host;
  // Whatever the class of its connections, the server treats them alike: S comes from `createConnection` in the options.
  const [anyHandler, anyOptions] = [handler as ServerHandler, options as unknown as ServerOptions];
  const server = new Server<S>(
    host.runtimeOf(network),
    anyHandler,
    anyOptions,
    async ({ onTransport, onListening }) => {
      host.accept = onTransport;
      onListening([SERVER_ADDRESS]);
      const close = async (): Promise<void> => {
        host.accept = null;
      };
      return { addresses: [SERVER_ADDRESS], sockets: [], close };
    },
  );
  if (options.startServing ?? true) await server.startServing();
  return {
    server,
    network,
    connect: host.connect,
    dial: () => new RawPeer(host.dial()),
    [Symbol.asyncDispose]: async () => {
      server.close();
      await host.close();
      // A handler may still wait for time to pass; for anything else it is waited.
      const closed = server.waitClosed();
      await network.clock?.runUntil(closed).catch(() => {});
      await closed;
    },
  };
}
