// The opening handshakes of a server that are in progress: their order, their deadlines, and how many there may be. Answers none.
import type { Timer } from '../clock.ts';
import type { TimerWheel } from '../timer-wheel.ts';
import type { ServerConnection } from './server-connection.ts';

/** A client that speaks TLS first: it has a place from the beginning, and keeps it when it has a connection. */
export class TlsClient {
  connection: ServerConnection | null = null;
  readonly #drop: () => void;

  /** @param drop ends it, while it has no connection. */
  constructor(drop: () => void) {
    this.#drop = drop;
  }

  abort(): void {
    if (this.connection === null) this.#drop();
    else this.connection.abort();
  }
}

/** A client in its opening handshake. */
export type PendingClient = ServerConnection | TlsClient;

/** Its connection; null: it has none yet. */
export const connectionOf = (client: PendingClient): ServerConnection | null =>
  client instanceof TlsClient ? client.connection : client;

/** Null: no limit. */
export interface PendingLimits {
  readonly openTimeoutMs: number | null;
  readonly maxPending: number;
}

/** Hears of clients that meet a limit. */
export interface PendingEvents {
  /** There are too many, and this one is the oldest. It counts no more. */
  readonly onTooMany: (client: PendingClient) => void;
  /** It took too long. */
  readonly onLate: (client: PendingClient) => void;
}

/**
 * Oldest first. Connections that were refused stay, with no deadline, until they are gone. All have the same time: one timer, for
 * the oldest, is enough.
 */
export class PendingHandshakes {
  readonly #clock: TimerWheel;
  readonly #limits: PendingLimits;
  readonly #events: PendingEvents;
  readonly #deadlines: Map<PendingClient, number> = new Map();
  /** Of those connections that have spoken TLS first. */
  readonly #tlsClients: Map<ServerConnection, TlsClient> = new Map();
  /**
   * Goes on when nobody is left: to set it for each client costs a tenth of what opening and closing a connection does. So it
   * must not keep the server, of which `upgrade` makes one for each object of options.
   */
  #timer: Timer | null = null;
  readonly #onTime: () => void = PendingHandshakes.#watcherOf(this);

  constructor(clock: TimerWheel, limits: PendingLimits, events: PendingEvents) {
    this.#clock = clock;
    this.#limits = limits;
    this.#events = events;
  }

  get size(): number {
    return this.#deadlines.size;
  }

  /** All of them: what is taken away meanwhile is left out. */
  get clients(): Iterable<PendingClient> {
    return this.#deadlines.keys();
  }

  /** A client is there. */
  begin(client: PendingClient): void {
    this.#deadlines.set(client, this.#clock.now() + (this.#limits.openTimeoutMs ?? Number.POSITIVE_INFINITY));
    if (this.#timer === null && this.#limits.openTimeoutMs !== null) this.#watch();
    if (this.#deadlines.size <= this.#limits.maxPending) return;
    // The oldest goes: whoever opens connections and says nothing must not keep others out.
    const [oldest] = this.#deadlines.keys();
    if (oldest === undefined) return;
    this.#deadlines.delete(oldest);
    this.#events.onTooMany(oldest);
  }

  /** TLS is done. */
  goOn(client: TlsClient, connection: ServerConnection): void {
    client.connection = connection;
    this.#tlsClients.set(connection, client);
  }

  /** It is answered. What is left to do has a deadline of its own. */
  endDeadline(connection: ServerConnection): void {
    const client = this.#clientOf(connection);
    if (this.#deadlines.has(client)) this.#deadlines.set(client, Number.POSITIVE_INFINITY);
  }

  /** It is open, or gone. */
  end(connection: ServerConnection): void {
    this.#deadlines.delete(this.#clientOf(connection));
    this.#tlsClients.delete(connection);
  }

  /** As `end`, for a client without a connection. */
  endTls(client: TlsClient): void {
    if (client.connection === null) this.#deadlines.delete(client);
  }

  /** Looks at no deadline any more. */
  stop(): void {
    this.#timer?.cancel();
  }

  static #watcherOf(pending: PendingHandshakes): () => void {
    const reference = new WeakRef(pending);
    return () => {
      const target = reference.deref();
      if (target !== undefined) target.#watch();
    };
  }

  #clientOf(connection: ServerConnection): PendingClient {
    return this.#tlsClients.get(connection) ?? connection;
  }

  /** Tells of those that took too long, then waits for the next one that might. */
  #watch(): void {
    this.#timer = null;
    const now = this.#clock.now();
    for (const [client, deadline] of this.#deadlines) {
      if (deadline > now) {
        if (deadline === Number.POSITIVE_INFINITY) continue;
        this.#timer = this.#clock.setTimer(deadline - now, this.#onTime);
        return;
      }
      this.#deadlines.set(client, Number.POSITIVE_INFINITY);
      this.#events.onLate(client);
    }
  }
}
