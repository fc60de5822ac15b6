// Pings at intervals and a limit for the pong. Decides when; what a failure means is the connection's matter.
import type { Clock, Timer } from './clock.ts';

/** What keepalive works with. */
export interface KeepaliveOptions {
  readonly clock: Clock;
  readonly pingIntervalMs: number;
  /** Null: a pong may take for ever. */
  readonly pingTimeoutMs: number | null;
  readonly ping: () => Promise<{ readonly pong: Promise<number> }>;
  readonly onTimeout: () => void;
  readonly log: (level: 'debug' | 'error', message: string, error?: unknown) => void;
}

/** Runs from its construction until `stop`. */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  #timer: Timer | null = null;
  #isStopped = false;

  constructor(options: KeepaliveOptions) {
    this.#options = options;
    this.#schedule(0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #schedule(latencyMs: number): void {
    const { clock, pingIntervalMs } = this.#options;
    this.#timer = clock.setTimer(Math.max(0, pingIntervalMs - latencyMs), () => {
      this.#ping().catch((error: unknown) => {
        if (!this.#isStopped) this.#options.log('error', 'keepalive ping failed', error);
      });
    });
  }

  async #ping(): Promise<void> {
    const { clock, pingTimeoutMs, ping, onTimeout, log } = this.#options;
    if (pingTimeoutMs !== null) {
      this.#timer = clock.setTimer(pingTimeoutMs, () => {
        log('debug', '- timed out waiting for keepalive pong');
        onTimeout();
      });
    }
    const { pong } = await ping();
    log('debug', '% sent keepalive ping');
    if (pingTimeoutMs === null) {
      this.#schedule(0);
      return;
    }
    const latency = await pong;
    if (this.#isStopped) return;
    log('debug', '% received keepalive pong');
    this.#timer?.cancel();
    this.#schedule(latency * 1000);
  }
}
