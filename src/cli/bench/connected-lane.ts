// A lane that keeps one connection for all its work. Knows how that begins and ends, not what is done with it.
import { type ClientConnection, connect, type DirectHandlers } from '../../index.ts';
import { Lane } from './lane.ts';

export abstract class ConnectedLane extends Lane {
  #connection: ClientConnection | null = null;
  #isClosing = false;

  /** After `open` only. */
  protected get connection(): ClientConnection {
    return this.#connection!;
  }

  override async open(): Promise<void> {
    const { uri, connectOptions } = this.options;
    const handlers = { ...this.handlers(), close: this.#onClose };
    this.#connection = await connect(uri, { ...connectOptions, handlers });
  }

  override async close(): Promise<void> {
    this.#isClosing = true;
    await this.#connection?.close();
  }

  /** What the work wants to hear of. */
  protected handlers(): DirectHandlers<ClientConnection> {
    return {};
  }

  readonly #onClose = (_: ClientConnection, code: number, reason: string): void => {
    this.options.owner.onClosed(this, code, reason);
    if (!this.#isClosing) this.options.owner.onLost(this, code, reason);
  };
}
