// Two connections of ours, a client's and a server's, with a network in memory between them.
import {
  type ClientConnection,
  type ClientOptions,
  type ClientSubprotocol,
  type Connecting,
  type DirectHandlers,
  ServerConnection,
  type ServerOptions,
  type ServerSubprotocol,
} from '../index.ts';
import type { Network, NetworkOptions } from './network.ts';
import { testServer } from './test-server.ts';

/** Options of `pair`. */
export interface PairOptions<
  P extends string = string,
  Q extends string = string,
  C extends ClientConnection = ClientConnection,
  S extends ServerConnection = ServerConnection,
  D = S['data'],
> extends NetworkOptions {
  /** What the request names. Default `ws://localhost/`. */
  readonly uri?: string | undefined;
  /** Options of the client: those of `connect`, but for the network. */
  readonly client?: ClientOptions<P, C> | undefined;
  /** Options of the server: those of `serve`, but for the network; with direct handlers, if they are to be. */
  readonly server?: (ServerOptions<Q, S, D> & { readonly handlers?: DirectHandlers<S> | undefined }) | undefined;
}

/** A client and a server, connected. Disposing of it closes both. */
export interface Pair<C extends ClientConnection = ClientConnection, S extends ServerConnection = ServerConnection>
  extends AsyncDisposable {
  readonly client: C;
  readonly server: S;
  /** Between them. */
  readonly network: Network;
}

/**
 * Connects a client and a server in memory: real connections after a real handshake, without sockets and ports.
 *
 * ```ts
 * await using both = await pair();
 * await both.client.send('hello');
 * console.log(await both.server.recv());
 * ```
 *
 * With a fake clock, time passes as far as the handshake needs it.
 *
 * @throws {RangeError} an option has a value that isn't allowed.
 * @throws {TypeError} an option has a value of the wrong type.
 * @throws {InvalidHandshake} client and server do not agree, or the network has kept them from it.
 */
export async function pair<
  const P extends string = never,
  const Q extends string = never,
  D = undefined,
  C extends ClientConnection = ClientConnection<ClientSubprotocol<P>>,
  S extends ServerConnection = ServerConnection<ServerSubprotocol<Q>, D>,
>({
  uri = '/',
  client: clientOptions,
  server: serverOptions = {},
  ...options
}: PairOptions<P, Q, C, S, D> = {}): Promise<Pair<C, S>> {
  const { handlers, createConnection, ...rest } = serverOptions;
  let server!: S;
  const host = await testServer<Q, D, S>(
    handlers ?? ((connection: ServerConnection): Promise<void> => connection.closed),
    {
      ...rest,
      ...options,
      createConnection: (protocol, view, settings) => {
        // Without a function for it, S is what it is by default.
        server = createConnection?.(protocol, view, settings) ?? (new ServerConnection(protocol, view, settings) as S);
        return server;
      },
    },
  );
  const dispose = async (): Promise<void> => host[Symbol.asyncDispose]();
  const { network } = host;
  try {
    const connecting: Connecting<C> = host.connect(uri, clientOptions);
    const client = await (network.clock === null ? connecting : network.clock.runUntil(connecting));
    return { client, server, network, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
