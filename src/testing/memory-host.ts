// Where clients in memory connect to: who they are is the library's matter, who accepts them is said from outside.
import {
  type ClientConnection,
  type ClientOptions,
  type ClientSubprotocol,
  Connecting,
  type Runtime,
  type Transport,
} from '../index.ts';
import { Network, type NetworkOptions } from './network.ts';
import { testRuntime } from './test-runtime.ts';
import { settled } from './turns.ts';

/** Options of `TestHost.connect`: those of `connect` but for the network; one of its own for this client, if it is to have one. */
export type TestConnectOptions<
  P extends string = string,
  C extends ClientConnection = ClientConnection,
> = ClientOptions<P, C> & {
  readonly network?: Network | undefined;
};

/** A server in memory, as its clients see it. */
export interface TestHost extends AsyncDisposable {
  /** Between the server and all clients that have no network of their own. */
  readonly network: Network;
  /**
   * As `connect`, to this server and to no other, whatever host the URI names.
   *
   * @param uri what the request names; a path alone stands for one at `ws://localhost`. Default `/`.
   */
  connect<const P extends string = never, C extends ClientConnection = ClientConnection<ClientSubprotocol<P>>>(
    uri?: string,
    options?: TestConnectOptions<P, C>,
  ): Connecting<C>;
}

/** A place to connect to. */
export class MemoryHost {
  readonly network: Network;
  /** Takes the server's end of each new connection; null while nobody listens. */
  accept: ((transport: Transport) => void) | null = null;
  readonly #runtimes: Map<Network, Runtime> = new Map();

  constructor(options: NetworkOptions) {
    this.network = new Network(options);
  }

  /** One for each network: its chance is shared by all that it connects. */
  runtimeOf(network: Network): Runtime {
    const known = this.#runtimes.get(network);
    if (known !== undefined) return known;
    const runtime = testRuntime(network);
    this.#runtimes.set(network, runtime);
    return runtime;
  }

  readonly connect: TestHost['connect'] = <P extends string, C extends ClientConnection>(
    uri = '/',
    options: TestConnectOptions<P, C> = {},
  ): Connecting<C> => {
    const network = options.network ?? this.network;
    const whole = uri.startsWith('/') ? `ws://localhost${uri}` : uri;
    // Whatever the class of the connection: C comes from `createConnection` in the options.
    const anyOptions = options as unknown as ClientOptions;
    return new Connecting<C>(this.runtimeOf(network), whole, anyOptions, {
      fixed: null,
      open: async (_, signal) => {
        signal.throwIfAborted();
        return this.dial(network);
      },
      addressOf: ({ host, port }) => `${host} ${port}`,
    });
  };

  /** A client's end, with the server's end accepted. @throws {Error} ECONNREFUSED. */
  dial(network: Network = this.network): Transport {
    if (this.accept === null) throw network.refusal();
    const { client, server } = network.connect();
    this.accept(server);
    return client;
  }

  /** Lets what is on its way arrive, and what follows from that happen, then cuts what is left. */
  async close(): Promise<void> {
    const networks = [...this.#runtimes.keys()];
    for (const network of networks) network.heal();
    await settled();
    for (const network of networks) network.cut();
    await settled();
  }
}
