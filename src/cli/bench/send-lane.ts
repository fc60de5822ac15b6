// Sends messages. What comes back, if anything does, is nobody's concern.
import { ConnectedLane } from './connected-lane.ts';
import type { LaneOptions } from './lane.ts';

/** After as much the others get their turn: as long as the system takes everything, `send` settles at once. */
const BURST_BYTES = 65_536;
const MAX_BURST = 256;

export class SendLane extends ConnectedLane {
  readonly #maxBurst: number;
  #burst = 0;

  constructor(options: LaneOptions) {
    super(options);
    this.#maxBurst = Math.min(Math.ceil(BURST_BYTES / Math.max(1, options.payload.length)), MAX_BURST);
  }

  override begin(dueAt: number): void {
    // Only the end of the connection makes it fail, and `close` tells of that.
    this.connection.send(this.options.payload).then(() => this.#onRoom(dueAt), noop);
  }

  #onRoom(dueAt: number): void {
    const latencyMs = performance.now() - dueAt;
    this.#burst += 1;
    if (this.#burst < this.#maxBurst) {
      this.options.owner.onDone(this, latencyMs);
      return;
    }
    this.#burst = 0;
    setImmediate(() => this.options.owner.onDone(this, latencyMs));
  }
}

const noop = (): void => {};
