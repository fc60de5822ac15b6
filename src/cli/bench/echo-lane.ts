// Sends a message and waits for the same one to come back.
import type { ClientConnection, DirectHandlers } from '../../index.ts';
import { ConnectedLane } from './connected-lane.ts';
import { NumberQueue } from './number-queue.ts';
import { isEcho } from './payload.ts';

/** While the system does not take this much, what is due waits: as a number, not as a message in memory. */
const MAX_BUFFERED_BYTES = 1_048_576;

export class EchoLane extends ConnectedLane {
  /** When each message was due that is on its way: answers come in the order of what they answer. */
  readonly #sent = new NumberQueue();
  /** The same for messages that wait for room. */
  readonly #due = new NumberQueue();

  override begin(dueAt: number): void {
    this.#due.push(dueAt);
    this.#send();
  }

  protected override handlers(): DirectHandlers<ClientConnection> {
    return {
      message: (_, data) => this.#onMessage(data),
      drain: () => this.#send(),
    };
  }

  #send(): void {
    const { connection } = this;
    while (this.#due.length > 0 && connection.bufferedAmount < MAX_BUFFERED_BYTES) {
      this.#sent.push(this.#due.shift()!);
      // Only the end of the connection makes it fail, and `close` tells of that. Nobody has to await it.
      void connection.send(this.options.payload);
    }
  }

  #onMessage(data: string | Uint8Array): void {
    const { owner, payload } = this.options;
    const dueAt = isEcho(payload, data) ? this.#sent.shift() : undefined;
    if (dueAt === undefined) {
      owner.onStray(this);
      return;
    }
    owner.onDone(this, performance.now() - dueAt);
    if (this.#due.length > 0) this.#send();
  }
}
