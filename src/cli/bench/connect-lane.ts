// Makes connections and closes them. What is timed is the opening handshake.
import { type ClientConnection, connect } from '../../index.ts';
import { Lane } from './lane.ts';

/** After a handshake that failed: a server that refuses is not to be hammered. */
const AFTER_FAILURE_MS = 100;

export class ConnectLane extends Lane {
  /** Operations that are not over, closing included. */
  readonly #running = new Set<Promise<void>>();

  /** Once without counting: when that fails, everything would. */
  override async open(): Promise<void> {
    const connection = await this.#connect();
    await connection.close();
  }

  override begin(dueAt: number): void {
    const running = this.#perform(dueAt).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  override async close(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #perform(dueAt: number): Promise<void> {
    const { owner } = this.options;
    let connection: ClientConnection;
    try {
      connection = await this.#connect();
    } catch (error) {
      await new Promise((resolve) => setTimeout(resolve, AFTER_FAILURE_MS));
      owner.onFailed(this, error);
      return;
    }
    const latencyMs = performance.now() - dueAt;
    await connection.close();
    owner.onClosed(this, connection.closeCode ?? 1006, connection.closeReason ?? '');
    owner.onDone(this, latencyMs);
  }

  async #connect(): Promise<ClientConnection> {
    const { uri, connectOptions } = this.options;
    return connect(uri, { ...connectOptions, handlers: {} });
  }
}
