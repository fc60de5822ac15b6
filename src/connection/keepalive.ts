// Pings at intervals and a limit for the pong. Decides when; what a failure means is the connection's matter.
import type { Clock, Timer } from './clock.ts';

/** A connection as its keepalive sees it. */
export interface KeepaliveConnection {
  /** Sends a ping at once, however much waits to be written; the promise comes to the latency in seconds. */
  sendPing(): Promise<number>;
  /** No pong came in time. */
  onPingTimeout(): void;
  log(level: 'debug' | 'error', message: string, error?: unknown): void;
}

/** Runs from its construction until `stop`. */
export class Keepalive {
  readonly #connection: KeepaliveConnection;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  /** Null: a pong may take for ever. */
  readonly #timeoutMs: number | null;
  #timer: Timer | null = null;
  #isStopped = false;

  constructor(connection: KeepaliveConnection, clock: Clock, intervalMs: number, timeoutMs: number | null) {
    this.#connection = connection;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
    this.#schedule(0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #schedule(latencyMs: number): void {
    this.#timer = this.#clock.setTimer(Math.max(0, this.#intervalMs - latencyMs), () => {
      this.#ping().catch((error: unknown) => {
        if (!this.#isStopped) this.#connection.log('error', 'keepalive ping failed', error);
      });
    });
  }

  async #ping(): Promise<void> {
    const connection = this.#connection;
    if (this.#timeoutMs !== null) {
      this.#timer = this.#clock.setTimer(this.#timeoutMs, () => {
        connection.log('debug', '- timed out waiting for keepalive pong');
        connection.onPingTimeout();
      });
    }
    const pong = connection.sendPing();
    connection.log('debug', '% sent keepalive ping');
    if (this.#timeoutMs === null) {
      // The logger is the user's code, which may have closed the connection.
      if (!this.#isStopped) this.#schedule(0);
      return;
    }
    const latency = await pong;
    if (this.#isStopped) return;
    connection.log('debug', '% received keepalive pong');
    this.#timer?.cancel();
    this.#schedule(latency * 1000);
  }
}
