// The server's end of a connection: the shell plus the server's half of the opening handshake.
import { compactMessage, type Request, type Response } from '../../core/http-message.ts';
import type { ServerProtocol } from '../../core/server-protocol.ts';
import { State } from '../../core/state.ts';
import { Connection, type ConnectionOptions } from '../connection.ts';
import type { Address } from '../transport.ts';
import type { ServerCloseOptions } from './server-closing.ts';

/** What a connection knows of its server. */
export interface ServerView {
  /** The connections that are OPEN now, as a set of their own. */
  readonly connections: ReadonlySet<ServerConnection>;
  readonly addresses: readonly Address[];
  readonly isServing: boolean;
  close(options?: ServerCloseOptions): void;
  abort(): void;
  waitClosed(): Promise<void>;
}

/** Hears of the life of a server's connections. */
export interface ServerConnectionEvents {
  /** The request has arrived. */
  readonly onRequest: (connection: ServerConnection, request: Request) => void;
  /** There will be no connection: the request was refused, or the client left before its answer. */
  readonly onRefused: (connection: ServerConnection) => void;
  /** The handler has returned, and the connection is closed. */
  readonly onHandled: (connection: ServerConnection) => void;
  /** The connection is gone. */
  readonly onGone: (connection: ServerConnection) => void;
}

/** What a server's connection is built from. Comes from `serve`; pass it on in `createConnection`. */
export interface ServerConnectionOptions extends ConnectionOptions {
  readonly events: ServerConnectionEvents;
}

/**
 * A server's connection. Made by `serve`, and given to its handler.
 *
 * P is what may have been agreed on as the subprotocol, D what the server knows of the client.
 */
export class ServerConnection<P extends string | null = string | null, D = unknown> extends Connection<P> {
  declare readonly protocol: ServerProtocol;
  /** The server that accepted this connection. */
  readonly server: ServerView;
  /**
   * What `authenticate` has found out about the client. Without that option undefined, and yours to assign: name the type,
   * as in `serve<never, Session | undefined>(…)`.
   */
  data: D = undefined as D;
  /** Who the client is, once `basicAuth` or `digestAuth` has told. */
  declare username?: string;
  readonly #events: ServerConnectionEvents;

  constructor(protocol: ServerProtocol, server: ServerView, options: ServerConnectionOptions) {
    super(protocol, options);
    this.server = server;
    this.#events = options.events;
  }

  /** A plain-text response, for `processRequest` to return. */
  respond(status: number, text: string): Response {
    return this.protocol.reject(status, text);
  }

  /** Whether the request still waits for its answer, and the client for us. */
  get isPending(): boolean {
    return this.protocol.state === State.CONNECTING && !this.protocol.eofSent;
  }

  /** Sends the answer to the request; `serve` does this. Calls back when that opens the connection, before anything comes of it. */
  answer(response: Response, onOpen: () => void): void {
    this.response = response;
    this.protocol.pause();
    this.protocol.sendResponse(response);
    if (this.request !== null) compactMessage(this.request);
    compactMessage(response);
    if (this.protocol.state === State.OPEN) {
      onOpen();
      this.onOpen();
    }
    // Unless the handler of `open` has paused the connection.
    if (!this.isPaused) this.protocol.resume();
    this.flush();
  }

  /** Runs the handler, then closes: with 1000, or with 1011 when it threw. `serve` does this. */
  run(handler: (connection: this) => unknown): void {
    // Not an async function: it would be kept for as long as the handler runs, 0.3 KB for each connection.
    const end = (): void => {
      void this.close().then(() => this.#events.onHandled(this));
    };
    new Promise((resolve) => resolve(handler(this))).then(end, (error: unknown) => {
      try {
        this.handlerFailed(error);
      } finally {
        end();
      }
    });
  }

  /** A hook of the user threw: said in the log, not to the client. */
  hookFailed(name: string, error: unknown): Response {
    this.log('error', `${name} failed`, error);
    return this.respond(500, 'Failed to open a WebSocket connection.\nSee server log for more information.\n');
  }

  protected override onHandshake(message: Request | Response): void {
    this.request = message as Request;
    this.#events.onRequest(this, this.request);
  }

  protected override onHandshakeFailed(): void {
    this.#events.onRefused(this);
  }

  protected override onGone(): void {
    this.#events.onGone(this);
  }
}
