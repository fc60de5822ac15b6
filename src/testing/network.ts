// A network in memory: makes connections, and does to their bytes what a test wants. Knows no WebSocket.
import { type Clock, defaultRuntime, type Transport } from '../index.ts';
import type { FakeClock } from './fake-clock.ts';
import { type AllFaults, type Faults, mergeFaults, NO_FAULTS } from './faults.ts';
import { MemoryTransport } from './memory-transport.ts';
import { Random } from './random.ts';
import { Wire, type WireConditions } from './wire.ts';

/** How a network is to be. */
export interface NetworkOptions {
  /** Time for delays and for all timers of the connections. Default: real time. */
  readonly clock?: FakeClock | undefined;
  /** What chance follows from, in the network and in the connections: the same seed, the same run. Default: one by chance. */
  readonly seed?: number | undefined;
  /** What happens to bytes in both directions. Default: nothing. */
  readonly faults?: Faults | undefined;
  /** The same for bytes to the server; what is not said here follows from `faults`. */
  readonly toServer?: Faults | undefined;
  /** The same for bytes to the client. */
  readonly toClient?: Faults | undefined;
  /**
   * Whether received bytes are overwritten as soon as the sink returns, since they are only lent to it: that shows whoever
   * keeps them. Default true.
   */
  readonly lends?: boolean | undefined;
}

/** The bytes that go one way, of all connections of a network. */
export interface Direction {
  /** Changes the faults that are named, for bytes that are sent or read from now on. @throws {RangeError} a value is not possible. */
  change(faults: Faults): void;
  /** Nothing arrives until `resume`. What is sent waits on the way, as long as it has room there. */
  pause(): void;
  /** Nothing leaves the sender until `resume`: everything waits with it, so that its `send` waits. */
  stall(): void;
  resume(): void;
  /** Ends the stream of the connections that there are: what is on its way arrives, what is sent afterwards vanishes. */
  end(): void;
}

/** Where servers are. From the range of RFC 5737 §3: not a loopback address, so that a server takes any `Host`. */
export const SERVER_ADDRESS = ['192.0.2.1', 80] as const;
const CLIENT_HOST = '192.0.2.2';
const FIRST_CLIENT_PORT = 49_152;

/**
 * Connections between clients and servers of one process. Without faults it is as fast and reliable as can be; what else it
 * does is said in its options, or later, by its methods.
 */
export class Network {
  readonly clock: FakeClock | null;
  /** What chance follows from; also part of the errors that the network makes. */
  readonly seed: number;
  readonly #random: Random;
  readonly #toServer: Way;
  readonly #toClient: Way;
  #links: Set<Link> = new Set();
  #nextPort: number = FIRST_CLIENT_PORT;
  #isDown = false;

  /** @throws {RangeError} a fault is not possible. */
  constructor({ clock, seed, faults = {}, toServer = {}, toClient = {}, lends = true }: NetworkOptions = {}) {
    this.clock = clock ?? null;
    this.#random = new Random(seed);
    this.seed = this.#random.seed;
    const common = mergeFaults(NO_FAULTS, faults);
    const shared = { clock: clock ?? defaultRuntime.clock, seed: this.seed, lends };
    // Chances of their own: what is sent in one direction does not change what happens in the other.
    this.#toServer = new Way(mergeFaults(common, toServer), this.#random.fork(), shared);
    this.#toClient = new Way(mergeFaults(common, toClient), this.#random.fork(), shared);
  }

  /** What clients send. */
  get toServer(): Direction {
    return this.#toServer;
  }

  /** What servers send. */
  get toClient(): Direction {
    return this.#toClient;
  }

  /** How many connections there are. One that is lost at one end only counts, too. */
  get size(): number {
    return this.#links.size;
  }

  /** As `Direction.change`, both ways. */
  change(faults: Faults): void {
    this.#toServer.change(faults);
    this.#toClient.change(faults);
  }

  /** Nothing arrives any more, and nobody is told: as if a cable were pulled out. */
  pause(): void {
    this.#toServer.pause();
    this.#toClient.pause();
  }

  /** Nothing leaves any more. */
  stall(): void {
    this.#toServer.stall();
    this.#toClient.stall();
  }

  resume(): void {
    this.#toServer.resume();
    this.#toClient.resume();
  }

  /** No faults any more, and nothing is held back: what is on its way arrives now. */
  heal(): void {
    this.#toServer.heal();
    this.#toClient.heal();
  }

  /** All connections are lost at once: both ends hear of a reset. New ones may be made. */
  cut(): void {
    for (const link of this.#links) link.cut();
  }

  /** As `cut`, and nobody can connect until `comeUp`: ECONNREFUSED. */
  goDown(): void {
    this.#isDown = true;
    this.cut();
  }

  comeUp(): void {
    this.#isDown = false;
  }

  /**
   * The two ends of a new connection, for peers of your own.
   * @throws {Error} ECONNREFUSED, after `goDown`.
   */
  connect(): { readonly client: Transport; readonly server: Transport } {
    if (this.#isDown) throw this.refusal();
    const link = new Link(this.#toServer, this.#toClient, this.#nextPort++, () => this.#links.delete(link));
    this.#links.add(link);
    return link;
  }

  /** What whoever connects hears when nobody listens. @internal */
  refusal(): Error {
    return networkError('ECONNREFUSED', 'connect', this.seed);
  }

  /** Chance for those that the network connects. @internal */
  get random(): Random {
    return this.#random;
  }
}

/** One connection. */
class Link {
  readonly client: MemoryTransport;
  readonly server: MemoryTransport;
  readonly #seed: number;

  constructor(toServer: Way, toClient: Way, port: number, onGone: () => void) {
    const forget = (): void => {
      if (!this.client.isGone || !this.server.isGone) return;
      toServer.wires.delete(up);
      toClient.wires.delete(down);
      onGone();
    };
    const clientAddress = [CLIENT_HOST, port] as const;
    this.#seed = toServer.seed;
    this.client = new MemoryTransport(clientAddress, SERVER_ADDRESS, forget);
    this.server = new MemoryTransport(SERVER_ADDRESS, clientAddress, forget);
    const cut = (): void => this.cut();
    const up = new Wire(toServer, this.client, this.server, cut);
    const down = new Wire(toClient, this.server, this.client, cut);
    this.client.attach(down, up);
    this.server.attach(up, down);
    toServer.wires.add(up);
    toClient.wires.add(down);
  }

  cut(): void {
    this.client.lose(networkError('ECONNRESET', 'read', this.#seed));
    this.server.lose(networkError('ECONNRESET', 'read', this.#seed));
  }
}

/** One direction, as tests and wires see it. */
class Way implements Direction, WireConditions {
  readonly clock: Clock;
  readonly random: Random;
  readonly lends: boolean;
  readonly seed: number;
  readonly wires: Set<Wire> = new Set();
  faults: AllFaults;
  isPaused = false;
  isStalled = false;

  constructor(
    faults: AllFaults,
    random: Random,
    { clock, seed, lends }: { readonly clock: Clock; readonly seed: number; readonly lends: boolean },
  ) {
    this.faults = faults;
    this.random = random;
    this.clock = clock;
    this.seed = seed;
    this.lends = lends;
  }

  change(faults: Faults): void {
    this.faults = mergeFaults(this.faults, faults);
    for (const wire of this.wires) {
      if (faults.cutAfterBytes !== undefined) wire.countUntilCut();
      wire.wake();
    }
  }

  pause(): void {
    this.isPaused = true;
  }

  stall(): void {
    this.isStalled = true;
  }

  resume(): void {
    this.isPaused = false;
    this.isStalled = false;
    for (const wire of this.wires) wire.wake();
  }

  heal(): void {
    this.faults = NO_FAULTS;
    this.isPaused = false;
    this.isStalled = false;
    for (const wire of this.wires) {
      wire.countUntilCut();
      wire.hurry();
    }
  }

  end(): void {
    for (const wire of this.wires) wire.sever();
  }

  resetError(): Error {
    return networkError('ECONNRESET', 'read', this.seed);
  }
}

/** As the system would have it, and with the seed that brings it back. */
const networkError = (code: string, syscall: string, seed: number): Error =>
  Object.assign(new Error(`${syscall} ${code} (network in memory, seed ${seed})`), { code, syscall, seed });
