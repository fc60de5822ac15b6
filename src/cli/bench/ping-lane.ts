// Sends pings and waits for their pongs.
import { ConnectedLane } from './connected-lane.ts';

export class PingLane extends ConnectedLane {
  override begin(dueAt: number): void {
    // Only the end of the connection makes it fail, and `close` tells of that.
    this.connection
      .ping()
      .then(({ pong }) => pong)
      .then(() => this.options.owner.onDone(this, performance.now() - dueAt), noop);
  }
}

const noop = (): void => {};
