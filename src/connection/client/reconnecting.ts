// The loop over connections: opens one after the other, and decides what happens between them. Opens nothing itself.

import { escapeText } from '../../core/escape-text.ts';
import { EndOfStreamError, InvalidStatus } from '../../core/exceptions.ts';
import { isLogged, type Logger } from '../../core/logger.ts';
import { retryAfterMs } from '../../core/retry-after.ts';
import { amount } from '../check-options.ts';
import type { Timer } from '../clock.ts';
import { reportLimit } from '../diagnostics.ts';
import type { Runtime } from '../runtime.ts';
import { waitFor } from '../wait.ts';
import type { ClientConnection } from './client-connection.ts';
import type { ReconnectSettings } from './reconnect-options.ts';

interface PauseContext {
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly signal: AbortSignal | undefined;
}

/** What the loop needs beside its settings. */
export interface ReconnectContext<C extends ClientConnection> extends PauseContext {
  /** One attempt. */
  readonly open: () => Promise<C>;
}

/**
 * Connections, one after the other: each is closed when its turn of the loop is over, however that ends.
 * @throws what `processException` does not let pass, and the reason of the signal.
 */
export async function* reconnecting<C extends ClientConnection>(
  settings: ReconnectSettings,
  context: ReconnectContext<C>,
): AsyncGenerator<C, void, undefined> {
  const pauses = new Pauses(settings, context);
  const { clock } = context.runtime;
  for (;;) {
    let connection: C;
    try {
      connection = await context.open();
    } catch (error) {
      await pauses.afterFailure(error as Error);
      continue;
    }
    const openedAt = clock.now();
    try {
      yield connection;
    } finally {
      await connection.close();
    }
    await pauses.afterConnection(connection, clock.now() - openedAt);
  }
}

/** What lies between two attempts: a verdict, and perhaps a delay. */
class Pauses {
  readonly #settings: ReconnectSettings;
  readonly #context: PauseContext;
  /** The delays of the series of failures that we are in. */
  #delays: Iterator<number> | null = null;

  constructor(settings: ReconnectSettings, context: PauseContext) {
    this.#settings = settings;
    this.#context = context;
  }

  /** Settles when it is time for the next attempt. */
  async afterFailure(error: Error): Promise<void> {
    this.#judge(error);
    await this.#wait('connect failed', error, this.#askedFor(error));
  }

  /** As `afterFailure`. */
  async afterConnection(connection: ClientConnection, livedMs: number): Promise<void> {
    const { stableAfterMs, stopCodes, waitCodes } = this.#settings;
    const isStable = livedMs >= stableAfterMs;
    if (isStable) this.#delays = null;
    const code = codeThatCounts(connection);
    const isStopped = code !== null && stopCodes.includes(code);
    if (isStable && !isStopped && (code === null || !waitCodes.includes(code))) return;
    const closed = connection.protocol.closeExc;
    if (isStopped) this.#judge(closed);
    await this.#wait('connection closed', closed, 0);
  }

  /** Returns when the user, or the default, lets the error pass. */
  #judge(error: Error): void {
    // Whoever gives up is not asked whether to go on.
    this.#context.signal?.throwIfAborted();
    let fatal: unknown;
    try {
      fatal = this.#settings.processException(error) ?? null;
      if (fatal !== null && fatal !== error && !(fatal instanceof Error)) {
        // Most likely the promise of an async function, which nobody awaits.
        throw new TypeError('processException must return an error, null or undefined');
      }
    } catch (thrown) {
      fatal = thrown;
    }
    if (fatal === null || fatal === undefined) return;
    if (fatal !== error && fatal instanceof Error && fatal.cause === undefined) {
      Reflect.defineProperty(fatal, 'cause', { value: error, writable: true, configurable: true });
    }
    throw fatal;
  }

  async #wait(what: string, error: Error, atLeastMs: number): Promise<void> {
    this.#delays ??= this.#settings.reconnectDelays();
    const next = this.#delays.next();
    if (next.done) throw error;
    const ms = Math.max(amount('a delay of reconnectDelays', next.value), atLeastMs);
    const { logger } = this.#context;
    if (isLogged(logger, 'info')) {
      logger.info(`${what}; reconnecting in ${(ms / 1000).toFixed(1)} seconds: ${escapeText(String(error))}`);
    }
    await this.#sleep(ms);
  }

  /** The milliseconds that the server asked for. */
  #askedFor(error: Error): number {
    if (!(error instanceof InvalidStatus)) return 0;
    const { statusCode, headers } = error.response;
    const [value] = headers.getAll('Retry-After');
    if (value === undefined || (statusCode !== 503 && statusCode !== 429)) return 0;
    const { runtime } = this.#context;
    const { maxRetryAfterMs } = this.#settings;
    const ms = retryAfterMs(value, runtime.host.now()) ?? 0;
    if (ms <= maxRetryAfterMs) return ms;
    reportLimit(runtime, null, 'maxRetryAfterMs');
    return maxRetryAfterMs;
  }

  /** @throws the reason of the signal, at once. */
  async #sleep(ms: number): Promise<void> {
    const { runtime, signal } = this.#context;
    const release = runtime.holdProcess();
    let timer: Timer | undefined;
    const slept = new Promise<void>((resolve) => {
      timer = runtime.clock.setTimer(ms, resolve);
    });
    try {
      await waitFor(slept, { signal }, runtime.clock);
    } finally {
      timer?.cancel();
      release();
    }
  }
}

/** The close code that says something about the server: that of whoever began, unless it was our own user. */
function codeThatCounts({ protocol }: ClientConnection): number | null {
  const { rcvd, sent, rcvdThenSent } = protocol.closeExc;
  const { parserExc } = protocol;
  // What the server sent made us fail the connection.
  if (parserExc !== null && !(parserExc instanceof EndOfStreamError)) return sent?.code ?? null;
  return rcvdThenSent === false || rcvd === null ? null : rcvd.code;
}
